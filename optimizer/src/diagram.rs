//! A picture of a plan: pods, links, clients, channels as colours, before and after side by side.
//!
//! The SVG stands alone: presentation attributes only, no script, no style sheet, no reference to anything outside.

use millpond_dsp::phy::{Band, Channel};

use crate::model::plan::Plan;
use crate::model::site::Site;
use crate::model::topology::{Assignment, Topology, Tuned};
use crate::validate::validate;
use crate::why::assignment;

/// Width and height of a home's cell, of a pod's box and of the title line, in user units.
const CELL: (usize, usize) = (420, 330);
const POD: (usize, usize) = (118, 62);
const TITLE: usize = 36;

/// Homes of a block that are drawn; a note says how many were left out.
const MAX_HOMES: usize = 36;

/// One side of the picture.
struct Side {
    radios: Vec<Option<Tuned>>,
    parents: Vec<Option<(usize, usize)>>,
    serving: Vec<Option<usize>>,
}

/// Draws what runs now on the left and the plan on the right. Colour is the channel: equal colours share the air.
///
/// A site or plan with faults gives a picture that says so.
pub fn svg(site: &Site, plan: &Plan) -> String {
    let Ok(t) = validate(site) else { return note("the site has faults") };
    let Some(after) = assignment(site, &t, plan) else { return note("the plan does not fit the site") };
    let homes = t.homes.len().min(MAX_HOMES);
    let columns = (1..).find(|c| c * c >= homes).unwrap_or(1);
    let (width, height) = (columns * CELL.0, homes.div_ceil(columns) * CELL.1 + TITLE);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height}\" font-family=\"sans-serif\" font-size=\"11\" role=\"img\">\n\
         <title>Network before and after the plan</title>\n<rect width=\"{0}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        2 * width + 20
    );
    let o = &plan.objective;
    let before = o.u_before_milli.map_or_else(|| "Before".to_owned(), |u| format!("Before: U {u}"));
    for (x, title, side) in
        [(0, before, now(&t)), (width + 20, format!("After: U {}", o.u_after_milli), planned(&after))]
    {
        out.push_str(&format!("<g transform=\"translate({x} 0)\">\n{}", text(12, 22, 15, "#222222", &title)));
        for h in 0..homes {
            let at = (h % columns * CELL.0, h / columns * CELL.1 + TITLE);
            out.push_str(&home(site, &t, &side, h, at));
        }
        out.push_str("</g>\n");
    }
    if t.homes.len() > homes {
        out.push_str(&text(12, height - 6, 11, "#666666", &format!("{} homes more", t.homes.len() - homes)));
    }
    out.push_str("</svg>\n");
    out
}

fn note(words: &str) -> String {
    let body = text(12, 28, 14, "#222222", words);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 400 48\" font-family=\"sans-serif\">\n{body}</svg>\n"
    )
}

fn now(t: &Topology) -> Side {
    Side {
        radios: t.radios.iter().map(|r| r.current).collect(),
        parents: t.pods.iter().map(|p| p.uplink.map(|l| (l.parent, l.parent_radio))).collect(),
        serving: t.clients.iter().map(|c| c.current).collect(),
    }
}

fn planned(a: &Assignment) -> Side {
    Side {
        radios: a.radios.iter().copied().map(Some).collect(),
        parents: a.uplinks.iter().map(|l| l.map(|l| (l.parent, l.parent_radio))).collect(),
        serving: a.clients.iter().copied().map(Some).collect(),
    }
}

/// One home in its cell: links first, so that boxes cover their ends.
fn home(site: &Site, t: &Topology, side: &Side, h: usize, at: (usize, usize)) -> String {
    let spots = layout(t, side, h);
    let mut out = format!("<g transform=\"translate({} {})\">\n", at.0, at.1);
    let spot = |p: usize| spots.iter().find(|s| s.0 == p).map_or((0, 0), |s| s.1);
    for &p in t.homes[h].pods.iter() {
        let (to, line) = match side.parents[p] {
            Some((parent, radio)) => (parent, colour(side.radios[radio])),
            None if t.pods[p].root && t.homes[h].gateway != p => (t.homes[h].gateway, "#444444".to_owned()),
            None => continue,
        };
        let ((x, y), (u, v)) = (spot(p), spot(to));
        let dash = if t.pods[p].root { "" } else { " stroke-dasharray=\"7 4\"" };
        out.push_str(&format!(
            "<line x1=\"{x}\" y1=\"{y}\" x2=\"{u}\" y2=\"{v}\" stroke=\"{line}\" stroke-width=\"4\"{dash}/>\n"
        ));
    }
    for &(p, place) in &spots {
        out.push_str(&clients(site, t, side, p, place));
        out.push_str(&pod(site, t, side, p, place));
    }
    out + "</g>\n"
}

