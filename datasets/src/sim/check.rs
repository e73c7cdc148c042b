//! Reads a scene and holds it against its rules. Every breach is one sentence that says where, what and what would do.

use std::collections::BTreeSet;

use millpond_dsp::phy::{Band, Bandwidth, Channel};

use super::impair::Receiver;
use super::mover::Mover;
use super::room::Point2;
use super::route::Route;
use super::scene::{BUILTIN, DeviceKind, FORMAT, Scene, SceneError};
use super::traffic::{Loss, Traffic};
use super::way::soundings;
use super::wiring::Network;

impl Scene {
    /// A built-in scene.
    ///
    /// # Errors
    /// [`SceneError::NoSuchScene`] with the names that there are.
    pub fn builtin(name: &str) -> Result<Self, SceneError> {
        let (_, json) =
            BUILTIN.iter().find(|(n, _)| *n == name).ok_or_else(|| SceneError::NoSuchScene(name.to_owned()))?;
        Self::from_json(json)
    }

    /// Reads and checks a description.
    ///
    /// # Errors
    /// [`SceneError::Json`] or [`SceneError::Invalid`].
    pub fn from_json(json: &str) -> Result<Self, SceneError> {
        let scene: Self = serde_json::from_str(json).map_err(|e| SceneError::from_serde(&e))?;
        scene.check()?;
        Ok(scene)
    }

    /// Checks every rule and reports every breach.
    ///
    /// # Errors
    /// [`SceneError::Invalid`].
    pub fn check(&self) -> Result<(), SceneError> {
        let faults = faults(self);
        if faults.is_empty() { Ok(()) } else { Err(SceneError::Invalid(faults)) }
    }
}

/// All breaches, in the order of the description.
fn faults(scene: &Scene) -> Vec<String> {
    let mut f = Faults(Vec::new());
    f.unless(scene.format == FORMAT, || format!("format is {:?}, not {FORMAT:?}", scene.format));
    f.within("seconds", scene.seconds, 0.1, 1e6);
    rooms(scene, &mut f);
    devices(scene, &mut f);
    links(scene, &mut f);
    for (i, m) in scene.movers.iter().enumerate() {
        mover(&format!("movers[{i}] ({})", m.name()), m, &mut f);
    }
    sounding(scene, &mut f);
    switches(scene, &mut f);
    receiver(&scene.receiver, &mut f);
    traffic(&scene.traffic, &mut f);
    if let Some(i) = scene.interference {
        f.within("interference.per_min", i.per_min, 1e-3, 1e4);
        f.within("interference.length_ms", i.length_ms, 0.1, 1e5);
        f.within("interference.over_noise_db", i.over_noise_db, -20.0, 60.0);
        f.within("interference.share_of_band", i.share_of_band, 0.01, 1.0);
    }
    if let Some(o) = scene.oven {
        oven(scene, o, &mut f);
    }
    if let Some(d) = scene.diffuse {
        f.within("diffuse.level_db", d.level_db, -100.0, 60.0);
        f.within("diffuse.speed_m_s", d.speed_m_s, 0.0, 100.0);
        f.within("diffuse.spread_ns", d.spread_ns, 0.0, 1000.0);
        f.unless([2, 3].contains(&d.dimensions), || format!("diffuse.dimensions is {}, not 2 or 3", d.dimensions));
    }
    if let Some(network) = &scene.network {
        self::network(scene, network, &mut f);
    }
    f.0
}

/// A growing list of breaches.
struct Faults(Vec<String>);

impl Faults {
    /// Notes a breach unless the rule holds.
    fn unless(&mut self, holds: bool, breach: impl FnOnce() -> String) {
        if !holds {
            self.0.push(breach());
        }
    }

    /// Notes a figure that is not a number of the range.
    fn within(&mut self, name: &str, x: f64, low: f64, high: f64) {
        self.unless((low..=high).contains(&x), || format!("{name} is {x}, outside {low} to {high}"));
    }
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a str>, f: &mut Faults) {
    let mut seen = BTreeSet::new();
    for name in names {
        f.unless(!name.is_empty(), || format!("one of the {what} has an empty name"));
        f.unless(seen.insert(name), || format!("two of the {what} are called {name:?}"));
    }
}

