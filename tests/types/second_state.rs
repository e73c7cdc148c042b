//! Keeping a copy of the state in which sensing is on.
//! expect: E0599

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let mut privacy = privacy();
    let _copy = privacy.clone(); //~
    privacy.set(Less::Off, 0);
}
