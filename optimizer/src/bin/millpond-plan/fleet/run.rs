//! The workers: each takes the heaviest unit that is left, and who has none helps with the rows of the others.

use std::collections::VecDeque;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use millpond_optimizer::fleet::answer::Answer;
use millpond_optimizer::fleet::schema::{Fleet, PlansBuilder};
use millpond_optimizer::fleet::{Planner, conform, plan};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use serde_json::{Value, json};

use super::Args;
use super::part::{self, Counts, Part};
use super::progress::Progress;
use super::units::{Unit, guarded};
use crate::Failure;

/// Rows that are in memory at once for a worker, at most.
const BATCH_ROWS: u64 = 1_024;
/// Their size uncompressed, about.
const BATCH_BYTES: u64 = 16 << 20;

/// What a run did.
pub struct Outcome {
    /// Rows by status, with those of earlier runs.
    pub counts: Counts,
    /// Rows of earlier runs.
    pub kept: u64,
    /// One line for each unit that could not be planned.
    pub faults: Vec<Failure>,
    busy: Duration,
    wall: Duration,
}

impl Outcome {
    /// The summary as JSON.
    pub fn summary(&self, units: &[Unit], threads: usize, seconds: f64) -> Value {
        let [planned, unchanged, skipped, failed] = self.counts;
        let rows: u64 = self.counts.iter().sum();
        let held = self.wall.as_secs_f64() * threads as f64;
        let idle = if held > 0.0 { (1.0 - self.busy.as_secs_f64() / held).max(0.0) } else { 0.0 };
        let rate = if seconds > 0.0 { (rows - self.kept) as f64 / seconds } else { 0.0 };
        json!({
            "homes": rows, "planned": planned, "unchanged": unchanged, "skipped": skipped, "failed": failed,
            "resumed": self.kept, "units": units.len(), "units_failed": self.faults.len(), "threads": threads,
            "seconds": seconds, "homes_per_s": rate, "idle_share": idle,
        })
    }
}

/// Rows of one batch, open to all workers.
struct Open {
    fleet: Fleet,
    /// The heaviest first.
    order: Vec<usize>,
    next: AtomicUsize,
    left: AtomicUsize,
    answers: Vec<OnceLock<Answer>>,
}

struct Shared<'a> {
    planner: &'a Planner,
    units: Mutex<VecDeque<&'a Unit>>,
    open: Mutex<Vec<Arc<Open>>>,
    /// With the lock of `open`. A call that comes too early costs its sleeper a tenth of a second.
    changed: Condvar,
    /// Workers that may still open batches.
    owners: AtomicUsize,
    idle_ns: AtomicUsize,
    progress: Progress,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A worker that may still open batches. Gone by whatever way, it is counted out, so that nobody waits for it.
struct Owner<'a, 'b>(&'a Shared<'b>);

impl Drop for Owner<'_, '_> {
    fn drop(&mut self) {
        self.0.owners.fetch_sub(1, Ordering::AcqRel);
        self.0.changed.notify_all();
    }
}

/// A row that was begun. It is counted out by whatever way it ends; one without an answer makes its unit fail.
struct Begun<'a, 'b>(&'a Shared<'b>, &'a Open);

impl Drop for Begun<'_, '_> {
    fn drop(&mut self) {
        if self.1.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.changed.notify_all();
        }
    }
}

