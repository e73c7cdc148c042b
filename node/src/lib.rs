//! The daemon as a library, so that tests and the demo drive the same code as the binary.
