//! Turning one scope into the other.
//! expect: E0277

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let lan: Derived<Event, Lan> = event();
    let _wan: Derived<Event, Wan> = lan.into(); //~
    let _ = lan;
}
