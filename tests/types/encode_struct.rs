//! Encoding a message that has not been through the gate.
//! expect: E0599

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let message = *event().get();
    let mut bytes = Event::zeros();
    let _ = message.encode(&mut bytes); //~
    let _ = event().encode(&mut bytes);
    assert_eq!(message.slot.get(), 0);
}
