//! Fleets from outside: other writers' types, nulls, damage, a kill, and any number of threads.

// Helpers outside of `#[test]` functions may end a test as well.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, LargeListArray, ListArray, RecordBatch, StringArray, StructArray, make_array, new_null_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};
use millpond_optimizer::env::SplitMix64;
use millpond_optimizer::fleet::generate::{Mix, rows};
use millpond_optimizer::fleet::schema::{Plans, plan_schema};
use millpond_optimizer::fleet::{Config, Planner, plan_batch};

fn tool(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millpond-plan"));
    command.args(args);
    command
}

fn done(args: &[&str]) -> Output {
    let out = tool(args).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    out
}

/// A folder that is gone when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("millpond-fleet-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn at(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Every file under a folder with its bytes.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                all.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    all
}

fn parts(folder: &str) -> usize {
    let Ok(list) = std::fs::read_dir(folder) else { return 0 };
    list.filter(|e| e.as_ref().is_ok_and(|e| !e.file_name().to_string_lossy().starts_with(['.', '_']))).count()
}

fn draw(n: u64) -> RecordBatch {
    rows(&Mix { seed: 11, country: "US".to_owned(), tower: None }, 0..n)
}

fn planner() -> Planner {
    Planner::new(Config::default())
}

fn status(batch: &RecordBatch) -> Vec<String> {
    let column = batch.column_by_name("status").unwrap().as_string::<i32>().clone();
    (0..column.len()).map(|i| column.value(i).to_owned()).collect()
}

fn reason(batch: &RecordBatch, row: usize) -> String {
    batch.column_by_name("reason").unwrap().as_string::<i32>().value(row).to_owned()
}

/// The same values in the types of another writer: large lists, views, wider numbers, fields turned round, one unknown.
fn foreign(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let values = foreign(list.values());
            let offsets: Vec<i64> = list.offsets().iter().map(|o| i64::from(*o)).collect();
            let field = Arc::new(Field::new("item", values.data_type().clone(), true));
            let offsets = OffsetBuffer::new(offsets.into());
            Arc::new(LargeListArray::new(field, offsets, values, list.nulls().cloned()))
        }
        DataType::Struct(fields) => {
            let from = array.as_struct();
            let mut columns: Vec<(Arc<Field>, ArrayRef)> = vec![];
            for (field, column) in fields.iter().zip(from.columns()).rev() {
                let column = foreign(column);
                columns.push((Arc::new(Field::new(field.name(), column.data_type().clone(), true)), column));
            }
            let more = new_null_array(&DataType::Date32, from.len());
            columns.push((Arc::new(Field::new("of_their_own", DataType::Date32, true)), more));
            let (fields, columns): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
            Arc::new(StructArray::new(fields.into(), columns, from.nulls().cloned()))
        }
        DataType::Utf8 => cast(array, &DataType::Utf8View).unwrap(),
        DataType::Int32 => cast(array, &DataType::Int64).unwrap(),
        DataType::Float32 => cast(array, &DataType::Float64).unwrap(),
        _ => array.clone(),
    }
}

