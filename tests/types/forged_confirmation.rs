//! Forging an admin's word.
//! expect: E0451

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let mut privacy = Privacy::new();
    let _ = privacy.raise(AdminConfirmed { what: More::On, account: 0, instance: 0, era: 0 }); //~
    privacy.set(Less::Off, 0);
}
