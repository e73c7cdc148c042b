//! What the unit tests feed a sensor with.

use core::ptr;

use crate::abi::{MP_FORMAT_I16, MP_PPDU_HT, mp_config, mp_frame};

/// The least that a sensor needs to be told.
pub(crate) fn config(links: u16, zones: u8) -> mp_config {
    mp_config {
        size: size_of::<mp_config>() as u32,
        abi: crate::version::MP_ABI,
        links,
        zones,
        presence: 0,
        max_tones: 0,
        max_chains: 0,
        link_zones: ptr::null(),
        false_alarms_per_1000_days: 0,
        hold_ms: 0,
        present_s: 0,
        reserved2: 0,
        seed: [0; 8],
        log: None,
        log_user: ptr::null_mut(),
    }
}

const TONES: usize = 56;

/// A frame without samples, in the shape of [`channel`].
pub(crate) fn frame(t_us: u64, link: u16) -> mp_frame {
    mp_frame {
        size: size_of::<mp_frame>() as u32,
        link,
        format: MP_FORMAT_I16,
        flags: 0,
        t_us,
        samples: ptr::null(),
        tones: ptr::null(),
        samples_bytes: (TONES * 4) as u32,
        n_tones: TONES as u16,
        n_rx: 1,
        n_sts: 1,
        width_mhz: 20,
        ppdu: MP_PPDU_HT,
        reserved: 0,
        rssi_cdbm: 0,
        noise_cdbm: 0,
        gain_cdb: 0,
        seq: 0,
        reserved2: 0,
    }
}

/// A channel of two paths of which the second turns at 3 Hz from second 5 to 8, in 16-bit samples with noise.
pub(crate) fn channel(t_us: u64) -> Vec<[i16; 2]> {
    let t = t_us as f32 * 1e-6;
    let turn = if (5.0..8.0).contains(&t) { 6.3 * 3.0 * t } else { 0.0 };
    let mut state = t_us.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 56) as f32 / 16.0 - 8.0
    };
    let tone = |k: i32| {
        let phase = turn + 0.2 * k as f32;
        let (re, im) = (1000.0 + 600.0 * phase.cos(), 600.0 * phase.sin());
        [(re + noise()) as i16, (im + noise()) as i16]
    };
    (-28..=28).filter(|k| *k != 0).map(tone).collect()
}
