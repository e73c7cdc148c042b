//! Rows of a fleet planned: batch in, batch out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::RecordBatch;
use rayon::prelude::*;
use xxhash_rust::xxh3::Xxh3;

use super::answer::{Answer, Status};
use super::columns::{Build, Column};
use super::config::{Config, ENGINE};
use super::conform::{self, Foreign};
use super::home::{self, Fault};
use super::schema::{Fleet, PlansBuilder, plan_schema};
use super::write;
use crate::env::{Detail, Environment};
use crate::model::plan::Apply;
use crate::plan_site;

/// Plans rows by fixed settings.
#[derive(Clone, Debug)]
pub struct Planner {
    config: Config,
    hash: String,
}

impl Planner {
    /// A planner for settings.
    pub fn new(config: Config) -> Self {
        let hash = config.hash();
        Self { config, hash }
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The hash of the settings, in hex.
    pub fn config_hash(&self) -> &str {
        &self.hash
    }

    /// Plans one row. It depends on nothing but the row and the settings; no row can make it panic.
    ///
    /// - Cost: the planner's
    pub fn row(&self, fleet: &Fleet, row: usize) -> Answer {
        let mut answer = Answer::new(self.id(fleet, row));
        let planned = catch_unwind(AssertUnwindSafe(|| self.plan(fleet, row, &mut answer)));
        if planned.is_err() {
            answer = Answer::new(answer.plan_id);
            answer.fail(Status::Failed, "F007 the planner broke on this home; please report it".to_owned());
        }
        answer
    }

    /// The hash of a row, the settings and the engine.
    fn id(&self, fleet: &Fleet, row: usize) -> u128 {
        let mut h = Xxh3::new();
        h.update(ENGINE.as_bytes());
        h.update(self.hash.as_bytes());
        fleet.hash(row..row + 1, &mut h);
        h.digest128()
    }

    /// The seed of a home's search: its name, the day and the settings, never its place in a batch.
    fn seed(&self, fleet: &Fleet, row: usize) -> u64 {
        let mut h = Xxh3::new();
        h.update(self.hash.as_bytes());
        h.update(&fleet.captured_at.get(row).unwrap_or(0).div_euclid(86_400_000_000).to_le_bytes());
        h.update(fleet.home_id.get(row).unwrap_or_default().as_bytes());
        h.digest()
    }

    fn environment(&self, fleet: &Fleet, row: usize) -> Environment {
        let env = Environment::new().with_seed(self.seed(fleet, row)).with_rounds(Some(self.config.rounds));
        env.with_detail(Detail::Changes)
    }

    fn plan(&self, fleet: &Fleet, row: usize, answer: &mut Answer) {
        if fleet.home_id.get(row).is_none_or(str::is_empty) {
            return answer.fail(Status::Failed, "F001 home_id is missing".to_owned());
        }
        if self.config.keep_all {
            return answer.keep(fleet, &home::keys(fleet, row));
        }
        let home = match home::read(fleet, row, &self.config) {
            Ok(home) => home,
            Err(Fault::TooLarge(pods, clients)) => {
                return answer.fail(Status::Skipped, format!("F006 too large: {pods} pods, {clients} stations"));
            }
            Err(Fault::Band(pod, radio)) => {
                return answer.fail(Status::Failed, format!("F003 no such band: pod {pod} radio {radio}"));
            }
        };
        match plan_site(&home.site, &self.environment(fleet, row)) {
            Err(faults) => {
                let first = faults.first().map_or_else(String::new, |f| format!("{} {}", f.code.as_str(), f.path));
                answer.fail(Status::Failed, first);
            }
            Ok(plan) => {
                let urgent = matches!(plan.apply, Apply::Now { .. });
                let since = fleet
                    .captured_at
                    .get(row)
                    .zip(fleet.last_change_at.get(row))
                    .map(|(now, then)| now.saturating_sub(then));
                let rests = since.is_some_and(|us| us < i64::from(self.config.rest_s) * 1_000_000);
                if rests && !plan.keep && !urgent {
                    return answer.fail(Status::Skipped, "F008 the home rests after its last change".to_owned());
                }
                answer.plan(fleet, &home, &plan, self.config.rounds);
            }
        }
    }

    /// Adds the answer to a row to a table under construction.
    pub fn write(&self, fleet: &Fleet, row: usize, answer: &Answer, out: &mut PlansBuilder) {
        write::append(fleet, row, answer, &self.hash, out);
    }
}

/// A finished table as a batch.
pub fn batch(out: &mut PlansBuilder) -> RecordBatch {
    RecordBatch::try_new(plan_schema(), out.columns()).expect("a builder makes what its schema says")
}

/// Plans every row of a batch.
///
/// The rows come back in their order; `threads` changes the speed alone.
///
/// - Errors: the batch is no fleet; a bad home is no error, but has its code in its own row
/// - Cost: the planner's for each row, and some microseconds for reading and writing it
pub fn plan_batch(input: &RecordBatch, planner: &Planner, threads: usize) -> Result<RecordBatch, Foreign> {
    let fleet = conform::fleet(input)?;
    let rows = input.num_rows();
    let pool = (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok()).flatten();
    let answers: Vec<Answer> = match pool {
        Some(pool) => {
            pool.install(|| (0..rows).into_par_iter().with_max_len(1).map(|i| planner.row(&fleet, i)).collect())
        }
        None => (0..rows).map(|i| planner.row(&fleet, i)).collect(),
    };
    let mut out = PlansBuilder::default();
    for (i, answer) in answers.iter().enumerate() {
        planner.write(&fleet, i, answer, &mut out);
    }
    debug_assert_eq!(out.entries(), rows);
    Ok(batch(&mut out))
}

#[cfg(test)]
mod tests {
    use super::super::generate::{Mix, rows};
    use super::*;
    use crate::check::judge;

    #[test]
    fn every_plan_of_a_row_passes_the_judge() {
        let fleet = conform::fleet(&rows(&Mix { seed: 4, country: "DE".to_owned(), tower: None }, 0..150)).unwrap();
        let planner = Planner::new(Config::default());
        let mut changed = 0;
        for row in 0..150 {
            let home = home::read(&fleet, row, planner.config()).ok().unwrap();
            let plan = plan_site(&home.site, &planner.environment(&fleet, row)).unwrap();
            assert_eq!(judge(&home.site, &plan).violations, [], "row {row}");
            changed += usize::from(!plan.keep);
        }
        assert!(changed > 20, "{changed}");
    }
}
