//! From raw tones to a short, gain-free picture of the channel with its own noise.

pub mod bands;
