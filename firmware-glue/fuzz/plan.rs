// Random homes for the planner of the C interface, drawn from bytes.

use std::ptr;

use millpond::*;

/// What a home is drawn from. A tame one keeps to numbers that exist.
struct Bytes<'a>(&'a [u8], bool);

impl Bytes<'_> {
    fn u8(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, n: u8) -> u8 {
        self.u8() % n
    }

    /// Less than `n`, or in a tame home less than `tame`.
    fn under(&mut self, n: u8, tame: u8) -> u8 {
        let most = if self.1 { tame } else { n };
        self.below(most.max(1))
    }

    fn i16(&mut self) -> i16 {
        i16::from_le_bytes([self.u8(), self.u8()])
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes([self.u8(), self.u8(), self.u8(), self.u8()])
    }

    /// The right size, or one time in 64 any.
    fn size<T>(&mut self) -> u32 {
        if self.u8() < 4 && !self.1 { self.u32() % 512 } else { size_of::<T>() as u32 }
    }

    fn list<T>(&mut self, most: u8, mut each: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let n = self.below(most + 1);
        (0..n).map(|_| each(self)).collect()
    }

    fn band(&mut self) -> u8 {
        [2, 5, 6, 5, 5, 2, 0, 9][usize::from(self.under(8, 6))]
    }

    fn width(&mut self) -> u16 {
        [20, 40, 80, 160, 320, 0, 20, 30][usize::from(self.under(8, 7))]
    }

    fn channel(&mut self) -> u8 {
        [1, 6, 11, 36, 40, 52, 100, 149, 5, 37, 0, self.0.len() as u8][usize::from(self.below(12))]
    }
}

