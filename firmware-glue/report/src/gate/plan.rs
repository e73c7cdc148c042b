//! What may be said of radios, decisions and the home's air.

use crate::Raw;
use crate::estimate::{
    ChannelInput, ClientInput, DecisionInput, LossDb, RadioInput, RadioSetting, RadioSurvey, SnapshotInput, TERMS,
};
use crate::handle::Shuffle;
use crate::state::ManagedPermit;
use crate::wire::range::{
    Band, Bucket, Busy, Channel, Handle, Loss, NodeId, Noise, Number, Power, ReasonCode, Schema, Slot, Streams, Tenths,
    Week, Weight,
};
use crate::wire::snapshot::{CLIENTS, ChannelView, ClientView, PODS, RadioView};
use crate::wire::{Decision, Derived, Flip, Lan, List, Loser, Radio, Reason, Setting, Snapshot, Wan, sort_by_key};

/// One radio and its air. Lost: milliseconds, dBm and counts but for their buckets.
pub fn radio(node: NodeId, band: Band, survey: &Raw<RadioSurvey>) -> Derived<Radio, Lan> {
    let s = survey.open();
    let busy = s.busy_ms.saturating_mul(20) / s.active_ms.max(1);
    Derived::mint(Radio {
        node,
        band,
        channel: Channel::new(s.channel.into()),
        width: s.width,
        busy: Busy::new(busy.min(20) as i64),
        noise: noise(s.noise_dbm),
        neighbours: Bucket::of(s.neighbours),
        stations: Bucket::of(s.stations),
        blocked: s.blocked,
    })
}

/// One decision. Lost: all but the eight best losers; no reason is, so that the gain can be recomputed. Equal weights stand in the order
/// of their codes, equal costs in the order of the settings, so the order in which the planner met them does not show.
pub fn decision(slot: Slot, input: &Raw<DecisionInput>) -> Derived<Decision, Lan> {
    let d = input.open();
    // As many as the message takes, so that none is cut.
    const { assert!(ReasonCode::ALL.len() == TERMS) };
    let mut reasons = List::<(ReasonCode, i64), TERMS>::of(ReasonCode::ALL.iter().filter_map(|code| {
        let same = d.reasons.iter().flatten().filter(|(c, _)| c == code);
        let sum = same.clone().fold(0i64, |sum, (_, w)| sum.saturating_add(*w));
        (same.count() > 0).then_some((*code, sum))
    }));
    reasons.sort_by_key(|(code, weight)| (core::cmp::Reverse(weight.unsigned_abs()), *code));
    let mut losers = d.losers;
    sort_by_key(&mut losers, |l| match l {
        Some((option, code, cost)) => (0, *cost, Some((setting(option), *code))),
        None => (1, 0, None),
    });
    let weight = |(code, w): (ReasonCode, i64)| (code, Weight::new(w));
    Derived::mint(Decision {
        number: Number::new(i64::from(d.number % 65_536)),
        slot,
        kind: d.kind,
        from: setting(&d.from),
        to: setting(&d.to),
        reasons: List::of(reasons.iter().map(|r| weight(*r)).map(|(code, weight)| Reason { code, weight })),
        losers: List::of(losers.iter().flatten().map(|(o, code, _)| Loser { option: setting(o), code: *code })),
        flip: d.flip.map(weight).map(|(code, needed)| Flip { code, needed }),
        expected: Tenths::new(d.expected_tenths.into()),
        measured: d.measured_tenths.map(|t| Tenths::new(t.into())),
        by: d.by,
    })
}

/// The home's air for the operator. Pods appear under `handles`, sorted by them.
///
/// Lost: which node is which across epochs; devices (clients that look the same are one row with a bucket for their
/// number, rows are sorted by what they show); dB but for steps of 3; counts but for buckets; time but for the slot.
pub fn snapshot(
    _: &ManagedPermit<'_>,
    handles: &Shuffle,
    week: Week,
    slot: Slot,
    input: &Raw<SnapshotInput>,
) -> Derived<Snapshot, Wan> {
    let s = input.open();
    let pods = Pods::new(s.pods, handles);
    let mut loss = [None; PODS * PODS];
    for (row, from) in loss.chunks_exact_mut(PODS).zip(pods.order()) {
        if let Some(db) = s.loss_db.get(from) {
            row.copy_from_slice(&pods.losses(db));
        }
    }
    let mut radios: List<RadioView, _> = List::of(s.radios.iter().flatten().filter_map(|r| pods.radio(r)));
    radios.sort_by_key(|r| *r);
    let mut channels: List<ChannelView, _> = List::of(s.channels.iter().flatten().filter_map(|c| pods.channel(c)));
    channels.sort_by_key(|c| *c);
    let clients = merge(s.clients.map(|c| c.and_then(|c| pods.client(&c))));
    let pods = List::of(pods.order().map(|pod| handles.nth(pod)));
    Derived::mint(Snapshot { schema: Schema::new(1), week, slot, pods, loss, radios, channels, clients })
}

