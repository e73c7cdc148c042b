//! A run in real time: named threads, bounded channels, an end in order.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded, select, tick};
use millpond_dsp::phy::Micros;
use millpond_report::wire::range::{NodeId, Number};
use millpond_report::{EventCode, Raw, gate};

use super::{Clock, Control, Outlets, Parts};
use crate::act::{Happened, Keeper, Wish};
use crate::capture::{Frame, Source, Waited};
use crate::command::PlanWord;
use crate::message::Message;
use crate::pipeline::Pipeline;
use crate::planner::Planner;
use crate::telemetry::Reports;

/// Frames on their way to the detectors. When they are late the oldest frame is dropped: the newest says most.
const FRAMES: usize = 64;
/// Messages on their way to the sinks. A full channel blocks: messages are few, and each one is somebody's state.
const MESSAGES: usize = 256;
/// The pipeline's timer.
const TIMER: Duration = Duration::from_millis(250);

/// Why a run did not start.
pub type LiveError = io::Error;

/// A running node. [`stop`](Self::stop) ends every thread and waits for it.
pub struct Live {
    stop: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

/// What every thread holds.
#[derive(Clone)]
struct Shared {
    control: Arc<Control>,
    clock: Clock,
    messages: Sender<Message>,
    /// It is never sent to; it ends with its sender.
    stopped: Receiver<()>,
}

impl Live {
    /// Starts the threads `capture-1` and so on, `sense`, `plan` and `sinks`.
    pub fn start(
        parts: Parts,
        control: Arc<Control>,
        clock: Clock,
        outlets: Outlets,
        report_every: Duration,
    ) -> Result<Self, LiveError> {
        let (messages, inbox) = bounded(MESSAGES);
        let (stop, stopped) = bounded(0);
        let shared = Shared { control, clock, messages, stopped };
        let Parts { sources, pipeline, reports, planner, keeper } = parts;
        let frames = Frames::new();
        let mut live = Self { stop: Some(stop), threads: Vec::new() };
        for (i, source) in sources.into_iter().enumerate() {
            let (s, f) = (shared.clone(), frames.clone());
            live.spawn(&format!("capture-{}", i + 1), move || capture(source, i, &f, &s))?;
        }
        let s = shared.clone();
        live.spawn("sense", move || sense(pipeline, &frames, &s))?;
        let s = shared.clone();
        live.spawn("plan", move || plan(reports, planner, keeper, report_every, &s))?;
        live.spawn("sinks", move || sinks(&inbox, outlets, &shared))?;
        Ok(live)
    }

    fn spawn(&mut self, name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.threads.push(Builder::new().name(name.into()).spawn(body)?);
        Ok(())
    }

    /// Ends every thread in order.
    pub fn stop(mut self) {
        self.stop.take();
        for thread in self.threads.drain(..) {
            // A thread that panicked has ended the process already.
            let _ = thread.join();
        }
    }
}

/// Frames and the empty places that they go back to: storage circulates, so no frame is allocated for.
#[derive(Clone)]
struct Frames {
    full: (Sender<Raw<Frame>>, Receiver<Raw<Frame>>),
    empty: (Sender<Raw<Frame>>, Receiver<Raw<Frame>>),
    dropped: Arc<AtomicU32>,
}

impl Frames {
    fn new() -> Self {
        let (full, empty) = (bounded(FRAMES), bounded(FRAMES + 2));
        for _ in 0..FRAMES + 2 {
            let _ = empty.0.try_send(Raw::new(Frame::empty()));
        }
        Self { full, empty, dropped: Arc::default() }
    }

    fn place(&self) -> Raw<Frame> {
        self.empty.1.try_recv().unwrap_or_else(|_| Raw::new(Frame::empty()))
    }

    /// Wiped first: what an empty place still held would outlive the switch to off, and the growth of its storage.
    fn give_back(&self, mut place: Raw<Frame>) {
        gate::wipe(&mut place);
        let _ = self.empty.0.try_send(place);
    }

