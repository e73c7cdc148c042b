//! What the search hands to those that put it into words: a plan in index form, and the names behind the indices.

use crate::goal::exact::Exact;
use crate::model::plan::Objective;
use crate::model::site::Site;
use crate::model::topology::{Assignment, Topology};

/// A plan in index form.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What every radio, uplink and client does.
    pub assignment: Assignment,
    /// The same as values of J's nodes, if J can express it.
    pub values: Option<Vec<usize>>,
    /// What it is worth.
    pub objective: Objective,
    /// U of what runs now.
    pub before: Option<Exact>,
    /// U of the plan.
    pub after: Exact,
    /// True if nothing changes because U found no gain: then by how much the best change would have lost.
    pub no_exact_gain: Option<i64>,
}

/// The id of a radio of the flat list.
pub fn radio_id(site: &Site, t: &Topology, r: usize) -> String {
    let pod = t.radios[r].pod;
    site.pods[pod].radios[r - t.pods[pod].radios[0]].id.clone()
}
