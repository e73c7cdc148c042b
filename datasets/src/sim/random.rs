//! Random homes, for properties that must hold in every scene: privacy, determinism, no panic.

use millpond_dsp::phy::{Band, Bandwidth};

use super::draw::{Draw, Purpose};
use super::impair::Agc;
use super::mover::{Fan, Mover, Runner};
use super::room::{Point2, Point3, Room, Wall};
use super::route::{Route, WayPoint};
use super::scene::{Device, DeviceKind, FORMAT, LinkSpec, Scene};
use super::traffic::{Interference, Loss};
use super::wiring::{ClientSpec, NeighbourSpec, Network, RadioSpec};

/// Rooms in rows and columns, with a door in every shared wall.
struct Grid {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Scene {
    /// A random valid scene: one to six rooms, one to three pods, up to two persons, pets, fans, faults of radios and a
    /// network. The same seed gives the same scene.
    pub fn random(seed: u64) -> Self {
        let mut draw = Draw::new(seed, Purpose::Scene, 0);
        let d = &mut draw;
        let grid = Grid::new(d);
        let (rooms, walls) = (grid.rooms(), grid.walls(d));
        let devices = devices(&grid, d);
        let named =
            |kind| -> Vec<String> { devices.iter().filter(|x| x.kind == kind).map(|x| x.name.clone()).collect() };
        let pods = named(DeviceKind::Pod);
        let links = links(&pods, &named(DeviceKind::Station), d);
        let movers = movers(&grid, d);
        let network = Some(network(&devices, &pods, d));
        let mut scene = Self::builtin("empty").expect("the built-in scenes are valid");
        scene.format = FORMAT.into();
        scene.name = format!("random-{seed}");
        scene.about = String::new();
        (scene.rooms, scene.walls, scene.devices, scene.links) = (rooms, walls, devices, links);
        (scene.movers, scene.network, scene.seconds) = (movers, network, 30.0);
        faults(&mut scene, d);
        scene
    }
}

/// A whole number from `low` to `high`, both included.
fn whole(d: &mut Draw, low: u64, high: u64) -> u64 {
    low + d.bits() % (high - low + 1)
}

fn pick<'a, T>(d: &mut Draw, from: &'a [T]) -> &'a T {
    &from[whole(d, 0, from.len() as u64 - 1) as usize]
}

impl Grid {
    fn new(d: &mut Draw) -> Self {
        let mut edges = |most| {
            let mut at = vec![0.0];
            for _ in 0..whole(d, 1, most) {
                at.push(at[at.len() - 1] + d.between(3.0, 6.0));
            }
            at
        };
        Self { x: edges(3), y: edges(2) }
    }

    fn columns(&self) -> usize {
        self.x.len() - 1
    }

    fn count(&self) -> usize {
        self.columns() * (self.y.len() - 1)
    }

    fn spans(&self, room: usize) -> ([f64; 2], [f64; 2]) {
        let (c, r) = (room % self.columns(), room / self.columns());
        ([self.x[c], self.x[c + 1]], [self.y[r], self.y[r + 1]])
    }

    fn rooms(&self) -> Vec<Room> {
        let room = |i| {
            let (x, y) = self.spans(i);
            Room { name: format!("room {i}"), x, y }
        };
        (0..self.count()).map(room).collect()
    }

    /// Walls around every room, each drawn once; those between two rooms leave a door in their middle.
    fn walls(&self, d: &mut Draw) -> Vec<Wall> {
        let mut walls = Vec::new();
        let (columns, rows) = (self.columns(), self.y.len() - 1);
        for (i, &x) in self.x.iter().enumerate() {
            for r in 0..rows {
                let ends = ([x, self.y[r]], [x, self.y[r + 1]]);
                wall(ends, i > 0 && i < columns, d, &mut walls);
            }
        }
        for (i, &y) in self.y.iter().enumerate() {
            for c in 0..columns {
                let ends = ([self.x[c], y], [self.x[c + 1], y]);
                wall(ends, i > 0 && i < rows, d, &mut walls);
            }
        }
        walls
    }

    /// A point in a room, away from the walls.
    fn spot(&self, room: usize, d: &mut Draw) -> Point2 {
        let (x, y) = self.spans(room);
        [d.between(x[0] + 0.4, x[1] - 0.4), d.between(y[0] + 0.4, y[1] - 0.4)]
    }

