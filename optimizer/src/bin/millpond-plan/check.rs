//! `millpond-plan check`: the independent judge. What kind of problem it is, the content says.

use std::path::PathBuf;

use crate::{Failure, input, solve};

#[derive(clap::Args)]
pub struct Args {
    /// The problem: a `pairwise/1` instance, gzip'd or not
    problem: PathBuf,
    /// The answer: `{"values": [...]}`, or what `solve --json` printed
    answer: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Judges an answer.
pub fn run(args: &Args) -> Result<(), Failure> {
    let problem = input::read(&args.problem)?;
    let answer = input::read(&args.answer)?;
    solve::check(&problem, &answer, args.json)
}
