//! What kind of motion it is: today whether it is usual for the household. Slow machines are told by
//! `presence::SignOfLife::is_machine`.

pub mod routine;
