//! Comparing two raw values.
//! expect: E0369

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let (a, b) = (Raw::new(-61i32), Raw::new(-61i32));
    let _same = a == b; //~
    drop((a, b));
}
