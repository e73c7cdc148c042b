//! From a site file to its [`Topology`]: every fault is found and reported at once, under a stable code.
//!
//! Three passes: [`ranges`] looks at each number by itself, [`names`] resolves ids, [`options`] works out what is
//! allowed. A pass runs only on what the passes before it accepted, so no fault causes a second message.

mod error;
mod names;
mod options;
mod ranges;
mod uplinks;

pub use error::{Code, SiteError};

use crate::model::site::Site;
use crate::model::topology::Topology;

/// Reads a site from JSON text. The error has the line and column.
pub fn parse(text: &[u8]) -> Result<Site, SiteError> {
    serde_json::from_slice(text).map_err(|e| {
        let place = format!("line {} column {}", e.line(), e.column());
        SiteError::new(Code::Syntax, place, e.to_string())
    })
}

/// Checks a site and resolves it; or returns every fault, in the order of the file's fields.
pub fn validate(site: &Site) -> Result<Topology, Vec<SiteError>> {
    let mut faults = Vec::new();
    ranges::check(site, &mut faults);
    stop_on(&mut faults)?;
    let resolved = names::resolve(site, &mut faults);
    stop_on(&mut faults)?;
    let topology = options::build(site, &resolved, &mut faults);
    stop_on(&mut faults)?;
    Ok(topology)
}

fn stop_on(faults: &mut Vec<SiteError>) -> Result<(), Vec<SiteError>> {
    if faults.is_empty() { Ok(()) } else { Err(std::mem::take(faults)) }
}
