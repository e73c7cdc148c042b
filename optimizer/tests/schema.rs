//! The JSON schemas in `docs/` say what the types say: everything written fits them, and nothing in them is left unwritten.

#![allow(clippy::unwrap_used, reason = "a test may end here")]

use std::collections::BTreeSet;

use millpond_optimizer::env::Environment;
use millpond_optimizer::model::site::{Choice, DfsState, Forecast, Grant, PowerClass, Site, Wire};
use millpond_optimizer::{plan_site, simulate, validate};
use serde_json::{Value, json};

/// A reader of the few words of JSON Schema that the files use; it notes the properties it has seen.
struct Schema {
    root: Value,
    seen: BTreeSet<String>,
}

impl Schema {
    fn read(text: &str) -> Self {
        Self { root: serde_json::from_str(text).unwrap(), seen: BTreeSet::new() }
    }

    fn fits(&mut self, schema: &Value, at: &str, v: &Value) -> Result<(), String> {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let name = name.strip_prefix("#/$defs/").unwrap();
            let inner = self.root["$defs"][name].clone();
            return self.fits(&inner, &format!("#{name}"), v);
        }
        let wrong = |what: &str| Err(format!("{at}: {what}: {v}"));
        if let Some(all) = schema.get("oneOf").and_then(Value::as_array) {
            let tag = |s: &Value| {
                ["what", "input", "when"].iter().any(|t| {
                    let expected = &s["properties"][t]["const"];
                    !expected.is_null() && Some(expected) == v.get(t)
                })
            };
            return match all.iter().find(|s| tag(s)) {
                Some(one) => self.fits(one, &format!("{at}|{}", one["required"]), v),
                None => wrong("no such form"),
            };
        }
        if schema.get("const").is_some_and(|c| c != v) {
            return wrong("not the constant");
        }
        if schema.get("enum").is_some_and(|e| !e.as_array().unwrap().contains(v)) {
            return wrong("not in the list");
        }
        let name = if v.is_i64() {
            "integer"
        } else if v.is_string() {
            "string"
        } else if v.is_boolean() {
            "boolean"
        } else if v.is_array() {
            "array"
        } else if v.is_null() {
            "null"
        } else {
            "object"
        };
        let types = schema.get("type");
        if types.is_some_and(|t| t != name && !t.as_array().is_some_and(|a| a.contains(&json!(name)))) {
            return wrong("wrong type");
        }
        if let Some(n) = v.as_i64() {
            let out =
                |k: &str, bad: fn(i64, i64) -> bool| schema.get(k).and_then(Value::as_i64).is_some_and(|x| bad(n, x));
            if out("minimum", |n, x| n < x) || out("maximum", |n, x| n > x) {
                return wrong("out of range");
            }
        }
        for item in v.as_array().into_iter().flatten() {
            self.fits(&schema["items"], &format!("{at}[]"), item)?;
        }
        let Some(object) = v.as_object() else { return Ok(()) };
        for key in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(key.as_str().unwrap()) {
                return wrong(&format!("{key} is missing"));
            }
        }
        for (key, inner) in object {
            let Some(property) = schema["properties"].get(key) else { return wrong(&format!("{key} is unknown")) };
            self.seen.insert(format!("{at}.{key}"));
            self.fits(property, &format!("{at}.{key}"), inner)?;
        }
        Ok(())
    }

    fn check(&mut self, v: &Value) {
        let root = self.root.clone();
        if let Err(why) = self.fits(&root, "", v) {
            panic!("{why}");
        }
    }

    /// Every property that the schema names, under the same paths as `seen`.
    fn named(&self) -> BTreeSet<String> {
        fn walk(s: &Value, at: &str, all: &mut BTreeSet<String>) {
            for (key, inner) in s["properties"].as_object().into_iter().flatten() {
                all.insert(format!("{at}.{key}"));
                walk(inner, &format!("{at}.{key}"), all);
            }
            if s.get("items").is_some() {
                walk(&s["items"], &format!("{at}[]"), all);
            }
            for one in s["oneOf"].as_array().into_iter().flatten() {
                walk(one, &format!("{at}|{}", one["required"]), all);
            }
        }
        let mut all = BTreeSet::new();
        walk(&self.root, "", &mut all);
        for (name, inner) in self.root["$defs"].as_object().unwrap() {
            walk(inner, &format!("#{name}"), &mut all);
        }
        all
    }
}

