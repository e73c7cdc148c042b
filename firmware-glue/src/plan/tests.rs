//! The planner as a caller sees it. That it says what the optimizer says is for `tests/c_library.rs` to show.
#![allow(unsafe_code)] // The tests are the caller.

use core::ptr;

use millpond_report::wire::{self, Wire};

use super::*;
use crate::abi::*;

/// Zeros but for the size.
fn blank<T: Copy>() -> T {
    let mut words = [0u32; size_of::<mp_decision>() / 4 + 2];
    words[0] = size_of::<T>() as u32;
    assert!(size_of::<T>() <= size_of_val(&words));
    // SAFETY: every struct of the interface may be zeros behind its size.
    unsafe { words.as_ptr().cast::<T>().read_unaligned() }
}

/// Two nodes on one 5 GHz channel that a neighbour fills, and one client.
struct Home {
    site: mp_site,
    nodes: [mp_site_node; 2],
    radios: [mp_site_radio; 2],
    losses: [mp_site_loss; 1],
    clients: [mp_site_client; 1],
    client_losses: [mp_site_client_loss; 1],
    surveys: [mp_survey; 2],
}

impl Home {
    fn new() -> Box<Self> {
        let node = |gateway, parent| mp_site_node { gateway, parent, ..blank() };
        let radio = |node| mp_site_radio {
            node,
            band: MP_BAND_5,
            widths: MP_WIDTH_20 + MP_WIDTH_40 + MP_WIDTH_80,
            max_eirp_dbm: 23,
            channel: 36,
            width_mhz: 80,
            eirp_dbm: 23,
            ..blank()
        };
        let survey = mp_survey {
            node: 1,
            band: MP_BAND_5,
            channel: 36,
            noise_dbm: -92,
            busy_ms: 900,
            active_ms: 1000,
            ..blank()
        };
        Box::new(Self {
            site: mp_site { abi: crate::version::MP_ABI, country: [b'U' as c_char, b'S' as c_char], ..blank() },
            nodes: [node(1, 0), node(0, 1)],
            radios: [radio(1), radio(2)],
            losses: [mp_site_loss { a: 1, b: 2, band: MP_BAND_5, loss_db: 70, ..blank() }],
            clients: [mp_site_client { demand_kbps: 400_000, node: 2, ..blank() }],
            client_losses: [mp_site_client_loss { node: 2, band: MP_BAND_5, loss_db: 60, ..blank() }],
            surveys: [survey, mp_survey { node: 2, ..survey }],
        })
    }

    /// The arrays are entered where the struct does not name others.
    fn entered(&mut self) -> &mp_site {
        let s = &mut self.site;
        (s.n_nodes, s.n_radios, s.n_losses) = (2, 2, 1);
        (s.n_clients, s.n_client_losses, s.n_surveys) = (1, 1, 2);
        if s.nodes.is_null() {
            s.nodes = self.nodes.as_ptr();
        }
        (s.radios, s.losses) = (self.radios.as_ptr(), self.losses.as_ptr());
        (s.clients, s.client_losses) = (self.clients.as_ptr(), self.client_losses.as_ptr());
        s.surveys = self.surveys.as_ptr();
        s
    }

    fn plan(&mut self, room: usize) -> (mp_result, Vec<mp_decision>, String) {
        self.entered();
        let mut decisions = vec![blank::<mp_decision>(); room];
        let (mut count, mut fault) = (0, [1 as c_char; 200]);
        // SAFETY: each array is as long as its length says.
        let result =
            unsafe { mp_plan(&self.site, decisions.as_mut_ptr(), room, &mut count, fault.as_mut_ptr(), fault.len()) };
        decisions.truncate(count);
        let text = fault.iter().take_while(|c| **c > 1).map(|c| char::from(*c as u8)).collect();
        (result, decisions, text)
    }
}

