//! What other writers made of a fleet becomes ours: fields by name, list entries by position, numbers by value.
//!
//! Lists may be large, of fixed size or views; numbers of any width; texts large, views or dictionaries. Fields that are
//! missing become null, fields that are unknown are ignored, a number that does not fit becomes null.

use std::fmt;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, StructArray, new_null_array};
use arrow_buffer::OffsetBuffer;
use arrow_cast::CastOptions;
use arrow_schema::{DataType, Field, FieldRef};

use super::columns::element;
use super::schema::Fleet;

/// A column that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Where, as `pods.radios.band`.
    pub path: String,
    /// What was found, and what is wanted.
    pub detail: String,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "F101 column {}: {}; write it with the type that the fleet's schema has", self.path, self.detail)
    }
}

impl std::error::Error for Foreign {}

/// A view of a batch as a fleet.
///
/// - Errors: the first column whose type cannot become ours, or that no column is ours
/// - Cost: none where the types are ours; a copy of what has to be converted
pub fn fleet(batch: &RecordBatch) -> Result<Fleet, Foreign> {
    let fields = Fleet::fields();
    if !fields.iter().any(|f| batch.column_by_name(f.name()).is_some()) {
        let found: Vec<&str> = batch.schema_ref().fields().iter().map(|f| f.name().as_str()).take(8).collect();
        let detail = format!("none of the fleet's columns is there, but {}", found.join(", "));
        return Err(Foreign { path: "home_id".to_owned(), detail });
    }
    let one = |f: &FieldRef| match batch.column_by_name(f.name()) {
        Some(column) => conform(column, f.data_type(), f.name()),
        None => Ok(new_null_array(f.data_type(), batch.num_rows())),
    };
    let columns: Vec<ArrayRef> = fields.iter().map(one).collect::<Result<_, _>>()?;
    Ok(Fleet::from_columns(&columns))
}

/// An array as one of a type.
fn conform(array: &ArrayRef, wanted: &DataType, path: &str) -> Result<ArrayRef, Foreign> {
    if array.data_type() == wanted {
        return Ok(array.clone());
    }
    match wanted {
        DataType::List(child) => list(array, child, path),
        DataType::Struct(fields) => {
            if !matches!(array.data_type(), DataType::Struct(_)) {
                return converted(array, wanted, path);
            }
            let from = array.as_struct();
            let one = |f: &FieldRef| match from.column_by_name(f.name()) {
                Some(column) => conform(column, f.data_type(), &format!("{path}.{}", f.name())),
                None => Ok(new_null_array(f.data_type(), from.len())),
            };
            let columns = fields.iter().map(one).collect::<Result<Vec<_>, _>>()?;
            Ok(Arc::new(StructArray::new(fields.clone(), columns, from.nulls().cloned())))
        }
        _ => converted(array, wanted, path),
    }
}

/// Any kind of list as `list`.
fn list(array: &ArrayRef, child: &FieldRef, path: &str) -> Result<ArrayRef, Foreign> {
    let plain = match array.data_type() {
        DataType::List(_) => array.clone(),
        DataType::LargeList(of)
        | DataType::FixedSizeList(of, _)
        | DataType::ListView(of)
        | DataType::LargeListView(of) => converted(array, &DataType::List(of.clone()), path)?,
        DataType::Null => return Ok(new_null_array(&DataType::List(child.clone()), array.len())),
        _ => return converted(array, &DataType::List(child.clone()), path),
    };
    let plain = plain.as_list::<i32>();
    // Only the entries that these rows have are converted.
    let (first, last) = (plain.offsets()[0], plain.offsets()[plain.len()]);
    let used = plain.values().slice(first as usize, (last - first) as usize);
    let offsets: Vec<i32> = plain.offsets().iter().map(|o| o - first).collect();
    let values = conform(&used, child.data_type(), path)?;
    let of = element(child.data_type().clone());
    Ok(Arc::new(ListArray::new(of, OffsetBuffer::new(offsets.into()), values, plain.nulls().cloned())))
}

/// A conversion by value; what does not fit becomes null.
fn converted(array: &ArrayRef, wanted: &DataType, path: &str) -> Result<ArrayRef, Foreign> {
    let scalar = |t: &DataType| !t.is_nested() || matches!(t, DataType::Dictionary(..));
    let listed = matches!(wanted, DataType::List(_)) && matches!(array.data_type(), t if t.is_nested());
    let sensible = (scalar(array.data_type()) && scalar(wanted) && same_kind(array.data_type(), wanted)) || listed;
    let refuse = |why: String| Foreign { path: path.to_owned(), detail: why };
    if !sensible {
        return Err(refuse(format!("it is {}, wanted is {}", short(array.data_type()), short(wanted))));
    }
    let options = CastOptions { safe: true, ..CastOptions::default() };
    arrow_cast::cast_with_options(array, wanted, &options).map_err(|e| refuse(e.to_string()))
}

/// True where a conversion keeps the meaning: a number stays a number.
fn same_kind(from: &DataType, to: &DataType) -> bool {
    let kind = |t: &DataType| match t {
        DataType::Dictionary(_, of) => class(of),
        t => class(t),
    };
    kind(from) == 0 || kind(from) == kind(to)
}

fn class(t: &DataType) -> u8 {
    match t {
        DataType::Null => 0,
        DataType::Boolean => 1,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => 2,
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => 3,
        t if t.is_numeric() => 4,
        _ => 5,
    }
}

/// A type in few words.
fn short(t: &DataType) -> String {
    match t {
        DataType::Struct(_) => "a struct".to_owned(),
        DataType::List(_) => "a list".to_owned(),
        t => t.to_string().chars().take(60).collect(),
    }
}

/// The columns of a file that a fleet has, by name, for a reader that skips the others.
pub fn wanted(fields: &[FieldRef]) -> impl Iterator<Item = usize> {
    let ours = Fleet::fields();
    let known = move |f: &Field| ours.iter().any(|o| o.name() == f.name());
    fields.iter().enumerate().filter(move |(_, f)| known(f)).map(|(i, _)| i).collect::<Vec<_>>().into_iter()
}