fn point(name: &str, p: Point2, f: &mut Faults) {
    f.within(&format!("{name} x"), p[0], -1e3, 1e3);
    f.within(&format!("{name} y"), p[1], -1e3, 1e3);
}

fn rooms(scene: &Scene, f: &mut Faults) {
    unique("rooms", scene.rooms.iter().map(|r| r.name.as_str()), f);
    f.unless(!scene.rooms.is_empty() && scene.rooms.len() <= 64, || "there must be 1 to 64 rooms".into());
    for (i, r) in scene.rooms.iter().enumerate() {
        for (axis, [from, to]) in [("x", r.x), ("y", r.y)] {
            let fine = from.is_finite() && to.is_finite() && from.abs() <= 1e3 && to.abs() <= 1e3 && from < to;
            f.unless(fine, || format!("rooms[{i}] ({}): {axis} must rise within 1000 m", r.name));
        }
        for other in &scene.rooms[..i] {
            let apart = |a: [f64; 2], b: [f64; 2]| a[1] <= b[0] || b[1] <= a[0];
            let clear = apart(r.x, other.x) || apart(r.y, other.y);
            f.unless(clear, || format!("rooms {:?} and {:?} overlap", other.name, r.name));
        }
    }
    f.unless(scene.walls.len() <= 200, || format!("{} walls, at most 200", scene.walls.len()));
    for (i, w) in scene.walls.iter().enumerate() {
        point(&format!("walls[{i}].from"), w.from, f);
        point(&format!("walls[{i}].to"), w.to, f);
        f.unless(w.from != w.to, || format!("walls[{i}] has no length"));
        f.within(&format!("walls[{i}].loss_db"), w.loss_db, 0.0, 60.0);
        f.within(&format!("walls[{i}].reflection_db"), w.reflection_db, 0.0, 60.0);
    }
}

fn devices(scene: &Scene, f: &mut Faults) {
    unique("devices", scene.devices.iter().map(|d| d.name.as_str()), f);
    f.unless(scene.devices.len() <= 1000, || format!("{} devices, at most 1000", scene.devices.len()));
    for (i, d) in scene.devices.iter().enumerate() {
        point(&format!("devices[{i}] ({}).at", d.name), [d.at[0], d.at[1]], f);
        f.within(&format!("devices[{i}] ({}).at z", d.name), d.at[2], 0.0, 100.0);
        let placed = !matches!(d.kind, DeviceKind::Pod | DeviceKind::Station) || scene.room_of(i).is_some();
        f.unless(placed, || format!("devices[{i}] ({}): a pod or station must stand in a room", d.name));
    }
}

fn links(scene: &Scene, f: &mut Faults) {
    f.unless(!scene.links.is_empty() && scene.links.len() <= 1000, || "there must be 1 to 1000 links".into());
    let mut seen = BTreeSet::new();
    for (i, l) in scene.links.iter().enumerate() {
        for name in [&l.tx, &l.rx] {
            f.unless(scene.device(name).is_some(), || format!("links[{i}]: there is no device {name:?}"));
        }
        f.unless(l.tx != l.rx, || format!("links[{i}]: {:?} does not hear itself", l.tx));
        f.unless(seen.insert((&l.tx, &l.rx)), || format!("links[{i}]: {:?} to {:?} is there twice", l.tx, l.rx));
        f.within(&format!("links[{i}].rate_hz"), l.rate_hz, 0.1, 5000.0);
        if let Some(r) = &l.roam {
            f.within(&format!("links[{i}].roam.at_s"), r.at_s, 0.0, 1e6);
        }
        if let Some(t) = &l.twin {
            f.within(&format!("links[{i}].twin.rate_hz"), t.rate_hz, 0.1, 5000.0);
        }
        for (what, tx) in [("roam", l.roam.as_ref().map(|r| &r.tx)), ("twin", l.twin.as_ref().map(|t| &t.tx))] {
            let Some(tx) = tx else { continue };
            f.unless(scene.device(tx).is_some(), || format!("links[{i}].{what}: there is no device {tx:?}"));
            let other = *tx != l.tx && *tx != l.rx;
            f.unless(other, || format!("links[{i}].{what}: {tx:?} is an end of the link already"));
        }
    }
}

