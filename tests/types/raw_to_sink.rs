//! Sending a raw value.
//! expect: E0308

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let (privacy, mut port) = (privacy(), Nowhere);
    let mut page = privacy.lan(LanDoor::Page, &mut port).expect("the level is 3");
    let estimate = Raw::new(ZoneEstimate::default());
    let _ = page.send(&estimate); //~
    let _ = page.send(&event());
    drop(estimate);
}