/// Merges rows that show the same and keeps the fullest, in the order of what they show.
fn merge<const N: usize>(mut rows: [Option<ClientView>; N]) -> List<ClientView, CLIENTS> {
    sort_by_key(&mut rows, |row| *row);
    let mut groups: [Option<(u32, ClientView)>; N] = [None; N];
    let mut n = 0usize;
    for row in rows.into_iter().flatten() {
        match n.checked_sub(1).and_then(|last| groups.get_mut(last)) {
            Some(Some((count, view))) if *view == row => *count += 1,
            _ => {
                if let Some(place) = groups.get_mut(n) {
                    *place = Some((1, row));
                }
                n += 1;
            }
        }
    }
    sort_by_key(&mut groups, |g| (g.is_none(), core::cmp::Reverse(g.map(|(n, _)| n)), g.map(|(_, v)| v)));
    let counted = |(n, view): (u32, ClientView)| ClientView { count: Bucket::of(n), ..view };
    let mut list = List::of(groups.into_iter().flatten().map(counted));
    list.sort_by_key(|v| *v);
    list
}

/// The pods of a home in the order of their handles.
struct Pods<'a> {
    order: List<usize, PODS>,
    handles: &'a Shuffle,
}

impl<'a> Pods<'a> {
    fn new(n: u8, handles: &'a Shuffle) -> Self {
        let mut order = List::of(0..usize::from(n));
        order.sort_by_key(|pod| handles.nth(*pod));
        Self { order, handles }
    }

    fn order(&self) -> impl Iterator<Item = usize> {
        self.order.iter().copied()
    }

    fn handle(&self, node: u8) -> Option<Handle> {
        let pod = usize::from(node).checked_sub(1)?;
        self.order().any(|p| p == pod).then(|| self.handles.nth(pod))
    }

    fn losses(&self, db: &[LossDb; PODS]) -> [Option<Loss>; PODS] {
        let mut out = [None; PODS];
        for (to, pod) in out.iter_mut().zip(self.order()) {
            *to = db.get(pod).copied().flatten().map(|db| Loss::new((i64::from(db) - 30).div_euclid(3)));
        }
        out
    }

    fn radio(&self, r: &RadioInput) -> Option<RadioView> {
        let Setting { band, channel, width, power, .. } = setting(&r.setting);
        let power_max = Power::new(r.power_max_dbm.into());
        let (pod, streams) = (self.handle(r.setting.node)?, Streams::new(r.streams.into()));
        Some(RadioView { pod, band, channel, width, power, width_max: r.width_max, power_max, streams })
    }

    fn channel(&self, c: &ChannelInput) -> Option<ChannelView> {
        let [near, middle, far] = c.neighbours.map(Bucket::of);
        let busy = Busy::new(i64::from(c.busy_milli) / 50);
        let (pod, channel) = (self.handle(c.node)?, Channel::new(c.channel.into()));
        Some(ChannelView { pod, band: c.band, channel, busy, noise: noise(c.noise_dbm), near, middle, far })
    }

    fn client(&self, c: &ClientInput) -> Option<ClientView> {
        let (pod, loss) = (self.handle(c.node)?, self.losses(&c.loss_db));
        Some(ClientView { pod, band: c.band, class: c.class, count: Bucket::Few, loss })
    }
}

fn noise(dbm: i16) -> Noise {
    Noise::new((i64::from(dbm) + 98).div_euclid(3))
}

