//! Names and addresses of devices, kept apart from the physics: the same scene with other identities gives the same
//! samples. They are class R inputs of the privacy contract, so they have no `Debug`, no `Display` and no `Serialize`.

use millpond_dsp::phy::MacAddr;

use super::draw::{Draw, Purpose};
use super::scene::{DeviceKind, Scene};

/// What a device is called on the air and on the network.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Address of its radio.
    pub mac: MacAddr,
    /// Host name, as DHCP tells it.
    pub host_name: String,
    /// IPv4 address.
    pub ip: [u8; 4],
    /// Network name, for APs.
    pub ssid: Option<String>,
}

/// One identity for each device of a scene, in its order.
#[derive(Clone, PartialEq, Eq)]
pub struct Identities(Vec<Identity>);

impl Identities {
    /// Random names and addresses, all different. One seed, one naming; the scene's own names do not enter.
    pub fn generate(scene: &Scene, seed: u64) -> Self {
        let mut home = Draw::new(seed, Purpose::Identity, u64::MAX);
        let (net, ours) = ((home.bits() & 0xff) as u8, word(&mut home));
        let one = |(i, device): (usize, &super::scene::Device)| {
            let mut draw = Draw::new(seed, Purpose::Identity, i as u64);
            let b = draw.bits().to_le_bytes();
            // Unicast, universally administered; the last two octets count, so that no two are equal.
            let mac = MacAddr([b[0] & 0xfc, b[1], b[2], b[3], (i >> 8) as u8 ^ b[4], i as u8 ^ b[4]]);
            let ssid = match device.kind {
                DeviceKind::Pod => Some(ours.clone()),
                DeviceKind::Neighbour => Some(word(&mut draw)),
                DeviceKind::Station | DeviceKind::Phone => None,
            };
            let host = 2 + (i % 252) as u8;
            Identity { mac, host_name: format!("{}-{i}", word(&mut draw)), ip: [10, (i / 252) as u8, net, host], ssid }
        };
        Self(scene.devices.iter().enumerate().map(one).collect())
    }

    /// Given identities, one a device, in the scene's order. `None` if the number differs.
    pub fn new(scene: &Scene, identities: Vec<Identity>) -> Option<Self> {
        (identities.len() == scene.devices.len()).then_some(Self(identities))
    }

    /// The identity of a device.
    pub fn of(&self, device: usize) -> Option<&Identity> {
        self.0.get(device)
    }

    /// All, in the order of the scene's devices.
    pub fn iter(&self) -> impl Iterator<Item = &Identity> {
        self.0.iter()
    }
}

fn word(draw: &mut Draw) -> String {
    let consonants = b"bdfghklmnprstvz";
    let vowels = b"aeiou";
    let mut text = String::new();
    for _ in 0..4 {
        let bits = draw.bits();
        text.push(char::from(consonants[(bits & 0xffff) as usize % consonants.len()]));
        text.push(char::from(vowels[(bits >> 32) as usize % vowels.len()]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_different_and_repeatable() {
        let scene = Scene::builtin("home").unwrap();
        let a = Identities::generate(&scene, 1);
        assert!(a == Identities::generate(&scene, 1));
        let b = Identities::generate(&scene, 2);
        for (i, x) in a.iter().enumerate() {
            assert!(!x.mac.is_group() && !x.mac.is_local());
            assert!(a.iter().skip(i + 1).all(|y| y.mac != x.mac && y.ip != x.ip && y.host_name != x.host_name));
            assert!(b.iter().all(|y| y.mac != x.mac));
        }
    }
}
