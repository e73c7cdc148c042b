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

    fn plan(&mut self, room: usize) -> (mp_result, Vec<mp_decision>, String) {
        let s = &mut self.site;
        (s.n_nodes, s.n_radios, s.n_losses) = (2, 2, 1);
        (s.n_clients, s.n_client_losses, s.n_surveys) = (1, 1, 2);
        (s.nodes, s.radios, s.losses) = (self.nodes.as_ptr(), self.radios.as_ptr(), self.losses.as_ptr());
        (s.clients, s.client_losses) = (self.clients.as_ptr(), self.client_losses.as_ptr());
        s.surveys = self.surveys.as_ptr();
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
    let cases: [(Change, mp_result); 9] = [
        (|h| h.site.abi = 99, MP_ERR_ABI),
        (|h| h.site.size = 8, MP_ERR_SIZE),
        (|h| h.site.flags = 128, MP_ERR_ARGUMENT),
        (|h| h.radios[0].widths = 32, MP_ERR_ARGUMENT),
        (|h| h.radios[1].node = 3, MP_ERR_ARGUMENT),
        (|h| h.radios[1].size = 24, MP_ERR_SIZE),
        (|h| h.clients[0].ppdu = 77, MP_ERR_FORMAT),
        (|h| h.client_losses[0].client = 1, MP_ERR_ARGUMENT),
        (|h| h.surveys[0].busy_ms = u64::MAX, MP_OK),
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
