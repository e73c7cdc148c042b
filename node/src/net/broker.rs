//! The connection to the household's MQTT broker: one thread, back-off between attempts, nothing queued while it is down.
//!
//! What goes out is dropped, and counted, when the broker takes it too slowly: the newest first, since a second later
//! there is a newer one anyway.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rumqttc::{Client, ConnectReturnCode, ConnectionError, Event, LastWill, MqttOptions, Packet, QoS};

/// Packets on their way to the broker: about eight seconds of sixteen zones.
const QUEUE: usize = 256;
/// Longest packet in either direction, bytes.
const PACKET_MAX: usize = 4096;
/// How soon a silent broker is given up.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
const CONNECT_S: u64 = 5;
/// Wait after a lost connection, doubled each time up to the second.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How long somebody who closes waits for the farewell.
const FAREWELL: Duration = Duration::from_secs(2);

/// How to reach the broker.
#[derive(Clone)]
pub struct BrokerConfig {
    /// Its address within the home.
    pub address: SocketAddr,
    /// Name and password.
    pub login: Option<(String, String)>,
    /// The certificates that sign for it, as PEM; without them the connection is plain.
    pub authority: Option<Vec<u8>>,
}

impl BrokerConfig {
    /// Whether the certificates are some, before anything is opened.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> std::io::Result<()> {
        self.authority.as_deref().map_or(Ok(()), |a| transport(a).map(drop))
    }
}

/// One message for the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Topic.
    pub topic: String,
    /// Payload.
    pub payload: String,
    /// The broker shows it to those who come later.
    pub retain: bool,
}

/// What is said and heard on every connection.
#[derive(Clone)]
pub struct Manners {
    /// The client's name.
    pub client: String,
    /// Said first.
    pub greeting: Vec<Letter>,
    /// Said by the broker when the node is gone, and by the node when it goes.
    pub farewell: Letter,
    /// Topics that are listened to.
    pub topics: Vec<String>,
}

/// How the connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum BrokerState {
    /// There is none: not wanted, or not at this level.
    #[default]
    Off = 0,
    /// It is being made.
    Waiting = 1,
    /// It is there.
    Connected = 2,
    /// The broker refused the name or the password.
    Refused = 3,
    /// The broker is not there, or its certificate is not right.
    Lost = 4,
}

/// A state that several threads look at.
#[derive(Default)]
pub struct BrokerWatch(AtomicU8);

impl BrokerWatch {
    /// The state.
    pub fn get(&self) -> BrokerState {
        use BrokerState::{Connected, Lost, Off, Refused, Waiting};
        let n = self.0.load(Ordering::Relaxed);
        [Off, Waiting, Connected, Refused, Lost].into_iter().find(|s| *s as u8 == n).unwrap_or(Off)
    }

    fn set(&self, state: BrokerState) {
        self.0.store(state as u8, Ordering::Relaxed);
    }
}

/// A topic and a payload that came in, unretained: what a broker kept is no wish of now.
pub type Heard = Box<dyn Fn(&str, &[u8]) + Send>;

struct Shared {
    client: Mutex<Option<Client>>,
    ending: AtomicBool,
    ended: AtomicBool,
    /// The wait for the last words is over.
    hung_up: AtomicBool,
    dropped: AtomicU32,
    watch: Arc<BrokerWatch>,
}

/// A connection that comes back by itself.
pub struct Broker {
    shared: Arc<Shared>,
    farewell: Letter,
    thread: Option<JoinHandle<()>>,
}

