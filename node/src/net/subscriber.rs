//! A subscriber of one topic of a broker at home (MQTT 3.1.1), on a thread of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use rumqttc::{Client, Event, Incoming, MqttOptions, QoS, RecvTimeoutError};

/// Payloads that wait at most; when they are not fetched the newest are dropped.
const WAITING: usize = 32;
/// Longest payload, bytes.
const PAYLOAD_MAX: usize = 1 << 20;
/// After a lost connection: a second, then twice as long each time, at most a minute.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// So long may it take to see that nobody listens any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// Payloads of a topic. The thread ends when this is dropped.
pub struct Subscriber {
    payloads: Receiver<Vec<u8>>,
    connected: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
}

impl Subscriber {
    /// Starts the thread `subscriber`; it connects, and connects again, for as long as this lives.
    ///
    /// # Errors
    /// The thread does not start.
    pub fn start(broker: SocketAddr, topic: &str) -> std::io::Result<Self> {
        let (into, payloads) = bounded(WAITING);
        let (connected, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (c, s, topic) = (Arc::clone(&connected), Arc::clone(&stop), topic.to_owned());
        std::thread::Builder::new().name("subscriber".into()).spawn(move || run(broker, &topic, &into, &c, &s))?;
        Ok(Self { payloads, connected, stop })
    }

    /// The next payload that waits.
    pub fn next(&self) -> Option<Vec<u8>> {
        self.payloads.try_recv().ok()
    }

    /// True while the broker answers and the topic is subscribed.
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn run(broker: SocketAddr, topic: &str, into: &Sender<Vec<u8>>, connected: &AtomicBool, stop: &AtomicBool) {
    // An empty name: the broker gives one, and nothing of ours is told.
    let mut options = MqttOptions::new("", broker.ip().to_string(), broker.port());
    options.set_max_packet_size(PAYLOAD_MAX, 4096).set_keep_alive(Duration::from_secs(30)).set_clean_session(true);
    let (client, mut connection) = Client::new(options, 8);
    let mut retry = RETRY.0;
    while !stop.load(Ordering::Relaxed) {
        match connection.recv_timeout(PATIENCE) {
            Ok(Ok(Event::Incoming(Incoming::ConnAck(_)))) => {
                let _ = client.try_subscribe(topic, QoS::AtMostOnce);
            }
            Ok(Ok(Event::Incoming(Incoming::SubAck(_)))) => {
                connected.store(true, Ordering::Relaxed);
                retry = RETRY.0;
            }
            Ok(Ok(Event::Incoming(Incoming::Publish(message)))) => {
                let _ = into.try_send(message.payload.to_vec());
            }
            Ok(Ok(_)) | Err(RecvTimeoutError::Timeout) => {}
            Ok(Err(_)) => {
                connected.store(false, Ordering::Relaxed);
                let mut left = retry;
                while !left.is_zero() && !stop.load(Ordering::Relaxed) {
                    let nap = left.min(Duration::from_millis(200));
                    std::thread::sleep(nap);
                    left -= nap;
                }
                retry = (retry * 2).min(RETRY.1);
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
