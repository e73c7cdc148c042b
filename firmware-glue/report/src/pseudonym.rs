//! Pseudonyms: how two nodes of one home find that they hear the same neighbour, without a table of addresses.
//!
//! HMAC-SHA-256 under a key of one epoch, which lives in memory and is wiped. A pseudonym is a function of an address,
//! so it is class R: it comes out of here as [`Raw`] and reaches no sink.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroize;

use crate::Raw;
use crate::budget::sampler::{NoWords, Words};
use crate::raw::{Address, Telemetry, Wipe, overwrite};

/// What is matched. No pseudonym of one domain equals one of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Neighbouring access points.
    Neighbour,
    /// Stations.
    Station,
}

impl Domain {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Neighbour => b"neigh/1",
            Self::Station => b"sta/1",
        }
    }
}

/// The key of one epoch, wiped on drop. It is made in the place where it stays: a key that is moved leaves a copy behind that
/// nobody wipes.
pub struct EpochKey {
    key: [u8; 32],
    epoch: u32,
}

impl EpochKey {
    /// A fresh key for an epoch, in place of the one before, which is wiped.
    ///
    /// - Errors: [`NoWords`] from the generator; then there is none
    pub fn draw<'p>(place: &'p mut Option<Self>, words: &mut impl Words, epoch: u32) -> Result<&'p Self, NoWords> {
        let mut drawn = Ok(());
        let fill = |part: &mut [u8]| {
            // A word is a part of the key, so it goes by the shortest way and is wiped as well.
            match words.word() {
                Ok(mut word) => {
                    for (to, shift) in part.iter_mut().zip([24, 16, 8, 0]) {
                        *to = (word >> shift) as u8;
                    }
                    word.zeroize();
                }
                Err(e) => drawn = Err(e),
            }
        };
        Self::blank(place, epoch).key.chunks_exact_mut(4).for_each(fill);
        if drawn.is_err() {
            *place = None;
        }
        drawn.and(place.as_ref().ok_or(NoWords))
    }

    /// A key that this home's nodes have agreed on for an epoch, in place of the one before, which is wiped.
    pub fn shared<'p>(place: &'p mut Option<Self>, key: &[u8; 32], epoch: u32) -> &'p Self {
        let ours = Self::blank(place, epoch);
        for (to, from) in ours.key.iter_mut().zip(key) {
            *to = *from;
        }
        ours
    }

    fn blank(place: &mut Option<Self>, epoch: u32) -> &mut Self {
        *place = None;
        place.insert(Self { key: [0; 32], epoch })
    }

    /// The pseudonym of an address. Lost: the address, to all who do not hold the key.
    pub fn pseudonym(&self, domain: Domain, address: &Raw<Address>) -> Raw<Pseudonym> {
        let mut mac = Keyed::new(&self.key);
        mac.update(domain.label());
        mac.update(&[0]);
        mac.update(&self.epoch.to_be_bytes());
        mac.update(address.open().bytes());
        let mut full = mac.tag();
        let mut short = [0; 8];
        for (to, from) in short.iter_mut().zip(full) {
            *to = from;
        }
        full.zeroize();
        Raw::new(Pseudonym(short))
    }
}

/// HMAC-SHA-256 (RFC 2104, section 2) under a key of 32 bytes, which leaves no copy of the key behind: the blocks that are made
/// of it and the states after them are wiped.
pub(crate) struct Keyed {
    inner: Sha256,
    outer: Sha256,
}

impl Keyed {
    /// Bytes of the hash's block; a shorter key is filled up with zeros.
    const BLOCK: usize = 64;

    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut mac = Self { inner: Sha256::new(), outer: Sha256::new() };
        let mut block = [0; Self::BLOCK];
        for (state, pad) in [(&mut mac.inner, 0x36), (&mut mac.outer, 0x5c)] {
            let padded = key.iter().chain(core::iter::repeat(&0));
            block.iter_mut().zip(padded).for_each(|(to, from)| *to = from ^ pad);
            state.update(block);
        }
        block.zeroize();
        mac
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.inner.update(bytes);
    }

    pub(crate) fn tag(mut self) -> [u8; 32] {
        let inner = self.inner.finalize_reset();
        self.outer.update(inner);
        self.outer.finalize_reset().into()
    }
}

impl Drop for Keyed {
    fn drop(&mut self) {
        overwrite(&mut self.inner, Sha256::new());
        overwrite(&mut self.outer, Sha256::new());
    }
}

impl Drop for EpochKey {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// Eight bytes that stand for an address during one epoch. Inside a gate function it can be kept and compared, and that is
/// all: it has no reader and no order.
#[derive(Clone, PartialEq, Eq)]
pub struct Pseudonym([u8; 8]);

impl Pseudonym {
    /// As another node of the home gave it. Seal it at once: it is class R.
    pub const fn received(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

impl Wipe for Pseudonym {
    fn wipe(&mut self) {
        self.0.zeroize();
    }
}

impl Telemetry for Pseudonym {}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(domain: Domain, epoch: u32, last: u8) -> u64 {
        let mut place = None;
        let key = EpochKey::shared(&mut place, &core::array::from_fn(|i| i as u8), epoch);
        u64::from_be_bytes(key.pseudonym(domain, &Raw::new(Address::new([2, 0, 0, 0, 0, last]))).open().0)
    }

    #[test]
    fn the_contract_s_vectors() {
        assert_eq!(of(Domain::Neighbour, 20_000, 1), 0x18bb_c3d8_f1ac_e734);
        assert_eq!(of(Domain::Neighbour, 20_001, 1), 0x3a42_66f5_e524_c61f);
        assert_eq!(of(Domain::Station, 20_000, 1), 0x812b_a30b_d9aa_122c);
        assert_eq!(of(Domain::Neighbour, 20_000, 2), 0x7252_20bd_4ecd_af60);
    }

    #[test]
    fn the_tags_of_rfc_4231() {
        // Section 4.2 and 4.3, whose keys are shorter: filled up with zeros they are the same.
        let tag = |key: &[u8], text: &[u8]| {
            let mut whole = [0; 32];
            whole[..key.len()].copy_from_slice(key);
            let mut mac = Keyed::new(&whole);
            text.chunks(3).for_each(|part| mac.update(part));
            mac.tag()
        };
        assert_eq!(tag(&[0x0b; 20], b"Hi There")[..4], [0xb0, 0x34, 0x4c, 0x61]);
        assert_eq!(tag(b"Jefe", b"what do ya want for nothing?")[28..], [0x64, 0xec, 0x38, 0x43]);
    }

    #[test]
    fn a_generator_that_fails_leaves_no_key() {
        struct Dying(u32);
        impl Words for Dying {
            fn word(&mut self) -> Result<u32, NoWords> {
                self.0 = self.0.checked_sub(1).ok_or(NoWords)?;
                Ok(self.0)
            }
        }
        let mut place = None;
        assert!(EpochKey::draw(&mut place, &mut Dying(8), 1).is_ok());
        assert!(EpochKey::draw(&mut place, &mut Dying(7), 2).is_err() && place.is_none());
    }
}
