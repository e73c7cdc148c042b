//! Where frames come in. A source decodes nothing without a permit, and what it decodes is sealed at once.

mod align;
mod replay;
pub mod sim;
mod stations;
mod stream;
mod udp;

use std::time::Duration;

pub use align::Align;
pub use replay::ReplaySource;
pub use stations::StationsSource;
pub use stream::{Log, StreamSource};
pub use udp::{Payload, UdpSource};

use millpond_dsp::phy::{Dbm, MacAddr, Micros};
use millpond_dsp::{Cfr, CsiFrame, CsiMeta, LinkId};
use millpond_report::{Raw, SensingPermit, Wipe};
use num_complex::Complex;

/// Who sent a frame and who heard it. Class R: it becomes a link's number at the first opportunity and goes no further.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The transmitter's address.
    pub tx: MacAddr,
    /// The receiver's address.
    pub rx: MacAddr,
}

impl Ends {
    /// The blank that overwrites what was there.
    pub(crate) const NOBODY: Self = Self { tx: MacAddr([0; 6]), rx: MacAddr([0; 6]) };
}

/// One frame with its own storage, so that it can wait in a channel. The storage is used again for the next frame.
pub struct Frame {
    meta: CsiMeta,
    ends: Ends,
    source: u8,
    tones: Vec<i16>,
    cfr: Vec<Complex<f32>>,
}

impl Frame {
    /// An empty place for a frame.
    pub const fn empty() -> Self {
        Self { meta: CsiMeta::at(Micros(0)), ends: Ends::NOBODY, source: 0, tones: Vec::new(), cfr: Vec::new() }
    }

    /// Copies a frame in. Its storage grows to the largest shape that was met and stays there.
    pub fn fill(&mut self, heard: &Heard<'_>) -> bool {
        let frame = &heard.frame;
        (self.meta, self.ends) = (*frame.meta(), heard.ends);
        self.tones.clear();
        self.tones.extend_from_slice(frame.tones());
        self.cfr.clear();
        self.cfr.extend((0..frame.cfr().len()).map(|i| frame.cfr().at(i)));
        true
    }

    /// Copies another place; false if that holds no frame.
    pub fn copy(&mut self, other: &Self) -> bool {
        (self.meta, self.ends, self.source) = (other.meta, other.ends, other.source);
        self.tones.clone_from(&other.tones);
        self.cfr.clone_from(&other.cfr);
        !self.tones.is_empty()
    }

    /// Puts the frame at a time of the node's clock.
    pub const fn set_time(&mut self, t: Micros) {
        self.meta.t = t;
    }

    /// Who sent it and who heard it.
    pub const fn ends(&self) -> Ends {
        self.ends
    }

    /// The source's number and the reader's number of the stream: frames of one pair that differ in shape, or that two
    /// sources heard, are of different ones.
    pub const fn stream(&self) -> (u8, LinkId) {
        (self.source, self.meta.link)
    }

    /// A level without a channel: all that some drivers know of a frame.
    pub fn fill_level(&mut self, t: Micros, ends: Ends, level: Dbm) {
        self.wipe();
        (self.meta, self.ends) = (CsiMeta { rssi: Some(level), ..CsiMeta::at(t) }, ends);
    }

    /// The level, if the place holds one without a channel.
    pub fn level(&self) -> Option<(Micros, Dbm)> {
        match self.meta.rssi {
            Some(level) if self.tones.is_empty() => Some((self.meta.t, level)),
            _ => None,
        }
    }

    /// Says which source it came from.
    pub const fn set_source(&mut self, number: usize) {
        self.source = number as u8;
    }

    /// The frame under the link's number, unless the place is empty.
    pub fn view(&self, link: LinkId) -> Option<CsiFrame<'_>> {
        CsiFrame::new(CsiMeta { link, ..self.meta }, &self.tones, Cfr::F32(&self.cfr)).ok()
    }
}

impl Wipe for Frame {
    fn wipe(&mut self) {
        for h in &mut self.cfr {
            (h.re, h.im).wipe();
            *h = Complex::new(0.0, 0.0);
        }
        self.cfr.clear();
        self.tones.clear();
        self.meta = CsiMeta::at(Micros(0));
        (self.ends, self.source) = (Ends::NOBODY, 0);
    }
}

/// A frame in a reader's buffer, on its way into a [`Frame`].
pub struct Heard<'a> {
    /// The measurement. Its link number is the reader's own: it tells streams of one pair apart.
    pub frame: CsiFrame<'a>,
    /// Who sent it and who heard it.
    pub ends: Ends,
}

impl Wipe for Heard<'_> {
    // A view: the reader's buffer is the reader's to wipe.
    fn wipe(&mut self) {}
}

/// What came of waiting for a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// A frame can be read.
    Ready,
    /// Nothing came.
    Quiet,
    /// The source cannot be opened or was lost; it is tried again.
    Fault,
}

/// One place where frames come from.
///
/// The runtime calls [`read`](Self::read) when [`next_at`](Self::next_at) has come and sensing is on; when sensing goes
/// off it calls [`close`](Self::close) once, and the source decodes nothing until the next `read`.
pub trait Source: Send {
    /// When the next frame is due on the node's clock: a time in the past means now, `None` means never again.
    fn next_at(&self) -> Option<Micros>;

    /// Waits for a frame, at most `patience`, opening what is closed and looking at nothing. Sources that know when their
    /// next frame is due have nothing to wait for.
    fn wait(&mut self, patience: Duration) -> Waited {
        let _ = patience;
        Waited::Ready
    }

    /// Decodes one frame into `place`; false if there was none after all.
    fn read(&mut self, permit: &SensingPermit<'_>, now: Micros, place: &mut Raw<Frame>) -> bool;

    /// Lets time pass without decoding anything.
    fn close(&mut self, now: Micros);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_holds_one_frame_after_another_and_forgets() {
        let h = [Complex::new(3i8, 4), Complex::new(5, 6)];
        let mut place = Frame::empty();
        assert!(place.view(LinkId(0)).is_none());
        for n in [2usize, 1] {
            let meta = CsiMeta::at(Micros(n as u64));
            let frame = CsiFrame::new(meta, &[-1, 1][..n], Cfr::I8(&h[..n])).unwrap();
            place.fill(&Heard { frame, ends: Ends::NOBODY });
            let frame = place.view(LinkId(0)).unwrap();
            assert_eq!((frame.meta().t, frame.tones().len()), (Micros(n as u64), n));
            assert_eq!(frame.cfr().at(0), Complex::new(3.0, 4.0));
        }
        place.wipe();
        assert!(place.view(LinkId(0)).is_none() && place.cfr.is_empty());
    }
}
