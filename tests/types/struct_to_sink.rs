//! Sending a message that has not been through the gate.
//! expect: E0308

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let (privacy, mut port) = (privacy(), Nowhere);
    let mut page = privacy.lan(LanDoor::Page, &mut port).expect("the level is 3");
    let message: Event = *event().get();
    let _ = page.send(&message); //~
    let _ = (page.send(&event()), message);
}
