//! Building a derived message from its parts.
//! expect: E0423

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let message = *event().get();
    let _forged = Derived::<Event, Lan>(message, std::marker::PhantomData); //~
    let _ = message;
}