/// A site that uses every field.
fn full() -> Site {
    let mut site = validate::parse(include_bytes!("../examples/three-pods.json")).unwrap();
    let word = |s: &str| Some(s.to_owned());
    site.policy.max_switches = Some(40);
    site.pods[0].home = "upstairs".into();
    for pod in &mut site.pods {
        pod.home = "upstairs".into();
        for radio in &mut pod.radios {
            (radio.dfs, radio.tpc, radio.class, radio.streams) = (false, true, PowerClass::Standard, 3);
            radio.primaries = if radio.band.number() == 2 { vec![1, 6, 11] } else { vec![36, 40, 44, 48, 149] };
            if let Some(s) = radio.current.as_mut() {
                s.center = Some(if radio.band.number() == 2 { s.primary } else { 42 });
                s.punctured = 0b1000;
            }
            radio.puncture = true;
        }
    }
    site.wired.push(Wire { a: "hall".into(), b: "hall".into() });
    site.neighbours[0].center = Some(42);
    site.dfs.push(DfsState { channel: 140, radar_events_30d: 1, home: word("upstairs"), non_occupancy: true });
    for list in [&mut site.pins, &mut site.objections] {
        let band = Some(millpond_dsp::phy::Band::Ghz5);
        list.push(Choice::Radio {
            pod: word("hall"),
            band: millpond_dsp::phy::Band::Ghz5,
            primary: Some(36),
            width: Some(millpond_dsp::phy::Bandwidth::Mhz20),
        });
        list.push(Choice::Uplink { pod: "kitchen".into(), parent: word("hall"), band });
        list.push(Choice::Client { client: "laptop".into(), pod: word("hall"), band });
    }
    site.afc.push(Grant { pod: "hall".into(), low_mhz: 5_925, high_mhz: 6_425, density_dbm_per_mhz: 20 });
    site.forecast = Some(Forecast { demand_permille: vec![100; 24], motion_permille: vec![0; 24] });
    for c in &mut site.clients {
        (c.steerable, c.refusals) = (false, 2);
    }
    site
}

#[test]
fn the_site_schema_is_in_step() {
    let mut schema = Schema::read(include_str!("../docs/site.schema.json"));
    schema.check(&serde_json::from_slice(include_bytes!("../examples/three-pods.json")).unwrap());
    schema.check(&serde_json::to_value(full()).unwrap());
    for seed in 1..10 {
        schema.check(&serde_json::to_value(simulate::home(seed, "DE")).unwrap());
        schema.check(&serde_json::to_value(simulate::block(seed, 4, "US")).unwrap());
    }
    let unwritten: Vec<_> = schema.named().difference(&schema.seen).cloned().collect();
    assert!(unwritten.is_empty(), "the schema has what the types lack: {unwritten:?}");
}

#[test]
fn the_plan_schema_is_in_step() {
    let mut schema = Schema::read(include_str!("../docs/plan.schema.json"));
    let env = Environment::new().with_rounds(Some(1));
    let mut sites: Vec<Site> = (1..30).map(|s| simulate::home(s, if s % 2 == 0 { "DE" } else { "US" })).collect();
    for (k, site) in sites.iter_mut().enumerate() {
        site.forecast = Some(Forecast { demand_permille: vec![100; 24], motion_permille: Vec::new() });
        if k % 3 == 0 {
            site.quiet_window = None;
        }
        // Busy strangers on 48 and 56 are worth a hole; where there is none on 56, 36 with its hole is left for the fall-back.
        for radio in site.pods.iter_mut().flat_map(|p| &mut p.radios).filter(|r| k % 5 == 0 && r.band.number() == 5) {
            (radio.puncture, radio.primaries) = (true, vec![36, 52]);
            radio.widths = vec![millpond_dsp::phy::Bandwidth::Mhz80];
            radio.current = None;
        }
        for n in site.neighbours.iter_mut().filter(|n| k % 5 == 0 && n.band.number() == 5) {
            (n.primary, n.width) =
                (if k % 2 == 1 || n.primary % 8 == 0 { 48 } else { 56 }, millpond_dsp::phy::Bandwidth::Mhz20);
            (n.center, n.duty_permille, n.level_dbm) = (None, Some(500), -50);
        }
        for c in site.clients.iter_mut().filter(|_| k % 5 == 0) {
            (c.phy, c.demand_kbps) = (millpond_optimizer::model::site::Phy::Eht, 500_000);
        }
        if k % 7 == 0 {
            // What runs is not allowed any more.
            site.objections.push(Choice::Radio {
                pod: None,
                band: millpond_dsp::phy::Band::Ghz5,
                primary: Some(36),
                width: None,
            });
        }
    }
    for site in &sites {
        schema.check(&serde_json::to_value(plan_site(site, &env).unwrap()).unwrap());
    }
    let unwritten: Vec<_> = schema.named().difference(&schema.seen).cloned().collect();
    assert!(unwritten.is_empty(), "the schema has what the types lack: {unwritten:?}");
}
