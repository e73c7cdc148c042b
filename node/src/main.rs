//! The binary: arguments in, exit code out.

use std::process::ExitCode;

use millpond_node::cli;
use millpond_node::net::{Streams, arguments, hush_panics};

fn main() -> ExitCode {
    hush_panics();
    cli::run(arguments(), &mut Streams::standard()).into()
}
