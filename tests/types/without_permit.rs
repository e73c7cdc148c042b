//! Looking at a sample without a permit.
//! expect: E0277

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let frame = Raw::new(Frame([1, 2, 3, 4]));
    let _ = gate::look(&frame, |f| Some(Address::new([f.0[0] as u8; 6]))); //~
    drop(frame);
}
