#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
// One vocabulary in both languages: what crosses the border has its C name here too.
#![allow(non_camel_case_types)]

mod abi;
mod ffi;
mod frame;
mod link;
mod memory;
mod message;
mod order;
mod panic;
mod result;
mod seed;
mod sensor;
mod session;
#[cfg(test)]
mod testing;
mod version;

pub use abi::{
    MP_EVENT_PAUSED, MP_EVENT_RESUMED, MP_EVENT_SENSING_OFF, MP_EVENT_SENSING_ON, MP_EVENT_ZONE_OFF, MP_EVENT_ZONE_ON,
    MP_FORMAT_F32, MP_FORMAT_I8, MP_FORMAT_I16, MP_FRAME_CENTERED, MP_FRAME_GAIN, MP_FRAME_IMAG_FIRST, MP_FRAME_NOISE,
    MP_FRAME_RSSI, MP_FRAME_SEQ, MP_LINKS_MAX, MP_MESSAGE_BYTES, MP_MESSAGE_EVENT, MP_MESSAGE_LINK, MP_MESSAGE_STATUS,
    MP_MESSAGE_ZONE, MP_PPDU_EHT, MP_PPDU_HE, MP_PPDU_HT, MP_PPDU_LEGACY, MP_PPDU_UNKNOWN, MP_PPDU_VHT, MP_RSSI_NOISE,
    MP_SENSING_OFF, MP_SENSING_ON, MP_SENSING_PAUSED, MP_ZONE_MOVING, MP_ZONE_NO, MP_ZONE_OFF, MP_ZONE_STILL,
    MP_ZONE_UNKNOWN, MP_ZONE_YES, MP_ZONES_MAX, mp_config, mp_event, mp_frame, mp_link, mp_message, mp_message_body,
    mp_rssi, mp_status, mp_zone,
};
pub use memory::{MP_SENSOR_ALIGN, mp_sensor};
pub use result::{mp_result, mp_strerror};
pub use sensor::{
    mp_message_encode, mp_sensor_fini, mp_sensor_init, mp_sensor_poll, mp_sensor_push, mp_sensor_push_rssi,
    mp_sensor_reset, mp_sensor_set_clock, mp_sensor_set_sensing, mp_sensor_set_zone, mp_sensor_size,
};
pub use version::{MP_ABI, mp_abi, mp_version};
