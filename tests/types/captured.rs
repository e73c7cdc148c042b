//! Smuggling a sample out of a step through a capture.
//! expect: E0308

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let (privacy, frame) = (privacy(), Raw::new(Frame([1, 2, 3, 4])));
    let permit = privacy.sensing(0).ok().expect("sensing is on");
    let stolen = std::cell::Cell::new(0i8);
    let _ = gate::map(&permit, &frame, |f| stolen.set(f.0[0])); //~
    let _ = gate::map(&permit, &frame, |f| f.0[0]);
    assert_eq!(stolen.get(), 0);
}
