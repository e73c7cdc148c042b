//! The gate's decision as a struct of the interface.

use millpond_report::wire;
use millpond_report::wire::range::ReasonCode;
use millpond_report::{Derived, Lan};

use crate::abi::*;

/// The message as a struct, its bytes included.
pub(super) fn of(decision: &Derived<wire::Decision, Lan>) -> mp_decision {
    let mut bytes = [0; MP_DECISION_BYTES];
    let (n_bytes, d) = (decision.encode(&mut bytes) as u16, decision.get());
    let shown = |s: &wire::Setting| mp_setting {
        node: s.node.get(),
        band: s.band as u8,
        channel: s.channel.get(),
        eirp_dbm: s.power.get(),
        width_mhz: s.width.mhz(),
        reserved: 0,
    };
    let term = |code: ReasonCode, weight_milli| mp_reason { weight_milli, code: code as u8, reserved: [0; 3] };
    let none = term(ReasonCode::Busy, 0);
    let mut told = mp_decision {
        size: size_of::<mp_decision>() as u32,
        number: d.number.get(),
        slot: d.slot.get(),
        kind: d.kind as u8,
        n_reasons: 0,
        n_losers: 0,
        has_flip: u8::from(d.flip.is_some()),
        from: shown(&d.from),
        to: shown(&d.to),
        reasons: [none; MP_REASONS_MAX],
        losers: [mp_loser { option: shown(&d.to), code: 0, reserved: [0; 3] }; MP_LOSERS_MAX],
        flip: d.flip.map_or(none, |f| term(f.code, f.needed.get())),
        expected_tenths: d.expected.get(),
        n_bytes,
        bytes,
        reserved: 0,
    };
    for (place, r) in told.reasons.iter_mut().zip(d.reasons.iter()) {
        *place = term(r.code, r.weight.get());
        told.n_reasons += 1;
    }
    for (place, l) in told.losers.iter_mut().zip(d.losers.iter()) {
        *place = mp_loser { option: shown(&l.option), code: l.code as u8, reserved: [0; 3] };
        told.n_losers += 1;
    }
    told
}
