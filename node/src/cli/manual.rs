//! Manual pages and completions, made from the help that every command has, so that they cannot say something else.

use super::{Fault, HELP, commands};
use crate::net::Streams;

pub(super) const MANUAL: &str = "\
Usage: millpond manual [COMMAND]

A manual page in roff: of the program, or of one command.

Options:
  -h, --help           this text

Examples:
  millpond manual > /usr/share/man/man1/millpond.1
  millpond manual erase | man -l -
";

pub(super) const COMPLETIONS: &str = "\
Usage: millpond completions bash|zsh|fish

A script that completes the program's words in that shell.

Options:
  -h, --help           this text

Examples:
  millpond completions bash > /usr/share/bash-completion/completions/millpond
  millpond completions fish > ~/.config/fish/completions/millpond.fish
";

fn word(
    mut parser: lexopt::Parser,
    help: &'static str,
    streams: &mut Streams,
) -> Result<Option<Option<String>>, Fault> {
    use lexopt::prelude::*;
    let mut word = None;
    while let Some(argument) = parser.next().map_err(Fault::of(help))? {
        match argument {
            Short('h') | Long("help") => {
                streams.result(help.trim_end());
                return Ok(None);
            }
            Value(value) if word.is_none() => word = Some(value.to_string_lossy().into_owned()),
            other => return Err(Fault::of(help)(other.unexpected())),
        }
    }
    Ok(Some(word))
}

/// `millpond manual`.
pub(super) fn manual(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(name) = word(parser, MANUAL, streams)? else { return Ok(()) };
    let page = match name {
        None => roff("millpond", HELP),
        Some(name) => match commands().find(|(n, ..)| *n == name) {
            Some((n, help, _)) => roff(&format!("millpond-{n}"), &help.replace("{OPTIONS}", super::talk::OPTIONS)),
            None => return Err(Fault::Usage(format!("there is no command {name}"), MANUAL)),
        },
    };
    streams.result(page.trim_end());
    Ok(())
}

/// Help as a page: its headings become headings, all else stands as it is.
fn roff(name: &str, help: &str) -> String {
    let quoted = |line: &str| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
    };
    let mut out = format!(
        ".TH {} 1 \"\" \"millpond {}\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n.nf\n",
        name.to_uppercase().replace('-', "\\-"),
        env!("CARGO_PKG_VERSION"),
        quoted(name),
        "motion from Wi\\-Fi and better channels"
    );
    for line in help.lines() {
        if let Some(usage) = line.strip_prefix("Usage: ") {
            out += &format!("{}\n.SH DESCRIPTION\n", quoted(usage));
        } else if let Some(head) = line.strip_suffix(':').filter(|h| !h.starts_with(' ')) {
            out += &format!(".SH {}\n", head.to_uppercase());
        } else {
            out += &format!("{}\n", quoted(line));
        }
    }
    out + ".fi\n"
}

/// The long options of a help.
fn options(help: &str) -> Vec<String> {
    let help = help.replace("{OPTIONS}", super::talk::OPTIONS);
    let lines = help.lines().map(str::trim_start).filter(|l| l.starts_with('-'));
    let names = lines.flat_map(|l| l.split([' ', ',']).filter(|w| w.starts_with("--")));
    names.map(str::to_owned).collect()
}

/// Words that may stand first behind a command.
fn words(name: &str) -> &'static str {
    match name {
        "motion" => "live history",
        "sensing" => "on off",
        "pause" => "15m 1h until",
        "plan" => "now apply undo object pin unpin",
        "privacy" => "statement level keep hold preview",
        "consent" => "withdraw",
        "update" => "window",
        "completions" => "bash zsh fish",
        _ => "",
    }
}

/// `millpond completions`.
pub(super) fn completions(parser: lexopt::Parser, streams: &mut Streams) -> Result<(), Fault> {
    let Some(shell) = word(parser, COMPLETIONS, streams)? else { return Ok(()) };
    let names: Vec<&str> = commands().map(|(n, ..)| n).collect();
    let all = names.join(" ");
    let cases: Vec<(&str, String)> = commands()
        .map(|(n, help, _)| (n, format!("{} {}", words(n), options(help).join(" ")).trim().to_owned()))
        .collect();
    let script = match shell.as_deref() {
        Some("bash") => {
            let cases: String = cases.iter().map(|(n, w)| format!("    {n}) words=\"{w}\" ;;\n")).collect();
            format!(
                "_millpond() {{\n  local words=\"{all}\"\n  if [ \"$COMP_CWORD\" -gt 1 ]; then\n    case \"${{COMP_WORDS[1]}}\" in\n{cases}    *) words=\"\" ;;\n    esac\n  fi\n  \
                 mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\")\n}}\ncomplete -o default -F _millpond millpond"
            )
        }
        Some("zsh") => {
            let cases: String = cases.iter().map(|(n, w)| format!("    {n}) compadd -- {w} ;;\n")).collect();
            format!(
                "#compdef millpond\n_millpond() {{\n  if (( CURRENT == 2 )); then compadd -- {all}; return; fi\n  case ${{words[2]}} in\n{cases}  esac\n  _files\n}}\n_millpond \"$@\""
            )
        }
        Some("fish") => {
            let first = format!("complete -c millpond -n __fish_use_subcommand -a '{all}'\n");
            let rest: String = cases
                .iter()
                .map(|(n, w)| format!("complete -c millpond -n '__fish_seen_subcommand_from {n}' -a '{w}'\n"))
                .collect();
            first + &rest
        }
        _ => return Err(Fault::Usage("which shell: bash, zsh or fish?".into(), COMPLETIONS)),
    };
    streams.result(script.trim_end());
    Ok(())
}
