// Random calls of the C interface, driven by bytes: by the fuzz target, and by the test that makes bytes of its own.
//
// Every pointer that is handed over points at exactly as much memory as its length says, in an allocation of its own,
// so that the address sanitizer sees a read or a write too far. Everything else is drawn from the bytes.

use std::ptr;

use millpond::*;

/// What the calls are drawn from. When the bytes are at an end everything is zero.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn u8(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes([self.u8(), self.u8()])
    }

    fn u32(&mut self) -> u32 {
        u32::from(self.u16()) | u32::from(self.u16()) << 16
    }

    fn u64(&mut self) -> u64 {
        u64::from(self.u32()) | u64::from(self.u32()) << 32
    }

    /// A sensible value, or one time in sixteen any.
    fn often(&mut self, sensible: u64) -> u64 {
        if self.u8() < 16 { self.u64() } else { sensible }
    }

    /// `len` bytes, the ones that are left over and over.
    fn fill(&mut self, len: usize) -> Vec<u8> {
        let n = usize::from(self.u8()).min(self.0.len());
        let (pattern, rest) = self.0.split_at(n);
        self.0 = rest;
        if pattern.is_empty() { vec![0; len] } else { pattern.iter().copied().cycle().take(len).collect() }
    }
}

/// A struct in memory of exactly the size that it says, or NULL.
struct Boxed {
    words: Vec<u64>,
    null: bool,
}

impl Boxed {
    /// Cuts or keeps the struct's tail and one time in many leaves out the pointer.
    fn of<T: Copy>(value: T, size: u32, null: bool) -> Self {
        let mut words = vec![0u64; (size as usize).div_ceil(8).max(1)];
        let n = size_of::<T>().min(words.len() * 8);
        // SAFETY: `n` is within both; the struct has no padding that would be read.
        unsafe { ptr::copy_nonoverlapping(ptr::from_ref(&value).cast::<u8>(), words.as_mut_ptr().cast(), n) };
        Self { words, null }
    }

    fn at<T>(&mut self) -> *mut T {
        if self.null { ptr::null_mut() } else { self.words.as_mut_ptr().cast() }
    }
}

/// A sensor in memory of its own.
struct Sensor {
    at: *mut mp_sensor,
    memory: Vec<u64>,
    now: u64,
}

/// Plays the calls that the bytes stand for. Panics if a call answers what it must not. Returns how many calls were made.
pub fn play(bytes: &[u8]) -> usize {
    let mut b = Bytes(bytes);
    let mut sensors: [Option<Sensor>; 2] = [None, None];
    let mut calls = 0;
    while !b.0.is_empty() {
        let op = b.u8();
        let Some(place) = sensors.get_mut(usize::from(op >> 7)) else { continue };
        match place {
            None => *place = begin(&mut b),
            Some(sensor) if op & 127 == 0 => {
                end(sensor);
                *place = None;
            }
            Some(sensor) => step(op & 127, &mut b, sensor),
        }
        calls += 1;
    }
    sensors.iter_mut().flatten().for_each(end);
    calls
}

/// What a call answered is looked at in [`heed`] alone.
fn done(_: mp_result) {}

/// No call says that the library itself failed, and none says what the header does not know.
fn heed(result: mp_result) -> mp_result {
    assert!(result != mp_result::MP_ERR_INTERNAL && result != mp_result::MP_ERR_POISONED, "{result:?}");
    // SAFETY: the text is static and ends in a NUL.
    let text = unsafe { std::ffi::CStr::from_ptr(mp_strerror(result as i32)) };
    assert!(text != c"an unknown result");
    result
}

/// Codes of the closed list, and numbers that a message could hold.
unsafe extern "C" fn log(_: *mut std::ffi::c_void, code: u32, number: u32) {
    assert!((1..=255).contains(&code) && number <= 65_535);
}

