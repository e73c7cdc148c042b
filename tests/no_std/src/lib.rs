//! The motion detector behind one C function, for a target without an operating system. See `Cargo.toml` for what this
//! proves and how to see it fail.
#![no_std]

use core::panic::PanicInfo;

use millpond_dsp::detect::{Detector, DetectorConfig, LinkBank, MotionState, RssiDetector};
use millpond_dsp::phy::{Dbm, Micros, PpduFormat};
use millpond_dsp::zones::{Place, ZoneTracker};
use millpond_dsp::{Cfr, CsiFrame, CsiMeta, LinkId, RssiSample};
use millpond_report::estimate::ZoneEstimate;
use millpond_report::state::{Admin, More};
use millpond_report::wire::range::{Slot, ZoneId};
use millpond_report::wire::{Wire, Zone};
use millpond_report::{Privacy, Raw, gate};
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

/// The gate's whole way for one number: sensing on, a step, a message, its bytes.
#[unsafe(no_mangle)]
pub extern "C" fn millpond_no_std_gate(sample: i32) -> u32 {
    struct Host;
    impl Admin for Host {
        fn is_admin(&self) -> bool {
            true
        }
    }
    let mut privacy = Privacy::new();
    if let Some(yes) = privacy.ask(More::On).confirm(&Host) {
        let _ = privacy.raise(yes);
    }
    let Ok(permit) = privacy.sensing(0) else { return 0 };
    let estimate = gate::map(&permit, &Raw::new(sample), |s| ZoneEstimate { score_milli: *s, ..ZoneEstimate::default() });
    let told = gate::zone(&permit, ZoneId::new(1), None, Slot::new(0), Some(&estimate));
    let mut bytes = Zone::zeros();
    told.encode(&mut bytes) as u32 + u32::from(bytes[2])
}
