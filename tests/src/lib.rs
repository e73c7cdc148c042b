//! Shared parts of the tests that cross crates.

pub mod canary;
pub mod cases;
pub mod daemon;
pub mod dictionary;
pub mod home;
pub mod node;
pub mod scene;
pub mod schema;
pub mod words;