fn setting(s: &RadioSetting) -> Setting {
    let (node, channel) = (NodeId::new(s.node.into()), Channel::new(s.channel.into()));
    Setting { node, band: s.band, channel, width: s.width, power: Power::new(s.power_dbm.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::sampler::tests::SplitMix;
    use crate::state::tests::at_level;
    use crate::wire::Wire;
    use crate::wire::range::{Blocked, DecisionKind, Level, Width};
    use crate::wire::snapshot::ClientClass;

    fn survey(busy_ms: u64, active_ms: u64, noise_dbm: i16) -> Radio {
        let survey = RadioSurvey {
            channel: 36,
            width: Width::Mhz80,
            busy_ms,
            active_ms,
            noise_dbm,
            neighbours: 5,
            stations: 16,
            blocked: Blocked::No,
        };
        *radio(NodeId::new(1), Band::Ghz5, &Raw::new(survey)).get()
    }

    #[test]
    fn a_survey_falls_into_buckets() {
        let r = survey(499, 1000, -95);
        assert_eq!((r.busy.get(), r.noise.get(), r.neighbours, r.stations), (9, 1, Bucket::Some, Bucket::Crowd));
        assert_eq!(survey(u64::MAX, 1, -300).busy.get(), 20);
        assert_eq!(survey(0, 0, 0).busy.get(), 0);
        assert_eq!((survey(0, 0, -99).noise.get(), survey(0, 0, -77).noise.get()), (0, 7));
    }

    #[test]
    fn noise_classes_begin_where_the_contract_says() {
        // Below -95 dBm, then a class each 3 dB; -77 dBm and above are the last.
        let borders = [-95, -92, -89, -86, -83, -80, -77];
        for (class, dbm) in (1..).zip(borders) {
            assert_eq!((survey(0, 0, dbm - 1).noise.get(), survey(0, 0, dbm).noise.get()), (class - 1, class), "{dbm}");
        }
    }

    #[test]
    fn no_reason_is_cut() {
        let mut input = DecisionInput::keep(1, at(36));
        for (place, (i, code)) in input.reasons.iter_mut().zip((1i64..).zip(ReasonCode::ALL)) {
            *place = Some((*code, i * if i % 2 == 0 { -1000 } else { 1000 }));
        }
        let sum: i64 = input.reasons.iter().flatten().map(|(_, w)| w).sum();
        let told = decision(Slot::new(0), &Raw::new(input));
        assert_eq!(told.get().reasons.len(), ReasonCode::ALL.len());
        assert_eq!(told.get().reasons.iter().map(|r| i64::from(r.weight.get())).sum::<i64>(), sum);
    }

    fn at(channel: u8) -> RadioSetting {
        RadioSetting { node: 2, band: Band::Ghz5, channel, width: Width::Mhz80, power_dbm: 20 }
    }

    #[test]
    fn a_decision_does_not_show_the_order_of_its_inputs() {
        let mut input =
            DecisionInput { kind: DecisionKind::Channel, to: at(149), ..DecisionInput::keep(70_000, at(36)) };
        input.reasons[..4].copy_from_slice(&[
            Some((ReasonCode::Noise, -40)),
            Some((ReasonCode::Busy, 100)),
            Some((ReasonCode::Load, 40)),
            Some((ReasonCode::Busy, 20)),
        ]);
        for (i, c) in (0..TERMS).zip([52u8, 100, 36, 44, 60, 64, 108, 116, 124, 132]) {
            input.losers[i] = Some((at(c), ReasonCode::Dfs, if c == 100 { 1 } else { 7 }));
        }
        let a = decision(Slot::new(3), &Raw::new(input));
        input.reasons.reverse();
        input.losers.reverse();
        let b = decision(Slot::new(3), &Raw::new(input));
        assert!(a.get() == b.get());
        let reasons: std::vec::Vec<_> = a.get().reasons.iter().map(|r| (r.code, r.weight.get())).collect();
        assert_eq!(reasons, [(ReasonCode::Busy, 120), (ReasonCode::Noise, -40), (ReasonCode::Load, 40)]);
        let losers: std::vec::Vec<_> = a.get().losers.iter().map(|l| l.option.channel.get()).collect();
        assert_eq!(losers, [100, 36, 44, 52, 60, 64, 108, 116]);
        assert_eq!(a.get().number.get(), 4464);
    }

    #[test]
    fn a_snapshot_shows_neither_devices_nor_their_order() {
        let privacy = at_level(Level::Managed);
        let permit = privacy.managed().unwrap();
        let handles = Shuffle::draw(&mut SplitMix(1)).unwrap();
        let mut input = SnapshotInput { pods: 3, ..SnapshotInput::EMPTY };
        input.loss_db[0][1] = Some(62);
        let client = |node, db| {
            let mut loss_db = [None; PODS];
            loss_db[0] = Some(db);
            Some(ClientInput { node, band: Band::Ghz5, class: ClientClass::Ghz5, loss_db })
        };
        // 60 to 62 dB are one step of 3 dB, so four of these look the same; node 9 does not exist.
        input.clients[..6].copy_from_slice(&[
            client(1, 60),
            client(2, 80),
            client(1, 61),
            client(1, 62),
            client(9, 50),
            client(1, 60),
        ]);
        let make = |input| snapshot(&permit, &handles, Week::new(2900), Slot::new(7), &Raw::new(input));
        let a = make(input);
        input.clients.reverse();
        let b = make(input);
        assert!(a.get() == b.get());
        let mut counts: std::vec::Vec<_> = a.get().clients.iter().map(|c| c.count.text()).collect();
        counts.sort_unstable();
        assert_eq!(counts, ["1-3", "4-7"]);
        let pods: std::vec::Vec<_> = a.get().pods.iter().map(|h| h.get()).collect();
        assert!(pods.is_sorted() && pods.len() == 3, "{pods:?}");
        let shown: std::vec::Vec<_> = a.get().loss.iter().flatten().map(|l| l.get()).collect();
        assert_eq!(shown, [10]);
        let mut buffer = Snapshot::zeros();
        let n = a.encode(&mut buffer);
        assert!(Snapshot::decode(&buffer[..n]).as_ref() == Some(a.get()));
    }
}
