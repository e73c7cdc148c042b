//! Parquet: one row a frame, written in row groups that bound the memory.
//!
//! `tones`, `re` and `im` are lists in stored order. `tones` has an entry for each subcarrier, null where it holds no
//! channel; `re` and `im` have one for each subcarrier, receive antenna and stream, the last fastest. They are double
//! precision, so that every format is exact; dictionaries keep the small integers of most devices at about a byte.

use std::io;
use std::sync::Arc;

use millpond_datasets::Record;
use millpond_dsp::phy::PpduFormat;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use super::{Frames, Part};

/// The columns, in the order in which [`Rows::write`] fills them.
const SCHEMA: &str = "message frames {
    REQUIRED DOUBLE t_s;
    REQUIRED DOUBLE device_s;
    REQUIRED INT32 link;
    OPTIONAL BYTE_ARRAY label (UTF8);
    REQUIRED BYTE_ARRAY packet (UTF8);
    REQUIRED INT32 width_mhz;
    OPTIONAL INT32 band_ghz;
    OPTIONAL INT32 channel;
    OPTIONAL INT32 seq;
    OPTIONAL FLOAT rssi_dbm;
    OPTIONAL FLOAT noise_dbm;
    OPTIONAL FLOAT gain_db;
    REQUIRED INT32 rx;
    REQUIRED INT32 tx;
    REQUIRED GROUP rssi (LIST) { REPEATED GROUP list { REQUIRED INT32 element; } }
    REQUIRED GROUP tones (LIST) { REPEATED GROUP list { OPTIONAL INT32 element; } }
    REQUIRED GROUP re (LIST) { REPEATED GROUP list { REQUIRED DOUBLE element; } }
    REQUIRED GROUP im (LIST) { REPEATED GROUP list { REQUIRED DOUBLE element; } }
}";

/// What a row group holds at most: 16 MiB of samples.
const GROUP_VALUES: usize = 1 << 20;
const GROUP_ROWS: usize = 1 << 16;

/// A column whose values may be missing.
struct Maybe<T> {
    values: Vec<T>,
    present: Vec<i16>,
}

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self { values: Vec::new(), present: Vec::new() }
    }
}

impl<T> Maybe<T> {
    fn push(&mut self, value: Option<T>) {
        self.present.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

/// A column of lists.
struct Lists<T> {
    values: Vec<T>,
    /// 0: the list is empty; 1: an entry; where entries may be null 1 is null and 2 an entry.
    definition: Vec<i16>,
    /// 0 begins a list.
    repetition: Vec<i16>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { values: Vec::new(), definition: Vec::new(), repetition: Vec::new() }
    }
}

impl<T> Lists<T> {
    fn push(&mut self, list: impl Iterator<Item = (T, i16)>) {
        let before = self.definition.len();
        for (value, level) in list {
            self.repetition.push(i16::from(self.definition.len() > before));
            self.definition.push(level);
            // A null has a level and no value.
            if level != NULL {
                self.values.push(value);
            }
        }
        if self.definition.len() == before {
            self.repetition.push(0);
            self.definition.push(0);
        }
    }
}

/// Marks a null while a list of tones is taken in; written as level 1, which means an entry in the other lists.
const NULL: i16 = -1;

/// A row group under construction.
#[derive(Default)]
struct Rows {
    t_s: Vec<f64>,
    device_s: Vec<f64>,
    link: Vec<i32>,
    label: Maybe<ByteArray>,
    packet: Vec<ByteArray>,
    width_mhz: Vec<i32>,
    band_ghz: Maybe<i32>,
    channel: Maybe<i32>,
    seq: Maybe<i32>,
    rssi_dbm: Maybe<f32>,
    noise_dbm: Maybe<f32>,
    gain_db: Maybe<f32>,
    rx: Vec<i32>,
    tx: Vec<i32>,
    rssi: Lists<i32>,
    tones: Lists<i32>,
    re: Lists<f64>,
    im: Lists<f64>,
}

impl Rows {
    fn add(&mut self, r: &Record<'_>) {
        let m = r.frame.meta();
        self.t_s.push(m.t.seconds());
        self.device_s.push(r.device_s);
        self.link.push(i32::from(m.link.0));
        self.label.push(r.label.map(ByteArray::from));
        self.packet.push(ByteArray::from(packet(m.format)));
        self.width_mhz.push(i32::from(m.width.mhz()));
        self.band_ghz.push(m.channel.map(|c| i32::from(c.band().number())));
        self.channel.push(m.channel.map(|c| i32::from(c.primary())));
        self.seq.push(m.seq.map(i32::from));
        self.rssi_dbm.push(m.rssi.map(|v| v.0));
        self.noise_dbm.push(m.noise.map(|v| v.0));
        self.gain_db.push(m.gain.map(|v| v.0));
        self.rx.push(i32::from(m.n_rx));
        self.tx.push(i32::from(m.n_sts));
        self.rssi.push(r.rssi.iter().map(|&v| (i32::from(v), 1)));
        let tones = r.frame.tones();
        let tone = |&at: &u16| tones.get(usize::from(at)).map_or((0, NULL), |&k| (i32::from(k), 2));
        self.tones.push(r.stored.order.iter().map(tone));
        let first = self.re.definition.len();
        r.for_each_stored(|re, im| {
            self.re.values.push(re);
            self.im.values.push(im);
            let level = i16::from(self.re.definition.len() > first);
            self.re.repetition.push(level);
            self.re.definition.push(1);
        });
    }

