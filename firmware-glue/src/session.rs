//! What happens inside a sensor: frames under a permit into detectors, detectors through the gate into messages.

use heapless::{Deque, Vec};
use millpond_dsp::LinkId;
use millpond_dsp::detect::DetectorConfig;
use millpond_dsp::phy::{Micros, When};
use millpond_report::estimate::{LinkEstimate, ZoneEstimate};
use millpond_report::gate::{self, NodeStatus};
use millpond_report::handle::Shuffle;
use millpond_report::sink::LanDoor;
use millpond_report::state::{Admin, Less, More, Pause};
use millpond_report::wire::range::{Kept, LinkKind, ManagedBy, Number, Sensing, Slot, Source, ZoneId};
use millpond_report::wire::{Derived, Lan, Radio, Zone};
use millpond_report::{EventCode, Privacy, Raw, SensingPermit, Wire};

use crate::abi::{
    MP_LINKS_MAX, MP_SENSING_OFF, MP_SENSING_ON, MP_SENSING_PAUSED, MP_ZONES_MAX, mp_config, mp_message, mp_rssi,
    mp_survey,
};
use crate::frame::Given;
use crate::life::{self, LinkLife};
use crate::link::{FrameView, LinkState, Reading};
use crate::log::Log;
use crate::message::Outbox;
use crate::order::{Order, Tables};
use crate::result::mp_result::{self, *};
use crate::seed::Seed;

/// Later times are no times: 146 000 years. Keeps sums of times far from the end of their range.
const LAST_US: u64 = 1 << 62;
const SECOND_US: u64 = 1_000_000;
const DAY_S: u64 = 86_400;
const SLOT_S: u64 = 300;
/// A source that delivered nothing for so long is called faulty.
const SOURCE_LOST_US: u64 = 10 * SECOND_US;
/// Events that wait for the caller; the oldest goes first when there are more.
const EVENTS: usize = 8;
/// Radios of one home at most: 8 nodes with 3 bands.
const RADIOS: usize = 24;

/// What a sensor's memory has to hold. The parts lie behind one another: door, body, link slots, lives, tables, scratch.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Links.
    pub links: u16,
    /// Tones of one chain, at most.
    pub tones: u16,
    /// Chains of one frame, at most.
    pub chains: u16,
    /// 1 if it looks for breathing.
    pub presence: u16,
}

/// A configuration that was checked.
pub(crate) struct Settings {
    /// What the memory has to hold.
    pub layout: Layout,
    /// For every detector.
    pub detector: DetectorConfig,
    zones: u8,
    seed: [u32; 8],
    log: Log,
}

impl Settings {
    /// Checks what the host wants.
    pub(crate) fn of(c: &mp_config) -> Result<Self, mp_result> {
        if c.abi != crate::version::MP_ABI {
            return Err(MP_ERR_ABI);
        }
        let (tones, chains) = (or(c.max_tones, 64), or(c.max_chains, 4));
        let within = (1..=MP_LINKS_MAX).contains(&c.links)
            && (1..=MP_ZONES_MAX).contains(&c.zones)
            && (1..=4096).contains(&tones)
            && (1..=64).contains(&chains)
            && c.presence <= u8::from(life::BUILT_IN);
        if !within {
            return Err(MP_ERR_ARGUMENT);
        }
        let mut detector = DetectorConfig::default();
        if c.false_alarms_per_1000_days != 0 {
            detector = detector.with_false_alarms_per_day(c.false_alarms_per_1000_days as f32 / 1000.0).or(BAD)?;
        }
        if c.hold_ms != 0 {
            detector = detector.with_hold(Micros(u64::from(c.hold_ms) * 1000)).or(BAD)?;
        }
        if c.present_s != 0 {
            detector = detector.with_present_for(Micros(u64::from(c.present_s) * SECOND_US)).or(BAD)?;
        }
        let layout = Layout { links: c.links, tones, chains, presence: c.presence.into() };
        Ok(Self { layout, detector, zones: c.zones, seed: c.seed, log: Log::of(c) })
    }

    /// What looks for breathing on one link.
    pub(crate) fn life(&self) -> Raw<LinkLife> {
        Raw::new(LinkLife::new(self.detector))
    }
}

const BAD: Result<DetectorConfig, mp_result> = Err(MP_ERR_ARGUMENT);

fn or(value: u16, default: u16) -> u16 {
    if value == 0 { default } else { value }
}