/// A switch to nowhere, or out of order.
fn switches(scene: &Scene, f: &mut Faults) {
    for (i, (w, (_, s))) in scene.switches.iter().zip(soundings(scene).iter().skip(1)).enumerate() {
        f.within(&format!("switches[{i}].at_s"), w.at_s, 0.0, 1e6);
        f.unless(s.tuned().is_some(), || {
            format!("switches[{i}]: there is no channel {}/{} at {}", s.channel, s.width_mhz.mhz(), s.band)
        });
    }
    let ascending = scene.switches.windows(2).all(|w| w[0].at_s < w[1].at_s);
    f.unless(ascending, || "switches must ascend in time".into());
}

fn oven(scene: &Scene, o: super::traffic::Oven, f: &mut Faults) {
    f.within("oven.mains_hz", o.mains_hz, 40.0, 70.0);
    f.within("oven.over_noise_db", o.over_noise_db, -20.0, 60.0);
    f.within("oven.from_s", o.from_s, 0.0, 1e6);
    f.unless(o.from_s < o.to_s, || format!("oven.to_s is {}, not behind from_s", o.to_s));
    let band = scene.sounding.band;
    f.unless(band == Band::Ghz2, || format!("oven: ovens are heard at 2.4 GHz, not at {band}"));
}

fn route(name: &str, r: &Route, speed: f64, f: &mut Faults) {
    f.unless(!r.points.is_empty(), || format!("{name}: the route has no point"));
    for (i, p) in r.points.iter().enumerate() {
        point(&format!("{name}.route.points[{i}].at"), p.at, f);
        f.within(&format!("{name}.route.points[{i}].pause_s"), p.pause_s, 0.0, 1e6);
    }
    f.within(&format!("{name}.speed_m_s"), speed, 0.01, 10.0);
}

fn mover(name: &str, m: &Mover, f: &mut Faults) {
    f.unless(!m.name().is_empty(), || format!("{name} has an empty name"));
    match m {
        Mover::Person(p) => {
            route(name, &p.route, p.speed_m_s, f);
            f.within(&format!("{name}.rcs_m2"), p.rcs_m2, 0.0, 10.0);
            f.within(&format!("{name}.height_m"), p.height_m, 0.3, 2.5);
            f.within(&format!("{name}.breath_mm"), p.breath_mm, 0.0, 50.0);
            f.within(&format!("{name}.breaths_per_min"), p.breaths_per_min, 0.0, 120.0);
            f.within(&format!("{name}.breath_jitter"), p.breath_jitter, 0.0, 0.2);
            if let Some(a) = p.apnoea {
                f.within(&format!("{name}.apnoea.every_s"), a.every_s, 1.0, 1e5);
                f.within(&format!("{name}.apnoea.hold_s"), a.hold_s, 0.0, 0.95 * a.every_s);
            }
            if let Some(x) = p.fidgets {
                f.within(&format!("{name}.fidgets.per_min"), x.per_min, 0.0, 10.0);
            }
        }
        Mover::Pet(p) | Mover::Robot(p) | Mover::Furniture(p) => {
            route(name, &p.route, p.speed_m_s, f);
            f.within(&format!("{name}.rcs_m2"), p.rcs_m2, 0.0, 10.0);
            f.within(&format!("{name}.height_m"), p.height_m, 0.0, 2.5);
        }
        Mover::Fan(p) => {
            point(&format!("{name}.at"), [p.at[0], p.at[1]], f);
            f.within(&format!("{name}.at z"), p.at[2], 0.0, 100.0);
            f.within(&format!("{name}.turns_hz"), p.turns_hz, 0.0, 100.0);
            f.within(&format!("{name}.blades"), f64::from(p.blades), 1.0, 12.0);
            f.within(&format!("{name}.radius_m"), p.radius_m, 0.01, 3.0);
            f.within(&format!("{name}.rcs_m2"), p.rcs_m2, 0.0, 10.0);
            f.within(&format!("{name}.facing"), p.facing, -10.0, 10.0);
            f.within(&format!("{name}.swing"), p.swing, 0.0, 3.2);
        }
        Mover::Curtain(p) => {
            point(&format!("{name}.from"), p.from, f);
            point(&format!("{name}.to"), p.to, f);
            f.within(&format!("{name}.sway_m"), p.sway_m, 0.0, 1.0);
            f.within(&format!("{name}.rcs_m2"), p.rcs_m2, 0.0, 10.0);
        }
        Mover::Door(p) => {
            point(&format!("{name}.hinge"), p.hinge, f);
            f.within(&format!("{name}.closed"), p.closed, -10.0, 10.0);
            f.within(&format!("{name}.opens_by"), p.opens_by, -3.2, 3.2);
            f.within(&format!("{name}.rcs_m2"), p.rcs_m2, 0.0, 10.0);
            let ascending = p.at_s.windows(2).all(|w| w[1] - w[0] >= 1.5) && p.at_s.iter().all(|t| t.is_finite());
            f.unless(ascending, || format!("{name}.at_s must ascend by at least 1.5 s"));
        }
    }
}

