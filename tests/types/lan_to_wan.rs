//! Sending a message of the home beyond it.
//! expect: E0308

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let (privacy, mut port) = (privacy(), Nowhere);
    let mut wan = privacy.wan(WanDoor::Snapshot, &mut port).expect("the level is 3");
    let _ = wan.send(&event()); //~
    let _: &mut Sink<'_, Wan, Nowhere> = &mut wan;
}