    /// A walk through the doors.
    fn route(&self, d: &mut Draw) -> Route {
        let mut room = whole(d, 0, self.count() as u64 - 1) as usize;
        let mut points = vec![WayPoint { at: self.spot(room, d), pause_s: d.between(0.0, 4.0) }];
        for _ in 0..whole(d, 0, 6) {
            let next = self.beside(room, d);
            if next != room {
                points.push(WayPoint { at: self.door(room, next), pause_s: 0.0 });
            }
            room = next;
            points.push(WayPoint { at: self.spot(room, d), pause_s: d.between(0.0, 4.0) });
        }
        Route { points, repeat: false }
    }

    fn beside(&self, room: usize, d: &mut Draw) -> usize {
        let columns = self.columns();
        let mut found = vec![room];
        if room % columns > 0 {
            found.push(room - 1);
        }
        if room % columns + 1 < columns {
            found.push(room + 1);
        }
        if room >= columns {
            found.push(room - columns);
        }
        if room + columns < self.count() {
            found.push(room + columns);
        }
        *pick(d, &found)
    }

    fn door(&self, a: usize, b: usize) -> Point2 {
        let ((ax, ay), (bx, by)) = (self.spans(a), self.spans(b));
        let middle = |p: [f64; 2], q: [f64; 2]| 0.5 * (p[0].max(q[0]) + p[1].min(q[1]));
        [middle(ax, bx), middle(ay, by)]
    }
}

fn wall((from, to): (Point2, Point2), inner: bool, d: &mut Draw, walls: &mut Vec<Wall>) {
    let reflection_db = d.between(3.0, 8.0);
    if !inner {
        walls.push(Wall { from, to, loss_db: 12.0, reflection_db });
        return;
    }
    let loss_db = *pick(d, &[3.0, 6.0, 12.0]);
    let length = (to[0] - from[0]) + (to[1] - from[1]);
    let at = |share: f64| [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])];
    let door = 0.45 / length;
    walls.push(Wall { from, to: at(0.5 - door), loss_db, reflection_db });
    walls.push(Wall { from: at(0.5 + door), to, loss_db, reflection_db });
}

fn devices(grid: &Grid, d: &mut Draw) -> Vec<Device> {
    let mut all = Vec::new();
    let inside = |kind, name: String, d: &mut Draw| {
        let [x, y] = grid.spot(whole(d, 0, grid.count() as u64 - 1) as usize, d);
        Device { name, kind, at: [x, y, d.between(0.3, 2.0)] }
    };
    for (kind, name, low, high) in
        [(DeviceKind::Pod, "pod", 1, 3), (DeviceKind::Station, "station", 1, 5), (DeviceKind::Phone, "phone", 0, 4)]
    {
        for i in 0..whole(d, low, high) {
            all.push(inside(kind, format!("{name}-{i}"), d));
        }
    }
    for i in 0..whole(d, 0, 4) {
        let at: Point3 = [d.between(-15.0, -2.0), d.between(-10.0, 15.0), 1.5];
        all.push(Device { name: format!("neighbour-{i}"), kind: DeviceKind::Neighbour, at });
    }
    all
}

fn links(pods: &[String], stations: &[String], d: &mut Draw) -> Vec<LinkSpec> {
    let mut links = Vec::new();
    for tx in stations {
        links.push(LinkSpec::new(tx, pick::<String>(d, pods), d.between(5.0, 60.0)));
    }
    for (i, tx) in pods.iter().enumerate() {
        links.extend(pods[..i].iter().map(|rx| LinkSpec::new(tx, rx, 25.0)));
    }
    links
}

fn movers(grid: &Grid, d: &mut Draw) -> Vec<Mover> {
    let mut all = Vec::new();
    for i in 0..whole(d, 0, 2) {
        let json = serde_json::json!({"kind": "person", "name": format!("person-{i}"), "route": grid.route(d)});
        all.push(serde_json::from_value(json).expect("a person needs a name and a route"));
    }
    if d.chance(0.4) {
        let route = grid.route(d);
        all.push(Mover::Pet(Runner { name: "pet".into(), route, speed_m_s: 0.9, rcs_m2: 0.05, height_m: 0.2 }));
    }
    if d.chance(0.4) {
        let [x, y] = grid.spot(0, d);
        let (blades, radius_m, turns_hz) = (whole(d, 2, 5) as u32, 0.2, d.between(0.5, 20.0));
        let name = "fan".into();
        all.push(Mover::Fan(Fan {
            name,
            at: [x, y, 1.0],
            blades,
            radius_m,
            turns_hz,
            rcs_m2: 0.02,
            facing: 0.0,
            swing: 0.0,
        }));
    }
    all
}

