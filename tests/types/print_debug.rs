//! Printing a raw value.
//! expect: E0277

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let rssi = Raw::new(-61i32);
    println!("{rssi:?}"); //~
    drop(rssi);
}