/// The program that linked the library acts for the household's admin: it alone can ask for more.
struct Host;

impl Admin for Host {
    fn is_admin(&self) -> bool {
        true
    }
}

/// What a sensor holds once.
pub(crate) struct Body {
    privacy: Privacy,
    zones: u8,
    /// Each zone's last message, for the slot in which its state began.
    told: [Option<Derived<Zone, Lan>>; MP_ZONES_MAX as usize],
    /// What was last told of each radio, in order of arrival.
    radios: Vec<Derived<Radio, Lan>, RADIOS>,
    seed: Seed,
    handles: Option<Shuffle>,
    log: Log,
    events: Deque<(EventCode, Number), EVENTS>,
    /// Events that went because nobody asked for them.
    lost: u16,
    /// The source, as the last event told it.
    source: Source,
    outbox: Outbox,
    /// Time of the first call that had one, of the last poll, of the last sample, and of the last switch to on.
    began: Option<u64>,
    now: u64,
    heard: u64,
    epoch: u64,
    /// Second of the day at time 0, modulo a day.
    midnight_s: u64,
    round: Option<u64>,
    /// Messages of this round that were given.
    at: u16,
}

impl Body {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut seed = Seed::new(settings.seed);
        Self {
            privacy: Privacy::new(),
            zones: settings.zones,
            told: [const { None }; MP_ZONES_MAX as usize],
            radios: Vec::new(),
            handles: seed.shuffle(),
            seed,
            log: settings.log,
            events: Deque::new(),
            lost: 0,
            source: Source::Closed,
            outbox: Outbox::default(),
            began: None,
            now: 0,
            heard: 0,
            epoch: 0,
            midnight_s: 0,
            round: None,
            at: 0,
        }
    }

    fn note(&mut self, (code, number): (EventCode, Number)) {
        if self.events.is_full() {
            self.events.pop_front();
            self.lost = self.lost.saturating_add(1);
        }
        let _ = self.events.push_back((code, number));
        self.log.tell(code, number);
    }

    /// Notes that the source came, went or fell silent.
    fn note_source(&mut self, now_us: u64) {
        let source = self.source(now_us);
        if source != self.source {
            self.source = source;
            let code = match source {
                Source::Open => EventCode::SourceOpen,
                Source::Closed => EventCode::SourceClosed,
                Source::Fault => EventCode::SourceFault,
            };
            self.note((code, Number::new(0)));
        }
    }

    /// The event that goes out next; how many were lost comes first.
    fn next_event(&mut self) -> Option<(EventCode, Number)> {
        match core::mem::take(&mut self.lost) {
            0 => self.events.pop_front(),
            lost => Some((EventCode::Overload, Number::new(lost.into()))),
        }
    }

    /// Forgets what messages were made of.
    fn forget(&mut self) {
        self.events.clear();
        self.radios.clear();
        self.told = [const { None }; MP_ZONES_MAX as usize];
        (self.lost, self.outbox) = (0, Outbox::default());
        self.handles = self.seed.shuffle();
    }

    fn slot(&self, now_us: u64) -> Slot {
        Slot::new(((now_us / SECOND_US + self.midnight_s) % DAY_S / SLOT_S) as i64)
    }

    /// Leave to look at a sample. A pause ends at a poll, by the host's clock: a sample that is stamped far ahead ends none.
    fn permit(&self) -> Option<SensingPermit<'_>> {
        self.privacy.sensing(self.now).ok()
    }

    fn source(&self, now_us: u64) -> Source {
        match self.privacy.switch(now_us) {
            Sensing::On if now_us.saturating_sub(self.heard) <= SOURCE_LOST_US => Source::Open,
            Sensing::On => Source::Fault,
            _ => Source::Closed,
        }
    }

    /// Hands a message to the caller's door.
    fn send<T: Wire<Scope = Lan>>(&mut self, message: &Derived<T, Lan>) -> Option<mp_message> {
        let mut door = self.privacy.lan(LanDoor::Caller, &mut self.outbox)?;
        door.send(message).ok()?;
        self.outbox.message()
    }
}

/// What a sensor holds for each link.
pub(crate) struct LinkSlot {
    state: Raw<LinkState>,
    order: Order,
    zone: ZoneId,
    /// Of the last frame, and of the last reading.
    last: When,
    read: When,
}

