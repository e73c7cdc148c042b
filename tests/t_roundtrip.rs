//! `t_roundtrip` of the privacy contract, as far as the gate holds the data: what is written down comes back and is written
//! down again as the same bytes; nothing that comes back raises anything.
//!
//! The export of a whole node, and its import, are the node's.

use std::process::ExitCode;

use millpond_report::audit::Audit;
use millpond_report::consent::{Consents, Matter};
use millpond_report::ring::{DayRing, MonthRing};
use millpond_report::state::{Less, More, Pause, Settings};
use millpond_report::wire::range::{Level, Number, Slot, ZoneId};
use millpond_report::{EventCode, Privacy, Raw, gate};
use millpond_tests::cases;
use millpond_tests::home::zone_estimate;
use millpond_tests::scene::{Host, agreed};
use millpond_tests::words::SplitMix;

fn main() -> ExitCode {
    cases::run(
        "t_roundtrip",
        &[
            ("settings", settings),
            ("history", history),
            ("audit", audit),
            ("consents", consents),
            ("foreign and damaged bytes", damaged),
        ],
    )
}

fn random(words: &mut SplitMix) -> Settings {
    let level = Level::ALL[words.under(4) as usize];
    let mut coin = || words.under(2) == 0;
    let on = coin() && level > Level::Quiet;
    let weekly = coin() && level == Level::Managed;
    let keep = coin() && level > Level::Quiet;
    let pause_s = [0, 1, 3600, u32::MAX - 1, u32::MAX][words.under(5) as usize];
    Settings { level, on, pause_s, zones_off: words.long() as u16, weekly, keep }
}

fn settings() -> usize {
    let mut words = SplitMix(1);
    for _ in 0..2000 {
        let s = random(&mut words);
        let now = words.under(1 << 40);
        assert_eq!(Privacy::restore(&s, now).settings(now), s);
        let mut privacy = Privacy::restore(&s, now);
        assert!(!privacy.import(&s, now), "the same again asks for nothing");
        assert_eq!(privacy.settings(now), s);
    }
    2000
}

/// Rings of some days of a home whose zones come and go.
fn rings(seed: u64) -> (DayRing, MonthRing, u32) {
    let privacy = agreed(&[More::On]);
    let permit = privacy.sensing(0).ok().expect("sensing is on");
    let mut words = SplitMix(seed);
    let (mut day, mut month) = (DayRing::new(), MonthRing::new());
    let mut slot = words.under(1 << 30) as u32;
    for _ in 0..2000 {
        slot += 1 + words.under(3) as u32;
        slot -= if words.under(200) == 0 { words.under(200) as u32 } else { 0 };
        let estimate = zone_estimate(words.under(2) == 0, words.under(100_000) as i32);
        let zone = ZoneId::new(1 + words.under(16) as i64);
        let message = gate::zone(&permit, zone, None, Slot::new(0), Some(&Raw::new(estimate)));
        day.record(slot, &message);
        month.record(slot, &message);
    }
    (day, month, slot)
}

fn history() -> usize {
    let privacy = agreed(&[More::KeepOn]);
    let permit = privacy.keeping().expect("history is kept");
    for seed in 0..20 {
        let (day, month, slot) = rings(seed);
        let (mut a, mut b) = ([0; DayRing::BYTES], [0; DayRing::BYTES]);
        day.save(&permit, &mut a);
        let mut back = DayRing::new();
        back.load(&permit, &a, slot).expect("the ring's own bytes");
        back.save(&permit, &mut b);
        assert!(a == b && a.iter().filter(|v| **v != 255).count() > 20, "seed {seed}");
        let (mut a, mut b) = ([0; MonthRing::BYTES], [0; MonthRing::BYTES]);
        month.save(&permit, &mut a);
        let mut back = MonthRing::new();
        back.load(&permit, &a, slot).expect("the ring's own bytes");
        back.save(&permit, &mut b);
        assert!(a == b && a.iter().filter(|v| **v != 255).count() > 20, "seed {seed}");
    }
    40
}

fn stored<const N: usize>(audit: &Audit<N>) -> Vec<u8> {
    let mut bytes = vec![0; Audit::<N>::BYTES];
    let n = audit.save(&mut bytes);
    bytes.truncate(n);
    bytes
}

