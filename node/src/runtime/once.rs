//! A run in the time of its frames, as fast as the machine goes: one thread, no clock, the same bytes for one seed.

use millpond_dsp::phy::Micros;
use millpond_report::{Raw, gate};

use super::{Control, Outlets, Parts};
use crate::capture::Frame;
use crate::message::Message;

/// The pipeline's timer.
const TIMER: Micros = Micros(250_000);

/// Runs until `until`, with a report every `report_every`.
pub fn run_once(parts: &mut Parts, control: &Control, outlets: &mut Outlets, until: Micros, report_every: Micros) {
    let mut place = Raw::new(Frame::empty());
    let (mut timer, mut report) = (Micros(0), Micros(0));
    while timer <= until {
        if timer >= report {
            report = report + report_every;
            let messages = plan(parts, timer);
            put(control, outlets, &messages, timer);
        }
        tick(parts, control, outlets, timer);
        timer = timer + TIMER;
        listen(parts, control, &mut place, timer);
    }
}

fn plan(parts: &mut Parts, now: Micros) -> Vec<Message> {
    let report = parts.reports.report(now);
    let mut messages = parts.planner.on_report(&report, now);
    messages.extend(parts.planner.on_timer(now));
    messages
}

fn tick(parts: &mut Parts, control: &Control, outlets: &mut Outlets, now: Micros) {
    let messages = parts.pipeline.on_timer(&control.privacy(), now);
    let second = now.0 % Micros::SECOND.0 == 0;
    if second {
        let status = Message::Status(control.status(&control.privacy(), now));
        put(control, outlets, &[status], now);
    }
    put(control, outlets, &messages, now);
    if second {
        let _ = outlets.second();
    }
}

/// All frames before `until`, of all sources in the order of their times.
fn listen(parts: &mut Parts, control: &Control, place: &mut Raw<Frame>, until: Micros) {
    loop {
        let due = parts.sources.iter().enumerate().filter_map(|(i, s)| Some((s.next_at()?, i)));
        let Some((now, i)) = due.min().filter(|(t, _)| *t < until) else { return };
        let source = &mut parts.sources[i];
        let privacy = control.privacy();
        match privacy.sensing(now.0) {
            Ok(permit) => {
                if source.read(&permit, now, place) {
                    control.meter.count();
                    gate::poll(&permit, place, i, Frame::set_source);
                    parts.pipeline.on_frame(&permit, place);
                }
            }
            Err(_) => source.close(until),
        }
    }
}

fn put(control: &Control, outlets: &mut Outlets, messages: &[Message], now: Micros) {
    let mut privacy = control.privacy();
    for message in messages {
        let told = control.remember(&mut privacy, message, now);
        std::iter::once(message).chain(&told).for_each(|m| outlets.put(&privacy, m, now));
    }
}
