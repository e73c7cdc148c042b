//! A runner for the tests whose names the privacy contract fixes: each part counts its cases, and none may count zero.
//!
//! `cargo test` keeps what a test prints to itself as long as it passes. These targets have a main of their own, so that
//! the number of cases is always seen.

use std::panic::catch_unwind;
use std::process::ExitCode;

/// One part of a test: it panics if something is wrong and returns how many cases it tried.
pub type Part = (&'static str, fn() -> usize);

/// Runs every part and prints the number of cases. Fails if a part panics or tries nothing.
pub fn run(test: &str, parts: &[Part]) -> ExitCode {
    let (mut cases, mut wrong) = (0, parts.is_empty());
    for (name, part) in parts {
        match catch_unwind(part) {
            Ok(0) => {
                println!("{test}: {name}: no case was tried");
                wrong = true;
            }
            Ok(n) => {
                println!("{test}: {name}: {n} cases");
                cases += n;
            }
            Err(_) => {
                println!("{test}: {name}: failed");
                wrong = true;
            }
        }
    }
    println!("{test}: {cases} cases, {}", if wrong { "FAILED" } else { "ok" });
    ExitCode::from(u8::from(wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_panics_or_tries_nothing_fails() {
        assert_eq!(run("seeded", &[("a part", || 3)]), ExitCode::SUCCESS);
        let wrong: [&[Part]; 3] = [&[], &[("nothing", || 0)], &[("right", || 1), ("panic", || panic!("wanted"))]];
        assert!(wrong.into_iter().all(|parts| run("seeded", parts) == ExitCode::FAILURE));
    }
}
