//! Standard output that may go away: the reader of a pipe leaves, a disk fills up.

use std::io::{ErrorKind, Write};

/// Prints a line to standard output, as `println!`, but a failure ends the program instead of panicking.
macro_rules! out {
    ($($text:tt)*) => { crate::out::line(format_args!($($text)*)) };
}

/// Prints a line. A reader that left early is no failure; anything else is one line and exit code 1.
pub fn line(text: std::fmt::Arguments<'_>) {
    let Err(why) = writeln!(std::io::stdout(), "{text}") else { return };
    if why.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    eprintln!("standard output: {why}");
    std::process::exit(1);
}
