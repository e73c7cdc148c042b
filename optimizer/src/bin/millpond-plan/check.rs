//! `millpond-plan check`: the independent judge. What kind of problem it is, the content says.

use std::path::PathBuf;

use crate::{Failure, input, site, solve};

#[derive(clap::Args)]
pub struct Args {
    /// The problem: a site (`millpond-site/1`) or a `pairwise/1` instance, gzip'd or not
    problem: PathBuf,
    /// The answer: what `site --json` printed; or `{"values": [...]}`, or what `solve --json` printed
    answer: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Judges an answer.
pub fn run(args: &Args) -> Result<(), Failure> {
    let problem = input::read(&args.problem)?;
    let answer = input::read(&args.answer)?;
    // The format's name stands in a site file and in no instance.
    let mark = b"\"millpond-site/";
    if problem.windows(mark.len()).any(|w| w == mark) {
        return site::check(&args.problem, &problem, &args.answer, &answer, args.json);
    }
    solve::check(&problem, &answer, args.json)
}
