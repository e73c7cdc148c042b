//! Typed columns: one description of a table gives its schema, its reader and its builder.
//!
//! Arrow's arrays are conformed to the description first (`conform.rs`), so that nothing here can meet a foreign type.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float32Builder, Int32Builder, Int64Builder, NullBufferBuilder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, ListArray, PrimitiveArray, StringArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, FieldRef, TimeUnit};
use xxhash_rust::xxh3::Xxh3;

/// A column of one type.
pub trait Column: Sized {
    /// What builds it.
    type Builder: Build;
    /// Its Arrow type.
    fn data_type() -> DataType;
    /// A view of an array of exactly that type. Cost: no copy.
    fn of(array: &ArrayRef) -> Self;
    /// Adds what rows hold to a hash. Values that are null count as null, whatever lies under them.
    fn hash(&self, rows: Range<usize>, h: &mut Xxh3);
}

/// Builds a column entry by entry.
pub trait Build: Default {
    /// The finished column; the builder is empty again.
    fn finish(&mut self) -> ArrayRef;
    /// Entries so far.
    fn entries(&self) -> usize;
}

/// A list field's child, by the name that Parquet gives it.
pub fn element(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("element", data_type, true))
}

/// Whole and real numbers.
pub struct Numbers<T: ArrowPrimitiveType>(PrimitiveArray<T>);

impl<T: ArrowPrimitiveType> Numbers<T> {
    /// The number at a place, `None` for null.
    #[inline]
    pub fn get(&self, i: usize) -> Option<T::Native> {
        (!self.0.is_null(i)).then(|| self.0.value(i))
    }

    fn hash_numbers(&self, rows: Range<usize>, h: &mut Xxh3) {
        let size = size_of::<T::Native>();
        let bytes = &self.0.values().inner().as_slice()[rows.start * size..rows.end * size];
        match nulls_within(self.0.nulls(), &rows) {
            None => {
                h.update(&[0]);
                h.update(bytes);
            }
            Some(nulls) => {
                h.update(&[1]);
                for (i, one) in rows.zip(bytes.chunks_exact(size)) {
                    let valid = nulls.is_valid(i);
                    h.update(&[u8::from(valid)]);
                    if valid {
                        h.update(one);
                    }
                }
            }
        }
    }
}

/// The nulls of a column, if there is one in these rows.
fn nulls_within<'a>(nulls: Option<&'a NullBuffer>, rows: &Range<usize>) -> Option<&'a NullBuffer> {
    nulls.filter(|n| n.null_count() > 0 && rows.clone().any(|i| n.is_null(i)))
}

/// `int32`.
pub type I32 = Numbers<Int32Type>;
/// `int64`.
pub type I64 = Numbers<Int64Type>;
/// `float32`.
pub type F32 = Numbers<Float32Type>;
/// `timestamp` in microseconds, UTC.
pub type Time = Numbers<TimestampMicrosecondType>;

macro_rules! numbers {
    ($($t:ty, $builder:ty, $type:expr;)*) => { $(
        impl Column for Numbers<$t> {
            type Builder = $builder;
            fn data_type() -> DataType {
                $type
            }
            fn of(array: &ArrayRef) -> Self {
                Self(array.as_primitive::<$t>().clone())
            }
            fn hash(&self, rows: Range<usize>, h: &mut Xxh3) {
                self.hash_numbers(rows, h);
            }
        }
    )* };
}

numbers! {
    Int32Type, Int32Builder, DataType::Int32;
    Int64Type, Int64Builder, DataType::Int64;
    Float32Type, Float32Builder, DataType::Float32;
    TimestampMicrosecondType, Times, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
}

macro_rules! build {
    ($($builder:ty),*) => { $(
        impl Build for $builder {
            fn finish(&mut self) -> ArrayRef {
                Arc::new(<$builder>::finish(self))
            }
            fn entries(&self) -> usize {
                arrow_array::builder::ArrayBuilder::len(self)
            }
        }
    )* };
}

