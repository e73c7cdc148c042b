//! Pseudonyms: how two nodes of one home find that they hear the same neighbour, without a table of addresses.
//!
//! HMAC-SHA-256 under a key of one epoch, which lives in memory and is wiped. A pseudonym is a function of an address,
//! so it is class R: it comes out of here as [`Raw`] and reaches no sink.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroize;

use crate::Raw;
use crate::budget::sampler::{NoWords, Words};
use crate::raw::{Address, Telemetry, Wipe};

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

/// The key of one epoch, wiped on drop.
pub struct EpochKey {
    key: [u8; 32],
    epoch: u32,
}

impl EpochKey {
    /// A fresh key for an epoch.
    ///
    /// - Errors: [`NoWords`] from the generator
    pub fn draw(words: &mut impl Words, epoch: u32) -> Result<Self, NoWords> {
        let mut key = [0; 32];
        for part in key.chunks_exact_mut(4) {
            part.copy_from_slice(&words.word()?.to_be_bytes());
        }
        Ok(Self { key, epoch })
    }

    /// A key that this home's nodes have agreed on for an epoch.
    pub const fn shared(key: [u8; 32], epoch: u32) -> Self {
        Self { key, epoch }
    }

    /// The pseudonym of an address. Lost: the address, to all who do not hold the key.
    pub fn pseudonym(&self, domain: Domain, address: &Raw<Address>) -> Raw<Pseudonym> {
        let mut mac = keyed(&self.key);
        mac.update(domain.label());
        mac.update(&[0]);
        mac.update(&self.epoch.to_be_bytes());
        mac.update(address.open().bytes());
        let mut full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut short = [0; 8];
        for (to, from) in short.iter_mut().zip(full) {
            *to = from;
        }
        full.zeroize();
        Raw::new(Pseudonym(short))
    }
}

/// HMAC-SHA-256 under a key of 32 bytes. HMAC itself fills a short key up with zeros to the hash's block of 64 bytes
/// (RFC 2104, section 2); done here, no length can be wrong.
pub(crate) fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    // In the form that HMAC reads, so that no second copy is made of it.
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mac = <Hmac<Sha256> as Mac>::new(&block);
    block.as_mut_slice().zeroize();
    mac
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
        let key = EpochKey::shared(core::array::from_fn(|i| i as u8), epoch);
        u64::from_be_bytes(key.pseudonym(domain, &Raw::new(Address::new([2, 0, 0, 0, 0, last]))).open().0)
    }

    #[test]
    fn the_contract_s_vectors() {
        assert_eq!(of(Domain::Neighbour, 20_000, 1), 0x18bb_c3d8_f1ac_e734);
        assert_eq!(of(Domain::Neighbour, 20_001, 1), 0x3a42_66f5_e524_c61f);
        assert_eq!(of(Domain::Station, 20_000, 1), 0x812b_a30b_d9aa_122c);
        assert_eq!(of(Domain::Neighbour, 20_000, 2), 0x7252_20bd_4ecd_af60);
    }
}
