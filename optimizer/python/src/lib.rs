//! `millpond_plan` for Python: four functions around the batch planner. Batches cross by the Arrow C data interface,
//! so no buffer is copied, and the interpreter's lock is free while homes are planned.

use arrow_array::RecordBatch;
use arrow_pyarrow::PyArrowType;
use arrow_schema::Schema;
use millpond_optimizer::fleet::config::ENGINE;
use millpond_optimizer::fleet::{Config, Planner, plan_batch as plan, schema};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Plans every row of a `fleet` batch; the rows of the `plan` come back in the same order.
///
/// `config_json` has the settings, `""` for the defaults; `threads` changes the speed alone. A bad home has its code in
/// its own row. Raises ValueError for settings or columns that cannot be read.
#[pyfunction]
#[pyo3(signature = (batch, config_json = "", threads = 1))]
fn plan_batch(
    py: Python<'_>,
    batch: PyArrowType<RecordBatch>,
    config_json: &str,
    threads: usize,
) -> PyResult<PyArrowType<RecordBatch>> {
    let config = Config::parse(config_json).map_err(PyValueError::new_err)?;
    let planner = Planner::new(config);
    let threads = threads.clamp(1, 1_024);
    let out = py.detach(|| plan(&batch.0, &planner, threads)).map_err(|e| PyValueError::new_err(e.to_string()))?;
    Ok(PyArrowType(out))
}

/// The schema of a `fleet`.
#[pyfunction]
fn fleet_schema() -> PyArrowType<Schema> {
    PyArrowType(Schema::clone(&schema::fleet_schema()))
}

/// The schema of a `plan`.
#[pyfunction]
fn plan_schema() -> PyArrowType<Schema> {
    PyArrowType(Schema::clone(&schema::plan_schema()))
}

/// The engine with its version, as plans name it.
#[pyfunction]
fn version() -> &'static str {
    ENGINE
}

/// The fleet planner.
#[pymodule]
mod millpond_plan {
    #[pymodule_export]
    use super::{fleet_schema, plan_batch, plan_schema, version};
}
