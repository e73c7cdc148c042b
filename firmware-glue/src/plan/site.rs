//! The caller's arrays as a site of the optimizer. Ids are the numbers that the caller gave.

use millpond_dsp::phy::{Band, Bandwidth};
use millpond_optimizer::model::site::{
    Attachment, Choice, Client, ClientLoss, DfsState, FORMAT, Neighbour, Phy, Pod, PodLoss, Policy, PowerClass, Radio,
    Setting, Sharing, Site, Survey, Uplink, Wire,
};

use crate::abi::*;
use crate::ffi;
use crate::result::mp_result::{self, *};

/// Reads the arrays. Which numbers fit together is for the optimizer's own check to say.
///
/// # Safety
/// Each array of the site has as many entries as its length says, each of the size that its first one says.
#[allow(unsafe_code)] // Dereferences the caller's pointers.
pub(super) unsafe fn of(s: &mp_site) -> Result<Site, mp_result> {
    if s.abi != crate::version::MP_ABI {
        return Err(MP_ERR_ABI);
    }
    let lengths = [
        s.n_nodes,
        s.n_radios,
        s.n_losses,
        s.n_clients,
        s.n_client_losses,
        s.n_surveys,
        s.n_neighbours,
        s.n_dfs,
        s.n_rules,
    ];
    let known = MP_SITE_PER_RADIO | MP_SITE_NO_STEERING | MP_SITE_NO_UPLINKS;
    if !(1..=8).contains(&s.n_nodes) || lengths.iter().any(|n| *n > MP_SITE_ENTRIES_MAX) || s.flags & !known != 0 {
        return Err(MP_ERR_ARGUMENT);
    }
    // SAFETY: the caller's promise.
    let (nodes, radios, losses, clients, client_losses, surveys, neighbours, dfs, rules) = unsafe {
        (
            ffi::array(s.nodes, s.n_nodes as usize)?,
            ffi::array(s.radios, s.n_radios as usize)?,
            ffi::array(s.losses, s.n_losses as usize)?,
            ffi::array(s.clients, s.n_clients as usize)?,
            ffi::array(s.client_losses, s.n_client_losses as usize)?,
            ffi::array(s.surveys, s.n_surveys as usize)?,
            ffi::array(s.neighbours, s.n_neighbours as usize)?,
            ffi::array(s.dfs, s.n_dfs as usize)?,
            ffi::array(s.rules, s.n_rules as usize)?,
        )
    };
    let mut pods: Vec<Pod> = (1..).zip(&nodes).map(|(number, n)| pod(number, n)).collect();
    for r in &radios {
        let pod = usize::from(r.node).checked_sub(1).and_then(|i| pods.get_mut(i)).ok_or(MP_ERR_ARGUMENT)?;
        pod.radios.push(radio(r)?);
    }
    let mut stations: Vec<Client> = (0..).zip(&clients).map(|(n, c)| client(n, c)).collect::<Result<_, _>>()?;
    for l in &client_losses {
        let client = stations.get_mut(l.client as usize).ok_or(MP_ERR_ARGUMENT)?;
        let loss = ClientLoss { pod: l.node.to_string(), band: band(l.band)?, loss_db: l.loss_db.into() };
        client.path_loss.push(loss);
    }
    let (wires, paths): (Vec<&mp_site_loss>, Vec<_>) = losses.iter().partition(|l| l.band == 0);
    let rules_of = |which: u8| rules.iter().filter(move |r| r.rule == which).map(choice).collect::<Result<_, _>>();
    if rules.iter().any(|r| r.rule != MP_RULE_PIN && r.rule != MP_RULE_OBJECTION) {
        return Err(MP_ERR_ARGUMENT);
    }
    let mut radar: Vec<DfsState> = dfs.iter().map(dfs_state).collect();
    for survey in surveys.iter().filter(|survey| survey.radar != 0) {
        match radar.iter_mut().find(|d| d.channel == survey.channel) {
            Some(known) => known.non_occupancy = true,
            None => {
                radar.push(DfsState { channel: survey.channel, radar_events_30d: 0, home: None, non_occupancy: true })
            }
        }
    }
    Ok(Site {
        format: FORMAT.to_owned(),
        country: s.country.iter().map(|c| char::from(*c as u8)).collect(),
        policy: policy(s),
        pods,
        wired: wires.iter().map(|l| Wire { a: l.a.to_string(), b: l.b.to_string() }).collect(),
        pod_path_loss: paths.into_iter().map(path).collect::<Result<_, _>>()?,
        clients: stations,
        neighbours: neighbours.iter().map(neighbour).collect::<Result<_, _>>()?,
        survey: surveys.iter().map(survey).collect::<Result<_, _>>()?,
        dfs: radar,
        pins: rules_of(MP_RULE_PIN)?,
        objections: rules_of(MP_RULE_OBJECTION)?,
        afc: Vec::new(),
        quiet_window: None,
        forecast: None,
    })
}

fn policy(s: &mp_site) -> Policy {
    let default = Policy::default();
    let cost = if s.switch_cost_milli == 0 { default.switch_cost_milli } else { s.switch_cost_milli };
    Policy {
        channels: if s.flags & MP_SITE_PER_RADIO != 0 { Sharing::PerRadio } else { Sharing::PerBand },
        switch_cost_milli: cost,
        steer_clients: s.flags & MP_SITE_NO_STEERING == 0,
        move_uplinks: s.flags & MP_SITE_NO_UPLINKS == 0,
        ..default
    }
}

