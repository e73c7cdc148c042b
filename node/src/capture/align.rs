//! Device clocks onto the node's clock.
//!
//! A frame's own time stamp is free of what the network and the kernel add, so detectors work on it; but two devices
//! start theirs at different times and run a little fast or slow. The least delay seen lately ties a device's clock to
//! the node's: no frame arrives before it was sent.

use millpond_dsp::phy::Micros;

/// Crystals agree within 100 parts in a million (IEEE 802.11-2020, 17.3.9.5 allows 20 at each end; ESP32's may be worse).
const PPM: u64 = 100;
/// A delay that grows by this much is no longer the network: the device was restarted.
const RESTART: u64 = 2_000_000;

/// One device's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Align {
    tie: Option<Tie>,
}

#[derive(Clone, Copy, Debug)]
struct Tie {
    /// Node's time less the device's, microseconds; the least of late.
    offset: i64,
    arrival: u64,
    last: u64,
}

impl Align {
    /// The node's time of a frame with the device's time `device` that arrived at `arrival`: never after its arrival and
    /// never before the frame told last.
    pub fn step(&mut self, device: Micros, arrival: Micros) -> Micros {
        let seen = arrival.0 as i64 - device.0 as i64;
        let tie = match self.tie {
            Some(tie) => {
                // The tie loosens at the rate at which crystals part, so that the least is one of late.
                let crept = tie.offset + (arrival.0.saturating_sub(tie.arrival) * PPM / 1_000_000) as i64;
                let offset = if seen.abs_diff(crept) > RESTART { seen } else { crept.min(seen) };
                Tie { offset, arrival: arrival.0, last: tie.last }
            }
            None => Tie { offset: seen, arrival: arrival.0, last: 0 },
        };
        let t = device.0.saturating_add_signed(tie.offset).min(arrival.0).max(tie.last);
        self.tie = Some(Tie { last: t, ..tie });
        Micros(t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_of_the_network_is_taken_out() {
        let mut align = Align::default();
        let delays = [900, 300, 5_000, 300, 40_000, 301];
        let mut steps = Vec::new();
        for (i, delay) in delays.into_iter().enumerate() {
            let device = Micros(7_000_000_000 + i as u64 * 10_000);
            let t = align.step(device, Micros(1_000_000 + i as u64 * 10_000 + delay));
            steps.push(t.0 as i64 - (1_000_000 + i as i64 * 10_000));
        }
        assert_eq!(steps[1], 300);
        assert!(steps[2..].iter().all(|s| (s - 300).abs() <= 10), "{steps:?}");
    }

    #[test]
    fn a_fast_and_a_slow_crystal_are_followed() {
        for ppm in [-80i64, 80] {
            let mut align = Align::default();
            let mut worst = 0;
            for i in 0..100_000i64 {
                let device = i * 100_000;
                let arrival = device + device * ppm / 1_000_000 + 5_000_000 + i % 7 * 100;
                let t = align.step(Micros(device as u64), Micros(arrival as u64));
                worst = worst.max(arrival - t.0 as i64);
            }
            assert!(worst < 1_500, "{ppm}: {worst}");
        }
    }

    #[test]
    fn a_restarted_device_is_tied_anew_and_time_never_runs_back() {
        let mut align = Align::default();
        let a = align.step(Micros(500_000_000), Micros(1_000_000));
        let b = align.step(Micros(10), Micros(1_100_000));
        let c = align.step(Micros(5), Micros(1_100_000));
        assert!(a <= b && b <= c && c <= Micros(1_100_000));
        assert_eq!(b, Micros(1_100_000));
    }
}
