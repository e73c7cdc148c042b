//! Copying a raw value by using it twice.
//! expect: E0382

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let rssi = Raw::new(-61i32);
    drop(rssi);
    drop(rssi); //~
}