impl LinkSlot {
    /// `sharing` links share the zone's false-alarm rate.
    pub(crate) fn new(settings: &Settings, link: usize, zone: u8, sharing: usize) -> Self {
        let state = Raw::new(LinkState::new(settings.detector, LinkId(link as u16), sharing));
        Self { state, order: Order::default(), zone: ZoneId::new(zone.into()), last: When::NEVER, read: When::NEVER }
    }

    fn forget(&mut self) {
        gate::wipe(&mut self.state);
        (self.order, self.last, self.read) = (Order::default(), When::NEVER, When::NEVER);
    }
}

/// One call's view of a sensor's memory.
pub(crate) struct Session<'m> {
    pub layout: Layout,
    pub body: &'m mut Body,
    pub links: &'m mut [LinkSlot],
    /// As many as links, or none.
    pub lives: &'m mut [Raw<LinkLife>],
    /// The links' tone tables behind one another.
    pub tables: &'m mut [i16],
    /// The other half of one frame's.
    pub work: &'m mut [i16],
    /// Samples of one frame in ascending order, if they did not come so.
    pub scratch: &'m mut [u64],
}

impl Session<'_> {
    /// Takes a frame. It is decoded under a permit only.
    pub(crate) fn push<'a>(
        &mut self,
        link: u16,
        t_us: u64,
        decode: impl FnOnce() -> Result<Given<'a>, mp_result>,
    ) -> Result<mp_result, mp_result> {
        let slot = self.links.get_mut(usize::from(link)).ok_or(MP_ERR_LINK)?;
        check_time(t_us)?;
        let Some(permit) = self.body.permit().filter(|p| p.covers(slot.zone)) else {
            return Ok(MP_OFF);
        };
        if slot.last.get().is_some_and(|last| t_us <= last.0) {
            return Err(MP_ERR_TIME);
        }
        let given = decode()?;
        if given.chains() > usize::from(self.layout.chains) {
            return Err(MP_ERR_CAPACITY);
        }
        let n = usize::from(self.layout.tones);
        let own = self.tables.get_mut(usize::from(link) * n..(usize::from(link) + 1) * n).ok_or(MP_ERR_INTERNAL)?;
        let mut tables = Tables { own, work: self.work };
        let frame = Raw::new(FrameView(given.arrange(&mut slot.order, &mut tables, self.scratch)?));
        let _: Raw<u8> = gate::step(&permit, &mut slot.state, &frame, LinkState::take_frame);
        if let Some(life) = self.lives.get_mut(usize::from(link)) {
            let _: Raw<u8> = gate::step(&permit, life, &frame, LinkLife::take_frame);
            let _: Raw<u8> = gate::step(&permit, &mut slot.state, life, LinkState::take_life);
        }
        slot.last = When::at(Micros(t_us));
        self.body.heard = self.body.heard.max(t_us);
        self.body.began.get_or_insert(t_us);
        Ok(MP_OK)
    }

    /// Takes an RSSI reading.
    pub(crate) fn push_rssi(&mut self, rssi: &mp_rssi) -> Result<mp_result, mp_result> {
        let slot = self.links.get_mut(usize::from(rssi.link)).ok_or(MP_ERR_LINK)?;
        check_time(rssi.t_us)?;
        let Some(permit) = self.body.permit().filter(|p| p.covers(slot.zone)) else {
            return Ok(MP_OFF);
        };
        if slot.read.get().is_some_and(|last| rssi.t_us < last.0) {
            return Err(MP_ERR_TIME);
        }
        let reading = Raw::new(Reading(rssi.sample()));
        let _: Raw<u8> = gate::step(&permit, &mut slot.state, &reading, LinkState::take_reading);
        slot.read = When::at(Micros(rssi.t_us));
        self.body.heard = self.body.heard.max(rssi.t_us);
        self.body.began.get_or_insert(rssi.t_us);
        Ok(MP_OK)
    }

    /// Takes what a radio measured. It is a sum over a channel, so it needs no permit.
    pub(crate) fn push_survey(&mut self, survey: &mp_survey) -> Result<mp_result, mp_result> {
        let radio = crate::survey::radio(survey)?;
        let m = *radio.get();
        match self.body.radios.iter_mut().find(|r| (r.get().node, r.get().band) == (m.node, m.band)) {
            Some(place) => *place = radio,
            // There are as many places as nodes and bands.
            None => self.body.radios.push(radio).map_err(|_| MP_ERR_INTERNAL)?,
        }
        Ok(MP_OK)
    }

    /// Lets time pass and gives the next message of the round.
    pub(crate) fn poll(&mut self, now_us: u64) -> Result<Option<mp_message>, mp_result> {
        check_time(now_us)?;
        if now_us < self.body.now {
            return Err(MP_ERR_TIME);
        }
        self.body.now = now_us;
        self.body.began.get_or_insert(now_us);
        let round = now_us / SECOND_US;
        if self.body.round != Some(round) {
            (self.body.round, self.body.at) = (Some(round), 0);
            self.begin_round(now_us);
        }
        loop {
            let at = self.body.at;
            self.body.at = at.saturating_add(1);
            let zones = usize::from(self.body.zones);
            let links = zones + self.links.len();
            let message = match usize::from(at) {
                0 => self.status(now_us),
                n if n <= zones => self.zone(now_us, n as u8),
                n if n <= links => self.link(now_us, n - zones - 1),
                n if n <= links + self.body.radios.len() => self.radio(n - links - 1),
                _ => {
                    self.body.at = at;
                    let Some((code, number)) = self.body.next_event() else { return Ok(None) };
                    self.body.send(&gate::event(self.body.slot(now_us), code, number))
                }
            };
            if message.is_some() {
                return Ok(message);
            }
        }
    }

    /// The bytes of the last message.
    pub(crate) fn encoded(&self) -> &[u8] {
        self.body.outbox.bytes()
    }

    /// What each link has to say of the second that ended.
    fn begin_round(&mut self, now_us: u64) {
        if now_us.saturating_sub(self.body.epoch) >= DAY_S * SECOND_US {
            (self.body.epoch, self.body.handles) = (now_us, self.body.seed.shuffle());
        }
        self.body.note_source(now_us);
        let Ok(permit) = self.body.privacy.sensing(now_us) else { return };
        for slot in self.links.iter_mut().filter(|s| permit.covers(s.zone)) {
            let _: Raw<u8> = gate::poll(&permit, &mut slot.state, now_us, LinkState::begin_round);
        }
    }

    fn status(&mut self, now_us: u64) -> Option<mp_message> {
        let node = NodeStatus {
            source: self.body.source(now_us),
            uptime_s: now_us.saturating_sub(self.body.began.unwrap_or(now_us)) / SECOND_US,
            // A frame is decoded under a permit only, and there is none while sensing is off.
            frames_since_off: 0,
            kept: Kept::Memory,
            managed_by: ManagedBy::Owner,
            // The library has no way out of the home, so nothing was spent.
            budget_left: 100,
        };
        self.body.send(&gate::status(&self.body.privacy, now_us, &node))
    }

    fn zone(&mut self, now_us: u64, number: u8) -> Option<mp_message> {
        let (zone, slot) = (ZoneId::new(number.into()), self.body.slot(now_us));
        let before = self.body.told.get(usize::from(number) - 1)?.as_ref();
        let message = match self.body.privacy.sensing(now_us) {
            Ok(permit) => {
                let mut estimate = Raw::new(ZoneEstimate::default());
                for link in self.links.iter().filter(|l| l.zone == zone) {
                    let _: Raw<u8> = gate::step(&permit, &mut estimate, &link.state, LinkState::add_to_zone);
                }
                gate::zone(&permit, zone, before, slot, Some(&estimate))
            }
            Err(silent) => gate::zone_silent(&silent, zone, before, slot),
        };
        let sent = self.body.send(&message);
        *self.body.told.get_mut(usize::from(number) - 1)? = Some(message);
        sent
    }

    /// One link, under its handle. None without a seed, and while sensing is off.
    fn link(&mut self, now_us: u64, link: usize) -> Option<mp_message> {
        let handle = self.body.handles.as_ref()?.nth(link);
        let slot = self.links.get(link)?;
        let permit = self.body.privacy.sensing(now_us).ok().filter(|p| p.covers(slot.zone))?;
        let estimate: Raw<LinkEstimate> = gate::map(&permit, &slot.state, LinkState::quality);
        let message = gate::link(&permit, handle, LinkKind::Sounding, &estimate);
        self.body.send(&message)
    }

    fn radio(&mut self, i: usize) -> Option<mp_message> {
        let mut door = self.body.privacy.lan(LanDoor::Caller, &mut self.body.outbox)?;
        door.send(self.body.radios.get(i)?).ok()?;
        self.body.outbox.message()
    }

    pub(crate) fn set_sensing(&mut self, now_us: u64, mode: u8, minutes: u32) -> Result<mp_result, mp_result> {
        check_time(now_us)?;
        let pause = match (mode, minutes) {
            (MP_SENSING_ON, 0) => return self.switch_on(now_us),
            (MP_SENSING_OFF, 0) => Less::Off,
            (MP_SENSING_PAUSED, 15) => Less::Pause(Pause::Quarter),
            (MP_SENSING_PAUSED, 60) => Less::Pause(Pause::Hour),
            (MP_SENSING_PAUSED, 0) => Less::Pause(Pause::UntilResumed),
            _ => return Err(MP_ERR_ARGUMENT),
        };
        let event = self.body.privacy.set(pause, now_us);
        self.body.note(event);
        self.forget(|_| true);
        Ok(MP_OK)
    }

    fn switch_on(&mut self, now_us: u64) -> Result<mp_result, mp_result> {
        if self.body.privacy.switch(now_us) == Sensing::On {
            return Ok(MP_OK);
        }
        if self.body.privacy.settings(now_us).pause_s > 0 {
            self.raise(More::Resume)?;
        }
        if self.body.privacy.switch(now_us) != Sensing::On {
            self.raise(More::On)?;
        }
        self.body.heard = now_us;
        Ok(MP_OK)
    }

    pub(crate) fn set_zone(&mut self, now_us: u64, zone: u8, on: u8) -> Result<mp_result, mp_result> {
        check_time(now_us)?;
        if !(1..=self.body.zones).contains(&zone) || on > 1 {
            return Err(MP_ERR_ARGUMENT);
        }
        let zone = ZoneId::new(zone.into());
        if on == 1 {
            self.raise(More::ZoneOn(zone))?;
        } else {
            let event = self.body.privacy.set(Less::ZoneOff(zone), now_us);
            self.body.note(event);
            self.forget(|slot| slot.zone == zone);
        }
        Ok(MP_OK)
    }

    fn raise(&mut self, more: More) -> Result<(), mp_result> {
        let yes = self.body.privacy.ask(more).confirm(&Host).ok_or(MP_ERR_INTERNAL)?;
        let event = self.body.privacy.raise(yes).map_err(|_| MP_ERR_ARGUMENT)?;
        self.body.note(event);
        Ok(())
    }

    pub(crate) fn set_clock(&mut self, now_us: u64, second_of_day: u32) -> Result<mp_result, mp_result> {
        check_time(now_us)?;
        let second = u64::from(second_of_day);
        if second >= DAY_S {
            return Err(MP_ERR_ARGUMENT);
        }
        self.body.midnight_s = (DAY_S + second - now_us / SECOND_US % DAY_S) % DAY_S;
        Ok(MP_OK)
    }

    pub(crate) fn reset(&mut self) -> Result<mp_result, mp_result> {
        self.forget(|_| true);
        self.body.forget();
        (self.body.began, self.body.round, self.body.now) = (None, None, 0);
        (self.body.heard, self.body.epoch) = (0, 0);
        Ok(MP_OK)
    }

    /// Forgets one zone, or all with 0. What is erased is unknown from then on.
    pub(crate) fn erase(&mut self, now_us: u64, zone: u8) -> Result<mp_result, mp_result> {
        check_time(now_us)?;
        if zone > self.body.zones {
            return Err(MP_ERR_ARGUMENT);
        }
        self.forget(|slot| zone == 0 || slot.zone.get() == zone);
        if zone == 0 {
            self.body.forget();
        } else if let Some(told) = self.body.told.get_mut(usize::from(zone) - 1) {
            (*told, self.body.outbox) = (None, Outbox::default());
        }
        // The sensor keeps no history by slots, so none is counted.
        self.body.note((EventCode::Erased, Number::new(0)));
        Ok(MP_OK)
    }

    /// Wipes what is held of some links, and the samples of the last frame.
    fn forget(&mut self, which: impl Fn(&LinkSlot) -> bool) {
        // Each link's own, or none of nobody's.
        let mut lives = self.lives.iter_mut();
        for slot in self.links.iter_mut() {
            let life = lives.next();
            if which(slot) {
                slot.forget();
                life.into_iter().for_each(gate::wipe);
            }
        }
        self.scratch.fill(0);
        core::hint::black_box(&mut *self.scratch);
    }
}

fn check_time(t_us: u64) -> Result<(), mp_result> {
    if t_us < LAST_US { Ok(()) } else { Err(MP_ERR_ARGUMENT) }
}
