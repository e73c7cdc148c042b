//! Path loss inside buildings.

/// Path loss in dB of the TGax residential scenario.
///
/// `PL = 40.05 + 20 lg(f/2.4) + 20 lg(min(d,5)) + [d>5] 35 lg(d/5) + 18.3 F^((F+2)/(F+1) - 0.46) + 5 W`
///
/// - Units: `distance_m` in metres (less than 1 counts as 1), `ghz` in GHz, `floors` and `walls` crossed
/// - Source: IEEE 802.11-14/0980 (TGax simulation scenarios), residential
pub fn residential_db(distance_m: f64, ghz: f64, floors: u32, walls: u32) -> f64 {
    let d = distance_m.max(1.0);
    let near = 40.05 + 20.0 * libm::log10(ghz / 2.4) + 20.0 * libm::log10(d.min(5.0));
    let far = if d > 5.0 { 35.0 * libm::log10(d / 5.0) } else { 0.0 };
    let f = f64::from(floors);
    let slabs = if floors == 0 { 0.0 } else { 18.3 * libm::pow(f, (f + 2.0) / (f + 1.0) - 0.46) };
    near + far + slabs + 5.0 * f64::from(walls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_points() {
        assert!((residential_db(0.3, 2.4, 0, 0) - 40.05).abs() < 1e-9);
        assert!((residential_db(5.0, 2.4, 0, 0) - 54.029).abs() < 1e-3);
        assert!((residential_db(10.0, 2.4, 0, 2) - (54.029 + 10.536 + 10.0)).abs() < 1e-3);
        // One floor: 18.3 * 1^x.
        assert!((residential_db(3.0, 2.4, 1, 0) - residential_db(3.0, 2.4, 0, 0) - 18.3).abs() < 1e-9);
        // 6 dB for twice the frequency.
        assert!((residential_db(3.0, 4.8, 0, 0) - residential_db(3.0, 2.4, 0, 0) - 6.0206).abs() < 1e-3);
    }
}
