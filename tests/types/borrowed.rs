//! Smuggling a sample out of a step through a cell in a frame.
//! expect: E0277

#![allow(unused_imports)]
mod prelude;
use prelude::*;
use std::cell::Cell;

struct Leaky<'a>(i8, &'a Cell<i8>);
impl Wipe for Leaky<'_> {
    fn wipe(&mut self) {
        self.0.wipe();
    }
}

fn main() {
    let privacy = privacy();
    let permit = privacy.sensing(0).ok().expect("sensing is on");
    let (stolen, honest) = (Cell::new(0i8), Raw::new(Frame([1, 2, 3, 4])));
    let leaky = Raw::new(Leaky(-61, &stolen));
    let _ = gate::map(&permit, &leaky, |f| f.1.set(f.0)); //~
    let _ = gate::map(&permit, &honest, |f| f.0[0]);
    drop(leaky);
    assert_eq!(stolen.get(), 0);
}
