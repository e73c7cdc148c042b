//! The settings file: defaults, the commented example, and every fault at once.

use super::*;

fn faults(text: &str) -> Vec<String> {
    match read(text) {
        Ok(_) => Vec::new(),
        Err(e) => e.faults.iter().map(ConfigFault::to_string).collect(),
    }
}

#[test]
fn an_empty_file_is_the_default() {
    let config = read("").ok().unwrap();
    assert_eq!((config.zones, config.places.len(), config.sources.len()), (1, 0, 0));
    assert_eq!((config.plan.mode, &config.plan.actuator), (Mode::Ask, &ActuatorConfig::DryRun));
    assert!(config.page.is_some_and(|p| p.bind.ip().is_loopback()));
}

#[test]
fn the_commented_example_is_read_as_it_is_and_with_every_comment_undone() {
    let text = include_str!("../../docs/millpond.toml");
    let config = read(text).ok().unwrap();
    assert_eq!((config.zones, config.places.len(), config.home.pods.len()), (2, 2, 1));
    assert_eq!(config.labels.zone(2), "Living room");
    let undone = |line: &str| {
        let body = line
            .strip_prefix("# ")
            .filter(|b| b.starts_with("[") || b.split_once(" = ").is_some_and(|(k, _)| !k.contains(' ')));
        body.unwrap_or(line).to_owned()
    };
    let all: Vec<String> = text.lines().map(undone).collect();
    let whole = all.join("\n").replace("\"dry-run\"", "\"hostapd\"");
    assert_eq!(faults(&whole), [""; 0]);
    let config = read(&whole).ok().unwrap();
    let kinds: Vec<&str> = config.sources.iter().map(SourceConfig::kind).collect();
    assert_eq!(kinds, ["esp32-udp", "esp32-serial", "nexmon-udp", "file", "stations", "replay"]);
    let kinds: Vec<&str> = config.telemetry.iter().map(TelemetryConfig::kind).collect();
    assert_eq!(kinds, ["nl80211", "hostapd", "opensync", "statistics"]);
    assert_eq!(config.home.others.len(), 1);
    assert!(matches!(config.plan.actuator, ActuatorConfig::Hostapd { .. }));
}

#[test]
fn every_fault_is_named_at_once_with_its_line_and_a_remedy() {
    let text = r#"[node]
country = "XX"
level = 3
[[zone]]
number = 1
[[zone]]
number = 1
[[pod]]
number = 1
address = "01:00:5e:00:00:01"
zone = 7
[[source]]
kind = "esp32-udp"
listen = "0.0.0.0:5500"
[[source]]
kind = "replay"
path = 4
rate = 4
[[source]]
listen = "8.8.8.8:1"
[plan]
mode = "perhaps"
window = "3-5"
[page]
lisen = "127.0.0.1:80"
"#;
    let found = faults(text);
    let starts: Vec<&str> = found.iter().map(|f| f.split(';').next().unwrap()).collect();
    assert_eq!(
        starts,
        [
            "line 2: node.country: no table for \"XX\"",
            "line 3: node.level: this is no setting of the file",
            "line 7: zone[2].number: this number stands twice",
            "line 10: pod[1].address: \"01:00:5e:00:00:01\" is not of its form",
            "line 11: pod[1].zone: there is no zone 7",
            "line 14: source[1].listen: this would also listen on the internet side",
            "line 17: source[2].path: this is no text",
            "line 18: source[2].rate: there is no such setting here",
            "line 19: source[3].kind: this setting is missing",
            "line 22: plan.mode: there is no \"perhaps\" here",
            "line 23: plan.window: \"3-5\" is not of its form",
            "line 25: page.lisen: there is no such setting here",
        ]
    );
    assert!(found.iter().all(|f| f.contains("; ")), "each says what to do");
    assert!(found[11].ends_with("did you mean listen?"), "{}", found[11]);
}

#[test]
fn a_time_zone_is_a_rule_or_a_name_and_no_path() {
    let said = |text: &str| faults(&format!("[plan]\ntimezone = \"{text}\"\n")).iter().any(|f| f.contains("timezone"));
    for good in ["UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"] {
        assert!(!said(good), "{good}");
    }
    for bad in [
        "",
        "/etc/shadow",
        ":/etc/localtime",
        "../../etc/localtime",
        "Nowhere/Here",
        "three o'clock",
        "CET-1CEST,M13.5.0,M10.5.0",
    ] {
        assert!(said(bad), "{bad}");
    }
}

#[test]
fn broken_text_is_told_beside_wrong_settings() {
    let found = faults("[plan]\nmode = auto\nwindow =\n[page]\non = 1\n[page]\n");
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[0].starts_with("line 2: ") && found[3].starts_with("line 6: "), "{found:#?}");
}

#[test]
fn no_text_makes_it_panic() {
    let whole = include_str!("../../docs/millpond.toml");
    for end in (0..whole.len()).filter(|i| whole.is_char_boundary(*i)) {
        let _ = read(&whole[..end]);
    }
    let mut word = 1u32;
    for _ in 0..2_000 {
        let mut bytes = whole.as_bytes().to_vec();
        for _ in 0..4 {
            word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = word as usize % bytes.len();
            bytes[at] = (word >> 24) as u8 & 0x7f;
        }
        let _ = read(&String::from_utf8(bytes).unwrap());
    }
}

#[test]
fn labels_are_short_and_clean() {
    let labels = Labels::new(&["Kit\nchen", ""], &["a name that is longer than twenty-four characters"]);
    assert_eq!(labels.zone(1), "Kitchen");
    assert_eq!((labels.zone(2), labels.zone(0)), ("Zone 2".into(), "Zone 0".into()));
    assert_eq!(labels.node(1).chars().count(), LABEL_MAX);
    assert_eq!(labels.node(2), "Pod 2");
}
