//! What the numbers of an Intel 5300 mean: their scale against the noise, and the transmitter's spatial mapping.
//!
//! Source: the Linux 802.11n CSI Tool's notes on scaling (D. Halperin et al., "Tool Release: Gathering 802.11n Traces
//! with Channel State Information", 2011), and the fixed mapping of Intel's transmitters that it publishes.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use num_complex::Complex;

use super::wire::GROUPS;
use crate::Record;

/// Noise that the tool assumes where none was measured, in dBm.
const UNMEASURED_DBM: f64 = -92.0;
/// How far the stored RSSI lies over the level at the antenna, gain aside, in dB.
const REFERENCE_DB: f64 = 44.0;

/// Level of all antennas together in dBm; `None` if no antenna gave one.
///
/// `rssi` as stored, 0 for none; `agc_db` the receiver's gain.
pub fn total_rss_dbm(rssi: &[i16], agc_db: f64) -> Option<f64> {
    let sum: f64 = rssi.iter().filter(|&&r| r > 0).map(|&r| 10f64.powf(f64::from(r) / 10.0)).sum();
    (sum > 0.0).then(|| 10.0 * sum.log10() - REFERENCE_DB - agc_db)
}

/// The factor that makes a record's values the square root of the signal-to-noise ratio.
///
/// Noise is what was measured (-92 dBm if nothing was) and the error of rounding to 8 bits. `None` for a record without
/// RSSI, without gain, or of zeros alone: it has no scale.
///
/// - Cost: one pass over the values
pub fn snr_scale(record: &Record<'_>) -> Option<f64> {
    let meta = record.frame.meta();
    let total = total_rss_dbm(record.rssi, f64::from(meta.gain?.0))?;
    let mut power = 0.0;
    record.for_each_stored(|re, im| power += re * re + im * im);
    if power <= 0.0 {
        return None;
    }
    let (n_rx, n_tx) = (f64::from(meta.n_rx), f64::from(meta.n_sts));
    let scale = 10f64.powf(total / 10.0) / (power / GROUPS as f64);
    let thermal = 10f64.powf(meta.noise.map_or(UNMEASURED_DBM, |n| f64::from(n.0)) / 10.0);
    let rounding = scale * n_rx * n_tx;
    // Streams share the transmit power; the hardware's figure for three is 4.5 dB, not a factor of 3.
    let shared = match meta.n_sts {
        2 => 2.0,
        3 => 10f64.powf(0.45),
        _ => 1.0,
    };
    Some((scale / (thermal + rounding) * shared).sqrt())
}

/// The unitary matrix that an Intel transmitter multiplies its streams by, `[stream][antenna]`, in the first `n_tx`
/// rows and columns; `None` for one stream, which is sent as it is.
pub fn spatial_mapping(n_tx: usize, is_40_mhz: bool) -> Option<[[Complex<f64>; 3]; 3]> {
    let zero = Complex::new(0.0, 0.0);
    let turn = |part: f64| Complex::from_polar(1.0 / 3f64.sqrt(), TAU * part);
    let (one, j) = (Complex::new(FRAC_1_SQRT_2, 0.0), Complex::new(0.0, FRAC_1_SQRT_2));
    Some(match (n_tx, is_40_mhz) {
        (2, false) => [[one, one, zero], [one, -one, zero], [zero; 3]],
        (2, true) => [[one, j, zero], [j, one, zero], [zero; 3]],
        (3, false) => [
            [-1.0 / 16.0, -33.0 / 80.0, 3.0 / 80.0].map(turn),
            [23.0 / 80.0, 13.0 / 48.0, 13.0 / 240.0].map(turn),
            [-13.0 / 80.0, 37.0 / 240.0, 13.0 / 48.0].map(turn),
        ],
        (3, true) => [
            [-1.0 / 16.0, -13.0 / 80.0, 23.0 / 80.0].map(turn),
            [-37.0 / 80.0, -11.0 / 48.0, -107.0 / 240.0].map(turn),
            [7.0 / 80.0, -83.0 / 240.0, -11.0 / 48.0].map(turn),
        ],
        _ => return None,
    })
}

/// Takes the transmitter's mapping out of the values of one tone at one antenna, `[stream]`: what is left is the channel.
///
/// Does nothing for one stream, or for other numbers than the card has.
pub fn undo_spatial_mapping(streams: &mut [Complex<f64>], is_40_mhz: bool) {
    let Some(q) = spatial_mapping(streams.len(), is_40_mhz) else { return };
    let mut measured = [Complex::new(0.0, 0.0); 3];
    measured[..streams.len()].copy_from_slice(streams);
    for (h, row) in streams.iter_mut().zip(&q) {
        *h = measured.iter().zip(row).map(|(c, q)| c * q.conj()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mapping_is_unitary_and_undone() {
        for (n, wide) in [(2, false), (2, true), (3, false), (3, true)] {
            let q = spatial_mapping(n, wide).unwrap();
            for a in 0..n {
                for b in 0..n {
                    let product: Complex<f64> = (0..n).map(|k| q[a][k] * q[b][k].conj()).sum();
                    let expected = if a == b { 1.0 } else { 0.0 };
                    assert!((product - expected).norm() < 1e-12, "{n} {wide} {a} {b}: {product}");
                }
            }
            let channel: Vec<Complex<f64>> = (0..n).map(|i| Complex::new(i as f64 + 1.0, -2.0 * i as f64)).collect();
            let mut sent: Vec<Complex<f64>> = (0..n).map(|k| (0..n).map(|i| channel[i] * q[i][k]).sum()).collect();
            undo_spatial_mapping(&mut sent, wide);
            assert!(sent.iter().zip(&channel).all(|(a, b)| (a - b).norm() < 1e-12), "{n} {wide}");
        }
        let mut one = [Complex::new(3.0, 4.0)];
        undo_spatial_mapping(&mut one, true);
        assert_eq!(one, [Complex::new(3.0, 4.0)]);
    }

    #[test]
    fn levels_add_up_over_the_antennas_that_gave_one() {
        assert_eq!(total_rss_dbm(&[0, 0, 0], 30.0), None);
        assert_eq!(total_rss_dbm(&[40, 0, 0], 30.0), Some(40.0 - 44.0 - 30.0));
        let two = total_rss_dbm(&[40, 40, 0], 30.0).unwrap();
        assert!((two - (-34.0 + 10.0 * 2f64.log10())).abs() < 1e-12);
    }
}