fn sounding(scene: &Scene, f: &mut Faults) {
    let s = &scene.sounding;
    f.unless(scene.channel().is_some(), || {
        format!("sounding: there is no channel {}/{} at {}", s.channel, s.width_mhz.mhz(), s.band)
    });
    f.within("sounding.eirp_dbm", s.eirp_dbm, -20.0, 40.0);
    f.within("sounding.n_rx", f64::from(s.n_rx), 1.0, 8.0);
    f.within("reverberation.k_db", scene.reverberation.k_db, -20.0, 60.0);
    f.within("reverberation.spread_ns", scene.reverberation.spread_ns, 1.0, 1000.0);
    f.within("reverberation.count", f64::from(scene.reverberation.count), 0.0, 1000.0);
}

fn receiver(r: &Receiver, f: &mut Faults) {
    f.within("receiver.csi_snr_db", r.csi_snr_db, -20.0, 100.0);
    f.within("receiver.noise_figure_db", r.noise_figure_db, 0.0, 40.0);
    f.within("receiver.drift_db", r.drift_db, 0.0, 20.0);
    f.within("receiver.ramp_db_per_min", r.ramp_db_per_min, -20.0, 20.0);
    f.within("receiver.sto_ns", r.sto_ns, 0.0, 1000.0);
    f.within("receiver.smoothing_ns", r.smoothing_ns, 0.0, 3200.0);
    f.within("receiver.sfo_ppm", r.sfo_ppm, -100.0, 100.0);
    f.within("receiver.pll_jump", r.pll_jump, 0.0, 1.0);
    f.within("receiver.target_lsb", r.target_lsb, 1e-3, 1e4);
    f.unless([0, 8, 10, 12].contains(&r.bits), || format!("receiver.bits is {}, not 0, 8, 10 or 12", r.bits));
    f.within("receiver.clock_start_s", r.clock_start_s, 0.0, 1e9);
    if let Some(age) = r.stale_first_s {
        f.within("receiver.stale_first_s", age, 0.0, r.clock_start_s);
    }
    if let Some(iq) = r.iq {
        f.within("receiver.iq.gain_db", iq.gain_db, -6.0, 6.0);
        f.within("receiver.iq.phase_deg", iq.phase_deg, -45.0, 45.0);
    }
    if let Some(p) = r.lna_p1db_dbm {
        f.within("receiver.lna_p1db_dbm", p, -120.0, 40.0);
    }
    if let Some(agc) = r.agc {
        f.within("receiver.agc.step_db", agc.step_db, 0.01, 20.0);
        f.within("receiver.agc.hysteresis_db", agc.hysteresis_db, 0.0, 20.0);
        f.within("receiver.agc.flicker", agc.flicker, 0.0, 1.0);
    }
}

fn traffic(t: &Traffic, f: &mut Faults) {
    f.within("traffic.jitter", t.jitter, 0.0, 10.0);
    f.within("traffic.duplicate", t.duplicate, 0.0, 1.0);
    f.within("traffic.reorder", t.reorder, 0.0, 1.0);
    f.within("traffic.stalls_per_hour", t.stalls_per_hour, 0.0, 3600.0);
    f.within("traffic.stall_s", t.stall_s, 0.001, 3600.0);
    if let Some(l) = t.load {
        f.within("traffic.load.busy", l.busy, 0.0, 1.0);
        f.within("traffic.load.wait_ms", l.wait_ms, 0.0, 1e4);
        f.within("traffic.load.from_s", l.from_s, 0.0, 1e6);
        f.unless(l.from_s < l.to_s, || format!("traffic.load.to_s is {}, not behind from_s", l.to_s));
    }
    match t.loss {
        Loss::None => {}
        Loss::Independent { share } => f.within("traffic.loss.share", share, 0.0, 0.99),
        Loss::Gilbert { share, burst } => {
            f.within("traffic.loss.share", share, 0.0, 0.9);
            f.within("traffic.loss.burst", burst, 1.0, 1e4);
            let enters = share / ((1.0 - share) * burst);
            f.unless(enters <= 1.0, || "traffic.loss: bursts are too short for that share".into());
        }
    }
}