fn network(devices: &[Device], pods: &[String], d: &mut Draw) -> Network {
    let (low, high) = ([1, 6, 11], [36, 44, 52, 100, 149]);
    let mut radios = Vec::new();
    for pod in pods {
        let (two, five) = (*pick(d, &low), *pick(d, &high));
        let radio =
            |band, channel, width_mhz, eirp_dbm| RadioSpec { pod: pod.clone(), band, channel, width_mhz, eirp_dbm };
        radios.push(radio(Band::Ghz2, two, Bandwidth::Mhz20, 20.0));
        radios.push(radio(Band::Ghz5, five, Bandwidth::Mhz80, 23.0));
    }
    let (mut neighbours, mut clients) = (Vec::new(), Vec::new());
    for device in devices {
        let name = device.name.clone();
        match device.kind {
            DeviceKind::Neighbour => {
                let duty = d.exponential(0.15).min(0.9);
                let (channel, width_mhz) = (*pick(d, &low), Bandwidth::Mhz20);
                neighbours.push(NeighbourSpec {
                    device: name,
                    band: Band::Ghz2,
                    channel,
                    width_mhz,
                    eirp_dbm: 20.0,
                    duty,
                });
            }
            DeviceKind::Phone | DeviceKind::Station => {
                let bands = if d.chance(0.7) { vec![Band::Ghz2, Band::Ghz5] } else { vec![Band::Ghz2] };
                clients.push(ClientSpec { device: name, demand_mbps: d.exponential(10.0).min(200.0), bands });
            }
            DeviceKind::Pod => {}
        }
    }
    Network { gateway: pods[0].clone(), radios, neighbours, clients }
}

fn faults(scene: &mut Scene, d: &mut Draw) {
    scene.receiver.csi_snr_db = d.between(15.0, 38.0);
    scene.receiver.agc = d.chance(0.5).then_some(Agc { step_db: 1.0, hysteresis_db: 1.5, flicker: 0.01 });
    scene.traffic.jitter = d.between(0.0, 0.5);
    scene.traffic.duplicate = if d.chance(0.3) { 0.02 } else { 0.0 };
    scene.traffic.loss = match whole(d, 0, 2) {
        0 => Loss::None,
        1 => Loss::Independent { share: d.between(0.0, 0.3) },
        _ => Loss::Gilbert { share: d.between(0.01, 0.3), burst: d.between(3.0, 30.0) },
    };
    let burst = Interference { per_min: 10.0, length_ms: 50.0, over_noise_db: 15.0, share_of_band: 0.5 };
    scene.interference = d.chance(0.3).then_some(burst);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{NetworkSim, Simulation, Witness};

    #[test]
    fn random_scenes_are_valid_and_run() {
        let mut frames = 0;
        for seed in 0..200 {
            let scene = Scene::random(seed);
            scene.check().unwrap_or_else(|e| panic!("seed {seed}: {e}"));
            assert_eq!(scene, Scene::random(seed));
            frames += Simulation::new(&scene, seed, 0.5).unwrap().filter(|f| f.view().tones().len() == 56).count();
            let t = NetworkSim::new(&scene, seed).unwrap().telemetry(0.0);
            assert_eq!(t.radios.len(), 2 * t.pods.len());
            let witness = Witness::new(&scene);
            for t in 0..60 {
                let truth = witness.truth_at(0.5 * f64::from(t));
                assert!(truth.bodies.iter().all(|b| b.room.is_some()), "seed {seed}: {truth:?}");
            }
        }
        assert!(frames > 200 * 10, "{frames}");
    }

    /// Bodies go through doors, not through walls.
    #[test]
    fn routes_cross_no_wall() {
        for seed in 0..200 {
            let scene = Scene::random(seed);
            let plan = scene.plan();
            for mover in &scene.movers {
                let (Mover::Person(crate::sim::walker::Person { route, .. }) | Mover::Pet(Runner { route, .. })) =
                    mover
                else {
                    continue;
                };
                for w in route.points.windows(2) {
                    assert_eq!(plan.crossings(w[0].at, w[1].at), 0, "seed {seed}: {w:?}");
                }
            }
        }
    }
}