    fn write(mut self, writer: &mut SerializedFileWriter<std::fs::File>) -> io::Result<()> {
        self.tones.definition.iter_mut().filter(|d| **d == NULL).for_each(|d| *d = 1);
        let mut group = writer.next_row_group().map_err(io::Error::other)?;
        let mut n = 0;
        while let Some(mut column) = group.next_column().map_err(io::Error::other)? {
            let c = &mut column;
            match n {
                0 => plain::<DoubleType>(c, &self.t_s),
                1 => plain::<DoubleType>(c, &self.device_s),
                2 => plain::<Int32Type>(c, &self.link),
                3 => maybe::<ByteArrayType>(c, &self.label),
                4 => plain::<ByteArrayType>(c, &self.packet),
                5 => plain::<Int32Type>(c, &self.width_mhz),
                6 => maybe::<Int32Type>(c, &self.band_ghz),
                7 => maybe::<Int32Type>(c, &self.channel),
                8 => maybe::<Int32Type>(c, &self.seq),
                9 => maybe::<FloatType>(c, &self.rssi_dbm),
                10 => maybe::<FloatType>(c, &self.noise_dbm),
                11 => maybe::<FloatType>(c, &self.gain_db),
                12 => plain::<Int32Type>(c, &self.rx),
                13 => plain::<Int32Type>(c, &self.tx),
                14 => lists::<Int32Type>(c, &self.rssi.values, &self.rssi.definition, &self.rssi.repetition),
                15 => lists::<Int32Type>(c, &self.tones.values, &self.tones.definition, &self.tones.repetition),
                // Both parts have the same lengths.
                16 => lists::<DoubleType>(c, &self.re.values, &self.re.definition, &self.re.repetition),
                _ => lists::<DoubleType>(c, &self.im.values, &self.re.definition, &self.re.repetition),
            }
            .and_then(|_| column.close())
            .map_err(io::Error::other)?;
            n += 1;
        }
        group.close().map(drop).map_err(io::Error::other)
    }
}

type Done = parquet::errors::Result<usize>;

fn plain<T: DataType>(column: &mut SerializedColumnWriter<'_>, values: &[T::T]) -> Done {
    column.typed::<T>().write_batch(values, None, None)
}

fn maybe<T: DataType>(column: &mut SerializedColumnWriter<'_>, values: &Maybe<T::T>) -> Done {
    column.typed::<T>().write_batch(&values.values, Some(&values.present), None)
}

fn lists<T: DataType>(column: &mut SerializedColumnWriter<'_>, values: &[T::T], def: &[i16], rep: &[i16]) -> Done {
    column.typed::<T>().write_batch(values, Some(def), Some(rep))
}

const fn packet(format: PpduFormat) -> &'static str {
    match format {
        PpduFormat::Legacy => "legacy",
        PpduFormat::Ht => "ht",
        PpduFormat::Vht => "vht",
        PpduFormat::He => "he",
        PpduFormat::Eht => "eht",
        PpduFormat::Unknown => "unknown",
    }
}

/// Writes the table.
pub fn write(frames: &mut Frames, part: &Part) -> io::Result<()> {
    let info = frames.source.info();
    let said = |key: &str, value: String| KeyValue::new(format!("millpond.{key}"), value);
    let about = vec![
        said("schema", "1".to_owned()),
        said("format", info.format.to_owned()),
        said("conventions", info.conventions.join("\n")),
    ];
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("millpond-lab ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(about))
        .build();
    let schema = Arc::new(parse_message_type(SCHEMA).map_err(io::Error::other)?);
    let mut writer =
        SerializedFileWriter::new(part.create()?, schema, Arc::new(properties)).map_err(io::Error::other)?;
    let mut rows = Rows::default();
    frames.each(|record| {
        rows.add(record);
        if rows.t_s.len() >= GROUP_ROWS || rows.re.values.len() >= GROUP_VALUES {
            std::mem::take(&mut rows).write(&mut writer)?;
        }
        Ok(())
    })?;
    if !rows.t_s.is_empty() {
        rows.write(&mut writer)?;
    }
    writer.close().map(drop).map_err(io::Error::other)
}
