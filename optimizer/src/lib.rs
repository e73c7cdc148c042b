//! The planner: from a site to a plan for channels, widths, power, backhaul and steering, with reasons and a judge.
//!
//! [`plan_site`] is the whole way. It validates a [`model::Site`] (every fault at once, under a stable code), states the
//! pairwise form J of its objective ([`goal`]), hands it to [`pairwise::solve`], judges the result by the exact
//! evaluation U and explains each decision. [`check`] is an independent second reading of the rules.
//!
//! ```
//! use millpond_dsp::phy::{Band, Bandwidth};
//! use millpond_optimizer::{env::Environment, model::SiteBuilder, plan_site};
//!
//! let mut b = SiteBuilder::new("US");
//! let hall = b.pod(true);
//! let radio = b.radio(hall, Band::Ghz5, &[Bandwidth::Mhz20, Bandwidth::Mhz80], 27, None);
//! b.client(20_000, &[(hall, Band::Ghz5, 62)], Some((hall, radio)));
//! let plan = plan_site(&b.build(), &Environment::new()).unwrap();
//! assert_eq!(plan.radios[0].width, Bandwidth::Mhz80);
//! ```

pub mod check;
pub mod diagram;
pub mod env;
mod explain;
mod flip;
pub mod goal;
pub mod model;
pub mod pairwise;
#[cfg(test)]
mod peers;
mod planned;
mod planner;
mod refine;
pub mod rf;
pub mod simulate;
#[cfg(test)]
mod testing;
pub mod validate;
pub mod why;

pub use planned::Planned;
pub use planner::{plan_site, plan_topology};
