//! A short Fourier transform that cannot panic, for a library that must not.

use num_complex::Complex;

use crate::math;

/// Points of the transform.
pub const LEN: usize = 128;
const STAGES: u32 = LEN.trailing_zeros();

type C = Complex<f32>;

/// The roots of unity of [`LEN`] points, made once for many transforms. Memory: 512 bytes.
pub struct Transform {
    turns: [C; LEN / 2],
}

impl Transform {
    /// Cost: 64 sines and cosines.
    pub fn new() -> Self {
        let mut turns = [C::new(1.0, 0.0); LEN / 2];
        for (k, turn) in turns.iter_mut().enumerate() {
            let (s, c) = math::sin_cos(-core::f32::consts::TAU * k as f32 / LEN as f32);
            *turn = C::new(c, s);
        }
        Self { turns }
    }

    /// Replaces `x` by its sums `x[i] exp(-2 pi j i q / 128)` at the places `q`. In place, since a router's stack is short.
    ///
    /// - Cost: 448 butterflies of ten flops
    /// - Source: Cooley and Tukey, Math. Comp. 19, 1965
    #[inline(never)]
    pub fn run(&self, x: &mut [C; LEN]) {
        for i in 0..LEN as u32 {
            let (i, from) = (i as usize, (i.reverse_bits() >> (u32::BITS - STAGES)) as usize);
            // The remainder changes nothing; it shows the compiler that no index is out of range.
            if from < i {
                x.swap(i % LEN, from % LEN);
            }
        }
        let mut half = 1;
        for _ in 0..STAGES {
            let mut rest = x.as_mut_slice();
            while let Some((block, others)) = rest.split_at_mut_checked(2 * half) {
                let Some((low, high)) = block.split_at_mut_checked(half) else { break };
                for ((a, b), turn) in low.iter_mut().zip(high).zip(self.turns.iter().step_by((LEN / 2 / half).max(1))) {
                    let turned = *b * turn;
                    (*a, *b) = (*a + turned, *a - turned);
                }
                rest = others;
            }
            half *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::lag1::tests::Gauss;

    #[test]
    fn equals_the_sum_in_double_precision() {
        let mut gauss = Gauss(3);
        let x: [C; LEN] = core::array::from_fn(|_| C::new(gauss.draw(), gauss.draw()));
        let mut sums = x;
        Transform::new().run(&mut sums);
        for (q, got) in sums.iter().enumerate() {
            let (mut re, mut im) = (0.0f64, 0.0f64);
            for (i, x) in x.iter().enumerate() {
                let a = -core::f64::consts::TAU * (q * i % LEN) as f64 / LEN as f64;
                let (s, c) = (libm::sin(a), libm::cos(a));
                re += f64::from(x.re) * c - f64::from(x.im) * s;
                im += f64::from(x.re) * s + f64::from(x.im) * c;
            }
            assert!(
                (f64::from(got.re) - re).abs() < 1e-5 && (f64::from(got.im) - im).abs() < 1e-5,
                "{q}: {got} {re} {im}"
            );
        }
    }
}
