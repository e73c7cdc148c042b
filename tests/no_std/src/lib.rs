//! The motion detector behind one C function, for a target without an operating system. See `Cargo.toml` for what this
//! proves and how to see it fail.
#![no_std]

use core::panic::PanicInfo;

use millpond_dsp::detect::{Detector, DetectorConfig, LinkBank, MotionState, RssiDetector};
use millpond_dsp::phy::{Dbm, Micros, PpduFormat};
use millpond_dsp::zones::{Place, ZoneTracker};
use millpond_dsp::{Cfr, CsiFrame, CsiMeta, LinkId, RssiSample};
use num_complex::Complex;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Runs every detector over a made-up link and gives the number of decisions of moving, so that nothing is left out of
/// the library.
#[unsafe(no_mangle)]
pub extern "C" fn millpond_no_std_probe(frames: u32) -> u32 {
    let config = DetectorConfig::default();
    let mut alone = Detector::new(config, LinkId(0));
    let mut bank = LinkBank::<2>::new(config);
    let mut rssi = RssiDetector::new(config, LinkId(0));
    let mut zones = ZoneTracker::<2, 2>::new(config);
    let tones: [i16; 12] = core::array::from_fn(|k| k as i16 + 1);
    let mut moving = 0;
    for i in 0..frames {
        let t = Micros(u64::from(i) * 10_000);
        let h: [Complex<i8>; 12] = core::array::from_fn(|k| Complex::new(20 + ((i as usize * k) % 9) as i8, 5));
        let meta = CsiMeta { format: PpduFormat::Ht, ..CsiMeta::at(t) };
        let Ok(frame) = CsiFrame::new(meta, &tones, Cfr::I8(&h)) else { return 0 };
        while let Some(d) = alone.poll(t) {
            moving += u32::from(d.state == MotionState::Moving);
        }
        while let Some(d) = bank.poll(t) {
            moving += u32::from(zones.push(&d).is_ok());
        }
        while let Some(d) = rssi.poll(t) {
            moving += u32::from(d.state == MotionState::Moving);
        }
        let _ = alone.push(&frame);
        let _ = bank.push(&frame);
        rssi.push(&RssiSample { t, link: LinkId(0), level: Dbm(-50.0 - (i % 3) as f32), noise: None });
        moving += u32::from(zones.place(t) == Place::Somewhere);
    }
    moving
}