fn begin(b: &mut Bytes<'_>) -> Option<Sensor> {
    let (links, zones) = (b.often(1 + u64::from(b.0.len() as u8 % 3)) as u16, b.often(2) as u8);
    let mut link_zones: Vec<u8> = b.fill(usize::from(links)).iter().map(|z| 1 + z % zones.max(1)).collect();
    link_zones.shrink_to_fit();
    let mut config = mp_config {
        size: size_of::<mp_config>() as u32,
        abi: b.often(MP_ABI.into()) as u32,
        links,
        zones,
        presence: 0,
        max_tones: b.often(64) as u16,
        max_chains: b.often(4) as u16,
        link_zones: if b.u8() & 1 == 0 { ptr::null() } else { link_zones.as_ptr() },
        false_alarms_per_1000_days: b.often(0) as u32,
        hold_ms: b.often(0) as u32,
        present_s: b.often(0) as u32,
        reserved2: 0,
        seed: [b.u32(); 8],
        log: None,
        log_user: ptr::null_mut(),
    };
    let bits = b.u8();
    config.log = if bits & 1 == 0 { None } else { Some(log) };
    // Mostly what exists, and more often than not the branch that has more to go wrong.
    config.presence = if bits < 250 { bits >> 1 & 1 } else { bits };
    config.size = b.often(config.size.into()) as u32 % 512;
    let mut config = Boxed::of(config, config.size, b.u8() == 1);
    let mut len = 0;
    // SAFETY: each pointer is NULL or to memory of the length that goes with it.
    unsafe {
        if heed(mp_sensor_size(config.at(), &mut len)) != mp_result::MP_OK {
            return None;
        }
        let short = usize::from(b.u8() == 1);
        let mut memory = vec![u64::MAX; len.div_ceil(8) - short];
        let mut at = ptr::null_mut();
        let result = heed(mp_sensor_init(memory.as_mut_ptr().cast(), memory.len() * 8, config.at(), &mut at));
        (result == mp_result::MP_OK).then_some(Sensor { at, memory, now: 0 })
    }
}

fn end(sensor: &mut Sensor) {
    // SAFETY: a live sensor; it is not used again, but to see that it is no longer one.
    unsafe {
        assert_eq!(heed(mp_sensor_fini(sensor.at)), mp_result::MP_OK);
        assert_eq!(mp_sensor_reset(sensor.at), mp_result::MP_ERR_HANDLE);
    }
    assert!(sensor.memory.iter().all(|w| *w == 0), "wiped");
}

fn step(op: u8, b: &mut Bytes<'_>, s: &mut Sensor) {
    s.now += u64::from(b.u16()) << (op % 8);
    let now = if op == 127 { b.u64() } else { s.now };
    // SAFETY: a live sensor, and pointers to memory of the length that goes with each.
    unsafe {
        match op % 16 {
            0 => done(heed(mp_sensor_reset(s.at))),
            1 => done(heed(mp_sensor_set_zone(s.at, now, b.u8() % 4, b.u8() % 3))),
            2 => done(heed(mp_sensor_set_clock(s.at, now, b.often(3600) as u32))),
            3 => done(heed(mp_sensor_set_sensing(s.at, now, b.u8() % 4, [0, 15, 60, 7][usize::from(b.u8() % 4)]))),
            4 => done(heed(mp_sensor_set_sensing(s.at, now, MP_SENSING_ON, 0))),
            5 => push_rssi(b, s.at, now),
            6 if b.u8() < 32 => done(heed(mp_sensor_erase(s.at, now, b.u8() % 4))),
            6 => push_survey(b, s.at),
            7 | 8 => poll(b, s.at, now),
            _ => push(b, s.at, now),
        }
    }
}

