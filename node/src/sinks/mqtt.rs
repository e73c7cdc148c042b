//! Home Assistant over MQTT: each second, for every zone, one message of one size, whether or not anything happened.
//!
//! Topics stand under `millpond/INSTALL`, where INSTALL is 64 random bits of this installation. Discovery and
//! availability alone are retained: a broker keeps no motion.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use millpond_report::Privacy;
use millpond_report::sink::{LanDoor, Port, Wired};
use millpond_report::state::{Less, Pause};
use millpond_report::wire::range::ZonePresence;
use millpond_report::wire::{Kind, Zone};

use super::page::json_text;
use crate::command::{Command, House};
use crate::config::Labels;
use crate::message::Message;
use crate::net::{Broker, BrokerConfig, BrokerWatch, Letter, Manners};

const ZONES: usize = 16;
/// Seconds without a message after which Home Assistant calls an entity unavailable.
const EXPIRES_S: u32 = 10;

/// What the household set.
#[derive(Clone)]
pub struct MqttConfig {
    /// The broker.
    pub broker: BrokerConfig,
    /// Before every discovery topic.
    pub prefix: String,
    /// Seconds that *occupied* lasts after presence was last seen, 10 to 3600.
    pub hold_time_s: u16,
}

/// The messages of the second that runs.
struct Second {
    status: Option<String>,
    zones: [Option<String>; ZONES],
    /// Beats since presence was last seen.
    empty_for: [Option<u16>; ZONES],
}

impl Port for Second {
    type Error = Infallible;

