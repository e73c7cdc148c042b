//! Smuggling a sample out of a step through an argument.
//! expect: E0277

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let (privacy, mut state) = (privacy(), Raw::new(7i64));
    let permit = privacy.sensing(0).ok().expect("sensing is on");
    let stolen = std::cell::Cell::new(0i64);
    let _ = gate::poll(&permit, &mut state, &stolen, |s, out| out.set(*s)); //~
    let _ = gate::poll(&permit, &mut state, 1i64, |s, add| *s += add);
    assert_eq!(stolen.get(), 0);
}
