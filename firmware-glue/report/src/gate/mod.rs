//! The only functions that look inside a [`Raw`].
//!
//! The first half computes: raw values in, a raw value out. What is computed is a plain `fn`, so it can capture nothing
//! to smuggle a value out with; its state and result own what they hold, and a frame that borrows can be shared between
//! threads (`Sync`), so it holds no `Cell` to put a value into. The second half reduces: a raw estimate in,
//! a [`Derived`](crate::Derived) message out. Each says what is lost.
//!
//! The compiler cannot see a `fn` that writes to a `static` or prints: the source scan, `tests/t_scan.rs`, refuses both.

use crate::Raw;
use crate::raw::{Telemetry, Wipe};
use crate::state::SensingPermit;
use crate::wire::range::{Handle, Level10, NodeId, Slot, ZoneId};

mod plan;
mod sense;
mod tell;

pub use plan::{decision, radio, snapshot};
pub use sense::{link, zone, zone_silent};
pub use tell::{NodeStatus, audited, day, event, month, preview, status, weekly};

/// One step of a detector: its state, one frame, one result. Lost: nothing; the result is raw.
///
/// ```
/// # use millpond_report::{gate, state::*, Raw};
/// # struct Host; impl Admin for Host { fn is_admin(&self) -> bool { true } }
/// # let mut privacy = Privacy::new();
/// # let yes = privacy.ask(More::On).confirm(&Host).unwrap();
/// # privacy.raise(yes).unwrap();
/// let mut sum = Raw::new(0i64);
/// let frame = Raw::new([3i16, -4]);
/// if let Ok(permit) = privacy.sensing(0) {
///     let power = gate::step(&permit, &mut sum, &frame, |sum, frame| {
///         *sum += frame.iter().map(|v| i64::from(*v) * i64::from(*v)).sum::<i64>();
///         *sum
///     });
///     # let _: Raw<i64> = power;
/// }
/// ```
pub fn step<S, F, O>(_: &SensingPermit<'_>, state: &mut Raw<S>, frame: &Raw<F>, f: fn(&mut S, &F) -> O) -> Raw<O>
where
    S: Wipe + Send + 'static,
    F: Wipe + Sync,
    O: Wipe + Send + 'static,
{
    Raw::new(f(state.open_mut(), frame.open()))
}

/// A step that needs no frame: a timer, a setting, a reset. `args` are public values. Lost: nothing.
pub fn poll<S, A, O>(_: &SensingPermit<'_>, state: &mut Raw<S>, args: A, f: fn(&mut S, A) -> O) -> Raw<O>
where
    S: Wipe + Send + 'static,
    A: Public,
    O: Wipe + Send + 'static,
{
    Raw::new(f(state.open_mut(), args))
}

/// One raw value from another: decoding, converting, projecting. Lost: nothing.
pub fn map<F, O>(_: &SensingPermit<'_>, from: &Raw<F>, f: fn(&F) -> O) -> Raw<O>
where
    F: Wipe + Sync,
    O: Wipe + Send + 'static,
{
    Raw::new(f(from.open()))
}

/// [`step`] for telemetry, which goes on while sensing is off. Lost: nothing.
///
/// ```
/// use millpond_report::estimate::RadioSurvey;
/// use millpond_report::wire::range::{Band, Blocked, NodeId, Width};
/// use millpond_report::{Address, Raw, Telemetry, Wipe, gate, wipe_fields};
///
/// // One window of a driver's reports: sums of the channel, and a table of stations, which is class R.
/// struct Window {
///     busy_ms: u64,
///     active_ms: u64,
///     stations: [Option<(Address, i8)>; 4],
/// }
/// wipe_fields!(Window { busy_ms, active_ms, stations });
/// impl Telemetry for Window {}
///
/// struct Known {
///     busy_ms: u64,
///     active_ms: u64,
///     stations: u32,
/// }
/// wipe_fields!(Known { busy_ms, active_ms, stations });
/// impl Telemetry for Known {}
///
/// fn take(known: &mut Known, window: &Window) {
///     known.busy_ms += window.busy_ms;
///     known.active_ms += window.active_ms;
///     known.stations = window.stations.iter().flatten().count() as u32;
/// }
/// fn survey(known: &Known) -> RadioSurvey {
///     let Known { busy_ms, active_ms, stations } = *known;
///     let (width, blocked) = (Width::Mhz80, Blocked::No);
///     RadioSurvey { channel: 36, width, busy_ms, active_ms, noise_dbm: -93, neighbours: 5, stations, blocked }
/// }
///
/// let mut known = Raw::new(Known { busy_ms: 0, active_ms: 0, stations: 0 });
/// let laptop = Some((Address::new([2, 0, 0, 0, 0, 1]), -48));
/// let window = Raw::new(Window { busy_ms: 260, active_ms: 1000, stations: [laptop, None, None, None] });
/// gate::fold(&mut known, &window, take);
/// let radio = gate::radio(NodeId::new(1), Band::Ghz5, &gate::look(&known, survey));
/// assert_eq!((radio.get().busy.get(), radio.get().stations.text()), (5, "1-3"));
/// ```
pub fn fold<S, F, O>(state: &mut Raw<S>, input: &Raw<F>, f: fn(&mut S, &F) -> O) -> Raw<O>
where
    S: Telemetry + Send + 'static,
    F: Telemetry + Sync,
    O: Telemetry + Send + 'static,
{
    Raw::new(f(state.open_mut(), input.open()))
}

/// [`poll`] for telemetry. Lost: nothing.
pub fn fold_public<S, A, O>(state: &mut Raw<S>, args: A, f: fn(&mut S, A) -> O) -> Raw<O>
where
    S: Telemetry + Send + 'static,
    A: Public,
    O: Telemetry + Send + 'static,
{
    Raw::new(f(state.open_mut(), args))
}

/// [`map`] for telemetry. Lost: nothing.
pub fn look<F, O>(from: &Raw<F>, f: fn(&F) -> O) -> Raw<O>
where
    F: Telemetry + Sync,
    O: Telemetry + Send + 'static,
{
    Raw::new(f(from.open()))
}

/// Erases a state in place, without moving it. Lost: all that it held; what its [`Wipe`] leaves stays.
pub fn wipe<S: Wipe>(state: &mut Raw<S>) {
    state.open_mut().wipe();
}

mod public {
    pub trait Sealed {}
}

/// A value that may flow *into* a step: numbers, fields of the vocabulary, and pairs and triples of them. Sealed,
/// so that nothing flows back through it.
pub trait Public: Copy + public::Sealed {}

macro_rules! public {
    ($($t:ty)*) => { $( impl public::Sealed for $t {} impl Public for $t {} )* };
}
public!(() bool u8 i8 u16 i16 u32 i32 u64 i64 usize f32 f64);
public!(ZoneId NodeId Slot Handle Level10);

impl<A: Public, B: Public> public::Sealed for (A, B) {}
impl<A: Public, B: Public> Public for (A, B) {}
impl<A: Public, B: Public, C: Public> public::Sealed for (A, B, C) {}
impl<A: Public, B: Public, C: Public> Public for (A, B, C) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state that says what it holds: the number of a decision shows it exactly.
    fn shown(state: &Raw<u16>) -> u16 {
        let setting = |v: &u16| {
            let (band, width) = (crate::wire::range::Band::Ghz5, crate::wire::range::Width::Mhz20);
            let setting = crate::estimate::RadioSetting { node: 1, band, channel: 36, width, power_dbm: 20 };
            crate::estimate::DecisionInput::keep(u32::from(*v), setting)
        };
        let decision: Raw<crate::estimate::DecisionInput> = Raw::new(setting(state.open()));
        super::decision(Slot::new(0), &decision).get().number.get()
    }

    #[test]
    fn a_wiped_state_holds_nothing() {
        let mut state = Raw::new(700u16);
        assert_eq!(shown(&state), 700);
        wipe(&mut state);
        assert_eq!(shown(&state), 0);
    }

    struct Sum {
        so_far: u16,
    }
    crate::wipe_fields!(Sum { so_far });
    impl Telemetry for Sum {}

    #[test]
    fn public_numbers_flow_in_and_the_result_stays_raw() {
        let mut sum = Raw::new(Sum { so_far: 0 });
        for (a, b) in [(3u16, 4u16), (100, 1)] {
            let () = *fold_public(&mut sum, (a, b), |s, (a, b)| s.so_far += a * b).open();
        }
        assert_eq!(sum.open().so_far, 112);
    }
}
