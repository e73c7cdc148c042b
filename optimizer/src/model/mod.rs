//! Plain data: the site file, its index form, what the regulator allows, and the plan.

mod build;
pub mod plan;
pub mod regulatory;
pub mod site;
pub mod topology;

pub use build::SiteBuilder;
pub use plan::Plan;
pub use site::Site;
pub use topology::Topology;