fn some_audit(seed: u64) -> (Audit<64>, u32) {
    let (mut words, mut audit) = (SplitMix(seed), Audit::<64>::new());
    let mut slot = 5_000_000;
    for _ in 0..1 + words.under(300) {
        slot += words.under(500) as u32;
        audit.advance(slot);
        let code = EventCode::ALL[words.under(EventCode::ALL.len() as u64) as usize];
        audit.note(code, Number::new(words.under(70_000) as i64));
    }
    (audit, slot)
}

fn audit() -> usize {
    for seed in 0..100 {
        let (audit, slot) = some_audit(seed);
        let bytes = stored(&audit);
        let mut back = Audit::<64>::new();
        back.load(&bytes, slot).expect("the audit's own bytes");
        assert_eq!(stored(&back), bytes, "seed {seed}");
    }
    100
}

fn some_consents(seed: u64) -> Privacy {
    let mut words = SplitMix(seed);
    let mut privacy = Privacy::new().for_instance(words.long());
    for _ in 0..words.under(30) {
        if words.under(3) > 0 {
            privacy.at(words.under(1 << 31) as u32);
        }
        let level = Level::ALL[words.under(4) as usize];
        let up = [More::Level(level), More::On, More::WeeklyOn, More::KeepOn][words.under(4) as usize];
        let down = [Less::Level(level), Less::Off, Less::WeeklyOff, Less::KeepOff, Less::Pause(Pause::Hour)];
        match words.under(3) {
            0 => drop(privacy.set(down[words.under(5) as usize], 0)),
            _ => {
                let yes = privacy.ask(up).confirm(&Host).expect("the host is an admin");
                privacy.raise(yes).ok();
            }
        }
    }
    privacy
}

fn consents() -> usize {
    for seed in 0..500 {
        let privacy = some_consents(seed);
        let bytes = privacy.consents().save();
        let back = Consents::load(&bytes).expect("the records' own bytes");
        let s = privacy.settings(0);
        let restored = Privacy::restore(&s, 0).with_consents(back);
        assert_eq!((restored.consents(), restored.consents().save()), (privacy.consents(), bytes));
        // Records say what happened; they put nothing in force.
        assert_eq!(restored.settings(0), s);
        let quiet = Privacy::new().with_consents(back);
        assert_eq!(quiet.settings(0), Settings::DEFAULT);
        // And they agree with what is in force.
        let weekly = restored.consents().of(Matter::Weekly).stands();
        let keep = restored.consents().of(Matter::Keep).stands();
        assert_eq!((weekly, keep), (s.weekly, s.keep), "seed {seed}");
        assert_eq!(restored.consents().of(Matter::Sensing).stands(), s.on, "seed {seed}");
    }
    500
}

/// Foreign bytes are refused, or are the bytes of something: then they come back the same.
fn damaged() -> usize {
    let privacy = agreed(&[More::KeepOn]);
    let permit = privacy.keeping().expect("history is kept");
    let mut words = SplitMix(9);
    let (day, month, slot) = rings(1);
    let (mut d, mut m) = ([0; DayRing::BYTES], [0; MonthRing::BYTES]);
    day.save(&permit, &mut d);
    month.save(&permit, &mut m);
    let all = [d.to_vec(), m.to_vec(), stored(&some_audit(3).0), some_consents(5).consents().save().to_vec()];
    let (mut n, mut refused) = (0, 0);
    // Another version of the format, all else as it was.
    let ours = d[0];
    for version in (0..=u8::MAX).filter(|v| *v != ours) {
        (d[0], m[0]) = (version, version);
        assert!(DayRing::new().load(&permit, &d, slot).is_err() && MonthRing::new().load(&permit, &m, slot).is_err());
        n += 2;
    }
    for bytes in all {
        for _ in 0..500 {
            let mut b = bytes.clone();
            let cut = words.under(4) == 0;
            b.truncate(if cut { words.under(b.len() as u64) as usize } else { b.len() });
            for _ in 0..if cut { 0 } else { 1 + words.under(3) } {
                let at = words.under(b.len() as u64) as usize;
                b[at] ^= 1 << words.under(8);
            }
            // At any time whatever: the smallest, the greatest and the right one.
            for slot in [0, slot, u32::MAX] {
                refused += usize::from(DayRing::new().load(&permit, &b, slot).is_err());
                refused += usize::from(MonthRing::new().load(&permit, &b, slot).is_err());
                refused += usize::from(Audit::<64>::new().load(&b, slot).is_err());
                if let Some(c) = Consents::load(&b) {
                    assert_eq!(c.save().as_slice(), b);
                }
            }
            n += 4;
        }
    }
    assert!(refused > 2_000, "{refused} refused of {n}");
    n
}
