//! From a site file to its [`Topology`]: every fault is found and reported at once, under a stable code.
//!
//! Three passes: `ranges` looks at each number by itself, `names` resolves ids, `options` works out what is
//! allowed. A pass runs only on what the passes before it accepted, so no fault causes a second message.

mod error;
mod names;
mod options;
mod ranges;
mod uplinks;

pub use error::{Code, SiteError};

use crate::model::site::Site;
use crate::model::topology::Topology;

/// Reads a site from JSON text. The error has the line and column.
pub fn parse(text: &[u8]) -> Result<Site, SiteError> {
    serde_json::from_slice(text).map_err(|e| {
        let place = format!("line {} column {}", e.line(), e.column());
        let text = e.to_string();
        let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
        SiteError::new(Code::Syntax, place, what)
    })
}

/// Checks a site and resolves it; or returns every fault, in the order of the file's fields.
pub fn validate(site: &Site) -> Result<Topology, Vec<SiteError>> {
    let mut faults = Vec::new();
    ranges::check(site, &mut faults);
    stop_on(&mut faults)?;
    let resolved = names::resolve(site, &mut faults);
    stop_on(&mut faults)?;
    let topology = options::build(site, &resolved, &mut faults);
    stop_on(&mut faults)?;
    Ok(topology)
}

