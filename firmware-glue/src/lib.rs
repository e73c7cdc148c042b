#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![cfg_attr(not(feature = "std"), no_std)]
// One vocabulary in both languages: what crosses the border has its C name here too.
#![allow(non_camel_case_types)]

mod abi;
mod ffi;
mod frame;
mod life;
mod link;
mod log;
mod memory;
mod message;
mod order;
mod panic;
#[cfg(feature = "plan")]
mod plan;
mod result;
mod seed;
mod sensor;
mod session;
mod survey;
#[cfg(test)]
mod testing;
mod version;

pub use abi::*;
pub use memory::{MP_SENSOR_ALIGN, mp_sensor};
#[cfg(feature = "plan")]
pub use plan::mp_plan;
pub use result::{mp_result, mp_strerror};
pub use sensor::{
    mp_message_encode, mp_sensor_erase, mp_sensor_fini, mp_sensor_init, mp_sensor_poll, mp_sensor_push,
    mp_sensor_push_rssi, mp_sensor_push_survey, mp_sensor_reset, mp_sensor_set_clock, mp_sensor_set_sensing,
    mp_sensor_set_zone, mp_sensor_size,
};
pub use version::{MP_ABI, mp_abi, mp_version};
