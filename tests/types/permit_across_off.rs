//! Holding a permit while sensing is switched off.
//! expect: E0502

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let mut privacy = privacy();
    let permit = privacy.sensing(0).ok().expect("sensing is on");
    privacy.set(Less::Off, 0); //~
    let _ = gate::map(&permit, &Raw::new(3u8), |v| *v);
    privacy.set(Less::Off, 0);
}
