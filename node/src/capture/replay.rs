//! A recording in the time of its frames.
//!
//! While sensing is off nothing of it is decoded; afterwards it goes on where it stopped.

use std::path::{Path, PathBuf};

use millpond_datasets::{FrameSource, ReadError, ReadOptions};
use millpond_dsp::phy::Micros;
use millpond_report::{Raw, SensingPermit, gate};

use super::{Ends, Frame, Heard, Source};

/// A recording that is played.
pub struct ReplaySource {
    path: PathBuf,
    repeat: bool,
    recording: Box<dyn FrameSource>,
    /// The frame that comes next, and when.
    next: Option<(Micros, Raw<Frame>)>,
    /// The node's time of the recording's start.
    origin: Option<u64>,
    over: bool,
}

impl ReplaySource {
    /// Opens a recording.
    ///
    /// # Errors
    /// The reader's.
    pub fn new(path: PathBuf, repeat: bool) -> Result<Self, ReadError> {
        let recording = open(&path)?;
        Ok(Self { path, repeat, recording, next: None, origin: None, over: false })
    }

    /// Decodes the next frame. Damaged records are stepped over.
    fn decode(&mut self, now: Micros) {
        let mut again = self.repeat;
        loop {
            match self.recording.next_frame() {
                Ok(Some(record)) => {
                    let t = record.frame.meta().t.0;
                    let due = Micros(t + *self.origin.get_or_insert(now.0.saturating_sub(t)));
                    let mut frame = Frame::empty();
                    frame.fill(&Heard { frame: record.frame, ends: Ends::NOBODY });
                    frame.set_time(due);
                    self.next = Some((due, Raw::new(frame)));
                    return;
                }
                Err(e) if e.can_resume => {}
                // Once round only: a recording without a frame has no next one.
                Ok(None) | Err(_) if again => match open(&self.path) {
                    Ok(recording) => (self.recording, self.origin, again) = (recording, None, false),
                    Err(_) => break,
                },
                Ok(None) | Err(_) => break,
            }
        }
        self.over = true;
    }
}

fn open(path: &Path) -> Result<Box<dyn FrameSource>, ReadError> {
    millpond_datasets::open(path, &ReadOptions { rate_hz: Some(100.0), ..ReadOptions::default() })
}

impl Source for ReplaySource {
    fn next_at(&self) -> Option<Micros> {
        (!self.over).then(|| self.next.as_ref().map_or(Micros(0), |(due, _)| *due))
    }

    fn read(&mut self, permit: &SensingPermit<'_>, now: Micros, place: &mut Raw<Frame>) -> bool {
        let frame = self.next.take();
        if let Some((_, frame)) = &frame {
            gate::step(permit, place, frame, Frame::copy);
        }
        self.decode(now);
        frame.is_some()
    }

    fn close(&mut self, _: Micros) {
        self.next = None;
        self.origin = None;
    }
}

#[cfg(test)]
mod tests {
    use millpond_datasets::sim::write::{addresses, esp32_text};
    use millpond_datasets::sim::{Identities, Scene, Simulation};

    use super::*;
    use crate::demo::sensing_on;

    #[test]
    fn a_recording_is_played_in_its_own_time_and_waits_while_sensing_is_off() {
        let folder = std::env::temp_dir().join(format!("millpond-replay-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("walk.csv");
        let scene = Scene::builtin("walk-across").unwrap();
        let names = addresses(&scene, &Identities::generate(&scene, 1));
        let mut text = Vec::new();
        let rows = esp32_text(Simulation::new(&scene, 1, 0.2).unwrap(), &names, &mut text).unwrap();
        std::fs::write(&path, text).unwrap();
        let Ok(mut source) = ReplaySource::new(path, false) else { panic!("our own text is read") };
        let privacy = sensing_on();
        let permit = privacy.sensing(0).ok().unwrap();
        let mut place = Raw::new(Frame::empty());
        let start = Micros(1_000_000);
        assert!(!source.read(&permit, start, &mut place), "the first is decoded, not yet due");
        let first = source.next_at().unwrap();
        assert!(source.read(&permit, first, &mut place));
        let gap = source.next_at().unwrap().0 - first.0;
        assert!((10_000..40_000).contains(&gap), "50 frames a second: {gap}");
        source.close(first);
        assert_eq!(source.next_at(), Some(Micros(0)), "nothing is decoded while it is closed");
        assert!(!source.read(&permit, Micros(9_000_000), &mut place));
        let mut rest = 0;
        while let Some(t) = source.next_at() {
            assert!(t >= Micros(9_000_000));
            rest += u32::from(source.read(&permit, t, &mut place));
        }
        assert_eq!(rest + 2, rows as u32, "one was played, one was forgotten");
        let _ = std::fs::remove_dir_all(folder);
    }
}
