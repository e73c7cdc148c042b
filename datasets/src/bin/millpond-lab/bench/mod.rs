//! What `motion` and `score` share: one recording through the detector, spoiled on request, and judged by its labels.

pub mod bounds;
pub mod breath;
pub mod degrade;
pub mod gyro;
pub mod labels;
pub mod mesh;
pub mod plot;
pub mod presence;
pub mod row;
pub mod rules;
pub mod run;
pub mod seen;