    /// Hands a frame on; drops the oldest when there is no room.
    fn hand_on(&self, mut frame: Raw<Frame>) {
        while let Err(TrySendError::Full(back)) = self.full.0.try_send(frame) {
            if let Ok(oldest) = self.full.1.try_recv() {
                self.give_back(oldest);
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            frame = back;
        }
    }
}

impl Frames {
    /// Says once how many frames were dropped since it was asked last.
    fn overload(&self, control: &Control, now: Micros) -> Option<Message> {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        let number = Number::new(dropped.into());
        (dropped > 0).then(|| Message::Event(gate::event(control.slot(now), EventCode::Overload, number)))
    }
}

/// Longest wait for a frame: so long may it take to see that sensing went off.
const PATIENCE: Duration = Duration::from_millis(100);
/// A source that failed is tried again after a second, then after twice as long each time, at most a minute.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

fn capture(mut source: Box<dyn Source>, number: usize, frames: &Frames, shared: &Shared) {
    let is_over = |wait| shared.stopped.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected);
    let mut retry = RETRY.0;
    while let Some(at) = source.next_at() {
        let wait = shared.clock.until(at).min(PATIENCE);
        if is_over(wait) {
            return;
        }
        if shared.control.privacy().sensing(shared.clock.now().0).is_err() {
            source.close(shared.clock.now());
            shared.control.faults.clear(number);
            if is_over(PATIENCE.saturating_sub(wait)) {
                return;
            }
            continue;
        }
        if at > shared.clock.now() {
            continue;
        }
        // Nothing is locked while it waits, and nothing is looked at.
        match source.wait(PATIENCE) {
            Waited::Quiet => {}
            Waited::Ready => {
                shared.control.faults.clear(number);
                retry = RETRY.0;
                read(source.as_mut(), number, frames, shared);
            }
            Waited::Fault => {
                if shared.control.faults.set(number) {
                    let now = shared.clock.now();
                    let event =
                        gate::event(shared.control.slot(now), EventCode::SourceFault, Number::new(number as i64));
                    if send(shared, vec![Message::Event(event)]).is_err() {
                        return;
                    }
                }
                if is_over(retry) {
                    return;
                }
                retry = (2 * retry).min(RETRY.1);
            }
        }
    }
}

fn read(source: &mut dyn Source, number: usize, frames: &Frames, shared: &Shared) {
    let now = shared.clock.now();
    let privacy = shared.control.privacy();
    // It may have gone off while we waited: then the next round closes the source.
    let Ok(permit) = privacy.sensing(now.0) else { return };
    let mut place = frames.place();
    if source.read(&permit, now, &mut place) {
        shared.control.meter.count();
        gate::poll(&permit, &mut place, number, Frame::set_source);
        drop(privacy);
        frames.hand_on(place);
    } else {
        drop(privacy);
        frames.give_back(place);
    }
}

fn sense(mut pipeline: Pipeline, frames: &Frames, shared: &Shared) {
    let timer = tick(TIMER);
    loop {
        select! {
            recv(shared.stopped) -> _ => return,
            recv(frames.full.1) -> frame => {
                let Ok(frame) = frame else { return };
                let now = shared.clock.now();
                let privacy = shared.control.privacy();
                // A frame that was decoded before sensing went off is wiped unread.
                if let Ok(permit) = privacy.sensing(now.0) {
                    pipeline.on_frame(&permit, &frame);
                }
                drop(privacy);
                frames.give_back(frame);
            }
            recv(timer) -> _ => {
                let now = shared.clock.now();
                if let Some(handles) = shared.control.take_handles() {
                    pipeline.set_handles(handles);
                }
                let mut messages = pipeline.on_timer(&shared.control.privacy(), now);
                messages.extend(frames.overload(&shared.control, now));
                if send(shared, messages).is_err() {
                    return;
                }
            }
        }
    }
}

/// How often a change on its way is looked after.
const FOLLOW: Duration = Duration::from_secs(1);

fn plan(
    mut reports: Box<dyn Reports>,
    mut planner: Planner,
    mut keeper: Option<Keeper>,
    every: Duration,
    shared: &Shared,
) {
    let mut next = shared.clock.now();
    let (mut missing, mut running) = (0, None);
    loop {
        let now = shared.clock.now();
        let mut messages = Vec::new();
        reports.tend();
        if now >= next {
            next = now + Micros(every.as_micros() as u64);
            let report = reports.report(now);
            messages = planner.on_report(&report, now);
            messages.extend(planner.on_timer(now));
            messages.extend(planner.on_effect(now));
        }
        if missing != reports.missing() {
            missing = reports.missing();
            let event = gate::event(shared.control.slot(now), EventCode::Degraded, Number::new(missing.into()));
            messages.push(Message::Event(event));
        }
        for word in shared.control.plan_words().try_iter() {
            next = if matches!(word, PlanWord::Apply(_) | PlanWord::Undo(_)) { next } else { now };
            if let Some(refused) = heed(word, &mut planner, keeper.as_mut()) {
                let number = Number::new(refused.into());
                messages.push(Message::Event(gate::event(shared.control.slot(now), EventCode::Refused, number)));
            }
        }
        if let Some(keeper) = &mut keeper {
            for message in &messages {
                if let Message::Decision(decision) = message {
                    keeper.on_decision(decision.get());
                }
            }
            let happened = keeper.on_timer(now, shared.control.minute(now));
            if let Some((EventCode::PlanApplied, number)) = happened {
                planner.on_applied(number, now);
            }
            if keeper.running() != running {
                running = keeper.running();
                // No report has come since it was asked for: what is known is how it was before.
                running.into_iter().for_each(|number| planner.on_change(number));
            }
            let event =
                |(code, number): Happened| gate::event(shared.control.slot(now), code, Number::new(number.into()));
            messages.extend(happened.map(event).map(Message::Event));
        }
        let wait = shared.clock.until(next).min(FOLLOW).min(every);
        if send(shared, messages).is_err() || shared.stopped.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

/// Does what the household says of the plan. Returns the number of a decision that nobody can do or undo.
fn heed(word: PlanWord, planner: &mut Planner, keeper: Option<&mut Keeper>) -> Option<u16> {
    let wish = match word {
        PlanWord::Now => return None,
        PlanWord::Apply(n) => Wish::Do(n),
        PlanWord::Undo(n) => Wish::Undo(n),
        PlanWord::Object(n) => {
            planner.object(n);
            Wish::Object(n)
        }
        PlanWord::Pin(node, band) => {
            planner.pin(node, band, true);
            Wish::Pin(NodeId::new(node.into()), band)
        }
        PlanWord::Unpin(node, band) => {
            planner.pin(node, band, false);
            Wish::Unpin(NodeId::new(node.into()), band)
        }
    };
    match (keeper, word) {
        (Some(keeper), _) => keeper.wish(wish),
        // Without a keeper nothing was done, so there is nothing to do or to undo.
        (None, PlanWord::Apply(n) | PlanWord::Undo(n)) => return Some(n),
        (None, _) => {}
    }
    None
}

fn send(shared: &Shared, messages: Vec<Message>) -> Result<(), ()> {
    for message in messages {
        select! {
            send(shared.messages, message) -> sent => sent.map_err(drop)?,
            recv(shared.stopped) -> _ => return Err(()),
        }
    }
    Ok(())
}

/// Hands messages to the sinks as they come, and tells the time once a second at a fixed beat.
fn sinks(inbox: &Receiver<Message>, mut outlets: Outlets, shared: &Shared) {
    let beat = tick(Duration::from_secs(1));
    loop {
        select! {
            recv(shared.stopped) -> _ => return,
            recv(inbox) -> message => {
                let Ok(message) = message else { return };
                hand_out(&mut outlets, &message, shared);
            }
            recv(beat) -> _ => {
                let now = shared.clock.now();
                let status = Message::Status(shared.control.status(&shared.control.privacy(), now));
                hand_out(&mut outlets, &status, shared);
                let dropped = outlets.second();
                if dropped > 0 {
                    let number = Number::new(dropped.into());
                    let event = gate::event(shared.control.slot(now), EventCode::Overload, number);
                    hand_out(&mut outlets, &Message::Event(event), shared);
                }
            }
        }
    }
}

/// To every sink, and to what is kept; what that has to tell of itself goes to the sinks too.
fn hand_out(outlets: &mut Outlets, message: &Message, shared: &Shared) {
    let now = shared.clock.now();
    let mut privacy = shared.control.privacy();
    let told = shared.control.remember(&mut privacy, message, now);
    for message in std::iter::once(message).chain(&told) {
        outlets.put(&privacy, message, now);
    }
}

#[cfg(test)]
mod tests {
    use millpond_dsp::phy::MacAddr;
    use millpond_dsp::{Cfr, CsiFrame, CsiMeta, LinkId};
    use millpond_report::estimate::{DecisionInput, RadioSetting};
    use millpond_report::wire::range::{Band, Slot, Width};
    use num_complex::Complex;

    use super::*;
    use crate::capture::{Ends, Heard};
    use crate::demo::sensing_on;

    /// Whether a place holds a frame, by a way out that shows a number exactly: that of a decision.
    fn held(frame: &Frame) -> DecisionInput {
        let (band, width) = (Band::Ghz5, Width::Mhz20);
        let setting = RadioSetting { node: 1, band, channel: 36, width, power_dbm: 20 };
        DecisionInput::keep(u32::from(frame.view(LinkId(0)).is_some()), setting)
    }

    #[test]
    fn a_place_that_comes_back_holds_no_frame() {
        let privacy = sensing_on();
        let permit = privacy.sensing(0).ok().expect("sensing is on");
        let shown =
            |place: &Raw<Frame>| gate::decision(Slot::new(0), &gate::map(&permit, place, held)).get().number.get();
        let (frames, h) = (Frames::new(), [Complex::new(1i8, 2); 2]);
        let frame = CsiFrame::new(CsiMeta::at(Micros(0)), &[1, 2], Cfr::I8(&h)).unwrap();
        let ends = Ends { tx: MacAddr([2; 6]), rx: MacAddr([4; 6]) };
        let mut place = frames.place();
        gate::step(&permit, &mut place, &Raw::new(Heard { frame, ends }), Frame::fill);
        assert_eq!(shown(&place), 1);
        // Behind all other places of the ring.
        frames.give_back(place);
        for _ in 0..FRAMES + 2 {
            assert_eq!(shown(&frames.place()), 0);
        }
    }
}