build!(Int32Builder, Int64Builder, Float32Builder, BooleanBuilder, StringBuilder);

/// Builds times in UTC.
#[derive(Default)]
pub struct Times(TimestampMicrosecondBuilder);

impl Times {
    /// Adds a time in microseconds since 1970, or null.
    pub fn append_option(&mut self, micros: Option<i64>) {
        self.0.append_option(micros);
    }
}

impl Build for Times {
    fn finish(&mut self) -> ArrayRef {
        Arc::new(self.0.finish().with_timezone("UTC"))
    }
    fn entries(&self) -> usize {
        arrow_array::builder::ArrayBuilder::len(&self.0)
    }
}

/// `bool`.
pub struct Flag(BooleanArray);

impl Flag {
    /// The flag at a place, `None` for null.
    #[inline]
    pub fn get(&self, i: usize) -> Option<bool> {
        (!self.0.is_null(i)).then(|| self.0.value(i))
    }
}

impl Column for Flag {
    type Builder = BooleanBuilder;
    fn data_type() -> DataType {
        DataType::Boolean
    }
    fn of(array: &ArrayRef) -> Self {
        Self(array.as_boolean().clone())
    }
    fn hash(&self, rows: Range<usize>, h: &mut Xxh3) {
        let mut bytes = [0; 64];
        let mut n = 0;
        for i in rows {
            bytes[n] = self.get(i).map_or(2, u8::from);
            n += 1;
            if n == bytes.len() {
                h.update(&bytes);
                n = 0;
            }
        }
        h.update(&bytes[..n]);
    }
}

/// `string`.
pub struct Text(StringArray);

impl Text {
    /// The text at a place, `None` for null.
    #[inline]
    pub fn get(&self, i: usize) -> Option<&str> {
        (!self.0.is_null(i)).then(|| self.0.value(i))
    }
}

impl Column for Text {
    type Builder = StringBuilder;
    fn data_type() -> DataType {
        DataType::Utf8
    }
    fn of(array: &ArrayRef) -> Self {
        Self(array.as_string::<i32>().clone())
    }
    fn hash(&self, rows: Range<usize>, h: &mut Xxh3) {
        for i in rows {
            let text = self.get(i);
            h.update(&text.map_or(u32::MAX, |t| t.len() as u32).to_le_bytes());
            h.update(text.unwrap_or_default().as_bytes());
        }
    }
}

/// `list`.
pub struct List<C> {
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
    present: Option<NullBuffer>,
    /// The entries of all lists, end to end.
    pub items: C,
}

impl<C> List<C> {
    /// Where the entries of a list lie in `items`; empty for null.
    #[inline]
    pub fn range(&self, i: usize) -> Range<usize> {
        if self.nulls.as_ref().is_some_and(|n| n.is_null(i)) {
            return 0..0;
        }
        self.offsets[i] as usize..self.offsets[i + 1] as usize
    }

    /// The same without the entries that are null.
    #[inline]
    pub fn entries(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        self.range(i).filter(|&k| self.present.as_ref().is_none_or(|n| n.is_valid(k)))
    }
}

impl<C: Column> Column for List<C> {
    type Builder = ListBuild<C::Builder>;
    fn data_type() -> DataType {
        DataType::List(element(C::data_type()))
    }
    fn of(array: &ArrayRef) -> Self {
        let list = array.as_list::<i32>();
        let present = list.values().nulls().filter(|n| n.null_count() > 0).cloned();
        Self { offsets: list.offsets().clone(), nulls: list.nulls().cloned(), present, items: C::of(list.values()) }
    }
    fn hash(&self, rows: Range<usize>, h: &mut Xxh3) {
        // Lists that are null may have entries under them, so runs of what counts are hashed one by one only there.
        let odd = nulls_within(self.nulls.as_ref(), &rows).is_some();
        for i in rows.clone() {
            let null = self.nulls.as_ref().is_some_and(|n| n.is_null(i));
            h.update(&(if null { u32::MAX } else { self.range(i).len() as u32 }).to_le_bytes());
            if odd && !null {
                self.items.hash(self.range(i), h);
            }
        }
        if !odd {
            let all = self.offsets[rows.start] as usize..self.offsets[rows.end] as usize;
            if let Some(nulls) = nulls_within(self.present.as_ref(), &all) {
                all.clone().for_each(|i| h.update(&[u8::from(nulls.is_valid(i))]));
            }
            self.items.hash(all, h);
        }
    }
}

