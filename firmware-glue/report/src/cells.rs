//! What a receiver of weekly answers may publish: the rule for tables, as a check that he runs before each.
//!
//! A node never needs this; it stands here because the promise of section 6 of the contract does: no published cell has
//! fewer than [`LEAST`] answers, and no two published tables tell one by subtraction.
//!
//! The rule: lay all tables that were ever published of the same answers over one another. Each answer then has a place, which
//! is its cell in every table (or that it is not in it). Everything that sums and differences of published cells can tell
//! about a group of answers is about a union of such places, so it is enough that each place is empty or has [`LEAST`].

use core::cmp::Ordering;

/// Fewest answers of a published cell.
pub const LEAST: usize = 50;

/// The cell of an answer that a table leaves out.
pub const LEFT_OUT: u16 = u16::MAX;

/// Why a table may not be published. It says nothing of the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// A cell has fewer than [`LEAST`] answers: merge it with another.
    Small,
    /// Together with another table a group of fewer than [`LEAST`] would come out: use that table's cells, or coarser ones.
    Subtraction,
    /// The tables have different numbers of answers, or the scratch has another.
    Lengths,
}

impl core::fmt::Display for Refused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Small => "a cell has fewer than 50 answers: merge it with another",
            Self::Subtraction => {
                "by subtraction from another table a group of fewer than 50 comes out: use coarser cells"
            }
            Self::Lengths => "every table and the scratch need one entry an answer",
        })
    }
}

impl core::error::Error for Refused {}

/// Whether `table` may be published beside those that were before it.
///
/// `table[i]` is the cell of answer `i`, or [`LEFT_OUT`]; so is `before[t][i]` for each earlier table. Answers are numbered in one
/// way for all tables; weeks that overlap are one numbering. `scratch` holds as many entries as there are answers.
///
/// - Cost: O(a log a) comparisons of as many cells as there are tables, for a answers
/// - Errors: [`Refused`]
pub fn may_publish(table: &[u16], before: &[&[u16]], scratch: &mut [u32]) -> Result<(), Refused> {
    let answers = table.len();
    if scratch.len() != answers || u32::try_from(answers).is_err() || before.iter().any(|t| t.len() != answers) {
        return Err(Refused::Lengths);
    }
    if !each_is_full(&[table], scratch) {
        return Err(Refused::Small);
    }
    for (i, place) in (0..).zip(scratch.iter_mut()) {
        *place = i;
    }
    let compare = |a: &u32, b: &u32| by_cells(&[table], *a, *b).then_with(|| by_cells(before, *a, *b));
    scratch.sort_unstable_by(compare);
    if runs_are_full(scratch, |a, b| compare(a, b).is_eq(), |i| is_out(&[table], i) && is_out(before, i)) {
        Ok(())
    } else {
        Err(Refused::Subtraction)
    }
}

fn each_is_full(tables: &[&[u16]], scratch: &mut [u32]) -> bool {
    for (i, place) in (0..).zip(scratch.iter_mut()) {
        *place = i;
    }
    scratch.sort_unstable_by(|a, b| by_cells(tables, *a, *b));
    runs_are_full(scratch, |a, b| by_cells(tables, *a, *b).is_eq(), |i| is_out(tables, i))
}

/// Whether every run of equals that is in some table has enough.
fn runs_are_full(sorted: &[u32], same: impl Fn(&u32, &u32) -> bool, out: impl Fn(u32) -> bool) -> bool {
    sorted.chunk_by(same).all(|run| run.len() >= LEAST || run.first().is_some_and(|i| out(*i)))
}

fn cell(table: &[u16], answer: u32) -> u16 {
    table.get(answer as usize).copied().unwrap_or(LEFT_OUT)
}

fn by_cells(tables: &[&[u16]], a: u32, b: u32) -> Ordering {
    let differ = tables.iter().map(|t| cell(t, a).cmp(&cell(t, b))).find(|o| o.is_ne());
    differ.unwrap_or(Ordering::Equal)
}

fn is_out(tables: &[&[u16]], answer: u32) -> bool {
    tables.iter().all(|t| cell(t, answer) == LEFT_OUT)
}
