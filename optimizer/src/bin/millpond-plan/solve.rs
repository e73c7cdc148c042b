//! `millpond-plan solve`: a general pairwise assignment.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use millpond_optimizer::env::Environment;
use millpond_optimizer::pairwise::{self, Instance, ProblemError, Solution, Verdict};
use serde_json::{Map, Value, json};

use crate::{Failure, input};

#[derive(clap::Args)]
pub struct Args {
    /// The instance, `pairwise/1` JSON, gzip'd or not
    instance: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Seconds to search at most; a proved answer ends it sooner
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    time: f64,
    /// Worker threads; 0 takes what the machine has
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Seed of the search
    #[arg(long, value_name = "K", default_value_t = 0)]
    seed: u64,
    /// Begin with this answer (`{"values": [...]}`, or what `solve --json` printed); the new one never costs more
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Only free the answer of `--from` of forbidden choices, moving at most this many nodes: takes milliseconds
    #[arg(long, value_name = "M", requires = "from")]
    moves: Option<usize>,
    /// Rounds of search at most; with this and no time limit hit, any number of threads gives the same plan
    #[arg(long, value_name = "R")]
    rounds: Option<u32>,
}

/// Reads, solves, re-costs and prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    if !(args.time >= 0.0 && args.time <= 1e6) {
        return Err(format!("--time {} is not a number of seconds from 0 to 1000000", args.time));
    }
    let bytes = input::read(&args.instance)?;
    let instance = pairwise::read(&bytes).map_err(|errors| describe(&args.instance.display().to_string(), &errors))?;
    let from = args.from.as_deref().map(answer).transpose()?;
    if let (Some(from), Some(moves)) = (&from, args.moves) {
        return replan(args, &bytes, &instance, from, moves);
    }
    let env = environment(args, start)?;
    let solution = match &from {
        Some(from) => pairwise::solve_from(&instance.problem, from, &env).map_err(|e| e.to_string())?,
        None => pairwise::solve(&instance.problem, &env),
    };
    let took = start.elapsed();
    let verdict = recost(&bytes, &solution.values, solution.cost)?;
    print(args, &instance, &solution, &verdict, took);
    Ok(())
}

/// The values of an answer in a file.
fn answer(path: &Path) -> Result<Vec<usize>, Failure> {
    pairwise::values_of(&input::read(path)?).map_err(|e| format!("{}: {e}", path.display()))
}

/// Moves few nodes and prints what that gives.
fn replan(args: &Args, bytes: &[u8], instance: &Instance, from: &[usize], moves: usize) -> Result<(), Failure> {
    let start = Instant::now();
    let found = pairwise::replan(&instance.problem, from, moves).map_err(|e| e.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    let verdict = recost(bytes, &found.values, found.cost)?;
    if args.json {
        let moved: Vec<Value> = found.moved.iter().map(|&n| json!(n)).collect();
        let document = json!({ "cost": found.cost, "moved": moved, "seconds": seconds, "checked": true,
            "violations": verdict.forbidden, "assignment": found.values });
        out!("{document}");
    } else {
        out!("cost {}, {} nodes moved, {:.6} s after reading", found.cost, found.moved.len(), seconds);
    }
    Ok(())
}

/// Has the judge cost the answer by the file's own text; a difference is a failure, never an answer.
fn recost(bytes: &[u8], values: &[usize], cost: i64) -> Result<Verdict, Failure> {
    let verdict = pairwise::judge(bytes, values).map_err(|e| e.to_string())?;
    let total = verdict.soft + verdict.forbidden.len() as i128 * i128::from(pairwise::HARD);
    match total == i128::from(cost) {
        true => Ok(verdict),
        false => Err(format!("the judge costs the answer {total}, the solver {cost}: please report this")),
    }
}

/// Judges a solution file of a `pairwise/1` instance: its cost, or every forbidden choice.
pub fn check(instance: &[u8], solution: &[u8], json: bool) -> Result<(), Failure> {
    let values = pairwise::values_of(solution).map_err(|e| e.to_string())?;
    let verdict = pairwise::judge(instance, &values).map_err(|e| e.to_string())?;
    if json {
        out!("{}", json!({ "cost": verdict.soft as i64, "violations": verdict.forbidden }));
    } else if verdict.forbidden.is_empty() {
        out!("cost {}", verdict.soft);
    }
    match verdict.forbidden.len() {
        0 => Ok(()),
        n => Err(format!("{n} forbidden choices: {}", verdict.forbidden.join(", "))),
    }
}

/// The faults of a file in one line; the first few are spelled out.
pub fn describe(name: &str, errors: &[ProblemError]) -> Failure {
    const SHOWN: usize = 8;
    let told: Vec<String> = errors.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if errors.len() > SHOWN { format!("; and {} more", errors.len() - SHOWN) } else { String::new() };
    format!("{name}: {}{more}", told.join("; "))
}

fn environment(args: &Args, start: Instant) -> Result<Environment, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).map_err(|e| format!("no Ctrl-C handler: {e}"))?;
    let deadline = start + Duration::from_secs_f64(args.time);
    let threads = match args.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let mut env = Environment::new()
        .with_seed(args.seed)
        .with_threads(threads)
        .with_rounds(args.rounds)
        .with_stop(move || interrupted.load(Ordering::Relaxed) || Instant::now() >= deadline);
    if !args.json {
        env = env.with_listener(move |p| {
            eprintln!("{:8.2} s  cost {}  bound {}", start.elapsed().as_secs_f64(), p.cost, p.bound);
        });
    }
    Ok(env)
}

fn print(args: &Args, instance: &Instance, solution: &Solution, verdict: &Verdict, took: Duration) {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    if let Some(name) = &instance.name {
        put("name", json!(name));
    }
    put("cost", json!(solution.cost));
    put("bound", json!(solution.bound));
    put("proved", json!(solution.proved));
    put("seconds", json!(took.as_secs_f64()));
    if let Some(best) = &instance.best {
        put("best", json!(best.cost));
    }
    put("checked", json!(true));
    put("violations", json!(verdict.forbidden));
    put("assignment", json!(solution.values));
    if args.json {
        out!("{}", Value::Object(out));
        return;
    }
    let verdict = if solution.proved { "proved" } else { "not proved" };
    out!("cost {} ({verdict}), bound {}, {:.3} s", solution.cost, solution.bound, took.as_secs_f64());
}