/// # Safety
/// A live sensor.
unsafe fn push(b: &mut Bytes<'_>, at: *mut mp_sensor, now: u64) {
    let shape = b.u8();
    let format = b.often(1 + u64::from(shape % 3)) as u8;
    let n_tones = if shape & 4 == 0 { [52, 56, 64, 114][usize::from(shape >> 6)] } else { b.u16() % 300 };
    let (n_rx, n_sts) = (b.often(1 + u64::from(shape >> 3 & 1)) as u8, b.often(1) as u8);
    let pairs = usize::from(n_tones) * usize::from(n_rx) * usize::from(n_sts);
    let item = [2, 4, 8][usize::from(format.clamp(1, 3) - 1)];
    let bytes = if b.u8() == 1 { usize::from(b.u16()) } else { pairs * item };
    let pattern = b.fill(bytes.min(1 << 16));
    let mut samples = vec![0u64; bytes.min(1 << 16).div_ceil(8)];
    for (to, from) in samples.iter_mut().zip(pattern.chunks(8)) {
        *to = from.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)) ^ (now >> 10);
    }
    let start = b.u8() as i16 - 40;
    let tones: Vec<i16> = (0..n_tones as i16).map(|i| if shape & 16 == 0 { start + i } else { start - i }).collect();
    let mut frame = mp_frame {
        size: size_of::<mp_frame>() as u32,
        link: b.often(u64::from(shape >> 5 & 1)) as u16,
        format,
        flags: b.u8(),
        t_us: now,
        samples: if b.u8() == 1 { ptr::null() } else { samples.as_ptr().cast() },
        tones: if shape & 32 == 0 { ptr::null() } else { tones.as_ptr() },
        // No more than there is.
        samples_bytes: bytes.min(1 << 16) as u32,
        n_tones,
        n_rx,
        n_sts,
        width_mhz: b.often(20) as u16,
        ppdu: b.often(u64::from(shape % 6)) as u8,
        reserved: 0,
        rssi_cdbm: b.u16() as i16,
        noise_cdbm: -9500,
        gain_cdb: b.u16() as i16,
        seq: 0,
        reserved2: 0,
    };
    frame.size = b.often(frame.size.into()) as u32 % 512;
    let mut frame = Boxed::of(frame, frame.size, b.u8() == 1);
    // SAFETY: the samples and the tones are as long as the frame says.
    let _ = heed(unsafe { mp_sensor_push(at, frame.at()) });
}

/// # Safety
/// A live sensor.
unsafe fn push_rssi(b: &mut Bytes<'_>, at: *mut mp_sensor, now: u64) {
    let rssi = mp_rssi {
        size: b.often(size_of::<mp_rssi>() as u64) as u32 % 512,
        link: b.often(u64::from(b.0.len() as u16 & 1)) as u16,
        flags: b.u8(),
        reserved: 0,
        t_us: now,
        level_cdbm: b.u16() as i16,
        noise_cdbm: b.u16() as i16,
        reserved2: 0,
    };
    let mut rssi = Boxed::of(rssi, rssi.size, b.u8() == 1);
    // SAFETY: as many bytes as the struct says.
    let _ = heed(unsafe { mp_sensor_push_rssi(at, rssi.at()) });
}

/// # Safety
/// A live sensor.
unsafe fn push_survey(b: &mut Bytes<'_>, at: *mut mp_sensor) {
    let survey = mp_survey {
        size: b.often(size_of::<mp_survey>() as u64) as u32 % 512,
        node: b.u8() % 10,
        band: [2, 5, 6, 7][usize::from(b.u8() % 4)],
        channel: b.u8(),
        radar: b.u8() % 3,
        width_mhz: b.often(80) as u16,
        noise_dbm: b.u16() as i16,
        neighbours: b.u32(),
        busy_ms: b.u64(),
        active_ms: b.often(1000),
        stations: b.u32(),
        reserved: 0,
    };
    let mut survey = Boxed::of(survey, survey.size, b.u8() == 1);
    // SAFETY: as many bytes as the struct says.
    let _ = heed(unsafe { mp_sensor_push_survey(at, survey.at()) });
}

/// # Safety
/// A live sensor.
unsafe fn poll(b: &mut Bytes<'_>, at: *mut mp_sensor, now: u64) {
    let of = mp_message_body { reserved: [0; 6] };
    for _ in 0..b.u8() % 8 {
        let size = b.often(size_of::<mp_message>() as u64) as u32 % 512;
        let mut message = Boxed::of(mp_message { size, kind: 0, reserved: [0; 3], of }, size, b.u8() == 1);
        let mut bytes = vec![0u8; usize::from(b.u8()) % (MP_MESSAGE_BYTES + 1)];
        let mut written = 0;
        // SAFETY: as many bytes as each length says.
        unsafe {
            let polled = heed(mp_sensor_poll(at, now, message.at()));
            let encoded = heed(mp_message_encode(at, bytes.as_mut_ptr(), bytes.len(), &mut written));
            if polled == mp_result::MP_OK && encoded == mp_result::MP_OK {
                let (kind, first) = ((*message.at::<mp_message>()).kind, bytes.first());
                assert_eq!(Some(&kind), first, "the struct and the bytes are the same message");
            }
        }
    }
}
