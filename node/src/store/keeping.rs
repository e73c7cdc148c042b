//! Memory and store together: when history is loaded, written, swept, held, erased and put into quarantine. Time is an
//! argument.

use millpond_report::sink::LanDoor;
use millpond_report::wire::range::{Kept, Number};
use millpond_report::{EventCode, Privacy};

use super::history::{Count, History, Retention, Stretch};
use super::vault::{Vault, VaultError};
use crate::message::Message;

/// Slots between two writes: so much a power cut may lose. More often would wear out a router's flash.
const WRITE_EVERY: u32 = 3;
/// A file that could not be written anew for so long is destroyed, because what it holds would outlive its cap.
const STALE: u32 = 12;

/// Something for the journal.
pub type Noted = (EventCode, u16);

/// What an erasure found, and what a second look found after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// What was there.
    pub before: Count,
    /// What is there now: nothing, or the erasure failed.
    pub after: Count,
    /// Files that were destroyed.
    pub files: u32,
    /// Whether a file is still there.
    pub left: bool,
}

/// History and its store.
pub struct Keeping {
    /// What is known, in memory.
    pub history: History,
    vault: Option<Vault>,
    quarantined: bool,
    held: bool,
    written: Option<u32>,
    failing: Option<u32>,
}

impl Keeping {
    /// Memory alone, or with a store that may be used once the household agrees.
    pub fn new(vault: Option<Vault>, retention: Retention, held: bool) -> Self {
        let history = History::new(retention);
        Self { history, vault, quarantined: false, held, written: None, failing: None }
    }

    /// Whether history is on hold: kept, unreadable, unused.
    pub fn held(&self) -> bool {
        self.held
    }

    /// Puts history on hold or lifts that. What happens while it is on hold is not remembered.
    pub fn hold(&mut self, on: bool) {
        self.held = on;
    }

    /// Where history is kept.
    pub fn kept(&self, privacy: &Privacy) -> Kept {
        match (self.quarantined, privacy.keep() && self.vault.is_some()) {
            (true, _) => Kept::Quarantined,
            (false, true) => Kept::Disk,
            (false, false) => Kept::Memory,
        }
    }

    /// Whether the store cannot be written at the moment.
    pub fn failing(&self) -> bool {
        self.failing.is_some()
    }

    /// At start, once the clock is set: takes stored history back if the household agreed, destroys it if it did not.
    pub fn open(&mut self, privacy: &Privacy, slot: u32) -> Vec<Noted> {
        self.history.advance(slot);
        let Some(vault) = &self.vault else { return Vec::new() };
        let Some(permit) = privacy.keeping() else {
            // Keeping is off, so nothing may be there; it stands in a file that was put there, or could not go before.
            return self.destroy();
        };
        let stored = match vault.load() {
            Ok(None) => return self.recovered(),
            Ok(Some(mut bytes)) => {
                let loaded = self.history.load(&permit, &bytes, slot);
                millpond_report::Wipe::wipe(bytes.as_mut_slice());
                loaded.map_err(|_| VaultError::Unreadable)
            }
            Err(e) => Err(e),
        };
        match stored {
            Ok(()) => {
                // What was swept on the way in must not stay in the file.
                let mut noted = self.recovered();
                noted.extend(self.write(privacy, slot));
                noted
            }
            Err(_) if self.quarantined => Vec::new(),
            Err(_) => {
                self.quarantined = true;
                vec![(EventCode::Quarantined, 0)]
            }
        }
    }

    fn recovered(&mut self) -> Vec<Noted> {
        if std::mem::take(&mut self.quarantined) { vec![(EventCode::Recovered, 0)] } else { Vec::new() }
    }

