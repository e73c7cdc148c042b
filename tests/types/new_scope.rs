//! Adding a scope.
//! expect: E0277

#![allow(unused_imports)]
mod prelude;
use prelude::*;

enum Friends {}

impl Scope for Friends { const NAME: &'static str = "friends"; } //~

fn main() {
    let _ = std::marker::PhantomData::<Friends>;
}
