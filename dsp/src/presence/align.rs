//! First step of still presence: a frame turned and scaled onto the link's own slow template, and what is left over.
//!
//! A receiver multiplies each frame by a gain and a phase of each antenna and by a slope over tones; nothing of that
//! is the scene. They are fitted against a template of the last twenty seconds and taken off. What remains is the
//! complex change of a few bands, both parts: a path whose amplitude is blind to a chest shows it in its phase.

use num_complex::Complex;

use crate::frame::CsiFrame;
use crate::math;
use crate::phy::Micros;
use crate::phy::tones::is_populated;

/// Most real numbers that a frame gives: two for each band, one for each antenna beyond the first.
pub const MAX_FEATURES: usize = 20;
/// Most bands over all rows.
const MAX_BANDS: usize = 9;
/// Most rows (field, antenna, stream) that are looked at.
const MAX_ROWS: usize = 8;
/// Most antennas whose phase against the first is followed.
const MAX_PHASES: usize = 3;
/// Memory of the template: three periods of the slowest breath.
const MEMORY_S: f32 = 20.0;

/// Changes of one frame against the template; unused ones are zero.
pub type Features = [f32; MAX_FEATURES];

type C = Complex<f32>;

/// Bands of one frame as they come, with which antenna each belongs to.
struct Bands {
    values: [C; MAX_BANDS],
    group: [u8; MAX_BANDS],
    /// Tone index of each band's middle.
    middle: [f32; MAX_BANDS],
    len: usize,
    groups: usize,
    /// Groups of the first field: the antennas.
    antennas: usize,
}

impl Bands {
    /// Adds a band of the group that is under way, if there is room.
    fn push(&mut self, value: C, middle: f32) {
        let places = (self.values.get_mut(self.len), self.group.get_mut(self.len), self.middle.get_mut(self.len));
        if let (Some(v), Some(g), Some(m)) = places {
            (*v, *g, *m) = (value, self.groups as u8, middle);
            self.len += 1;
        }
    }
}

/// Template of one link.
#[derive(Clone)]
pub struct Aligner {
    template: [C; MAX_BANDS],
    /// Phase of each further antenna against the first.
    phases: [f32; MAX_PHASES],
    last: Micros,
    seen: u16,
}

impl Default for Aligner {
    fn default() -> Self {
        Self { template: [C::new(0.0, 0.0); MAX_BANDS], phases: [0.0; MAX_PHASES], last: Micros(0), seen: 0 }
    }
}

impl Aligner {
    /// The changes of a frame, which is then learnt; `None` for a frame without power.
    ///
    /// Phases between antennas are taken modulo a quarter turn: receivers restart their oscillators at multiples of it
    /// (Intel 5300 at 2.4 GHz from frame to frame).
    ///
    /// - Units: amplitude over the antenna's root mean square, and radians
    /// - Cost: about 20 flops a tone, a few sines and arc tangents a frame
    /// - Source: linear phase removal as in Sen et al., *Spot Localization using PHY Layer Information*, MobiSys 2012
    pub fn features(&mut self, frame: &CsiFrame<'_>) -> Option<Features> {
        let mut bands = bands(frame)?;
        let t = frame.meta().t;
        if self.seen == 0 {
            self.template = bands.values;
        }
        let turns = self.turn(&mut bands)?;
        self.straighten(&mut bands);
        let elapsed = t.since(self.last).seconds() as f32;
        let weight = (elapsed / MEMORY_S).min(1.0).max(1.0 / (f32::from(self.seen) + 1.0));
        let mut out = [0.0; MAX_FEATURES];
        let values = bands.values.iter().take(bands.len);
        for ((pair, band), template) in out.chunks_exact_mut(2).zip(values).zip(&mut self.template) {
            let change = band - *template;
            if let [re, im] = pair {
                (*re, *im) = (change.re, change.im);
            }
            *template += change * weight;
        }
        let rest = out.get_mut(2 * bands.len..).unwrap_or_default();
        let further = turns.iter().take(bands.antennas).skip(1);
        for ((out, turn), phase) in rest.iter_mut().zip(further).zip(&mut self.phases) {
            let difference = turn - turns[0];
            if self.seen == 0 {
                *phase = difference;
            }
            let change = difference - *phase;
            let change = change - core::f32::consts::FRAC_PI_2 * libm::roundf(change / core::f32::consts::FRAC_PI_2);
            *out = change;
            *phase += weight * change;
        }
        self.last = t;
        self.seen = self.seen.saturating_add(1);
        Some(out)
    }

