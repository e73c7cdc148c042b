//! Opening a raw value outside the gate.
//! expect: E0624

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let rssi = Raw::new(-61i32);
    let _level = rssi.open(); //~
    drop(rssi);
}