impl Shared<'_> {
    /// Plans one row of a batch; false if none is left to begin.
    fn step(&self, open: &Open) -> bool {
        let n = open.next.fetch_add(1, Ordering::Relaxed);
        let Some(&row) = open.order.get(n) else { return false };
        let begun = Begun(self, open);
        let answer = self.planner.row(&open.fleet, row);
        assert!(open.answers[row].set(answer).is_ok(), "a row is begun once");
        drop(begun);
        true
    }

    /// Some batch with rows that nobody began.
    fn other(&self) -> Option<Arc<Open>> {
        lock(&self.open).iter().find(|o| o.next.load(Ordering::Relaxed) < o.order.len()).cloned()
    }

    /// Helps others until `done`; sleeps where there is nothing to help with.
    fn help_until(&self, done: impl Fn() -> bool) {
        while !done() {
            if let Some(open) = self.other() {
                self.step(&open);
                continue;
            }
            let held = lock(&self.open);
            let idle = held.iter().all(|o| o.next.load(Ordering::Relaxed) >= o.order.len());
            if idle && !done() {
                let start = Instant::now();
                drop(self.changed.wait_timeout(held, Duration::from_millis(100)));
                self.idle_ns.fetch_add(start.elapsed().as_nanos() as usize, Ordering::Relaxed);
            }
        }
    }

    /// Plans all rows of a batch, with whoever is free.
    fn plan(&self, fleet: Fleet, rows: usize) -> Arc<Open> {
        let weight = |i: &usize| std::cmp::Reverse(fleet.weight.get(*i).unwrap_or(0));
        let mut order: Vec<usize> = (0..rows).collect();
        order.sort_by_key(weight);
        let answers = (0..rows).map(|_| OnceLock::new()).collect();
        let open = Open { fleet, order, next: AtomicUsize::new(0), left: AtomicUsize::new(rows), answers };
        let open = Arc::new(open);
        {
            lock(&self.open).push(open.clone());
            self.changed.notify_all();
        }
        while self.step(&open) {}
        self.help_until(|| open.left.load(Ordering::Acquire) == 0);
        lock(&self.open).retain(|o| !Arc::ptr_eq(o, &open));
        open
    }

    fn unit(&self, unit: &Unit, out: &std::path::Path) -> Result<Counts, Failure> {
        let fault = |e: Failure| format!("{} row group {}: {e}", unit.path.display(), unit.group);
        let mut reader = guarded(|| open_group(unit)).map_err(fault)?;
        let mut part = Part::create(out, unit)?;
        let (mut counts, mut table) = ([0; 4], PlansBuilder::default());
        while let Some(batch) = guarded(|| reader.next().transpose().map_err(Into::into)).map_err(fault)? {
            let fleet = conform::fleet(&batch).map_err(|e| fault(e.to_string()))?;
            let open = self.plan(fleet, batch.num_rows());
            for (row, answer) in open.answers.iter().enumerate() {
                let answer = answer.get().ok_or_else(|| fault(format!("row {row} of a batch has no answer")))?;
                counts[answer.status as usize] += 1;
                self.planner.write(&open.fleet, row, answer, &mut table);
            }
            part.write(&plan::batch(&mut table))?;
            self.progress.add(batch.num_rows() as u64);
        }
        if counts.iter().sum::<u64>() != unit.rows {
            return Err(fault("it has other rows than its footer says".to_owned()));
        }
        part.commit(unit, &counts)?;
        Ok(counts)
    }
}

fn open_group(unit: &Unit) -> Result<ParquetRecordBatchReader, parquet::errors::ParquetError> {
    let group = unit.metadata.metadata().row_group(unit.group);
    let each = (group.total_byte_size().max(0) as u64 / unit.rows.max(1)).max(1);
    let batch = (BATCH_BYTES / each).clamp(1, BATCH_ROWS) as usize;
    let columns = conform::wanted(unit.metadata.schema().fields());
    let mask = ProjectionMask::roots(unit.metadata.parquet_schema(), columns);
    ParquetRecordBatchReaderBuilder::new_with_metadata(File::open(&unit.path)?, unit.metadata.clone())
        .with_projection(mask)
        .with_row_groups(vec![unit.group])
        .with_batch_size(batch)
        .build()
}

/// Plans all units that are not done yet.
pub fn all(units: &[Unit], planner: &Planner, args: &Args, threads: usize, start: Instant) -> Result<Outcome, Failure> {
    let mut outcome =
        Outcome { counts: [0; 4], kept: 0, faults: Vec::new(), busy: Duration::ZERO, wall: Duration::ZERO };
    let mut queue = VecDeque::new();
    for unit in units {
        match part::done(&args.out, unit).filter(|_| !args.force) {
            Some(counts) => {
                outcome.kept += unit.rows;
                outcome.counts.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
            }
            None => queue.push_back(unit),
        }
    }
    let todo: u64 = queue.iter().map(|u| u.rows).sum();
    let shared = Shared {
        planner,
        units: Mutex::new(queue),
        open: Mutex::new(Vec::new()),
        changed: Condvar::new(),
        owners: AtomicUsize::new(threads),
        idle_ns: AtomicUsize::new(0),
        progress: Progress::new(todo, args.json, start),
    };
    let results = Mutex::new(Vec::new());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| e.to_string())?;
    let begin = Instant::now();
    pool.broadcast(|_| {
        let owner = Owner(&shared);
        loop {
            let next = lock(&shared.units).pop_front();
            let Some(unit) = next else { break };
            let result = catch_unwind(AssertUnwindSafe(|| shared.unit(unit, &args.out)));
            let broken = |_| Err(format!("{} row group {}: the planner broke", unit.path.display(), unit.group));
            lock(&results).push(result.unwrap_or_else(broken));
        }
        drop(owner);
        shared.help_until(|| shared.owners.load(Ordering::Acquire) == 0);
    });
    outcome.wall = begin.elapsed();
    let idle = Duration::from_nanos(shared.idle_ns.load(Ordering::Relaxed) as u64);
    outcome.busy = (outcome.wall * threads as u32).saturating_sub(idle);
    shared.progress.end();
    for result in results.into_inner().unwrap_or_else(PoisonError::into_inner) {
        match result {
            Ok(counts) => outcome.counts.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n),
            Err(fault) => outcome.faults.push(fault),
        }
    }
    outcome.faults.sort();
    Ok(outcome)
}
