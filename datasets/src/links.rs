//! Addresses to link numbers: one link for each transmitter, antenna pair and shape, in order of arrival.

use std::collections::HashMap;
use std::hash::Hash;

use millpond_dsp::LinkId;

/// A table of links. The address itself stays in here.
#[derive(Clone, Debug)]
pub struct Links<K> {
    known: HashMap<K, LinkId>,
    last: Option<(K, LinkId)>,
    limit: u16,
}

impl<K: Copy + Eq + Hash> Links<K> {
    /// A table of at most `limit` links (at least one).
    pub fn new(limit: u16) -> Self {
        Self { known: HashMap::new(), last: None, limit: limit.max(1) }
    }

    /// The link of a key. Keys over the limit share the last link.
    pub fn id(&mut self, key: K) -> LinkId {
        if let Some((last, id)) = self.last {
            if last == key {
                return id;
            }
        }
        let full = self.known.len() >= usize::from(self.limit);
        let id = match self.known.get(&key) {
            Some(&id) => id,
            None if full => LinkId(self.limit - 1),
            None => {
                let id = LinkId(self.known.len() as u16);
                self.known.insert(key, id);
                id
            }
        };
        self.last = Some((key, id));
        id
    }

    /// True if keys had to share a link or would have to.
    pub fn is_full(&self) -> bool {
        self.known.len() >= usize::from(self.limit)
    }
}

/// Address 2 of a received 802.11 frame, zeros where the frame is too short to have one.
///
/// Source: IEEE 802.11-2020 9.2.3: frame control, duration and address 1 come before it.
pub(crate) fn transmitter(mpdu: &[u8]) -> [u8; 6] {
    mpdu.get(10..16).and_then(|a| a.try_into().ok()).unwrap_or_default()
}

/// Sequence number of a received 802.11 frame, where it is long enough to have one (IEEE 802.11-2020 9.2.4.4).
pub(crate) fn sequence(mpdu: &[u8]) -> Option<u16> {
    mpdu.get(22..24).map(|b| u16::from_le_bytes([b[0], b[1]]) >> 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_come_in_order_of_arrival_and_end_at_the_limit() {
        let mut links = Links::new(2);
        let ids: Vec<u16> = [7, 7, 3, 7, 9, 3].into_iter().map(|k| links.id(k).0).collect();
        assert_eq!(ids, [0, 0, 1, 0, 1, 1]);
        assert!(links.is_full());
    }
}