    /// Turns each antenna's bands onto the template; answers with the angles.
    fn turn(&self, bands: &mut Bands) -> Option<[f32; MAX_ROWS]> {
        let mut sums = [C::new(0.0, 0.0); MAX_ROWS];
        for ((band, &group), template) in bands.values.iter().zip(&bands.group).zip(&self.template).take(bands.len) {
            if let Some(sum) = sums.get_mut(usize::from(group)) {
                *sum += band * template.conj();
            }
        }
        let mut turns = [0.0; MAX_ROWS];
        let mut back = [C::new(1.0, 0.0); MAX_ROWS];
        for ((turn, back), sum) in turns.iter_mut().zip(&mut back).zip(&sums).take(bands.groups) {
            let size = math::sqrt(sum.norm_sqr());
            // Also false for what is not finite.
            if !(size > 1e-9 && size < 1e9) {
                return None;
            }
            *turn = math::atan2(sum.im, sum.re);
            *back = sum.conj() / size;
        }
        for (band, &group) in bands.values.iter_mut().zip(&bands.group).take(bands.len) {
            *band *= back.get(usize::from(group)).copied().unwrap_or_default();
        }
        Some(turns)
    }
}

impl Aligner {
    /// Takes off what is left of the slope: neighbouring tones give a noisy one, the template a better one.
    fn straighten(&self, bands: &mut Bands) {
        // Middle of each antenna's bands, weighted by the template's power.
        let mut centres = [(0.0f32, 0.0f32); MAX_ROWS];
        let all = || bands.values.iter().zip(&self.template).zip(bands.middle.iter().zip(&bands.group)).take(bands.len);
        for ((_, template), (middle, &group)) in all() {
            let Some((sum, weight)) = centres.get_mut(usize::from(group)) else { continue };
            *sum += template.norm_sqr() * middle;
            *weight += template.norm_sqr();
        }
        let off = |middle: f32, group: u8| {
            let (sum, weight) = centres.get(usize::from(group)).copied().unwrap_or_default();
            middle - sum / weight.max(1e-9)
        };
        let (mut product, mut square) = (0.0, 0.0);
        for ((band, template), (&middle, &group)) in all() {
            let k = off(middle, group);
            product += k * (band * template.conj()).im;
            square += k * k * template.norm_sqr();
        }
        if square < 1e-3 {
            return;
        }
        let slope = product / square;
        for (value, (&middle, &group)) in bands.values.iter_mut().zip(bands.middle.iter().zip(&bands.group)) {
            let (s, c) = math::sin_cos(-slope * off(middle, group));
            *value *= C::new(c, s);
        }
    }
}

