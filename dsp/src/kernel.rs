//! The shape of every streaming kernel: configuration is `&self`, history is a separate state.
//!
//! One set of coefficients so drives any number of links or tones, and a link costs only its state.

/// A causal map from one input to one output a step.
///
/// ```
/// use millpond_dsp::kernel::Kernel;
///
/// /// First difference.
/// struct Difference;
/// impl Kernel<f32> for Difference {
///     type State = f32;
///     fn step(&self, last: &mut f32, x: f32) -> f32 {
///         x - core::mem::replace(last, x)
///     }
/// }
/// let (mut y, mut state) = ([0.0; 3], 0.0);
/// Difference.block(&mut state, &[1.0, 4.0, 4.0], &mut y);
/// assert_eq!(y, [1.0, 3.0, 0.0]);
/// ```
pub trait Kernel<X: Copy, Y = X> {
    /// History of one stream.
    type State;

    /// Takes one input and gives one output.
    fn step(&self, state: &mut Self::State, x: X) -> Y;

    /// Steps over a block; equal to calling [`step`](Self::step) on each element. Stops at the shorter slice.
    fn block(&self, state: &mut Self::State, x: &[X], y: &mut [Y]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = self.step(state, x);
        }
    }
}
