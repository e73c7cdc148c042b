//! Telemetry to decisions: events in, messages out. No clock, no socket, no thread of its own.

mod effect;

use millpond_dsp::phy::{Band, Micros};
use millpond_optimizer::decisions;
use millpond_optimizer::env::Environment;
use millpond_optimizer::model::Site;
use millpond_optimizer::model::site::Choice;
use millpond_optimizer::plan_site;
use millpond_report::estimate::{DecisionInput, RadioSetting, RadioSurvey};
use millpond_report::wire::range as report;
use millpond_report::wire::range::{Blocked, DecisionKind, NodeId, Number, Width};
use millpond_report::{EventCode, Raw, Telemetry, Wipe, gate};

use crate::convert;
use crate::message::Message;
use crate::pipeline::{Actions, Calendar};
use crate::telemetry::{AirReport, Home, survey_of};

/// Decisions of one plan at most: 8 nodes with 3 radios, and steering.
const DECISIONS: usize = 64;

/// Pins and objections at most.
const CHOICES: usize = 64;

/// Telemetry to radio and decision messages.
pub struct Planner {
    known: Raw<Known>,
    nodes: u8,
    calendar: Calendar,
}

impl Planner {
    /// A planner for a home. `seed` fixes the search, so that a decision can be recomputed.
    pub fn new(home: Home, calendar: Calendar, seed: u64) -> Self {
        let nodes = home.pods.len().min(8) as u8;
        Self { known: Raw::new(Known::new(home, seed)), nodes, calendar }
    }

    /// Takes one window of telemetry: one message a radio.
    pub fn on_report(&mut self, report: &Raw<AirReport>, now: Micros) -> Actions {
        gate::fold_public(&mut self.known, now.0, Known::date);
        gate::fold(&mut self.known, report, Known::take);
        let mut actions = Actions::new();
        for node in 1..=self.nodes {
            for band in Band::ALL {
                let survey = gate::fold_public(&mut self.known, (node, band.number()), Known::survey);
                let radio = gate::radio(NodeId::new(node.into()), convert::band(band), &survey);
                // Channel 0 is no channel: the pod has no radio there.
                if radio.get().channel.get() > 0 {
                    actions.push(Message::Radio(radio));
                }
            }
        }
        actions
    }

    /// Plans on the last telemetry; tells the decisions if they differ from those told last. That all
    /// stays as it is, is told once.
    pub fn on_timer(&mut self, now: Micros) -> Actions {
        let slot = self.calendar.slot(now);
        gate::fold_public(&mut self.known, (), Known::plan);
        let mut actions = Actions::new();
        for i in 0..DECISIONS {
            let decision = gate::decision(slot, &gate::fold_public(&mut self.known, i, Known::decision));
            if decision.get().from.channel.get() == 0 {
                break;
            }
            actions.push(Message::Decision(decision));
        }
        if !actions.is_empty() {
            let number = Number::new(actions.len() as i64);
            actions.push(Message::Event(gate::event(slot, EventCode::PlanMade, number)));
        }
        actions
    }
}

impl Planner {
    /// A decision is about to be done: who is served now is remembered.
    pub fn on_change(&mut self, number: u16) {
        gate::fold_public(&mut self.known, number, Known::remember);
    }

    /// A decision was done at `now`: its effect is judged a minute later.
    pub fn on_applied(&mut self, number: u16, now: Micros) {
        gate::fold_public(&mut self.known, (number, now.0), Known::done);
    }

    /// The decision that was done last, with its measured effect, once: the change in the number of those that were served
    /// before and still are, tenths of a percent; 0 is nobody lost.
    pub fn on_effect(&mut self, now: Micros) -> Option<Message> {
        let judged = gate::fold_public(&mut self.known, now.0, Known::judge);
        let decision = gate::decision(self.calendar.slot(now), &judged);
        decision.get().measured.map(|_| Message::Decision(decision))
    }

    /// Leaves a radio on the setting that it has, or lets the plan move it again.
    pub fn pin(&mut self, node: u8, band: report::Band, on: bool) {
        gate::fold_public(&mut self.known, (node, convert::phy_band(band).number(), on), Known::pin);
    }

    /// Never chooses again what a decision chose, if it is one of the last plan's.
    pub fn object(&mut self, number: u16) {
        gate::fold_public(&mut self.known, number, Known::object);
    }
}

/// What the planner holds of the air. It lives inside `Raw`.
struct Known {
    home: Home,
    environment: Environment,
    surveys: Vec<(u8, Band, RadioSurvey)>,
    site: Option<Site>,
    told: Vec<DecisionInput>,
    fresh: bool,
    next_number: u32,
    effect: effect::Effect,
    pinned: Vec<(u8, Band)>,
    objections: Vec<Choice>,
}

impl Known {
    fn new(home: Home, seed: u64) -> Self {
        let environment = Environment::new().with_seed(seed);
        Self {
            home,
            environment,
            surveys: vec![],
            site: None,
            told: vec![],
            fresh: false,
            next_number: 1,
            effect: effect::Effect::default(),
            pinned: vec![],
            objections: vec![],
        }
    }

    fn date(&mut self, now_us: u64) {
        self.effect.set_time(Micros(now_us));
    }

