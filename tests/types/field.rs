//! Reaching into a raw value.
//! expect: E0616

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let rssi = Raw::new(-61i32);
    let _level = rssi.0; //~
    drop(rssi);
}
