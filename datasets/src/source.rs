//! The one shape of every reader: records come one at a time, borrowed, and damage is an answer, not an end.

use millpond_dsp::{Cfr, CsiFrame, LinkId, RssiSample};

use crate::ReadError;

/// A stream of recorded frames.
///
/// ```no_run
/// use millpond_datasets::FrameSource;
///
/// let mut source = millpond_datasets::open("walk.pcap".as_ref(), &Default::default())?;
/// while let Some(record) = source.next_frame()? {
///     println!("{:.3} s: {} tones", record.frame.meta().t.seconds(), record.frame.tones().len());
/// }
/// # Ok::<(), millpond_datasets::ReadError>(())
/// ```
pub trait FrameSource: Send {
    /// What is known of the recording as a whole.
    fn info(&self) -> &SourceInfo;

    /// The next record, or `None` at the end.
    ///
    /// After an error with [`can_resume`](ReadError::can_resume) the next call goes on behind the damage; after any
    /// other error it answers `None`. Each call consumes input, so a loop over it ends.
    fn next_frame(&mut self) -> Result<Option<Record<'_>>, ReadError>;

    /// Bytes of the (decompressed) input that are behind the reader.
    fn position(&self) -> u64 {
        0
    }
}

/// A stream of RSSI readings.
pub trait RssiSource: Send {
    /// What is known of the recording as a whole.
    fn info(&self) -> &SourceInfo;

    /// The next reading, or `None` at the end. Errors are as those of [`FrameSource::next_frame`].
    ///
    /// # Errors
    /// A damaged record; reading may go on if the error says so.
    fn next_sample(&mut self) -> Result<Option<RssiSample>, ReadError>;

    /// The names of the two ends of a link, transmitter first, where the recording gives names that are no addresses.
    fn ends(&self, link: LinkId) -> Option<(u16, u16)> {
        let _ = link;
        None
    }
}

/// What a reader says about a recording before its first record.
#[derive(Clone, Debug, Default)]
pub struct SourceInfo {
    /// Name of the format, as `millpond-lab formats` lists it.
    pub format: &'static str,
    /// Which reading was taken where vendors disagree, and why; one sentence each.
    pub conventions: Vec<&'static str>,
    /// False if the format carries no packet times and they come from a rate.
    pub has_times: bool,
}

/// One channel measurement as recorded.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// The measurement as the detectors take it: monotonic time from 0 at the first record, tones ascending.
    pub frame: CsiFrame<'a>,
    /// Seconds as the format gives them (device clock or Unix time), wraps left in.
    pub device_s: f64,
    /// RSSI values as stored, in the format's order and unit.
    pub rssi: &'a [i16],
    /// What was going on, where the recording says so for each sample.
    pub label: Option<&'a str>,
    /// The same samples in stored order, exact.
    pub stored: Stored<'a>,
}

/// The samples of one record in the order and precision of the file: `[n_subcarriers][n_rx][n_tx]`.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// Subcarriers, receive chains, transmit streams.
    pub shape: (usize, usize, usize),
    /// Where the stored subcarrier `i` stands: as that tone of the frame, or, counted on behind the tones, in `extra`.
    pub order: &'a [u16],
    /// `[n_rx][n_sts][n_extra]`: stored values that are no channel (words that a firmware overwrites, for one). The
    /// frame leaves them out.
    pub extra: Cfr<'a>,
    /// Double-precision values, where single precision cannot hold the file's; `[n_rx][n_sts][n_tones]` as the frame.
    pub wide: Option<&'a [num_complex::Complex<f64>]>,
}

impl Record<'_> {
    /// Calls `f` with every value (real, imaginary) in stored order: subcarrier slowest, then antenna, then stream.
    pub fn for_each_stored(&self, mut f: impl FnMut(f64, f64)) {
        let (n_sub, n_rx, n_tx) = self.stored.shape;
        let n_tones = self.frame.tones().len();
        let n_extra = n_sub - n_tones;
        for &at in self.stored.order {
            let at = usize::from(at);
            for chain in 0..n_rx * n_tx {
                match (self.stored.wide, at.checked_sub(n_tones)) {
                    (Some(wide), None) => f(wide[chain * n_tones + at].re, wide[chain * n_tones + at].im),
                    (None, None) => give(&mut f, self.frame.cfr(), chain * n_tones + at),
                    (_, Some(extra)) => give(&mut f, self.stored.extra, chain * n_extra + extra),
                }
            }
        }
    }
}

fn give(f: &mut impl FnMut(f64, f64), values: Cfr<'_>, i: usize) {
    let h = values.at(i);
    f(f64::from(h.re), f64::from(h.im));
}