impl Broker {
    /// Starts the thread `mqtt`.
    ///
    /// # Errors
    /// No thread, or certificates that are none.
    pub fn start(
        config: &BrokerConfig,
        manners: Manners,
        watch: Arc<BrokerWatch>,
        heard: Heard,
    ) -> std::io::Result<Self> {
        let options = options(config, &manners)?;
        watch.set(BrokerState::Waiting);
        let shared = Arc::new(Shared {
            client: Mutex::new(None),
            ending: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            hung_up: AtomicBool::new(false),
            dropped: AtomicU32::new(0),
            watch,
        });
        let (s, farewell) = (Arc::clone(&shared), manners.farewell.clone());
        let run = move || {
            let mut retry = RETRY.0;
            while !s.ending.load(Ordering::Relaxed) {
                if connect(&options, &manners, &s, &heard) {
                    retry = RETRY.0;
                }
                let until = Instant::now() + retry;
                while Instant::now() < until && !s.ending.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(50));
                }
                retry = (2 * retry).min(RETRY.1);
            }
            s.ended.store(true, Ordering::Relaxed);
        };
        let thread = std::thread::Builder::new().name("mqtt".into()).spawn(run)?;
        Ok(Self { shared, farewell, thread: Some(thread) })
    }

    /// Sends if there is a connection. Never waits.
    pub fn send(&self, letters: impl IntoIterator<Item = Letter>) {
        let client = self.shared.client.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(client) = &*client else { return };
        for letter in letters {
            if client.try_publish(letter.topic, QoS::AtMostOnce, letter.retain, letter.payload).is_err() {
                self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How many messages were dropped since it was asked last.
    pub fn dropped(&self) -> u32 {
        self.shared.dropped.swap(0, Ordering::Relaxed)
    }

    /// Says farewell and sends nothing more. It waits for the last words two seconds at most.
    pub fn close(&mut self, last: impl IntoIterator<Item = Letter>) {
        let farewell = self.farewell.clone();
        self.send(last.into_iter().chain([farewell]));
        self.shared.ending.store(true, Ordering::Relaxed);
        let client = self.shared.client.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(client) = client {
            let _ = client.try_disconnect();
        }
        let until = Instant::now() + FAREWELL;
        while !self.shared.ended.load(Ordering::Relaxed) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.shared.hung_up.store(true, Ordering::Relaxed);
        if self.shared.ended.load(Ordering::Relaxed) {
            self.thread.take().map(JoinHandle::join);
        }
        self.shared.watch.set(BrokerState::Off);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if !self.shared.ending.load(Ordering::Relaxed) {
            self.close([]);
        }
    }
}

fn options(config: &BrokerConfig, manners: &Manners) -> std::io::Result<MqttOptions> {
    let mut options = MqttOptions::new(&manners.client, config.address.ip().to_string(), config.address.port());
    options.set_keep_alive(KEEP_ALIVE).set_clean_session(true).set_max_packet_size(PACKET_MAX, PACKET_MAX);
    let Letter { topic, payload, retain } = &manners.farewell;
    options.set_last_will(LastWill::new(topic, payload.as_bytes().to_vec(), QoS::AtLeastOnce, *retain));
    if let Some((name, password)) = &config.login {
        options.set_credentials(name, password);
    }
    if let Some(authority) = &config.authority {
        options.set_transport(transport(authority)?);
    }
    Ok(options)
}

#[cfg(feature = "tls")]
fn transport(authority: &[u8]) -> std::io::Result<rumqttc::Transport> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let bad = || std::io::Error::new(std::io::ErrorKind::InvalidData, "the file holds no certificate in PEM");
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority) {
        roots.add(certificate.map_err(|_| bad())?).map_err(|_| bad())?;
    }
    if roots.is_empty() {
        return Err(bad());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| bad())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(rumqttc::Transport::tls_with_config(rumqttc::TlsConfiguration::Rustls(Arc::new(client))))
}

#[cfg(not(feature = "tls"))]
fn transport(_: &[u8]) -> std::io::Result<rumqttc::Transport> {
    Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "this build has no TLS"))
}

/// One connection from its beginning to its end. True if it stood.
fn connect(options: &MqttOptions, manners: &Manners, shared: &Shared, heard: &Heard) -> bool {
    // A client of its own for each: nothing of the last connection is sent on the next.
    let (client, mut connection) = Client::new(options.clone(), QUEUE);
    let mut network = rumqttc::NetworkOptions::new();
    network.set_connection_timeout(CONNECT_S);
    network.set_tcp_nodelay(true);
    connection.eventloop.set_network_options(network);
    let mut stood = false;
    let end = loop {
        let event = connection.recv();
        // A broker that takes so long over the last words does not get them: the connection is dropped as it stands.
        if shared.hung_up.load(Ordering::Relaxed) {
            break BrokerState::Off;
        }
        match event {
            Ok(Ok(Event::Incoming(Packet::ConnAck(_)))) => {
                stood = true;
                let topics = manners.topics.iter();
                topics.for_each(|t| _ = client.try_subscribe(t, QoS::AtLeastOnce));
                let mut place = shared.client.lock().unwrap_or_else(PoisonError::into_inner);
                if shared.ending.load(Ordering::Relaxed) {
                    break BrokerState::Off;
                }
                for Letter { topic, payload, retain } in &manners.greeting {
                    let _ = client.try_publish(topic, QoS::AtMostOnce, *retain, payload.as_bytes());
                }
                *place = Some(client.clone());
                shared.watch.set(BrokerState::Connected);
            }
            Ok(Ok(Event::Incoming(Packet::Publish(p)))) if !p.retain => heard(&p.topic, &p.payload),
            Ok(Ok(_)) => {}
            Ok(Err(ConnectionError::ConnectionRefused(
                ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
            ))) => break BrokerState::Refused,
            Ok(Err(_)) | Err(_) => break BrokerState::Lost,
        }
    };
    shared.client.lock().unwrap_or_else(PoisonError::into_inner).take();
    if !shared.ending.load(Ordering::Relaxed) {
        shared.watch.set(end);
    }
    stood
}
