//! Forging a ticket.
//! expect: E0423

#![allow(unused_imports)]
mod prelude;
use prelude::*;

fn main() {
    let week = Week::new(2900);
    let _ticket = BudgetTicket(week); //~
    let _ = week;
}