/// Builds lists: add entries to `items`, then close the list.
pub struct ListBuild<B> {
    /// Builds the entries.
    pub items: B,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl<B: Build> Default for ListBuild<B> {
    fn default() -> Self {
        Self { items: B::default(), offsets: vec![0], nulls: NullBufferBuilder::new(0) }
    }
}

impl<B: Build> ListBuild<B> {
    /// Closes a list: it has what was added since the last one.
    pub fn close(&mut self) {
        self.offsets.push(self.items.entries() as i32);
        self.nulls.append_non_null();
    }

    /// Adds a list that is null.
    pub fn null(&mut self) {
        self.offsets.push(self.items.entries() as i32);
        self.nulls.append_null();
    }
}

impl<B: Build> Build for ListBuild<B> {
    fn finish(&mut self) -> ArrayRef {
        let values = self.items.finish();
        let offsets = OffsetBuffer::new(std::mem::replace(&mut self.offsets, vec![0]).into());
        Arc::new(ListArray::new(element(values.data_type().clone()), offsets, values, self.nulls.finish()))
    }
    fn entries(&self) -> usize {
        self.offsets.len() - 1
    }
}

/// Describes a record: its fields with their names and types. Makes a view of columns and a builder.
macro_rules! record {
    ($(#[$doc:meta])* $view:ident, $builder:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        pub struct $view { $($(#[$fdoc])* pub $field: $type,)* }

        #[doc = concat!("Builds [`", stringify!($view), "`]: add one entry to every field.")]
        #[derive(Default)]
        pub struct $builder { $($(#[$fdoc])* pub $field: <$type as $crate::fleet::columns::Column>::Builder,)* }

        impl $view {
            /// The fields, all of them nullable.
            pub fn fields() -> arrow_schema::Fields {
                use $crate::fleet::columns::Column;
                [$(arrow_schema::Field::new(stringify!($field), <$type>::data_type(), true)),*].into_iter().collect()
            }

            /// A view of columns in the order of [`Self::fields`].
            pub fn from_columns(columns: &[arrow_array::ArrayRef]) -> Self {
                let mut columns = columns.iter();
                Self { $($field: <$type as $crate::fleet::columns::Column>::of(columns.next().expect("one for each field")),)* }
            }
        }

        impl $crate::fleet::columns::Column for $view {
            type Builder = $builder;
            fn data_type() -> arrow_schema::DataType {
                arrow_schema::DataType::Struct(Self::fields())
            }
            fn of(array: &arrow_array::ArrayRef) -> Self {
                Self::from_columns(arrow_array::cast::AsArray::as_struct(array).columns())
            }
            fn hash(&self, rows: std::ops::Range<usize>, h: &mut xxhash_rust::xxh3::Xxh3) {
                $($crate::fleet::columns::Column::hash(&self.$field, rows.clone(), h);)*
            }
        }

        impl $builder {
            /// The finished columns; the builder is empty again.
            pub fn columns(&mut self) -> Vec<arrow_array::ArrayRef> {
                use $crate::fleet::columns::Build;
                vec![$(Build::finish(&mut self.$field)),*]
            }
        }

        impl $crate::fleet::columns::Build for $builder {
            fn finish(&mut self) -> arrow_array::ArrayRef {
                std::sync::Arc::new(arrow_array::StructArray::new($view::fields(), self.columns(), None))
            }
            #[allow(unreachable_code, reason = "the first field has the answer")]
            fn entries(&self) -> usize {
                $(return $crate::fleet::columns::Build::entries(&self.$field);)*
                0
            }
        }
    };
}

pub(crate) use record;
