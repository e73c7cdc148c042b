//! Recordings that were looked at while the detector was designed: figures on them are in-sample.

/// Sets, and in each the names without extension.
const SEEN: &[(&str, &str)] = &[
    ("crowd-rooms-ab", "room-a-0p room-a-1p room-b-0p room-b-1p room-b-3p"),
    (
        "har-intel5300-room1",
        "fall-p1-1 fall-p1-2 fall-p5-1 fall-p5-2 jump-p1-1 jump-p3-1 jump-p5-1 lying-p3 lying-p5 pickup-p1-1 \
         pickup-p1-2 pickup-p3-1 pickup-p3-2 pickup-p5-1 pickup-p5-2 running-p1-1 running-p1-2 running-p3-1 \
         running-p3-2 running-p5-1 running-p5-2 sitdown-p1-1 sitdown-p1-2 sitdown-p3-1 sitdown-p3-2 \
         sitdown-p5-1 sitdown-p5-2 sitting-p3 sitting-p5 squat-p1-1 squat-p3-1 squat-p5-1 walking-p1-1 \
         walking-p1-2 walking-p1-3 walking-p3-1 walking-p3-2 walking-p3-3 walking-p5-1 walking-p5-2 \
         walking-p5-3 wave-p1-1 wave-p1-2 wave-p3-1 wave-p3-2 wave-p5-1 wave-p5-2",
    ),
    (
        "esp32c6-livingroom",
        "still-1 still-2 still-3 still-4 still-5 still-room1-hard walk-1 walk-2 walk-3 walk-4 walk-5",
    ),
    ("esp32-exercise", "jj-1 la-1 ll-1 na-1 na-3 so-1"),
    (
        "esp32s2-sit-walk",
        "d1-e01-rx-tx d1-e01-tx-rx d1-e02-rx-tx d1-e02-tx-rx d1-e03-rx-tx d1-e03-tx-rx d1-e04-rx-tx \
         d1-e04-tx-rx d1-e05-rx-tx d1-e05-tx-rx",
    ),
    ("rssi-mesh-3m", "empty-1 foam-raised person-a"),
    ("breathing-intel5300", "mn1 sn1 sno1"),
    (
        "espectre",
        "c3-a-moving c3-a-still c3-b-moving c3-b-still c3-continuous c5-a-moving c5-a-still c5-b-moving \
         c5-b-still c6-a-moving c6-a-still esp32-a-moving esp32-a-still s3-a-moving s3-a-still s3-b-moving \
         s3-b-still",
    ),
];

/// True for a recording of the development half, by its path in the folder.
pub fn is_in_sample(path: &str) -> bool {
    let Some((set, file)) = path.rsplit_once('/') else { return false };
    let set = set.rsplit('/').next().unwrap_or(set);
    let name = file.split('.').next().unwrap_or(file);
    SEEN.iter().any(|(s, names)| *s == set && names.split_ascii_whitespace().any(|n| n == name))
}

#[cfg(test)]
mod tests {
    use super::is_in_sample;

    #[test]
    fn set_and_name_must_both_be_known() {
        assert!(is_in_sample("espectre/c3-a-still.npz"));
        assert!(is_in_sample("esp32-exercise/na-1.csv.gz"));
        assert!(!is_in_sample("espectre/c3-z-still.npz"));
        assert!(!is_in_sample("elsewhere/c3-a-still.npz"));
    }
}
