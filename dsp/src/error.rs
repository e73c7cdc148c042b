//! What can go wrong in this crate: parameters in constructors and shapes at the public edge. Samples never fail.

use core::fmt;

/// A refused parameter or shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A buffer does not have the length that the shape asks for.
    Shape {
        /// Values that the shape asks for.
        expected: usize,
        /// Values that were given.
        actual: usize,
    },
    /// A shape with no antenna, no stream or no tone.
    Empty,
    /// The same tone stands twice in a row.
    ToneOrder {
        /// Position of the second of the two.
        at: usize,
    },
    /// A parameter lies outside its range.
    Parameter {
        /// Name of the parameter.
        name: &'static str,
    },
    /// More of something than the fixed capacity holds.
    Capacity {
        /// What there is too much of.
        name: &'static str,
        /// How much fits.
        limit: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Shape { expected, actual } => write!(f, "shape asks for {expected} values, {actual} were given"),
            Self::Empty => write!(f, "a frame needs at least one antenna, one stream and one tone"),
            Self::ToneOrder { at } => write!(
                f,
                "tone indices must ascend within a training field; the one at position {at} repeats its predecessor"
            ),
            Self::Parameter { name } => write!(f, "parameter `{name}` is out of range"),
            Self::Capacity { name, limit } => write!(f, "too many {name}: at most {limit} fit"),
        }
    }
}

impl core::error::Error for Error {}
