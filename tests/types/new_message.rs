//! Adding a message outside the vocabulary.
//! expect: E0277

#![allow(unused_imports)]
mod prelude;
use prelude::*;
use millpond_report::wire::{Kind, RangeText};

#[derive(Clone, Copy, PartialEq, Eq)]
struct Leak;

#[rustfmt::skip]
impl Wire for Leak { type Scope = Lan; type Bytes = [u8; 1]; const KIND: Kind = Kind::Event; const BYTES: usize = 1; const JSON: usize = 1; fn zeros() -> [u8; 1] { [0] } fn decode(_: &[u8]) -> Option<Self> { None } fn json(&self, _: &mut dyn std::fmt::Write) -> std::fmt::Result { Ok(()) } fn fields(_: &mut dyn FnMut(&'static str, RangeText)) {} } //~

fn main() {
    let _ = Leak;
}
