//! Misuse of the privacy gate does not compile.
//!
//! Each program in `types/` has one line marked `//~`. With it, the compiler gives exactly one error, with the code that
//! the head of the program names, on that line. Without it (the twin) the program compiles: so it is that line and nothing
//! else that was refused.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::{env, fs, io};

use serde_json::Value;

/// The contract asks for at least so many programs.
const LEAST: usize = 12;
/// What the contract names one by one.
const NAMED: &[&str] = &[
    "print_debug",
    "clone",
    "compare",
    "hash",
    "serialise",
    "dereference",
    "mint",
    "lan_to_wan",
    "new_message",
    "forged_permit",
    "permit_across_off",
    "ticket_twice",
    "raw_to_sink",
];
const MARK: &str = "//~";

fn main() -> ExitCode {
    match run() {
        Ok((cases, wrong)) => {
            wrong.iter().for_each(|w| println!("t_types: {w}"));
            println!("t_types: {cases} cases, {} wrong", wrong.len());
            ExitCode::from(u8::from(!wrong.is_empty()))
        }
        Err(e) => {
            println!("t_types: cannot run: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<(usize, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("types");
    let mut programs: Vec<PathBuf> = fs::read_dir(&folder)?.map(|f| f.map(|f| f.path())).collect::<Result<_, _>>()?;
    programs.retain(|p| p.file_name().is_some_and(|n| n != "prelude.rs"));
    programs.sort();
    let rustc = Rustc::new(&folder)?;
    let mut wrong = vec![];
    for path in &programs {
        let program = Program::read(path)?;
        if let Err(why) = program.check(&rustc)? {
            wrong.push(format!("{}: {why}", program.name));
        }
    }
    let names: BTreeSet<_> = programs.iter().filter_map(|p| p.file_stem()?.to_str()).collect();
    wrong.extend(NAMED.iter().filter(|n| !names.contains(*n)).map(|n| format!("{n}: the program is missing")));
    if programs.len() < LEAST {
        wrong.push(format!("{} programs, at least {LEAST} are asked for", programs.len()));
    }
    wrong.extend(rustc.sees_differences()?);
    Ok((programs.len(), wrong))
}

struct Program {
    name: String,
    code: String,
    misuse: String,
    twin: String,
    line: u64,
}

impl Program {
    fn read(path: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let bad = |what: &str| io::Error::other(format!("{name}: {what}"));
        let code = text.lines().find_map(|l| l.strip_prefix("//! expect: ")).ok_or_else(|| bad("no `expect:`"))?;
        let marked: Vec<u64> = (1..).zip(text.lines()).filter(|(_, l)| l.ends_with(MARK)).map(|(n, _)| n).collect();
        let [line] = marked[..] else { return Err(bad("exactly one line must be marked")) };
        let twin: Vec<&str> = text.lines().filter(|l| !l.ends_with(MARK)).collect();
        Ok(Self { code: code.trim().into(), twin: twin.join("\n"), misuse: text.clone(), line, name })
    }

    /// `Err` says what differs from what should be.
    fn check(&self, rustc: &Rustc) -> io::Result<Result<(), String>> {
        let twin = rustc.errors(&format!("{}_twin", self.name), &self.twin)?;
        if !twin.is_empty() {
            return Ok(Err(format!("the twin must compile, but: {twin:?}")));
        }
        let errors = rustc.errors(&self.name, &self.misuse)?;
        let want = [(self.code.clone(), self.line)];
        let same = errors.iter().map(|e| (e.code.clone(), e.line)).eq(want);
        Ok(if same { Ok(()) } else { Err(format!("expected {} on line {}, got {errors:?}", self.code, self.line)) })
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "the text is for the reader of a failure")]
struct Error {
    code: String,
    line: u64,
    text: String,
}

/// The compiler with the crates that programs may use, in the profile of this test.
struct Rustc {
    command: String,
    externs: Vec<String>,
    deps: PathBuf,
    out: PathBuf,
}

impl Rustc {
    fn new(folder: &Path) -> io::Result<Self> {
        let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let target = tmp.parent().ok_or_else(|| io::Error::other("the target folder has no name"))?;
        let mut cargo = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
        // `--tests` brings the crate's development dependency with it.
        cargo.args(["build", "--locked", "--message-format=json", "-p", "millpond-report", "--lib", "--tests"]);
        cargo.arg("--target-dir").arg(target).current_dir(env!("CARGO_MANIFEST_DIR"));
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let built = cargo.output()?;
        let (mut externs, mut deps) = (vec![], PathBuf::new());
        for name in ["millpond_report", "serde_json"] {
            let file = artifact(&built, name).ok_or_else(|| {
                io::Error::other(format!("cargo did not build {name}: {}", String::from_utf8_lossy(&built.stderr)))
            })?;
            deps = file.parent().unwrap_or(target).to_path_buf();
            externs.push(format!("{name}={}", file.display()));
        }
        // Cargo names a workspace member's library without its hash, one folder above those of its dependencies.
        if !deps.ends_with("deps") {
            deps.push("deps");
        }
        let out = tmp.join("t_types");
        fs::create_dir_all(&out)?;
        fs::copy(folder.join("prelude.rs"), out.join("prelude.rs"))?;
        Ok(Self { command: env::var("RUSTC").unwrap_or_else(|_| "rustc".into()), externs, deps, out })
    }

    /// Checks one program. Warnings are left out.
    fn errors(&self, name: &str, text: &str) -> io::Result<Vec<Error>> {
        let path = self.out.join(format!("{name}.rs"));
        fs::write(&path, text)?;
        let mut rustc = Command::new(&self.command);
        rustc.args(["--edition=2024", "--crate-type=bin", "--emit=metadata", "--error-format=json"]);
        for name in &self.externs {
            rustc.arg("--extern").arg(name);
        }
        rustc.arg("-L").arg(format!("dependency={}", self.deps.display())).arg("--out-dir").arg(&self.out);
        let output = rustc.arg(&path).output()?;
        let errors: Vec<Error> = lines(&output.stderr).filter_map(error).collect();
        if output.status.success() != errors.is_empty() {
            return Err(io::Error::other(format!("{name}: {}", String::from_utf8_lossy(&output.stderr))));
        }
        Ok(errors)
    }

    /// The harness itself must notice: a broken twin, a wrong code, a second error, an error on another line.
    fn sees_differences(&self) -> io::Result<Vec<String>> {
        let body = |misuse: &str, rest: &str| format!("fn main() {{\n    {misuse} {MARK}\n    {rest}\n}}\n");
        let program = |code: &str, text: String| -> io::Result<bool> {
            let path = self.out.join("seeded.rs");
            fs::write(&path, format!("//! expect: {code}\n{text}"))?;
            Ok(Program::read(&path)?.check(self)?.is_ok())
        };
        let wrong = "let _: u8 = 'a';";
        let seeds = [
            ("a right program", true, program("E0308", body(wrong, ""))?),
            ("a twin that does not compile", false, program("E0308", body(wrong, wrong))?),
            ("another code", false, program("E0277", body(wrong, ""))?),
            ("two errors", false, program("E0308", body("let _: (u8, u8) = ('a', 'b');", ""))?),
            ("no error", false, program("E0308", body("let _: u8 = 0;", ""))?),
            (
                "an error elsewhere",
                false,
                program("E0382", body("drop(s);", "drop(s);").replace("{\n", "{ let s = String::new();\n"))?,
            ),
        ];
        Ok(seeds
            .iter()
            .filter(|(_, want, got)| want != got)
            .map(|s| format!("the harness misjudges {}", s.0))
            .collect())
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = Value> {
    bytes.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

/// The library file of a crate that cargo built or found fresh. Its unit test has the same name, but no library.
fn artifact(built: &Output, name: &str) -> Option<PathBuf> {
    let of_crate = |v: &Value| v["reason"] == "compiler-artifact" && v["target"]["name"] == name;
    let library = |v: Value| {
        let mut files = v["filenames"].as_array()?.iter().filter_map(Value::as_str).map(PathBuf::from);
        files.find(|f| f.extension().is_some_and(|e| e == "rlib"))
    };
    lines(&built.stdout).filter(of_crate).find_map(library)
}

fn error(v: Value) -> Option<Error> {
    let span = v["spans"].as_array()?.iter().find(|s| s["is_primary"] == true);
    (v["level"] == "error" && (span.is_some() || v["code"].is_object())).then(|| Error {
        code: v["code"]["code"].as_str().unwrap_or("none").into(),
        line: span.and_then(|s| s["line_start"].as_u64()).unwrap_or(0),
        text: v["message"].as_str().unwrap_or_default().into(),
    })
}
