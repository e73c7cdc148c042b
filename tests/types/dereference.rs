//! Dereferencing a raw value.
//! expect: E0614

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let rssi = Raw::new(-61i32);
    let _level: i32 = *rssi; //~
    drop(rssi);
}
