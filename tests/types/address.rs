//! Reading an address back.
//! expect: E0616

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let address = Address::new([2, 0, 0, 0, 0, 1]);
    let _bytes = address.0; //~
    drop(Raw::new(address));
}