fn pod(number: u8, n: &mp_site_node) -> Pod {
    let uplink =
        Uplink { parent: n.parent.to_string(), parent_radio: n.parent_radio.to_string(), radio: n.radio.to_string() };
    Pod {
        id: number.to_string(),
        home: n.home.to_string(),
        gateway: n.gateway != 0,
        radios: Vec::new(),
        uplink: (n.parent != 0).then_some(uplink),
    }
}

fn radio(r: &mp_site_radio) -> Result<Radio, mp_result> {
    let bits = [MP_WIDTH_20, MP_WIDTH_40, MP_WIDTH_80, MP_WIDTH_160, MP_WIDTH_320];
    if r.widths & !bits.iter().sum::<u16>() != 0 {
        return Err(MP_ERR_ARGUMENT);
    }
    let widths = Bandwidth::ALL.into_iter().zip(bits).filter(|(_, bit)| r.widths & bit != 0).map(|(w, _)| w).collect();
    let current = match r.channel {
        0 => None,
        primary => Some(Setting {
            primary,
            width: width(r.width_mhz, 20)?,
            center: given(r.center),
            punctured: 0,
            eirp_dbm: r.eirp_dbm.into(),
        }),
    };
    Ok(Radio {
        class: PowerClass::default(),
        id: r.radio.to_string(),
        band: band(r.band)?,
        widths,
        max_eirp_dbm: r.max_eirp_dbm.into(),
        streams: given(r.streams).unwrap_or(2),
        primaries: Vec::new(),
        dfs: r.flags & MP_RADIO_NO_DFS == 0,
        puncture: false,
        tpc: r.flags & MP_RADIO_TPC != 0,
        current,
    })
}

fn path(l: &mp_site_loss) -> Result<PodLoss, mp_result> {
    Ok(PodLoss { a: l.a.to_string(), b: l.b.to_string(), band: band(l.band)?, loss_db: l.loss_db })
}

fn client(number: u32, c: &mp_site_client) -> Result<Client, mp_result> {
    let at = Attachment { pod: c.node.to_string(), radio: c.radio.to_string() };
    Ok(Client {
        id: number.to_string(),
        demand_kbps: c.demand_kbps,
        weight_milli: if c.weight_milli == 0 { 1000 } else { c.weight_milli },
        streams: given(c.streams).unwrap_or(2),
        max_width: width(c.max_width_mhz, 80)?,
        phy: match c.ppdu {
            MP_PPDU_HT => Phy::Ht,
            MP_PPDU_VHT => Phy::Vht,
            MP_PPDU_UNKNOWN | MP_PPDU_HE => Phy::He,
            MP_PPDU_EHT => Phy::Eht,
            _ => return Err(MP_ERR_FORMAT),
        },
        path_loss: Vec::new(),
        current: (c.node != 0).then_some(at),
        steerable: c.stays == 0,
        refusals: c.refusals,
    })
}

fn neighbour(n: &mp_site_neighbour) -> Result<Neighbour, mp_result> {
    Ok(Neighbour {
        pod: n.node.to_string(),
        band: band(n.band)?,
        primary: n.channel,
        width: width(n.width_mhz, 20)?,
        center: given(n.center),
        level_dbm: n.level_dbm.into(),
        duty_permille: (n.duty_permille != 0).then_some(n.duty_permille),
    })
}

fn survey(s: &mp_survey) -> Result<Survey, mp_result> {
    let busy = s.busy_ms.min(s.active_ms).checked_mul(1000).ok_or(MP_ERR_ARGUMENT)? / s.active_ms.max(1);
    Ok(Survey {
        pod: s.node.to_string(),
        band: band(s.band)?,
        channel: s.channel,
        // At most 1000.
        busy_permille: busy as u16,
        noise_dbm: Some(s.noise_dbm.into()),
    })
}

fn dfs_state(d: &mp_site_dfs) -> DfsState {
    DfsState { channel: d.channel, radar_events_30d: d.events_30d, home: None, non_occupancy: d.blocked != 0 }
}

fn choice(r: &mp_site_rule) -> Result<Choice, mp_result> {
    let node = |n: u8| given(n).map(|n| n.to_string());
    let in_band = || if r.band == 0 { Ok(None) } else { band(r.band).map(Some) };
    Ok(match r.what {
        MP_RULE_RADIO => Choice::Radio {
            pod: node(r.node),
            band: band(r.band)?,
            primary: given(r.channel),
            width: if r.width_mhz == 0 { None } else { Some(width(r.width_mhz, 20)?) },
        },
        MP_RULE_UPLINK => Choice::Uplink { pod: r.node.to_string(), parent: node(r.parent), band: in_band()? },
        MP_RULE_CLIENT => Choice::Client { client: r.client.to_string(), pod: node(r.node), band: in_band()? },
        _ => return Err(MP_ERR_ARGUMENT),
    })
}

fn given(n: u8) -> Option<u8> {
    Some(n).filter(|n| *n != 0)
}

fn band(code: u8) -> Result<Band, mp_result> {
    match code {
        MP_BAND_2 => Ok(Band::Ghz2),
        MP_BAND_5 => Ok(Band::Ghz5),
        MP_BAND_6 => Ok(Band::Ghz6),
        _ => Err(MP_ERR_ARGUMENT),
    }
}

fn width(mhz: u16, default: u16) -> Result<Bandwidth, mp_result> {
    Bandwidth::try_from(if mhz == 0 { default } else { mhz }).map_err(|_| MP_ERR_ARGUMENT)
}
