//! Standard output, standard error and the arguments.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

/// The two standard streams of a command, or two buffers in a test.
pub struct Streams {
    /// Results and nothing else.
    pub out: Box<dyn Write + Send>,
    /// Progress and faults.
    pub err: Box<dyn Write + Send>,
    /// Results go to a terminal: nothing of them stays.
    pub shown: bool,
}

impl Streams {
    /// The process's own.
    pub fn standard() -> Self {
        Self { out: Box::new(io::stdout()), err: Box::new(io::stderr()), shown: io::stdout().is_terminal() }
    }

    /// Writes a line of results. A reader that went away (`| head`) is not a fault.
    pub fn result(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
    }

    /// Standard input to its end, `most` bytes of it.
    pub fn input(&mut self, most: u64) -> String {
        let mut text = String::new();
        let _ = io::Read::read_to_string(&mut io::Read::take(io::stdin(), most), &mut text);
        text
    }

    /// Asks a person; true for a typed "yes". Where nobody sits at a terminal the answer is no.
    pub fn agreed(&mut self, question: &str) -> bool {
        if !io::stdin().is_terminal() {
            return false;
        }
        let _ = write!(self.err, "{question}").and_then(|()| self.err.flush());
        let mut line = String::new();
        io::stdin().read_line(&mut line).is_ok() && line.trim() == "yes"
    }

    /// Writes a line of progress.
    pub fn progress(&mut self, line: &str) {
        let _ = writeln!(self.err, "{line}");
    }
}

/// The process's arguments without its name.
pub fn arguments() -> Vec<OsString> {
    std::env::args_os().skip(1).collect()
}

/// Makes a panic say its place in the source and nothing of the value that it met, and end the process.
pub fn hush_panics() {
    std::panic::set_hook(Box::new(|info| {
        let (file, line) = info.location().map_or(("?", 0), |l| (l.file(), l.line()));
        let _ =
            writeln!(io::stderr(), "millpond: stopped by a fault of its own at {file}:{line}; please report this line");
        std::process::exit(1);
    }));
}
