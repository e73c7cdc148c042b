//! Given identities in place of random ones: for tests that plant names and addresses and look for them afterwards.

use std::fmt;
use std::net::IpAddr;

use millpond_datasets::sim::network::{ClientSpec, NeighbourSpec};
use millpond_datasets::sim::scene::Device;
use millpond_datasets::sim::{DeviceKind, Identities, Identity};
use millpond_dsp::phy::{Band, Bandwidth, MacAddr};

use super::Setup;

/// What is wrong with a line of identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityFault {
    /// It has not four fields.
    Fields,
    /// The first field is no address of six octets.
    Mac,
    /// The second field is no IP address.
    Ip,
    /// There are fewer lines than devices in the scene.
    TooFew,
}

/// A refused list of identities. It says where, never what: the list is class R.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityError {
    /// What is wrong.
    pub fault: IdentityFault,
    /// Line, from 1.
    pub line: usize,
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.fault {
            IdentityFault::Fields => "four fields with tabs between are wanted: address, IP, host name, network name",
            IdentityFault::Mac => "the first field is no address like 02:00:00:00:00:01",
            IdentityFault::Ip => "the second field is no IP address",
            IdentityFault::TooFew => "the scene has more devices than there are lines",
        };
        write!(f, "identities, line {}: {what}", self.line)
    }
}

impl std::error::Error for IdentityError {}

impl Setup {
    /// Names the scene's devices in order, one a line: address, IP, host name, network name, with tabs between; the last
    /// three may be empty. Lines beyond the scene's devices add devices: with a host name a station of the home, without
    /// one a foreign access point.
    pub fn with_identities(mut self, text: &str) -> Result<Self, IdentityError> {
        let mut identities = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let (identity, ip) = parse(line).map_err(|fault| IdentityError { fault, line: i + 1 })?;
            if i >= self.scene.devices.len() {
                self.add_device(i, !identity.host_name.is_empty());
            }
            identities.push(identity);
            self.ips.push(ip);
        }
        let line = identities.len() + 1;
        let few = IdentityError { fault: IdentityFault::TooFew, line };
        self.identities = Identities::new(&self.scene, identities).ok_or(few)?;
        Ok(self)
    }

    /// A device somewhere around the home; its place and channel follow from its number.
    fn add_device(&mut self, i: usize, station: bool) {
        let turn = i as f64;
        let at = [5.0 + 4.0 * libm::cos(turn), 4.0 + 3.0 * libm::sin(turn), 1.0];
        let outside = [5.0 + 12.0 * libm::cos(turn), 4.0 + 11.0 * libm::sin(turn), 1.5];
        let name = format!("added-{i}");
        let Some(network) = &mut self.scene.network else { return };
        if station {
            let bands = vec![Band::Ghz2, Band::Ghz5];
            network.clients.push(ClientSpec { device: name.clone(), demand_mbps: 0.5, bands });
            self.scene.devices.push(Device { name, kind: DeviceKind::Phone, at });
        } else {
            let channel = [1, 6, 11][i % 3];
            network.neighbours.push(NeighbourSpec {
                device: name.clone(),
                band: Band::Ghz2,
                channel,
                width_mhz: Bandwidth::Mhz20,
                eirp_dbm: 20.0,
                duty: 0.01,
            });
            self.scene.devices.push(Device { name, kind: DeviceKind::Neighbour, at: outside });
        }
    }
}

fn parse(line: &str) -> Result<(Identity, IpAddr), IdentityFault> {
    let fields: Vec<&str> = line.split('\t').collect();
    let &[mac, ip, host, ssid] = fields.as_slice() else { return Err(IdentityFault::Fields) };
    let octets: Vec<u8> = mac.split(':').filter_map(|o| u8::from_str_radix(o, 16).ok()).collect();
    let mac = MacAddr(octets.try_into().map_err(|_| IdentityFault::Mac)?);
    let ip: IpAddr = if ip.is_empty() { [0, 0, 0, 0].into() } else { ip.parse().map_err(|_| IdentityFault::Ip)? };
    let ssid = (!ssid.is_empty()).then(|| ssid.to_owned());
    Ok((Identity { mac, host_name: host.to_owned(), ip: [0; 4], ssid }, ip))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> IdentityError {
        Setup::home(1).unwrap().with_identities(text).err().unwrap()
    }

    #[test]
    fn lines_name_devices_and_add_some() {
        let line = |i: usize| format!("02:00:00:00:00:{i:02x}\t192.0.2.{i}\thost{i}\tnet{i}\n");
        let devices = Setup::home(1).unwrap().scene.devices.len();
        let text: String = (0..devices + 2).map(line).collect::<String>() + "02:00:00:00:01:00\t\t\tfar\n";
        let setup = Setup::home(1).unwrap().with_identities(&text).unwrap();
        assert_eq!(setup.scene.devices.len(), devices + 3);
        assert!(setup.scene.check().is_ok());
        assert!(setup.identities.of(3).unwrap().mac == MacAddr([2, 0, 0, 0, 0, 3]));
        assert!(setup.parts(1.0).is_ok());
    }

    #[test]
    fn a_wrong_line_is_told_by_its_number_alone() {
        let good = "02:00:00:00:00:01\t\t\t\n";
        assert_eq!(error(&format!("{good}x")), IdentityError { fault: IdentityFault::Fields, line: 2 });
        assert_eq!(error("02:00:00:00:00\t\t\t").fault, IdentityFault::Mac);
        assert_eq!(error("02:00:00:00:00:01\t1.2.3\t\t").fault, IdentityFault::Ip);
        assert_eq!(error(good), IdentityError { fault: IdentityFault::TooFew, line: 2 });
        assert!(!error("secret\tsecret\tsecret\tsecret").to_string().contains("secret"));
    }
}