/// Checks the network part of a scene.
fn network(scene: &Scene, network: &Network, f: &mut Faults) {
    let kind = |name: &str| scene.device(name).map(|i| scene.devices[i].kind);
    let pod = |name: &str| kind(name) == Some(DeviceKind::Pod);
    f.unless(pod(&network.gateway), || format!("network.gateway: {:?} is no pod", network.gateway));
    for (i, r) in network.radios.iter().enumerate() {
        f.unless(pod(&r.pod), || format!("network.radios[{i}]: {:?} is no pod", r.pod));
        channel(&format!("network.radios[{i}]"), r.band, r.channel, r.width_mhz, f);
        f.within(&format!("network.radios[{i}].eirp_dbm"), r.eirp_dbm, -20.0, 40.0);
    }
    for (i, n) in network.neighbours.iter().enumerate() {
        let fine = kind(&n.device) == Some(DeviceKind::Neighbour);
        f.unless(fine, || format!("network.neighbours[{i}]: {:?} is no neighbour", n.device));
        channel(&format!("network.neighbours[{i}]"), n.band, n.channel, n.width_mhz, f);
        f.within(&format!("network.neighbours[{i}].eirp_dbm"), n.eirp_dbm, -20.0, 40.0);
        f.within(&format!("network.neighbours[{i}].duty"), n.duty, 0.0, 0.9);
    }
    for (i, c) in network.clients.iter().enumerate() {
        let fine = matches!(kind(&c.device), Some(DeviceKind::Phone | DeviceKind::Station));
        f.unless(fine, || format!("network.clients[{i}]: {:?} is no phone or station", c.device));
        f.within(&format!("network.clients[{i}].demand_mbps"), c.demand_mbps, 0.0, 1e5);
        f.unless(!c.bands.is_empty(), || format!("network.clients[{i}] knows no band"));
    }
}

fn channel(name: &str, band: Band, number: u8, width: Bandwidth, f: &mut Faults) {
    let exists = Channel::new(band, number, width).is_some();
    f.unless(exists, || format!("{name}: there is no channel {number}/{} at {band}", width.mhz()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_scenes_are_valid_and_write_back() {
        for name in Scene::names() {
            let scene = Scene::builtin(name).unwrap();
            assert_eq!(scene.name, name);
            let again = Scene::from_json(&serde_json::to_string(&scene).unwrap()).unwrap();
            assert_eq!(again, scene);
        }
        assert!(Scene::builtin("castle").unwrap_err().to_string().contains("walk-across"));
    }

    #[test]
    fn every_fault_is_told_at_once_with_its_place() {
        let mut scene = Scene::builtin("home").unwrap();
        scene.format = "millpond-scene/9".into();
        scene.rooms[1].name = scene.rooms[0].name.clone();
        scene.links[0].tx = "ghost".into();
        scene.links[1].rate_hz = f64::NAN;
        scene.sounding.channel = 36;
        scene.receiver.bits = 9;
        scene.network.as_mut().unwrap().gateway = "tv".into();
        let SceneError::Invalid(faults) = scene.check().unwrap_err() else { panic!() };
        let all = faults.join("\n");
        for part in
            ["millpond-scene/9", "living room", "ghost", "links[1].rate_hz", "36/20", "bits is 9", "\"tv\" is no pod"]
        {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert_eq!(faults.len(), 7, "{all}");
    }

    #[test]
    fn unknown_fields_and_cut_files_say_where() {
        let json = include_str!("../../scenes/empty.json");
        let odd = json.replacen("\"seconds\"", "\"colour\": 1, \"seconds\"", 1);
        let SceneError::Json { line, what, .. } = Scene::from_json(&odd).unwrap_err() else { panic!() };
        assert!(line > 1 && what.contains("colour"));
        for end in (0..json.trim_end().len()).filter(|&i| json.is_char_boundary(i)) {
            assert!(matches!(Scene::from_json(&json[..end]), Err(SceneError::Json { .. })), "cut at {end}");
        }
    }
}
