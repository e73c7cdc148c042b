//! `t_quarantine` of the privacy contract: a store that cannot be read or removed is isolated, shown, left as it is, and tried
//! again at the next start.

use std::path::Path;
use std::process::ExitCode;

use millpond_node::store::{Keeping, Retention, Vault};
use millpond_report::state::{Admin, More};
use millpond_report::wire::range::Kept;
use millpond_report::wire::range::{Level10, Slot, ZoneId};
use millpond_report::{EventCode, Privacy};
use millpond_tests::cases;
use millpond_tests::node::empty_folder;

const TMP: &str = env!("CARGO_TARGET_TMPDIR");
const NOW: u32 = 800_000;

struct Host;

impl Admin for Host {
    fn is_admin(&self) -> bool {
        true
    }
}

fn keeping_on() -> Privacy {
    let mut privacy = Privacy::new();
    let yes = privacy.ask(More::KeepOn).confirm(&Host).expect("an admin");
    privacy.raise(yes).expect("nothing changed meanwhile");
    privacy
}

/// Bytes that differ from call to call.
fn draw(bytes: &mut [u8]) -> std::io::Result<()> {
    use std::sync::atomic::{AtomicU8, Ordering};
    static NEXT: AtomicU8 = AtomicU8::new(1);
    bytes.fill_with(|| NEXT.fetch_add(37, Ordering::Relaxed));
    Ok(())
}

fn node(folder: &Path) -> Keeping {
    Keeping::new(Some(Vault::new(folder, draw)), Retention::CAP, false)
}

fn level(keeping: &Keeping) -> Option<u8> {
    keeping.history.day.level(ZoneId::new(3), Slot::new(i64::from(NOW % 288))).map(Level10::get)
}

fn stored(folder: &Path) {
    let privacy = keeping_on();
    let mut keeping = node(folder);
    keeping.open(&privacy, NOW);
    keeping.history.day.put_back(ZoneId::new(3), NOW, Level10::new(8));
    assert!(keeping.write(&privacy, NOW).is_empty() && folder.join("kept").exists());
}

fn main() -> ExitCode {
    cases::run(
        "t_quarantine",
        &[("damaged in many ways", damaged), ("not to be removed", stuck), ("a key that is gone", no_key)],
    )
}

/// Opens a damaged store, looks, repairs it, opens it again.
fn look(folder: &Path, what: &str, whole: &[u8]) {
    let privacy = keeping_on();
    let damaged = std::fs::read(folder.join("kept")).ok();
    let mut keeping = node(folder);
    assert_eq!(keeping.open(&privacy, NOW), [(EventCode::Quarantined, 0)], "{what}");
    assert_eq!((keeping.kept(&privacy), level(&keeping)), (Kept::Quarantined, None), "{what}");
    // Nothing is written over it, however long it runs.
    for slot in NOW + 1..NOW + 40 {
        keeping.on_slot(&privacy, slot);
    }
    assert_eq!(std::fs::read(folder.join("kept")).ok(), damaged, "{what}");
    let _ = std::fs::remove_dir(folder.join("kept"));
    std::fs::write(folder.join("kept"), whole).expect("it can be repaired");
    let mut keeping = node(folder);
    keeping.open(&privacy, NOW);
    assert_eq!((keeping.kept(&privacy), level(&keeping)), (Kept::Disk, Some(8)), "{what}");
}

fn damaged() -> usize {
    let folder = empty_folder("t_quarantine", TMP);
    stored(&folder);
    let whole = std::fs::read(folder.join("kept")).expect("it was stored");
    let mut cases = 0;
    for at in (0..whole.len()).step_by(whole.len() / 60) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        std::fs::write(folder.join("kept"), &bytes).expect("a file can be written");
        look(&folder, &format!("byte {at}"), &whole);
        std::fs::write(folder.join("kept"), &whole[..at]).expect("a file can be written");
        look(&folder, &format!("cut at {at}"), &whole);
        cases += 2;
    }
    std::fs::remove_file(folder.join("kept")).expect("it was there");
    std::fs::create_dir(folder.join("kept")).expect("a folder in its place");
    look(&folder, "a folder", &whole);
    cases + 1
}

/// An erasure that cannot remove a file says so, and the file stays unread.
fn stuck() -> usize {
    let folder = empty_folder("t_quarantine_stuck", TMP);
    stored(&folder);
    let privacy = keeping_on();
    let mut keeping = node(&folder);
    keeping.open(&privacy, NOW);
    std::fs::remove_file(folder.join("kept")).expect("it was there");
    std::fs::create_dir_all(folder.join("kept/inside")).expect("a folder that is not empty");
    let erased = keeping.erase_all();
    assert!(erased.left && erased.after.slots == 0 && erased.before.slots == 1, "{erased:?}");
    assert_eq!(keeping.kept(&privacy), Kept::Quarantined);
    std::fs::remove_dir_all(folder.join("kept")).expect("it can be removed by hand");
    let mut keeping = node(&folder);
    keeping.open(&privacy, NOW);
    assert_eq!((keeping.kept(&privacy), level(&keeping)), (Kept::Disk, None));
    2
}

fn no_key() -> usize {
    let folder = empty_folder("t_quarantine_key", TMP);
    stored(&folder);
    let key = std::fs::read(folder.join("kept-key")).expect("the key was stored");
    std::fs::remove_file(folder.join("kept-key")).expect("it was there");
    let privacy = keeping_on();
    let mut keeping = node(&folder);
    assert_eq!(keeping.open(&privacy, NOW), [(EventCode::Quarantined, 0)]);
    assert!(level(&keeping).is_none() && !folder.join("kept-key").exists(), "no new key is made over old bytes");
    std::fs::write(folder.join("kept-key"), key).expect("a file can be written");
    let mut keeping = node(&folder);
    keeping.open(&privacy, NOW);
    assert_eq!(level(&keeping), Some(8));
    2
}