/// Plans the home that the bytes stand for. Panics if the library failed. Returns the result.
///
/// The size of the first entry of an array says how far its entries are apart, so that a wrong one is given to an array
/// of one entry alone; its memory is as long as the struct.
pub fn plan(bytes: &[u8]) -> mp_result {
    let tame = bytes.first().is_some_and(|b| b & 3 != 0);
    let mut b = Bytes(bytes.get(1..).unwrap_or_default(), tame);
    let nodes = b.list(3, |b| mp_site_node {
        size: size_of::<mp_site_node>() as u32,
        home: b.below(2),
        gateway: b.below(2),
        parent: b.below(4),
        parent_radio: b.below(2),
        radio: b.below(2),
        reserved: [0; 3],
    });
    let n = nodes.len() as u8;
    let radios = b.list(6, |b| mp_site_radio {
        size: size_of::<mp_site_radio>() as u32,
        node: 1 + b.under(3, n),
        radio: b.below(3),
        band: b.band(),
        streams: b.below(6),
        widths: u16::from(b.under(40, 32)),
        max_eirp_dbm: i16::from(b.u8()) - 20,
        flags: b.under(5, 4),
        channel: b.channel(),
        center: if b.below(3) == 0 { b.u8() } else { 0 },
        eirp_dbm: b.u8() as i8,
        width_mhz: b.width(),
        reserved: 0,
    });
    let losses = b.list(6, |b| mp_site_loss {
        size: size_of::<mp_site_loss>() as u32,
        a: b.below(4),
        b: b.below(4),
        band: b.band(),
        reserved: 0,
        loss_db: b.i16().into(),
    });
    let clients = b.list(3, |b| mp_site_client {
        size: size_of::<mp_site_client>() as u32,
        demand_kbps: b.u32(),
        weight_milli: b.u32() >> b.below(32),
        refusals: b.u32() >> b.below(32),
        streams: b.below(6),
        ppdu: [0, 2, 3, 4, 5, 1, 6][usize::from(b.under(7, 5))],
        max_width_mhz: b.width(),
        node: b.below(4),
        radio: b.below(3),
        stays: b.below(2),
        reserved: 0,
    });
    let m = clients.len() as u8;
    let client_losses = b.list(if m == 0 { 0 } else { 6 }, |b| mp_site_client_loss {
        size: size_of::<mp_site_client_loss>() as u32,
        client: b.under(4, m).into(),
        node: b.below(4),
        band: b.band(),
        loss_db: i16::from(b.u8()),
    });
    let surveys = b.list(3, |b| mp_survey {
        size: size_of::<mp_survey>() as u32,
        node: b.below(4),
        band: b.band(),
        channel: b.channel(),
        radar: b.below(2),
        width_mhz: b.width(),
        noise_dbm: b.i16(),
        neighbours: 0,
        busy_ms: b.u32().into(),
        active_ms: b.u32().into(),
        stations: 0,
        reserved: 0,
    });
    let neighbours = b.list(3, |b| mp_site_neighbour {
        size: size_of::<mp_site_neighbour>() as u32,
        node: b.below(4),
        band: b.band(),
        channel: b.channel(),
        center: if b.below(2) == 0 { b.u8() } else { 0 },
        width_mhz: b.width(),
        level_dbm: -i16::from(b.u8()),
        duty_permille: b.i16() as u16,
        reserved: 0,
    });
    let dfs = b.list(2, |b| mp_site_dfs {
        size: b.size::<mp_site_dfs>().min(size_of::<mp_site_dfs>() as u32),
        events_30d: b.u32() >> b.below(32),
        channel: b.channel(),
        blocked: b.below(2),
        reserved: [0; 2],
    });
    let rules = b.list(2, |b| mp_site_rule {
        size: size_of::<mp_site_rule>() as u32,
        rule: [1, 2, 0, 3][usize::from(b.under(4, 2))],
        what: [1, 2, 3, 0, 4][usize::from(b.under(5, 3))],
        node: b.below(4),
        band: b.band(),
        channel: b.channel(),
        parent: b.below(4),
        width_mhz: b.width(),
        client: b.below(4).into(),
    });
    let site = mp_site {
        size: b.size::<mp_site>().min(size_of::<mp_site>() as u32),
        abi: MP_ABI + u32::from(b.u8() == 1 && !tame),
        country: [[b'U', b'S'], [b'D', b'E'], [b'J', b'P'], [0, 255]][usize::from(b.under(4, 3))].map(|c| c as _),
        flags: b.under(9, 8),
        reserved: 0,
        switch_cost_milli: b.u32() >> b.below(32),
        seed: b.u32(),
        slot: b.i16() as u16,
        first_number: b.i16() as u16,
        rounds: 1,
        n_nodes: nodes.len() as u32,
        n_radios: radios.len() as u32,
        n_losses: losses.len() as u32,
        n_clients: clients.len() as u32,
        n_client_losses: client_losses.len() as u32,
        n_surveys: surveys.len() as u32,
        n_neighbours: neighbours.len() as u32,
        n_dfs: dfs.len() as u32,
        n_rules: rules.len() as u32,
        nodes: nodes.as_ptr(),
        radios: radios.as_ptr(),
        losses: losses.as_ptr(),
        clients: clients.as_ptr(),
        client_losses: client_losses.as_ptr(),
        surveys: surveys.as_ptr(),
        neighbours: neighbours.as_ptr(),
        dfs: dfs.as_ptr(),
        rules: rules.as_ptr(),
    };
    // SAFETY: a struct of integers and pointers, for which zeros are valid.
    let mut blank: mp_decision = unsafe { std::mem::zeroed() };
    blank.size = size_of::<mp_decision>() as u32;
    let mut decisions = vec![blank; usize::from(b.below(20))];
    let (mut count, mut fault) = (usize::MAX, vec![0; usize::from(b.u8())]);
    let to = if fault.is_empty() { ptr::null_mut() } else { fault.as_mut_ptr() };
    // SAFETY: each array is as long as its length says.
    let result = unsafe { mp_plan(&site, decisions.as_mut_ptr(), decisions.len(), &mut count, to, fault.len()) };
    match result {
        mp_result::MP_OK => assert!(count <= decisions.len()),
        mp_result::MP_ERR_BUFFER => assert!(count > decisions.len()),
        mp_result::MP_ERR_SITE => assert!(fault.last().is_none_or(|_| fault.contains(&0))),
        other => assert!(other != mp_result::MP_ERR_INTERNAL),
    }
    result
}