/// Centres of a home's pods: one row for each hop from the gateway.
fn layout(t: &Topology, side: &Side, h: usize) -> Vec<(usize, (usize, usize))> {
    let depth = |p: usize| {
        let path = std::iter::successors(Some(p), |&q| side.parents[q].map(|l| l.0)).take(t.pods.len());
        let (hops, end) = path.fold((0, p), |(n, _), q| (n + 1, q));
        // A pod with a cable to the gateway stands one row below it.
        hops - 1 + usize::from(end != t.homes[h].gateway)
    };
    let depths: Vec<(usize, usize)> = t.homes[h].pods.iter().map(|&p| (p, depth(p))).collect();
    let rows = depths.iter().map(|d| d.1).max().unwrap_or(0) + 1;
    let place = |(i, &(p, d)): (usize, &(usize, usize))| {
        let row = depths.iter().filter(|x| x.1 == d).count();
        let rank = depths[..i].iter().filter(|x| x.1 == d).count();
        (p, (CELL.0 * (2 * rank + 1) / (2 * row), CELL.1 * (2 * d + 1) / (2 * rows) - 12))
    };
    depths.iter().enumerate().map(place).collect()
}

/// A pod's box with a chip for each radio.
fn pod(site: &Site, t: &Topology, side: &Side, p: usize, (x, y): (usize, usize)) -> String {
    let (left, top) = (x.saturating_sub(POD.0 / 2), y.saturating_sub(POD.1 / 2));
    let border = if t.homes[t.pods[p].home].gateway == p { 3 } else { 1 };
    let mut out = format!(
        "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"#f7f7f5\" stroke=\"#333333\" stroke-width=\"{border}\"/>\n",
        POD.0,
        POD.1.max(22 + 15 * t.pods[p].radios.len())
    );
    out.push_str(&text(left + 8, top + 15, 12, "#111111", &site.pods[p].id));
    for (k, &r) in t.pods[p].radios.iter().enumerate() {
        let (cx, cy) = (left + 8, top + 21 + 15 * k);
        let label = side.radios[r].map_or_else(
            || format!("{}: unknown", t.radios[r].band),
            |s| {
                // The whole channel, then its holes; a centre is for machines.
                let (primary, width) = (s.channel.primary(), s.channel.width().mhz());
                let holes = s.channel.to_string();
                let holes = holes.find('-').map_or("", |at| &holes[at..]);
                format!("{}: {primary}/{width}{holes} {} dBm", gigahertz(t.radios[r].band), s.eirp_dbm)
            },
        );
        let fill = colour(side.radios[r]);
        out.push_str(&format!("<rect x=\"{cx}\" y=\"{cy}\" width=\"11\" height=\"11\" rx=\"2\" fill=\"{fill}\"/>\n"));
        out.push_str(&text(cx + 16, cy + 10, 10, "#333333", &label));
    }
    out
}

/// A pod's clients as dots on a line below it.
fn clients(site: &Site, t: &Topology, side: &Side, p: usize, (x, y): (usize, usize)) -> String {
    let here: Vec<usize> =
        (0..t.clients.len()).filter(|&c| side.serving[c].is_some_and(|r| t.radios[r].pod == p)).collect();
    let step = (POD.0 + 60) / (here.len() + 1);
    let below = y + POD.1.max(22 + 15 * t.pods[p].radios.len()) - POD.1 / 2 + 22;
    let dot = |(k, &c): (usize, &usize)| {
        let cx = (x + (k + 1) * step).saturating_sub((POD.0 + 60) / 2);
        let line = colour(side.serving[c].and_then(|r| side.radios[r]));
        let name = if here.len() <= 4 {
            text(cx.saturating_sub(16), below + 15, 9, "#333333", &site.clients[c].id)
        } else {
            String::new()
        };
        format!(
            "<line x1=\"{x}\" y1=\"{y}\" x2=\"{cx}\" y2=\"{below}\" stroke=\"{line}\" stroke-width=\"1\"/>\n\
             <circle cx=\"{cx}\" cy=\"{below}\" r=\"5\" fill=\"{line}\"/>\n{name}"
        )
    };
    here.iter().enumerate().map(dot).collect()
}