    /// A slot has begun, or the clock jumped: sweeps, and writes if it is time.
    pub fn on_slot(&mut self, privacy: &Privacy, slot: u32) -> Vec<Noted> {
        let mut noted = Vec::new();
        let before = self.history.slot();
        if before.is_some_and(|b| slot < b || slot - b > 12) {
            noted.push((EventCode::ClockJumped, 0));
        }
        let swept = self.history.advance(slot);
        if swept > 0 {
            noted.push((EventCode::Swept, swept.min(usize::from(u16::MAX)) as u16));
        }
        let due = self.written.is_none_or(|w| slot < w || slot - w >= WRITE_EVERY) || self.failing.is_some();
        if due {
            noted.extend(self.write(privacy, slot));
        }
        noted
    }

    /// Takes what belongs to history from a message.
    pub fn put(&mut self, privacy: &Privacy, message: &Message) {
        if self.held {
            return;
        }
        match message {
            Message::Zone(zone) => self.history.zone(zone),
            Message::Event(event) => self.history.note(event.get().code, event.get().number),
            Message::Decision(decision) => {
                if let Some(mut store) = privacy.lan(LanDoor::Store, &mut self.history) {
                    let _ = store.send(decision);
                }
            }
            _ => {}
        }
    }

    /// Writes the store, if there is one and the household agreed. In quarantine nothing is written over.
    pub fn write(&mut self, privacy: &Privacy, slot: u32) -> Vec<Noted> {
        let (Some(vault), Some(permit)) = (&self.vault, privacy.keeping()) else { return Vec::new() };
        if self.quarantined {
            return Vec::new();
        }
        self.written = Some(slot);
        let mut bytes = self.history.save(&permit);
        let saved = vault.save(&bytes);
        millpond_report::Wipe::wipe(bytes.as_mut_slice());
        match (saved, self.failing) {
            (Ok(()), None) => Vec::new(),
            (Ok(()), Some(_)) => {
                self.failing = None;
                vec![(EventCode::Recovered, 0)]
            }
            (Err(_), None) => {
                self.failing = Some(slot);
                vec![(EventCode::Degraded, 0)]
            }
            (Err(_), Some(since)) => {
                if slot < since || slot - since >= STALE {
                    self.destroy()
                } else {
                    Vec::new()
                }
            }
        }
    }

    /// Destroys the store, because keeping is off or has to end. Memory stays.
    pub fn destroy(&mut self) -> Vec<Noted> {
        self.history.forget_decisions();
        match self.vault.as_ref().map(Vault::destroy) {
            None | Some(Ok(_)) => {
                self.failing = None;
                self.recovered()
            }
            Some(Err(_)) if self.quarantined => Vec::new(),
            Some(Err(_)) => {
                self.quarantined = true;
                vec![(EventCode::Quarantined, 0)]
            }
        }
    }

    /// Erases everything, then looks again.
    pub fn erase_all(&mut self) -> Erased {
        let before = self.history.clear();
        let files = self.vault.as_ref().map_or(Ok(0), Vault::destroy);
        let left = self.vault.as_ref().is_some_and(Vault::exists);
        self.quarantined = left;
        self.failing = None;
        Erased { before, after: self.history.count(), files: files.unwrap_or(0) as u32, left }
    }

    /// Erases a stretch of the rings from memory and from the store, then looks again.
    pub fn erase(&mut self, stretch: Stretch, privacy: &Privacy, slot: u32) -> Erased {
        let before = self.history.count();
        self.history.erase(stretch);
        // A store that cannot be written without the stretch must not keep it.
        let stale = self.write(privacy, slot).iter().any(|(code, _)| *code == EventCode::Degraded) || self.failing();
        let files = if stale { self.vault.as_ref().map_or(0, |v| v.destroy().unwrap_or(0)) } else { 0 };
        let left = stale && self.vault.as_ref().is_some_and(Vault::exists) || self.quarantined;
        self.quarantined = left;
        Erased { before, after: self.history.count(), files: files as u32, left }
    }

    /// Notes an entry of the audit.
    pub fn note(&mut self, code: EventCode, number: i64) {
        self.history.note(code, Number::new(number));
    }
}
