//! Working memory of one thread: grown once, used again for every sequence.

/// A buffer whose slices begin at a multiple of 64 bytes.
#[derive(Debug, Default)]
pub struct Lines<T>(Vec<T>);

impl<T: Copy + Default> Lines<T> {
    /// `n` values with whatever was left in them.
    pub fn take(&mut self, n: usize) -> &mut [T] {
        let line = 64 / size_of::<T>().max(1);
        if self.0.len() < n + line {
            self.0 = vec![T::default(); n + line];
        }
        let at = self.0.as_ptr().align_offset(64);
        let at = if at > line { 0 } else { at };
        &mut self.0[at..at + n]
    }
}

/// All buffers of a pass. Make one for each thread.
#[derive(Debug, Default)]
pub struct Arena {
    /// States, `[rows, D]`.
    pub(super) x: Lines<f32>,
    /// States as int8, and their scales.
    pub(super) xq: Lines<u8>,
    pub(super) xs: Lines<f32>,
    /// What the attention gives, by halves of the columns where two threads work.
    pub(super) c: [Lines<f32>; 2],
    /// One for each thread that works on a sequence.
    pub(super) parts: [Part; 2],
}

/// Buffers of one part of the columns (up to the attention) and then of the rows (after it).
#[derive(Debug, Default)]
pub(super) struct Part {
    pub q: Lines<f32>,
    pub k: Lines<f32>,
    pub v: Lines<f32>,
    pub scratch: Lines<f32>,
    /// Rows as int8 for a product, and their scales.
    pub aq: Lines<u8>,
    pub a_s: Lines<f32>,
    /// The feed-forward part's rows, and as int8.
    pub h: Lines<f32>,
    pub hq: Lines<u8>,
}

impl Arena {
    /// An empty one; it grows with the first use.
    pub fn new() -> Self {
        Self::default()
    }
}