#[test]
fn a_busy_channel_is_left_and_the_bytes_say_the_same() {
    let mut home = Home::new();
    home.site.first_number = 70;
    home.site.slot = 12;
    let (result, decisions, fault) = home.plan(4);
    assert_eq!((result, fault.as_str()), (MP_OK, ""));
    assert_eq!(decisions.len(), 2, "one a radio");
    for (d, number) in decisions.iter().zip(70..) {
        assert_eq!((d.number, d.slot, d.kind, d.from.channel), (number, 12, MP_DECISION_CHANNEL, 36));
        assert!(d.to.channel != 36 && d.n_reasons > 0 && d.n_losers > 0);
        assert!(d.reasons[..usize::from(d.n_reasons)].iter().any(|r| r.code == MP_REASON_BUSY && r.weight_milli > 0));
        let sent = wire::Decision::decode(&d.bytes[..usize::from(d.n_bytes)]).expect("canonical");
        assert_eq!(sent.number.get(), d.number);
        assert_eq!((sent.to.node.get(), sent.to.channel.get()), (d.to.node, d.to.channel));
        assert_eq!(sent.reasons.iter().count(), usize::from(d.n_reasons));
        assert_eq!(sent.losers.iter().map(|l| l.option.channel.get()).next(), Some(d.losers[0].option.channel));
    }
    assert_eq!(
        home.plan(4).1.iter().map(|d| d.bytes).collect::<Vec<_>>(),
        decisions.iter().map(|d| d.bytes).collect::<Vec<_>>()
    );
    let (result, none, _) = home.plan(1);
    assert_eq!((result, none.len()), (MP_ERR_BUFFER, 1), "truncated by the test to its room");
}

#[test]
fn a_pin_holds_and_an_objection_too() {
    let mut home = Home::new();
    let rules = [
        mp_site_rule { rule: MP_RULE_PIN, what: MP_RULE_RADIO, band: MP_BAND_5, width_mhz: 20, ..blank() },
        mp_site_rule { rule: MP_RULE_OBJECTION, what: MP_RULE_RADIO, band: MP_BAND_5, channel: 44, ..blank() },
    ];
    (home.site.rules, home.site.n_rules) = (rules.as_ptr(), 2);
    let (result, decisions, fault) = home.plan(4);
    assert_eq!(result, MP_OK, "{fault}");
    assert!(decisions.iter().all(|d| d.to.width_mhz == 20 && d.to.channel != 44));
}

#[test]
fn absurd_counts_are_clamped() {
    let mut home = Home::new();
    home.surveys[0].busy_ms = u64::MAX;
    assert_eq!(home.plan(4).0, MP_OK);
}

/// The caller's memory, without the search, which miri is too slow for.
mod arrays {
    use millpond_dsp::phy::{Band, Bandwidth};
    use millpond_optimizer::model::site::Choice;

    use super::*;

