//! Forging a permit while sensing is off.
//! expect: E0423

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let privacy = Privacy::new();
    let _permit = SensingPermit(&privacy); //~
    assert!(privacy.sensing(0).is_err());
}