/// A colour of a channel: the hue runs with the centre frequency inside a band, so that neighbours in spectrum are
/// neighbours in colour; bands differ in brightness.
fn colour(s: Option<Tuned>) -> String {
    let Some(channel) = s.map(|s| s.channel) else { return "#aaaaaa".to_owned() };
    let (low, high, light) = match channel.band() {
        Band::Ghz2 => (2_412, 2_484, 130),
        Band::Ghz5 => (5_180, 5_885, 165),
        Band::Ghz6 => (5_955, 7_115, 205),
    };
    let hue = (u32::from(centre_mhz(channel).clamp(low, high) - low) * 1_280) / u32::from(high - low);
    let (sector, rise) = (hue / 256, hue % 256);
    let part = |x: u32| x * light / 255;
    let (r, g, b) = match sector {
        0 => (255, rise, 0),
        1 => (255 - rise, 255, 0),
        2 => (0, 255, rise),
        3 => (0, 255 - rise, 255),
        4 => (rise, 0, 255),
        _ => (255, 0, 255),
    };
    format!("#{:02x}{:02x}{:02x}", part(r), part(g), part(b))
}

fn gigahertz(band: Band) -> &'static str {
    match band {
        Band::Ghz2 => "2.4",
        Band::Ghz5 => "5",
        Band::Ghz6 => "6",
    }
}

fn centre_mhz(channel: Channel) -> u16 {
    channel.band().mhz(channel.center())
}

fn text(x: usize, y: usize, size: usize, fill: &str, words: &str) -> String {
    let mut escaped = String::new();
    for c in words.chars().take(40) {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    format!("<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{fill}\">{escaped}</text>\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Environment;
    use crate::plan_site;
    use crate::validate::parse;

    #[test]
    fn shows_both_sides_and_escapes_names() {
        let mut site = parse(include_bytes!("../examples/three-pods.json")).unwrap();
        let plan = plan_site(&site, &Environment::new()).unwrap();
        let picture = svg(&site, &plan);
        assert_eq!(picture.matches(">kitchen<").count(), 2);
        assert_eq!(picture.matches("<circle").count(), 2 * site.clients.len());
        assert!(picture.contains("6/20 23 dBm"), "before");
        site.clients[0].id = "<script>".to_owned();
        let plan = plan_site(&site, &Environment::new()).unwrap();
        let picture = svg(&site, &plan);
        assert!(!picture.contains("<script>") && picture.contains("&lt;script&gt;"));
        for tag in ["svg", "g", "text", "title"] {
            assert_eq!(
                picture.matches(&format!("<{tag}")).count() - if tag == "t" { 1 } else { 0 },
                picture.matches(&format!("</{tag}>")).count(),
                "{tag}"
            );
        }
    }

    #[test]
    fn no_row_is_empty_and_no_box_hides_clients() {
        let site = parse(include_bytes!("../examples/three-pods.json")).unwrap();
        let t = validate(&site).unwrap();
        let spots = layout(&t, &now(&t), 0);
        let mut rows: Vec<usize> = spots.iter().map(|s| s.1.1).collect();
        rows.sort_unstable();
        rows.dedup();
        // Half a box, the clients with their names, and half a box.
        assert!(rows.windows(2).all(|w| w[1] - w[0] >= POD.1 + 22 + 15), "{rows:?}");
        assert!(rows.len() < 2 || rows[1] - rows[0] <= CELL.1 / rows.len(), "{rows:?}");
    }

    #[test]
    fn faults_are_said() {
        let mut site = parse(include_bytes!("../examples/three-pods.json")).unwrap();
        let plan = plan_site(&site, &Environment::new()).unwrap();
        site.country = "XX".to_owned();
        assert!(svg(&site, &plan).contains("the site has faults"));
    }

    #[test]
    fn every_channel_has_a_colour() {
        for band in Band::ALL {
            for channel in Channel::all(band) {
                let c = colour(Some(Tuned { channel, eirp_dbm: 20 }));
                assert_eq!(c.len(), 7, "{channel}");
            }
        }
    }
}
