//! Serialising a raw value.
//! expect: E0277

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let rssi = Raw::new(-61i32);
    let _text = serde_json::to_string(&rssi); //~
    let _text = serde_json::to_string(&-61i32);
    drop(rssi);
}
