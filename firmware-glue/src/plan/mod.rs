//! The entry point of the planner: a home in the caller's arrays in, decisions with their reasons out.

mod site;
mod told;

use core::ffi::c_char;

use millpond_optimizer::env::Environment;
use millpond_optimizer::validate::SiteError;
use millpond_optimizer::{decisions, plan_site};
use millpond_report::Raw;
use millpond_report::wire::range::Slot;
use millpond_report::{gate, wire};

use crate::abi::{mp_decision, mp_site};
use crate::ffi;
use crate::result::mp_result::{self, *};

/// Plans a home: which radio shall use which channel, width and power, which client shall move, and why. Nothing of it
/// is kept, and nothing is applied: that is the host's.
///
/// Writes the decisions, `*count` of them, into an array that has room for `room`; each entry's `size` is set before the
/// call. Their number is at most that of radios and clients. `MP_ERR_BUFFER` if there is less room: then only `*count` is
/// written. `MP_ERR_SITE` if the home cannot be planned: then `fault`, unless it is NULL, holds as much as fits of a text
/// that says where and what to do, and ends in a NUL.
///
/// It needs no sensor, takes memory from the heap while it works and gives it back, and starts no thread. A home of five
/// nodes takes some milliseconds on a desktop machine.
///
/// # Safety
/// `site` is NULL or points at `site->size` readable bytes; each of its arrays has as many entries as its length says, each
/// as large as its first one's `size` says. `decisions` is NULL or has room for `room` entries, `count` is NULL or
/// writable, `fault` is NULL or points at `fault_len` writable bytes.
#[allow(unsafe_code)] // An exported name, and dereferences the caller's pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mp_plan(
    site: *const mp_site,
    decisions: *mut mp_decision,
    room: usize,
    count: *mut usize,
    fault: *mut c_char,
    fault_len: usize,
) -> mp_result {
    let plan = || {
        // SAFETY: the caller's promise above.
        let (head, site) = unsafe {
            let head = ffi::read(site)?;
            (head, site::of(&head)?)
        };
        let rounds = if head.rounds == 0 { 8 } else { head.rounds };
        let environment = Environment::new().with_seed(head.seed.into()).with_rounds(Some(rounds));
        let plan = match plan_site(&site, &environment) {
            Ok(plan) => plan,
            Err(faults) => {
                // SAFETY: the caller's promise above.
                unsafe { tell(&faults, fault, fault_len) }?;
                return Err(MP_ERR_SITE);
            }
        };
        let slot = Slot::new(head.slot.into());
        let made: Vec<mp_decision> = decisions::inputs(&site, &plan)
            .into_iter()
            .zip(u32::from(head.first_number)..)
            .map(|(mut input, number)| {
                input.number = number;
                told::of(&gate::decision(slot, &Raw::new(input)))
            })
            .collect();
        // SAFETY: the caller's promise above.
        unsafe { hand_out(&made, decisions, room, count) }
    };
    crate::panic::guard(|| mp_result::of(plan())).unwrap_or(MP_ERR_INTERNAL)
}

/// # Safety
/// As for [`mp_plan`].
#[allow(unsafe_code)] // Dereferences the caller's pointers.
unsafe fn hand_out(
    made: &[mp_decision],
    decisions: *mut mp_decision,
    room: usize,
    count: *mut usize,
) -> Result<mp_result, mp_result> {
    // SAFETY: the caller's promise. Every entry is looked at before one is written.
    unsafe {
        if room >= made.len() {
            ffi::array(decisions.cast_const(), made.len())?;
        }
        ffi::put(count, made.len())?;
        if room < made.len() {
            return Err(MP_ERR_BUFFER);
        }
        let stride = if made.is_empty() { 0 } else { decisions.cast::<u32>().read() as usize };
        for (i, decision) in made.iter().enumerate() {
            ffi::write(decisions.byte_add(i * stride), decision)?;
        }
    }
    Ok(MP_OK)
}

/// Writes the first fault, and how many there are, as text.
///
/// # Safety
/// As for [`mp_plan`].
#[allow(unsafe_code)] // Dereferences the caller's pointer.
unsafe fn tell(faults: &[SiteError], to: *mut c_char, len: usize) -> Result<(), mp_result> {
    let (Some(first), false, true) = (faults.first(), to.is_null(), len > 0) else { return Ok(()) };
    let text = match faults.len() {
        1 => format!("{first}"),
        n => format!("{first} (and {} more)", n - 1),
    };
    // SAFETY: the caller's promise.
    let place = unsafe { ffi::buffer(to.cast(), len) }?;
    let shown = text.bytes().filter(|b| *b != 0).take(len - 1).chain([0]);
    place.iter_mut().zip(shown).for_each(|(to, from)| *to = from);
    Ok(())
}

// The numbers of this header are those of the wire.
const _: () = {
    use crate::abi::*;
    use wire::range::{DecisionKind, ReasonCode};
    assert!(MP_DECISION_BYTES == <wire::Decision as wire::Wire>::BYTES);
    assert!(MP_DECISION_KEEP == DecisionKind::Keep as u8 && MP_DECISION_CHANNEL == DecisionKind::Channel as u8);
    assert!(MP_DECISION_WIDTH == DecisionKind::Width as u8 && MP_DECISION_POWER == DecisionKind::Power as u8);
    assert!(MP_DECISION_STEER == DecisionKind::Steer as u8);
    assert!(MP_REASON_BUSY == ReasonCode::Busy as u8);
    assert!(MP_REASON_OVERLAP == ReasonCode::Overlap as u8);
    assert!(MP_REASON_NOISE == ReasonCode::Noise as u8);
    assert!(MP_REASON_CAPACITY == ReasonCode::Capacity as u8);
    assert!(MP_REASON_BACKHAUL == ReasonCode::Backhaul as u8);
    assert!(MP_REASON_LOAD == ReasonCode::Load as u8);
    assert!(MP_REASON_DFS == ReasonCode::Dfs as u8);
    assert!(MP_REASON_RADAR == ReasonCode::Radar as u8);
    assert!(MP_REASON_CHURN == ReasonCode::Churn as u8);
    assert!(MP_REASON_WINDOW == ReasonCode::Window as u8);
    assert!(MP_REASON_PIN == ReasonCode::Pin as u8);
    assert!(MP_REASON_OBJECTION == ReasonCode::Objection as u8);
    assert!(MP_REASON_CAPABILITY == ReasonCode::Capability as u8);
    assert!(MP_REASON_REGULATORY == ReasonCode::Regulatory as u8);
    assert!(MP_REASON_REFUSAL == ReasonCode::Refusal as u8);
    assert!(MP_REASON_LIMIT == ReasonCode::Limit as u8);
};

#[cfg(test)]
mod tests;