fn rebuilt(batch: &RecordBatch, change: &mut dyn FnMut(&str, &ArrayRef) -> ArrayRef) -> RecordBatch {
    let names = batch.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
    let columns: Vec<ArrayRef> = names.iter().zip(batch.columns()).map(|(n, c)| change(n, c)).collect();
    let fields: Vec<Field> =
        names.iter().zip(&columns).map(|(n, c)| Field::new(n, c.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

#[test]
fn other_writers_types_make_the_same_plan() {
    let ours = draw(12);
    let theirs = rebuilt(&ours, &mut |_, c| foreign(c));
    let short = rebuilt(&ours, &mut |name, c| match name {
        // Channels fit 16 bits; a missing column is null.
        "weight" => cast(c, &DataType::Int16).unwrap(),
        _ => c.clone(),
    });
    let plan = plan_batch(&ours, &planner(), 1).unwrap();
    assert_eq!(plan.schema(), plan_schema());
    assert!(status(&plan).iter().any(|s| s == "planned"), "{:?}", status(&plan));
    assert_eq!(plan, plan_batch(&theirs, &planner(), 1).unwrap());
    assert_eq!(plan, plan_batch(&short, &planner(), 1).unwrap());
    // It is the values that count: another one gives another id.
    let other = rebuilt(&ours, &mut |name, c| {
        if name == "window_s" { new_null_array(c.data_type(), c.len()) } else { c.clone() }
    });
    let ids = |b: &RecordBatch| b.column_by_name("plan_id").unwrap().clone();
    assert_ne!(&ids(&plan), &ids(&plan_batch(&other, &planner(), 1).unwrap()));
}

/// The same rows with 802.11be in place of 802.11ax.
fn newer(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::List(field) => {
            let list = array.as_list::<i32>();
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Arc::new(ListArray::new(field.clone(), offsets, newer(list.values()), nulls))
        }
        DataType::Struct(fields) => {
            let from = array.as_struct();
            let columns = from.columns().iter().map(newer).collect();
            Arc::new(StructArray::new(fields.clone(), columns, from.nulls().cloned()))
        }
        DataType::Utf8 => {
            let words = array.as_string::<i32>().iter().map(|w| w.map(|w| if w == "ax" { "be" } else { w }));
            Arc::new(words.collect::<StringArray>())
        }
        _ => array.clone(),
    }
}

#[test]
fn radios_that_can_leave_out_what_strangers_use() {
    let punctured = |batch: &RecordBatch| {
        let plan = plan_batch(batch, &planner(), 1).unwrap();
        assert!(status(&plan).iter().all(|s| s != "failed"));
        let radios = plan.column_by_name("radios").unwrap().as_list::<i32>().values().clone();
        let holes = radios.as_struct().column_by_name("puncture").unwrap().as_primitive::<Int32Type>().clone();
        holes.iter().flatten().filter(|bits| *bits > 0).count()
    };
    let ours = draw(800);
    assert_eq!(punctured(&ours), 0);
    assert!(punctured(&rebuilt(&ours, &mut |_, c| newer(c))) > 0);
}

#[test]
fn a_row_does_not_know_its_batch_nor_the_threads() {
    let all = draw(20);
    let plan = plan_batch(&all, &planner(), 1).unwrap();
    assert_eq!(plan, plan_batch(&all, &planner(), 2).unwrap());
    for (from, len) in [(0, 1), (7, 6), (19, 1)] {
        let piece = plan_batch(&all.slice(from, len), &planner(), 1).unwrap();
        assert_eq!(piece.columns().len(), Plans::fields().len());
        assert_eq!(plan.slice(from, len), piece, "{from}");
    }
}

/// Nulls at random at every level.
fn holes(array: &ArrayRef, g: &mut SplitMix64, one_in: usize) -> ArrayRef {
    let some: NullBuffer = (0..array.len()).map(|i| array.is_valid(i) && g.below(one_in) > 0).collect();
    match array.data_type() {
        DataType::List(field) => {
            let list = array.as_list::<i32>();
            let values = holes(list.values(), g, one_in);
            Arc::new(ListArray::new(field.clone(), list.offsets().clone(), values, Some(some)))
        }
        DataType::Struct(fields) => {
            let from = array.as_struct();
            let columns = from.columns().iter().map(|c| holes(c, g, one_in)).collect();
            Arc::new(StructArray::new(fields.clone(), columns, Some(some)))
        }
        _ => make_array(array.to_data().into_builder().nulls(Some(some)).build().unwrap()),
    }
}

#[test]
fn nulls_anywhere_break_nothing() {
    let all = draw(25);
    let mut planned = 0;
    for (seed, one_in) in [(1, 3), (2, 20), (3, 200), (4, 1_000)] {
        let mut g = SplitMix64::new(seed);
        let holed = rebuilt(&all, &mut |_, c| holes(c, &mut g, one_in));
        let plan = plan_batch(&holed, &planner(), 1).unwrap();
        assert_eq!(plan.num_rows(), 25);
        for (i, s) in status(&plan).iter().enumerate() {
            match s.as_str() {
                "failed" => {
                    let why = reason(&plan, i);
                    assert!(!why.starts_with("F007"), "row {i} of seed {seed}");
                    assert!(why.starts_with(['E', 'F']), "{why}");
                }
                "planned" | "unchanged" => planned += 1,
                other => panic!("{other}"),
            }
        }
    }
    assert!(planned > 10, "{planned}");
}

#[test]
fn a_batch_that_is_no_fleet_says_what_is_wrong() {
    let all = draw(2);
    let wrong = rebuilt(&all, &mut |name, c| {
        if name == "pods" { new_null_array(&DataType::Utf8, c.len()) } else { c.clone() }
    });
    let fault = plan_batch(&wrong, &planner(), 1).unwrap_err();
    assert!(fault.path == "pods" && fault.to_string().starts_with("F101"), "{fault}");
    let none = RecordBatch::new_empty(Arc::new(Schema::new(vec![Field::new("x", DataType::Int32, true)])));
    assert!(plan_batch(&none, &planner(), 1).is_err());
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    let s = Scratch::new("kill");
    let fleet = s.at("fleet.parquet");
    done(&["simulate", "fleet", "--seed", "3", "--homes", "240", "--group-rows", "12", "--out", &fleet]);
    let (whole, broken) = (s.at("whole"), s.at("broken"));
    done(&["fleet", &fleet, "--out", &whole, "--threads", "1", "--json"]);
    // Two threads make the same files.
    let mut child = tool(&["fleet", &fleet, "--out", &broken, "--threads", "2"]).stdout(Stdio::null()).spawn().unwrap();
    for _ in 0..60_000 {
        if parts(&broken) >= 3 || child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = parts(&broken);
    assert!((3..20).contains(&before), "killed with {before} of 20 parts");
    assert!(!Path::new(&broken).join("_SUCCESS").exists());
    let out = done(&["fleet", &fleet, "--out", &broken, "--threads", "2", "--json"]);
    let summary: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&summary["homes"], &summary["resumed"]), (&240.into(), &(before * 12).into()), "{summary}");
    let (a, b) = (bytes(Path::new(&whole)), bytes(Path::new(&broken)));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    assert!(a == b, "the bytes differ");
    assert!(a.contains_key(Path::new("_SUCCESS")) && a.len() == 22);
    // Other settings: nothing may be kept.
    let config = s.at("config.json");
    std::fs::write(&config, r#"{"rounds": 2}"#).unwrap();
    let args = ["fleet", &fleet, "--out", &broken, "--keep-all", "--json", "--config", &config];
    let summary: serde_json::Value = serde_json::from_slice(&done(&args).stdout).unwrap();
    assert_eq!(summary["resumed"], 0);
}

#[test]
fn folders_damage_and_strangers() {
    let s = Scratch::new("folders");
    let (east, west) = (s.at("in/region=east"), s.at("in/region=west"));
    std::fs::create_dir_all(&east).unwrap();
    std::fs::create_dir_all(&west).unwrap();
    let (a, b) = (format!("{east}/part-0.parquet"), format!("{west}/part-0.parquet"));
    done(&["simulate", "fleet", "--seed", "1", "--homes", "20", "--out", &a]);
    done(&["simulate", "fleet", "--seed", "2", "--homes", "20", "--out", &b]);
    std::fs::write(format!("{west}/_SUCCESS"), "").unwrap();
    let (input, out) = (s.at("in"), s.at("out"));
    done(&["fleet", &input, "--out", &out, "--keep-all"]);
    assert!(Path::new(&out).join("region=west/part-0-rg00000.parquet").exists());
    // A stranger's part is not mixed in.
    std::fs::copy(&a, format!("{out}/region=east/other.parquet")).unwrap();
    let refused = tool(&["fleet", &input, "--out", &out, "--keep-all"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("other.parquet"));
    // Damage in the middle: the file is named, the other one is planned, the whole has failed.
    let mut bytes = std::fs::read(&a).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle..middle + 400].fill(0xA5);
    std::fs::write(&a, bytes).unwrap();
    let damaged = s.at("damaged");
    let failed = tool(&["fleet", &input, "--out", &damaged, "--keep-all"]).output().unwrap();
    let text = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert_eq!(failed.status.code(), Some(1), "{text}");
    assert!(text.contains("region=east") && text.contains("1 of 2 units"), "{text}");
    assert!(Path::new(&damaged).join("region=west/part-0-rg00000.parquet").exists());
    assert!(!Path::new(&damaged).join("_SUCCESS").exists());
    // Cut short, empty, and no Parquet at all.
    for end in [0, 7, 40] {
        let file = s.at("cut.parquet");
        std::fs::write(&file, &std::fs::read(&b).unwrap()[..end]).unwrap();
        let failed = tool(&["fleet", &file, "--out", &s.at("cut")]).output().unwrap();
        assert_eq!(failed.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&failed.stderr).contains("cut.parquet"));
    }
    assert_eq!(tool(&["fleet", &b]).output().unwrap().status.code(), Some(2));
}
