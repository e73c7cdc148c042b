//! What the files on propagation share.

/// Speed of light, m/s.
pub const LIGHT_M_S: f64 = 299_792_458.0;
