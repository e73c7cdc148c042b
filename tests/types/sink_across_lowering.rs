//! Holding a sink while the level is lowered.
//! expect: E0502

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let (mut privacy, mut port) = (privacy(), Nowhere);
    let mut mqtt = privacy.lan(LanDoor::Mqtt, &mut port).expect("the level is 3");
    privacy.set(Less::Level(Level::Local), 0); //~
    let _ = mqtt.send(&event());
    privacy.set(Less::Level(Level::Local), 0);
}