fn stop_on(faults: &mut Vec<SiteError>) -> Result<(), Vec<SiteError>> {
    if faults.is_empty() { Ok(()) } else { Err(std::mem::take(faults)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::site::{Choice, DfsState, Forecast, Grant, Uplink, Wire};
    use millpond_dsp::phy::{Band, Bandwidth};

    const EXAMPLE: &[u8] = include_bytes!("../../examples/three-pods.json");

    fn example() -> Site {
        parse(EXAMPLE).unwrap()
    }

    /// Plants faults and expects exactly these codes with these paths.
    fn plant(expected: &[(Code, &str)], fault: impl Fn(&mut Site)) {
        let mut site = example();
        fault(&mut site);
        let found = validate(&site).err().unwrap_or_default();
        let found: Vec<(Code, &str)> = found.iter().map(|e| (e.code, e.path.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn several_faults_are_reported_at_once_with_place_and_remedy() {
        plant(
            &[
                (Code::Range, "policy.power_steps_db[0]"),
                (Code::Range, "pods[0].radios[0].max_eirp_dbm"),
                (Code::Size, "pods[1].id"),
                (Code::Range, "clients[2].demand_kbps"),
                (Code::Range, "neighbours[0].level_dbm"),
            ],
            |s| {
                // The policy's fault does not hide the others.
                s.policy.power_steps_db = vec![99];
                s.pods[0].radios[0].max_eirp_dbm = 90;
                s.pods[1].id = String::new();
                s.clients[2].demand_kbps = u32::MAX;
                s.neighbours[0].level_dbm = 5;
            },
        );
        let mut site = example();
        site.country = "XX\u{1b}[31m".into();
        let line = validate(&site).unwrap_err()[0].to_string();
        assert!(line.starts_with("E004 country: ") && line.contains("use US") && !line.contains('\u{1b}'), "{line}");
    }

    #[test]
    fn every_code_has_its_fault() {
        plant(&[(Code::Format, "format")], |s| s.format = "millpond-site/9".into());
        plant(&[(Code::Country, "country")], |s| s.country = "ZZ".into());
        plant(&[(Code::Incomplete, "pods")], |s| s.pods.clear());
        plant(&[(Code::Incomplete, "pods[0].home")], |s| s.pods[0].gateway = false);
        plant(&[(Code::Incomplete, "pods[2].radios[1].widths")], |s| s.pods[2].radios[1].widths.clear());
        plant(&[(Code::Duplicate, "pods[2].id")], |s| {
            s.pods[2].id = "kitchen".into();
            s.pod_path_loss.clear();
            s.clients.clear();
            s.neighbours.clear();
        });
        plant(&[(Code::Unknown, "wired[0].b")], |s| s.wired.push(Wire { a: "hall".into(), b: "attic".into() }));
        plant(&[(Code::Unknown, "clients[1].current.radio")], |s| {
            s.clients[1].current.as_mut().unwrap().radio = "6g".into()
        });
        plant(&[(Code::NoChannel, "pods[0].radios[1].current")], |s| {
            s.pods[0].radios[1].current.as_mut().unwrap().primary = 37;
        });
        plant(&[(Code::NoChannel, "dfs[2].channel")], |s| {
            s.dfs.push(DfsState { channel: 101, radar_events_30d: 0, home: None, non_occupancy: false });
        });
        plant(&[(Code::Unknown, "dfs[2].home")], |s| {
            s.dfs.push(DfsState {
                channel: 100,
                radar_events_30d: 0,
                home: Some("attic".into()),
                non_occupancy: false,
            });
        });
        plant(&[(Code::Unknown, "afc[0].pod")], |s| {
            s.afc.push(Grant { pod: "attic".into(), low_mhz: 5_925, high_mhz: 6_425, density_dbm_per_mhz: 20 });
        });
        plant(&[(Code::Size, "forecast.demand_permille"), (Code::Range, "afc[0].high_mhz")], |s| {
            s.forecast = Some(Forecast { demand_permille: vec![0; 23], motion_permille: Vec::new() });
            s.afc.push(Grant { pod: "hall".into(), low_mhz: 6_000, high_mhz: 6_000, density_dbm_per_mhz: 20 });
        });
        plant(&[(Code::NothingAllowed, "pods[0].radios[0]")], |s| {
            s.pods[0].radios[0].primaries = vec![14];
            s.pods[0].radios[0].current = None;
        });
        plant(&[(Code::NothingShared, "pods[0].radios")], |s| {
            s.pods[0].radios[1].primaries = vec![36];
            s.pods[0].radios[1].current = None;
            s.pods[1].radios[1].primaries = vec![149];
            s.pods[1].radios[1].current = None;
        });
        let link = |parent: &str, radio: &str| {
            Some(Uplink { parent: parent.into(), parent_radio: "5g".into(), radio: radio.into() })
        };
        plant(&[(Code::BadUplink, "pods[1].uplink")], |s| s.pods[1].uplink = link("hall", "2g"));
        plant(&[(Code::BadUplink, "pods")], |s| s.pods[1].uplink = link("bedroom", "5g"));
        plant(&[(Code::Unreachable, "pods[1]"), (Code::Unreachable, "pods[2]")], |s| {
            s.pod_path_loss.clear();
            s.pods.iter_mut().for_each(|p| p.uplink = None);
        });
        plant(&[(Code::Unserved, "clients[0].current")], |s| drop(s.clients[0].path_loss.remove(0)));
        plant(&[(Code::Unserved, "clients[3].path_loss")], |s| {
            s.clients[3].current = None;
            s.clients[3].path_loss[0].loss_db = 150;
        });
        plant(&[(Code::Pinned, "pods[2]")], |s| {
            s.pins.push(Choice::Uplink { pod: "bedroom".into(), parent: Some("bedroom".into()), band: None });
        });
        plant(&[(Code::Pinned, "clients[3]")], |s| {
            s.objections.push(Choice::Client { client: "doorbell".into(), pod: None, band: Some(Band::Ghz2) });
        });
    }

    #[test]
    fn cut_and_changed_files_are_refused_or_read() {
        for end in (0..EXAMPLE.len() - 1).step_by(37) {
            assert_eq!(parse(&EXAMPLE[..end]).unwrap_err().code, Code::Syntax);
        }
        // Any byte replaced by any of these: no panic, whatever comes out.
        for at in 0..EXAMPLE.len() {
            for byte in [b'0', b'-', b'9', b'"', 0xff] {
                let mut text = EXAMPLE.to_vec();
                text[at] = byte;
                if let Ok(site) = parse(&text) {
                    let _ = validate(&site);
                }
            }
        }
        let unknown = String::from_utf8(EXAMPLE.to_vec()).unwrap().replacen("\"country\"", "\"contry\"", 1);
        let fault = parse(unknown.as_bytes()).unwrap_err();
        assert!(fault.to_string().starts_with("E001 line ") && fault.detail.contains("contry"), "{fault}");
    }

    #[test]
    fn a_site_survives_its_own_json() {
        let site = example();
        assert_eq!(parse(&serde_json::to_vec(&site).unwrap()).unwrap(), site);
        assert!(site.pods[0].radios[1].widths.contains(&Bandwidth::Mhz80));
    }
}