    /// An entry of a caller who is newer than this library.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Newer<T> {
        known: T,
        more: u32,
    }

    const MORE: u32 = 0xDEAD_BEEF;

    #[test]
    fn the_site_holds_what_the_arrays_say() {
        let mut home = Home::new();
        let rules = [
            mp_site_rule { rule: MP_RULE_PIN, what: MP_RULE_RADIO, band: MP_BAND_5, width_mhz: 20, ..blank() },
            mp_site_rule { rule: MP_RULE_OBJECTION, what: MP_RULE_CLIENT, node: 2, ..blank() },
        ];
        let dfs = [mp_site_dfs { channel: 52, events_30d: 3, ..blank() }];
        let neighbours = [mp_site_neighbour { node: 2, band: MP_BAND_5, channel: 44, level_dbm: -70, ..blank() }];
        (home.site.rules, home.site.n_rules) = (rules.as_ptr(), 2);
        (home.site.dfs, home.site.n_dfs) = (dfs.as_ptr(), 1);
        (home.site.neighbours, home.site.n_neighbours) = (neighbours.as_ptr(), 1);
        home.surveys[1] = mp_survey { channel: 56, radar: 1, ..home.surveys[1] };
        // SAFETY: the arrays are as long as their lengths say, and live.
        let site = unsafe { site::of(home.entered()) }.expect("a site");
        assert_eq!((site.country.as_str(), site.pods.len()), ("US", 2));
        assert_eq!((site.pods[0].gateway, site.pods[1].gateway), (true, false));
        assert_eq!(site.pods[1].uplink.as_ref().map(|u| u.parent.as_str()), Some("1"));
        let radio = &site.pods[1].radios[0];
        assert_eq!((radio.band, radio.max_eirp_dbm, radio.streams), (Band::Ghz5, 23, 2));
        assert_eq!(radio.widths, [Bandwidth::Mhz20, Bandwidth::Mhz40, Bandwidth::Mhz80]);
        assert_eq!(radio.current.map(|c| (c.primary, c.width, c.eirp_dbm)), Some((36, Bandwidth::Mhz80, 23)));
        let loss = &site.pod_path_loss[0];
        assert_eq!((loss.a.as_str(), loss.b.as_str(), loss.loss_db), ("1", "2", 70));
        let client = &site.clients[0];
        assert_eq!((client.demand_kbps, client.path_loss[0].pod.as_str()), (400_000, "2"));
        assert_eq!(client.current.as_ref().map(|c| c.pod.as_str()), Some("2"));
        assert_eq!((site.survey[0].busy_permille, site.survey[0].noise_dbm), (900, Some(-92)));
        assert_eq!((site.neighbours[0].pod.as_str(), site.neighbours[0].primary), ("2", 44));
        let radar: Vec<_> = site.dfs.iter().map(|d| (d.channel, d.radar_events_30d, d.non_occupancy)).collect();
        assert_eq!(radar, [(52, 3, false), (56, 0, true)], "what was told, and what a survey heard");
        assert!(matches!(site.pins[..], [Choice::Radio { width: Some(Bandwidth::Mhz20), .. }]));
        assert!(matches!(site.objections[..], [Choice::Client { .. }]));
    }

    #[test]
    fn a_newer_caller_s_entries_are_stepped_over_whole() {
        let mut home = Home::new();
        let size = size_of::<Newer<mp_site_node>>() as u32;
        let nodes = home.nodes.map(|n| Newer { known: mp_site_node { size, ..n }, more: MORE });
        home.site.nodes = nodes.as_ptr().cast();
        // SAFETY: the arrays are as long as their lengths say, and live.
        let site = unsafe { site::of(home.entered()) }.expect("a site");
        assert_eq!(site.pods[1].uplink.as_ref().map(|u| u.parent.as_str()), Some("1"));
    }

    #[test]
    fn decisions_land_in_entries_of_the_caller_s_size() {
        let made: Vec<mp_decision> = (1..=2).map(|number| mp_decision { number, ..blank() }).collect();
        let size = size_of::<Newer<mp_decision>>() as u32;
        let mut room = [Newer { known: mp_decision { size, ..blank() }, more: MORE }; 3];
        let mut count = 0;
        let hand = |entries: *mut mp_decision, room, count: &mut usize| {
            // SAFETY: three entries, of the size that they say, or NULL.
            unsafe { hand_out(&made, entries, room, count) }
        };
        assert_eq!(hand(room.as_mut_ptr().cast(), 3, &mut count), Ok(MP_OK));
        assert_eq!((count, room.map(|r| r.known.number), room.map(|r| r.known.size)), (2, [1, 2, 0], [size; 3]));
        assert!(room.iter().all(|r| r.more == MORE), "what is only the caller's is untouched");
        assert_eq!(hand(room.as_mut_ptr().cast(), 1, &mut count), Err(MP_ERR_BUFFER));
        assert_eq!(count, 2, "how much room it takes");
        assert_eq!(hand(ptr::null_mut(), 0, &mut count), Err(MP_ERR_BUFFER), "a question for the number alone");
        assert_eq!(hand(ptr::null_mut(), 2, &mut count), Err(MP_ERR_NULL));
        room[1].known.size = 8;
        room.iter_mut().for_each(|r| r.known.number = 0);
        assert_eq!(hand(room.as_mut_ptr().cast(), 3, &mut count), Err(MP_ERR_SIZE));
        assert_eq!(room.map(|r| r.known.number), [0; 3], "all or none");
        // SAFETY: nothing is written.
        assert_eq!(unsafe { hand_out(&[], ptr::null_mut(), 0, &mut count) }, Ok(MP_OK));
        assert_eq!(count, 0);
    }

    #[test]
    fn a_fault_fills_what_there_is_and_ends_in_nul() {
        let mut home = Home::new();
        home.nodes[1].parent = 2;
        // SAFETY: the arrays are as long as their lengths say, and live.
        let site = unsafe { site::of(home.entered()) }.expect("a site in form");
        let faults = plan_site(&site, &Environment::new()).expect_err("its own parent");
        let whole = faults[0].to_string();
        for len in [0, 1, 5, whole.len(), whole.len() + 1, 300] {
            let mut text = [0x55u8; 300];
            // SAFETY: `len` writable bytes.
            unsafe { tell(&faults, text.as_mut_ptr().cast(), len) }.expect("told");
            let end = len.saturating_sub(1).min(if faults.len() == 1 { whole.len() } else { usize::MAX });
            if faults.len() == 1 && len > 0 {
                assert_eq!((&text[..end], text[end]), (&whole.as_bytes()[..end], 0), "{len}");
            }
            assert!(text[len..].iter().all(|b| *b == 0x55), "{len}: behind the buffer");
        }
        // SAFETY: NULL is what is tested.
        unsafe { tell(&faults, ptr::null_mut(), 9) }.expect("nothing to write to");
    }

    #[test]
    fn what_makes_no_sense_is_a_result_with_a_text() {
        let mut count = 0;
        // SAFETY: NULL is what is tested.
        let none = unsafe { mp_plan(ptr::null(), ptr::null_mut(), 0, &mut count, ptr::null_mut(), 0) };
        assert_eq!(none, MP_ERR_NULL);
        let mut home = Home::new();
        home.nodes[1].parent = 2;
        let (result, _, fault) = home.plan(4);
        assert_eq!(result, MP_ERR_SITE);
        assert!(fault.contains("E0") && fault.contains("pods[1]"), "{fault}");

        type Change = fn(&mut Home);
        let cases: [(Change, mp_result); 8] = [
            (|h| h.site.abi = 99, MP_ERR_ABI),
            (|h| h.site.size = 8, MP_ERR_SIZE),
            (|h| h.site.flags = 128, MP_ERR_ARGUMENT),
            (|h| h.radios[0].widths = 32, MP_ERR_ARGUMENT),
            (|h| h.radios[1].node = 3, MP_ERR_ARGUMENT),
            (|h| h.radios[1].size = 24, MP_ERR_SIZE),
            (|h| h.clients[0].ppdu = 77, MP_ERR_FORMAT),
            (|h| h.client_losses[0].client = 1, MP_ERR_ARGUMENT),
        ];
        for (i, (change, expected)) in cases.into_iter().enumerate() {
            let mut home = Home::new();
            change(&mut home);
            assert_eq!(home.plan(4).0, expected, "case {i}");
        }
        let mut home = Home::new();
        home.site.n_dfs = 1;
        assert_eq!(home.plan(4).0, MP_ERR_NULL, "an array that is not there");
        home.site.n_dfs = MP_SITE_ENTRIES_MAX + 1;
        assert_eq!(home.plan(4).0, MP_ERR_ARGUMENT);
    }
}
