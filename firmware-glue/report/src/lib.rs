//! The privacy gate.
#![no_std]
