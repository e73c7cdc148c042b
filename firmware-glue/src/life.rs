//! Whether somebody who holds still breathes, beside a link's motion: for sensors that were asked to look for it.
//!
//! In a build without the feature `presence` there is nothing here, and no sensor can ask.

#[cfg(feature = "presence")]
use millpond_dsp::presence::SignOfLife;
use millpond_dsp::{detect::DetectorConfig, phy::When};
use millpond_report::Wipe;

use crate::link::FrameView;

/// True if sensors may ask for it.
pub(crate) const BUILT_IN: bool = cfg!(feature = "presence");

/// What looks for breathing on one link.
pub(crate) struct LinkLife {
    #[cfg(feature = "presence")]
    sign: SignOfLife,
}

#[cfg(feature = "presence")]
impl LinkLife {
    pub(crate) fn new(config: DetectorConfig) -> Self {
        Self { sign: SignOfLife::new(&config) }
    }

    /// Takes a frame that the link's motion detector has had.
    pub(crate) fn take_frame(&mut self, frame: &FrameView<'_>) -> u8 {
        self.sign.push(&frame.0);
        0
    }

    /// When somebody was last noticed.
    pub(crate) fn seen(&self) -> When {
        self.sign.seen().map_or(When::NEVER, When::at)
    }
}

#[cfg(not(feature = "presence"))]
impl LinkLife {
    pub(crate) const fn new(_: DetectorConfig) -> Self {
        Self {}
    }

    pub(crate) const fn take_frame(&mut self, _: &FrameView<'_>) -> u8 {
        0
    }

    pub(crate) const fn seen(&self) -> When {
        When::NEVER
    }
}

impl Wipe for LinkLife {
    fn wipe(&mut self) {
        #[cfg(feature = "presence")]
        self.sign.reset();
        // So that the stores are not left out, though nobody may read what they wrote.
        core::hint::black_box(self);
    }
}
