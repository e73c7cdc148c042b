//! Hashing a raw value.
//! expect: E0277

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let mut hasher = std::hash::DefaultHasher::new();
    let address = Raw::new(Address::new([2, 0, 0, 0, 0, 1]));
    std::hash::Hash::hash(&address, &mut hasher); //~
    std::hash::Hasher::write_u8(&mut hasher, 0);
    drop(address);
}
