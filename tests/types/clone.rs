//! Cloning a raw value.
//! expect: E0599

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let rssi = Raw::new(-61i32);
    let _twin = rssi.clone(); //~
    drop(rssi);
}