    fn remember(&mut self, number: u16) {
        let decided = self.told.iter().find(|d| d.number % 65_536 == u32::from(number));
        self.effect.remember(decided.copied());
    }

    fn done(&mut self, (number, now_us): (u16, u64)) {
        self.effect.done(number, Micros(now_us));
    }

    fn judge(&mut self, now_us: u64) -> DecisionInput {
        self.effect.judge(Micros(now_us)).unwrap_or(DecisionInput::keep(0, NOWHERE))
    }

    fn take(&mut self, report: &AirReport) {
        let home = &self.home;
        self.effect.take(home, report);
        let survey = |(pod, radio)| (pod as u8 + 1, radio, survey_of(home, report, pod, radio));
        let surveys = home.radios(report).into_iter().map(survey);
        self.surveys = surveys.map(|(node, radio, survey)| (node, radio.band, survey)).collect();
        self.site = Some(home.site(report));
    }

    fn pin(&mut self, (node, band, on): (u8, u8, bool)) {
        let Some(band) = Band::ALL.into_iter().find(|b| b.number() == band) else { return };
        let radio = (node, band);
        self.pinned.retain(|p| *p != radio);
        if on && self.pinned.len() < CHOICES {
            self.pinned.push(radio);
        }
        self.told.clear();
    }

    fn object(&mut self, number: u16) {
        let Some(d) = self.told.iter().find(|d| d.number as u16 == number && d.kind != DecisionKind::Keep) else {
            return;
        };
        let pod = self.site.as_ref().and_then(|s| pod_of(s, d.to.node));
        let width = millpond_dsp::phy::Bandwidth::try_from(d.to.width.mhz()).ok();
        let band = convert::phy_band(d.to.band);
        let choice = Choice::Radio { pod, band, primary: Some(d.to.channel), width };
        if self.objections.len() < CHOICES && !self.objections.contains(&choice) {
            self.objections.push(choice);
        }
        self.told.clear();
    }

    /// The household's word, in the site's own terms.
    fn choices(&mut self) {
        let Some(site) = &mut self.site else { return };
        site.objections.clone_from(&self.objections);
        let surveys = &self.surveys;
        let pin = |(node, band): &(u8, Band)| {
            let (.., survey) = surveys.iter().find(|(n, b, _)| n == node && b == band)?;
            let width = millpond_dsp::phy::Bandwidth::try_from(survey.width.mhz()).ok();
            Some(Choice::Radio { pod: pod_of(site, *node), band: *band, primary: Some(survey.channel), width })
        };
        site.pins = self.pinned.iter().filter_map(pin).collect();
    }

    fn survey(&mut self, (node, band): (u8, u8)) -> RadioSurvey {
        let found = self.surveys.iter().find(|(n, b, _)| (*n, b.number()) == (node, band));
        found.map_or(NO_SURVEY, |(.., survey)| *survey)
    }

    /// Plans; a site that cannot be planned leaves the last plan in force.
    fn plan(&mut self, (): ()) {
        self.fresh = false;
        self.choices();
        let Some(site) = &self.site else { return };
        let Ok(plan) = plan_site(site, &self.environment) else { return };
        let decided = decisions::inputs(site, &plan);
        let keeps = decided.iter().all(|d| d.kind == DecisionKind::Keep);
        if same(&decided, &self.told) || keeps && !self.told.is_empty() {
            return;
        }
        self.told = decided;
        for decision in &mut self.told {
            decision.number = self.next_number;
            self.next_number = self.next_number.wrapping_add(1);
        }
        self.fresh = true;
    }

    /// A decision of the plan that was just made; blank behind the last one, and if nothing is new.
    fn decision(&mut self, i: usize) -> DecisionInput {
        self.told.get(i).filter(|_| self.fresh).copied().unwrap_or(DecisionInput::keep(0, NOWHERE))
    }
}

/// The name of a pod in the site: they stand there by number.
fn pod_of(site: &Site, node: u8) -> Option<String> {
    site.pods.get(usize::from(node).checked_sub(1)?).map(|p| p.id.clone())
}

/// True if two plans decide the same, numbers and reasons aside.
fn same(a: &[DecisionInput], b: &[DecisionInput]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a.kind, a.from, a.to) == (b.kind, b.from, b.to))
}

/// No setting: what a decision that does not exist stands on.
const NOWHERE: RadioSetting =
    RadioSetting { node: 0, band: report::Band::Ghz2, channel: 0, width: Width::Mhz20, power_dbm: 0 };

const NO_SURVEY: RadioSurvey = RadioSurvey {
    channel: 0,
    width: Width::Mhz20,
    busy_ms: 0,
    active_ms: 0,
    noise_dbm: 0,
    neighbours: 0,
    stations: 0,
    blocked: Blocked::No,
};

impl Wipe for Known {
    fn wipe(&mut self) {
        self.home.pods.iter_mut().for_each(|p| p.0 = [0; 6]);
        self.home.others.iter_mut().for_each(|p| p.0.0 = [0; 6]);
        self.surveys.iter_mut().for_each(|s| s.2 = NO_SURVEY);
        self.told.iter_mut().for_each(|d| *d = DecisionInput::keep(0, NOWHERE));
        self.site = None;
        self.effect.forget();
        std::hint::black_box(self);
    }
}

impl Telemetry for Known {}
