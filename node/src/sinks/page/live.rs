//! The stream: one message a second of one size, whether or not anything happened.

use std::fmt::Write;

use millpond_report::wire::{Status, Wire, Zone};

use crate::sinks::Board;

/// Renders `{"status":..,"zones":[..]}` as a server-sent event, padded so that its size depends on the number of zones
/// alone.
pub fn event(board: &Board) -> Vec<u8> {
    let mut text = String::from("data: {\"status\":");
    match &board.status {
        Some(status) => padded(&mut text, status),
        None => text.extend(["null", &" ".repeat(Status::JSON - 4)]),
    }
    text += ",\"zones\":[";
    for (i, zone) in board.zones.iter().enumerate() {
        text.push(if i > 0 { ',' } else { ' ' });
        padded(&mut text, zone);
    }
    debug_assert!(board.zones.iter().all(|z| json(z).len() <= Zone::JSON));
    text += "]}\n\n";
    text.into_bytes()
}

/// A message's JSON.
pub fn json<T: Wire>(message: &T) -> String {
    let mut text = String::with_capacity(T::JSON);
    // Writing to a string cannot fail.
    let _ = message.json(&mut text);
    text
}

fn padded<T: Wire>(text: &mut String, message: &T) {
    let _ = write!(text, "{:<width$}", json(message), width = T::JSON);
}