    fn put(&mut self, message: &Wired<'_>) -> Result<(), Infallible> {
        match message.kind() {
            Kind::Status => self.status = Some(message.to_string()),
            Kind::Zone => {
                let Some(zone) = message.read::<Zone>() else { return Ok(()) };
                let i = usize::from(zone.zone.get() - 1) % ZONES;
                self.zones[i] = Some(message.to_string());
                match zone.present {
                    ZonePresence::Yes => self.empty_for[i] = Some(0),
                    ZonePresence::No => {}
                    // Off and unknown are no presence that lasts.
                    ZonePresence::Off | ZonePresence::Unknown => self.empty_for[i] = None,
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The sink. Below level 2 there is no connection.
pub struct Mqtt {
    config: MqttConfig,
    labels: Labels,
    zones: u8,
    watch: Arc<BrokerWatch>,
    second: Mutex<Second>,
    open: Mutex<Option<(Broker, Names)>>,
}

impl Mqtt {
    /// A sink for so many zones. Nothing is opened yet.
    pub fn new(config: MqttConfig, labels: Labels, zones: u8, watch: Arc<BrokerWatch>) -> Self {
        let second = Second { status: None, zones: [const { None }; ZONES], empty_for: [None; ZONES] };
        let (second, open) = (Mutex::new(second), Mutex::new(None));
        Self { config, labels, zones, watch, second, open }
    }

    /// Opens the connection for an installation, or closes it. In force when it returns: nothing is sent after a close.
    /// An installation that got another number takes its old entities back.
    pub fn adjust(&self, wanted: Option<u64>, house: &Arc<dyn House>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((broker, names)) = &mut *open {
            if wanted == Some(names.install) {
                return;
            }
            let erased = wanted.is_some();
            broker.close(if erased { names.withdrawn(self.zones, &self.config.prefix) } else { Vec::new() });
            *open = None;
        }
        let Some(install) = wanted.filter(|i| *i != 0) else { return };
        let names = Names { install };
        let manners = Manners {
            client: format!("mp{install:016x}"),
            greeting: names.greeting(&self.labels, self.zones, &self.config),
            farewell: names.available(false),
            topics: vec![format!("{}/sensing/set", names.base()), format!("{}/pause/set", names.base())],
        };
        let (house, base) = (Arc::downgrade(house), names.base());
        let heard = move |topic: &str, payload: &[u8]| {
            let Some((house, order)) = house.upgrade().zip(topic.strip_prefix(&base)) else { return };
            let command = match (order, payload) {
                ("/sensing/set", b"OFF") => Command::Less(Less::Off),
                // Who holds a broker's password is no admin: this is refused, and the refusal is noted.
                ("/sensing/set", b"ON") => Command::On { admin: false },
                ("/pause/set", b"PRESS") => Command::Less(Less::Pause(Pause::Quarter)),
                _ => return,
            };
            if house.command(command).is_err() {
                house.refused();
            }
        };
        if let Ok(broker) = Broker::start(&self.config.broker, manners, Arc::clone(&self.watch), Box::new(heard)) {
            *open = Some((broker, names));
        }
    }

    /// Takes a message, if the level in force has this door.
    pub fn put(&self, privacy: &Privacy, message: &Message) {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        match privacy.lan(LanDoor::Mqtt, &mut *second) {
            Some(mut sink) => _ = message.send(&mut sink),
            None => (second.status, second.zones) = (None, [const { None }; ZONES]),
        }
    }

    /// A second has passed: sends it. Returns how many messages were dropped.
    pub fn beat(&self) -> u32 {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((broker, names)) = &*open else { return 0 };
        let mut letters = Vec::with_capacity(1 + 2 * usize::from(self.zones));
        let letter = |topic: String, payload: String| Letter { topic, payload, retain: false };
        letters.extend(second.status.clone().map(|s| letter(format!("{}/status", names.base()), s)));
        for zone in 1..=usize::from(self.zones).min(ZONES) {
            let Some(text) = second.zones[zone - 1].clone() else { continue };
            letters.push(letter(format!("{}/zone/{zone}", names.base()), text));
            let empty_for = &mut second.empty_for[zone - 1];
            let occupied = empty_for.is_some_and(|s| s < self.config.hold_time_s);
            *empty_for = empty_for.map(|s| s.saturating_add(1));
            letters.push(letter(format!("{}/zone/{zone}/occupied", names.base()), u8::from(occupied).to_string()));
        }
        broker.send(letters);
        broker.dropped()
    }
}

/// Topics of one installation.
#[derive(Clone, Copy)]
struct Names {
    install: u64,
}

impl Names {
    fn base(self) -> String {
        format!("millpond/{:016x}", self.install)
    }

    fn available(self, here: bool) -> Letter {
        let payload = if here { "online" } else { "offline" }.to_owned();
        Letter { topic: format!("{}/available", self.base()), payload, retain: true }
    }

    fn config_topic(self, prefix: &str, component: &str, object: &str) -> String {
        format!("{prefix}/{component}/millpond_{:016x}/{object}/config", self.install)
    }

    /// Every entity: component, object, and its own part of the description.
    fn entities(self, labels: &Labels, zones: u8) -> Vec<(&'static str, String, String)> {
        let base = self.base();
        let mut all = vec![
            (
                "switch",
                "sensing".to_owned(),
                format!(
                    "\"name\":\"Sensing\",\"icon\":\"mdi:radar\",\"command_topic\":\"{base}/sensing/set\",\"state_topic\":\"{base}/status\",\
                     \"value_template\":\"{{{{ 'ON' if value_json.sensing == 'on' else 'OFF' }}}}\",\"optimistic\":false,{}",
                    self.availability(None)
                ),
            ),
            (
                "button",
                "pause".to_owned(),
                format!(
                    "\"name\":\"Pause sensing 15 min\",\"icon\":\"mdi:pause\",\"command_topic\":\"{base}/pause/set\",{}",
                    self.availability(None)
                ),
            ),
        ];
        for zone in 1..=zones {
            let label = labels.zone(zone);
            let name = |what: &str| json_text(&format!("{label} {what}"));
            let (state, available) = (format!("{base}/zone/{zone}"), self.availability(Some(zone)));
            let motion = format!(
                "\"name\":{},\"device_class\":\"motion\",\"state_topic\":\"{state}\",\
                 \"value_template\":\"{{{{ 'ON' if value_json.state == 'moving' else 'OFF' }}}}\",\"expire_after\":{EXPIRES_S},{available}",
                name("motion")
            );
            all.push(("binary_sensor", format!("zone{zone}_motion"), motion));
            let occupancy = format!(
                "\"name\":{},\"device_class\":\"occupancy\",\"state_topic\":\"{state}/occupied\",\"payload_on\":\"1\",\
                 \"payload_off\":\"0\",\"expire_after\":{EXPIRES_S},{available}",
                name("occupancy")
            );
            all.push(("binary_sensor", format!("zone{zone}_occupancy"), occupancy));
            let level = format!(
                "\"name\":{},\"icon\":\"mdi:waves\",\"state_topic\":\"{state}\",\"value_template\":\"{{{{ value_json.level }}}}\",\
                 \"expire_after\":{EXPIRES_S},{available}",
                name("level")
            );
            all.push(("sensor", format!("zone{zone}_level"), level));
        }
        all
    }

    /// The node is there; and, of a zone, it is neither off nor unknown.
    fn availability(self, zone: Option<u8>) -> String {
        let base = self.base();
        let zone = zone.map_or(String::new(), |z| {
            format!(
                ",{{\"topic\":\"{base}/zone/{z}\",\"value_template\":\"{{{{ 'online' if value_json.state in ['still', 'moving'] else 'offline' }}}}\"}}"
            )
        });
        format!("\"availability_mode\":\"all\",\"availability\":[{{\"topic\":\"{base}/available\"}}{zone}]")
    }

    fn greeting(self, labels: &Labels, zones: u8, config: &MqttConfig) -> Vec<Letter> {
        let id = format!("{:016x}", self.install);
        let device = format!(
            "\"device\":{{\"identifiers\":[\"millpond_{id}\"],\"name\":\"Millpond\",\"manufacturer\":\"Millpond\",\"sw_version\":{}}}",
            json_text(env!("CARGO_PKG_VERSION"))
        );
        let describe = |(component, object, own): (&'static str, String, String)| Letter {
            topic: self.config_topic(&config.prefix, component, &object),
            payload: format!("{{\"unique_id\":\"{id}_{object}\",{own},{device}}}"),
            retain: true,
        };
        let entities = self.entities(labels, zones).into_iter().map(describe);
        entities.chain([self.available(true)]).collect()
    }

    /// Empty retained messages take the entities of this number back.
    fn withdrawn(self, zones: u8, prefix: &str) -> Vec<Letter> {
        let gone = |(component, object, _): (&'static str, String, String)| Letter {
            topic: self.config_topic(prefix, component, &object),
            payload: String::new(),
            retain: true,
        };
        self.entities(&Labels::default(), zones).into_iter().map(gone).collect()
    }
}
