//! Minting a message outside the gate.
//! expect: E0624

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let message = *event().get();
    let _forged: Derived<Event, Lan> = Derived::mint(message); //~
    let _ = message;
}
