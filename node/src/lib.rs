#![doc = include_str!("../README.md")]
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod act;
pub mod capture;
pub mod cli;
pub mod command;
pub mod config;
pub mod convert;
pub mod demo;
pub mod message;
pub mod net;
pub mod pipeline;
pub mod planner;
pub mod runtime;
pub mod sinks;
pub mod store;
pub mod telemetry;
pub mod words;