/// Mean of the tones of each band, timing slope off, over the root mean power of the antenna.
fn bands(frame: &CsiFrame<'_>) -> Option<Bands> {
    let meta = frame.meta();
    let (n_rx, n_sts) = (usize::from(meta.n_rx), usize::from(meta.n_sts));
    let rows = (n_rx * n_sts * frame.fields().count()).min(MAX_ROWS);
    let whole = frame.fields().count() == 1;
    let lives = |tone: i16| !whole || is_populated(meta.format, meta.width, tone);
    let slope = slope(frame, rows, &lives)?;
    let mut out = Bands {
        values: [C::new(0.0, 0.0); MAX_BANDS],
        group: [0; MAX_BANDS],
        middle: [0.0; MAX_BANDS],
        len: 0,
        groups: 0,
        antennas: 0,
    };
    let per_row = (MAX_BANDS / rows.max(1)).max(1);
    let (mut row, mut first_field) = (0, true);
    for field in frame.fields() {
        let tones = frame.tones().get(field.clone())?;
        for rx in 0..n_rx {
            let (mut power, mut values) = (0.0, 0.0);
            let start = out.len;
            for sts in 0..n_sts {
                if row == rows {
                    break;
                }
                row += 1;
                let n = tones.len();
                let at = (rx * n_sts + sts) * frame.tones().len() + field.start;
                let cfr = frame.cfr().slice(at, at + n)?;
                let bands = per_row.min(n / 3).max(1);
                let mut rotor = Rotor::new(slope, *tones.first()?);
                for b in 0..bands {
                    let mut sum = C::new(0.0, 0.0);
                    let mut count = 0.0;
                    let (from, to) = (b * n / bands, (b + 1) * n / bands);
                    let band = tones.get(from..to)?;
                    for (i, &tone) in (from..).zip(band) {
                        let turn = rotor.at(tone);
                        if lives(tone) {
                            let h = cfr.get(i)?;
                            sum += h * turn;
                            power += h.norm_sqr();
                            count += 1.0;
                        }
                    }
                    values += count;
                    if count > 0.0 {
                        let ends = f32::from(*band.first()?) + f32::from(*band.last()?);
                        out.push(sum / count, 0.5 * ends);
                    }
                }
            }
            if out.len > start {
                // Also false for what is not finite.
                if !(power > 0.0 && power < f32::MAX) {
                    return None;
                }
                let scale = math::sqrt(values / power);
                out.values.get_mut(start..out.len)?.iter_mut().for_each(|v| *v *= scale);
                out.groups += 1;
            }
        }
        if first_field {
            out.antennas = out.groups.min(1 + MAX_PHASES);
            first_field = false;
        }
    }
    (out.len > 0).then_some(out)
}

/// Phase that a tone adds to the next, in radians a tone index, over all rows: timing offset and mean delay.
fn slope(frame: &CsiFrame<'_>, rows: usize, lives: &impl Fn(i16) -> bool) -> Option<f32> {
    let mut sum = C::new(0.0, 0.0);
    let mut step = 1;
    for field in frame.fields() {
        let tones = frame.tones().get(field.clone())?;
        // The usual distance: grouped formats (Intel 5300) have a few odd ones at the middle and the ends.
        let gaps = tones.len().saturating_sub(1).max(1) as f32;
        step = libm::roundf((f32::from(*tones.last()?) - f32::from(*tones.first()?)) / gaps).max(1.0) as i16;
        for chain in 0..frame.chains().min(rows) {
            let at = chain * frame.tones().len() + field.start;
            let cfr = frame.cfr().slice(at, at + tones.len())?;
            let mut last: Option<(i16, C)> = None;
            for (i, &tone) in tones.iter().enumerate() {
                if !lives(tone) {
                    continue;
                }
                let h = cfr.get(i)?;
                if let Some((before, old)) = last {
                    if tone.wrapping_sub(before) == step {
                        sum += h * old.conj();
                    }
                }
                last = Some((tone, h));
            }
        }
    }
    let angle = math::atan2(sum.im, sum.re);
    angle.is_finite().then_some(angle / f32::from(step))
}

/// Turns tone after tone back by the slope.
struct Rotor {
    unit: C,
    now: C,
    tone: i16,
}

impl Rotor {
    fn new(slope: f32, tone: i16) -> Self {
        let (s, c) = math::sin_cos(-slope);
        let (s0, c0) = math::sin_cos(-slope * f32::from(tone));
        Self { unit: C::new(c, s), now: C::new(c0, s0), tone }
    }

    fn at(&mut self, tone: i16) -> C {
        while self.tone < tone {
            self.now *= self.unit;
            self.tone += 1;
        }
        self.now
    }
}
