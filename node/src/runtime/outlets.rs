//! Every message to every sink that the level in force has.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use millpond_dsp::phy::Micros;
use millpond_report::Privacy;
use millpond_report::sink::{LanDoor, Port, SendError};

use crate::message::Message;
use crate::sinks::Board;
use crate::sinks::journal::Journal;
use crate::sinks::mqtt::Mqtt;
use crate::sinks::page::Page;
use crate::sinks::terminal::Terminal;

/// The sinks of a run. One that is absent does not exist.
#[derive(Default)]
pub struct Outlets {
    /// Lines of text.
    pub terminal: Option<Terminal<Box<dyn io::Write + Send>>>,
    /// The page's board, and the page that is told once a second.
    pub page: Option<(Arc<Mutex<Board>>, Arc<Page>)>,
    /// Home Assistant.
    pub mqtt: Option<Arc<Mqtt>>,
    /// A record of the run.
    pub journal: Option<Journal>,
}

impl Outlets {
    /// Hands a message to every sink. A terminal that went away is no reason to stop sensing.
    pub fn put(&mut self, privacy: &Privacy, message: &Message, now: Micros) {
        if let Some(terminal) = &mut self.terminal {
            terminal.set_time(now.0 / Micros::SECOND.0);
            let _ = send(privacy, LanDoor::CommandLine, terminal, message);
        }
        if let Some(journal) = &mut self.journal {
            journal.set_time(now);
            let _ = send(privacy, LanDoor::CommandLine, journal, message);
        }
        if let Some(mqtt) = &self.mqtt {
            mqtt.put(privacy, message);
        }
        if let Some((board, _)) = &self.page {
            let mut board = board.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = send(privacy, LanDoor::Page, &mut *board, message);
        }
    }

    /// A second has passed. Returns how many messages a sink had no room for.
    pub fn second(&self) -> u32 {
        if let Some((_, page)) = &self.page {
            page.tick();
        }
        self.mqtt.as_ref().map_or(0, |m| m.beat())
    }
}

fn send<P: Port>(privacy: &Privacy, door: LanDoor, port: &mut P, message: &Message) -> Result<(), SendError<P::Error>> {
    privacy.lan(door, port).map_or(Ok(()), |mut sink| message.send(&mut sink))
}
