//! Answers as rows of a `plan`.

use super::answer::Answer;
use super::config::ENGINE;
use super::schema::{Fleet, PlansBuilder};

/// Adds the answer to a row.
pub fn append(fleet: &Fleet, row: usize, a: &Answer, config_hash: &str, out: &mut PlansBuilder) {
    out.home_id.append_option(fleet.home_id.get(row));
    out.group_id.append_option(fleet.group_id.get(row));
    out.plan_id.append_value(format!("{:032x}", a.plan_id));
    out.plan_for.append_option(fleet.captured_at.get(row));
    out.engine.append_value(ENGINE);
    out.config_hash.append_value(config_hash);
    out.status.append_value(a.status.as_str());
    out.reason.append_option(a.reason.as_deref());
    radios(fleet, a, out);
    let b = &mut out.backhaul.items;
    for l in &a.backhaul {
        b.pod.append_value(l.pod);
        b.parent.append_value(l.parent);
        b.radio.append_option(l.radio);
        b.medium.append_value(l.medium);
        b.hops.append_option(l.hops);
        b.mbps.append_option(l.mbps);
        b.changed.append_value(l.changed);
    }
    out.backhaul.close();
    let s = &mut out.steering.items;
    for &(client, pod, radio) in &a.steering {
        s.client.append_option(client);
        s.pod.append_value(pod);
        s.radio.append_value(radio);
    }
    out.steering.close();
    let units = |milli: Option<i64>| milli.map(|m| m as f32 / 1_000.0);
    out.score.before.append_option(units(a.before_milli));
    out.score.after.append_option(units(a.after_milli));
    out.score.gain.append_option(units(a.before_milli.zip(a.after_milli).map(|(b, n)| n - b)));
    out.score.worst_client_before_mbps.append_option(a.worst_mbps.0);
    out.score.worst_client_after_mbps.append_option(a.worst_mbps.1);
    out.score.confidence.append_option(a.confidence);
    let e = &mut out.explanation.items;
    for r in &a.explanation {
        e.code.append_value(r.code);
        e.pod.append_option(r.pod);
        e.radio.append_option(r.radio);
        e.value.append_value(r.value);
        e.against.append_option(r.against);
    }
    out.explanation.close();
    out.effort.iterations.append_option(a.rounds);
    out.effort.restarts.append_null();
}

fn radios(fleet: &Fleet, a: &Answer, out: &mut PlansBuilder) {
    let c = &fleet.pods.items.radios.items;
    let r = &mut out.radios.items;
    for one in &a.radios {
        r.pod.append_value(one.pod);
        r.radio.append_value(one.radio);
        r.band.append_option(c.band.get(one.at));
        r.channel.append_option(one.setting.map(|s| s.0));
        r.width_mhz.append_option(one.setting.map(|s| s.1));
        r.center_mhz.append_option(one.setting.map(|s| s.2).filter(|c| *c > 0));
        r.puncture.append_option(one.puncture);
        r.power_dbm.append_option(one.setting.map(|s| s.3));
        r.changed.append_value(one.changed);
        r.from_channel.append_option(c.channel.get(one.at));
        r.from_width_mhz.append_option(c.width_mhz.get(one.at));
        r.from_power_dbm.append_option(c.power_dbm.get(one.at));
        r.dfs.append_value(one.dfs);
        r.gain.append_option(one.gain_milli.map(|g| g as f32 / 1_000.0));
        one.why.iter().for_each(|code| r.why.items.append_value(code));
        r.why.close();
    }
    out.radios.close();
}
