//! The command line of the real binary: help, exit codes, one clear line for a fault.

use std::process::{Command, Output};

fn millpond(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_millpond")).args(arguments).output().expect("millpond runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_command_has_help_with_examples() {
    for arguments in
        [&["--help"][..], &["demo", "--help"], &["status", "-h"], &["why", "--help"], &["privacy", "--help"]]
    {
        let output = millpond(arguments);
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{arguments:?}");
        assert!(text(&output.stdout).contains("Examples:\n  millpond "), "{arguments:?}");
    }
}

#[test]
fn wrong_usage_is_code_2_and_nothing_on_standard_output() {
    let wrong: [&[&str]; 9] = [
        &[],
        &["fly"],
        &["--fly"],
        &["demo", "--fly"],
        &["demo", "--json"],
        &["demo", "--seed", "x"],
        &["demo", "--once", "--seconds", "nan"],
        &["why", "x"],
        &["privacy"],
    ];
    for arguments in wrong {
        let output = millpond(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(text(&output.stderr).starts_with("millpond: "), "{arguments:?}");
    }
}

#[test]
fn a_failure_is_code_1_and_one_line() {
    // Port 1 is nobody's.
    for arguments in [&["status", "--port", "1"][..], &["demo", "--once", "--identities", "no/such/file"]] {
        let output = millpond(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{arguments:?}");
        assert_eq!(text(&output.stderr).lines().count(), 1, "{arguments:?}");
    }
}

#[test]
fn the_statement_lists_every_door() {
    let output = millpond(&["privacy", "statement"]);
    let text = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    assert!(text.contains("Nothing leaves your home") && text.contains("Level 3") && text.contains("weekly"), "{text}");
}
