//! Plain loops, for any CPU; the other kernels are tested against them.

use super::{Isa, LANES, Lanes, PANELS, Sums, sum_of};

/// No instruction set beyond the target's own.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

/// Sixteen f32 in memory.
#[derive(Clone, Copy)]
pub struct V([f32; LANES]);

impl V {
    #[inline(always)]
    fn each(self, b: V, f: impl Fn(f32, f32) -> f32) -> V {
        let mut out = self;
        for (x, y) in out.0.iter_mut().zip(b.0) {
            *x = f(*x, y);
        }
        out
    }
}

impl Lanes for V {
    #[inline(always)]
    fn splat(x: f32) -> V {
        V([x; LANES])
    }
    #[inline(always)]
    fn load(x: &[f32; LANES]) -> V {
        V(*x)
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        *to = self.0;
    }
    #[inline(always)]
    fn of_ints(x: &[i32; LANES]) -> V {
        V(x.map(|i| i as f32))
    }
    #[inline(always)]
    fn add(self, b: V) -> V {
        self.each(b, |x, y| x + y)
    }
    #[inline(always)]
    fn sub(self, b: V) -> V {
        self.each(b, |x, y| x - y)
    }
    #[inline(always)]
    fn mul(self, b: V) -> V {
        self.each(b, |x, y| x * y)
    }
    #[inline(always)]
    fn fma(self, b: V, c: V) -> V {
        let mut out = c;
        for i in 0..LANES {
            out.0[i] = fma(self.0[i], b.0[i], out.0[i]);
        }
        out
    }
    #[inline(always)]
    fn max(self, b: V) -> V {
        self.each(b, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    fn min(self, b: V) -> V {
        self.each(b, |x, y| if x < y { x } else { y })
    }
    #[inline(always)]
    fn abs(self) -> V {
        V(self.0.map(f32::abs))
    }
    #[inline(always)]
    fn add_exponent(self, n: V) -> V {
        self.each(n, |x, n| f32::from_bits(x.to_bits().wrapping_add(n.to_bits() << 23)))
    }
    #[inline(always)]
    fn to_bytes(self) -> [u8; LANES] {
        // Adding 1.5·2²³ leaves the rounded integer in the low bits.
        self.0.map(|x| (x + 12_582_912.0).to_bits() as u8)
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        sum_of(self.0)
    }
    #[inline(always)]
    fn top(self) -> f32 {
        self.0.into_iter().fold(f32::NEG_INFINITY, |a, b| if a > b { a } else { b })
    }
}

impl Isa for Portable {
    type V = V;
    const ROWS: usize = 4;
    const WIDE: bool = false;
    const FLIP: u8 = 0;

    #[inline(always)]
    fn tile(a: &[u8], rows: usize, inner: usize, b: &[u8], sums: &[[i32; LANES]], out: &mut Sums) {
        for (p, panel) in b.chunks_exact((inner * LANES).max(1)).take(sums.len()).enumerate() {
            for (r, row) in a.chunks_exact(inner.max(1)).take(rows).enumerate() {
                out.0[r * PANELS + p] = dot(row, panel);
            }
        }
    }
}

/// `a * b + c`, rounded once, with or without an instruction for it.
#[inline(always)]
fn fma(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        return a.mul_add(b, c);
    }
    // The product is exact in f64. The sum is rounded to odd there, so that rounding it to f32 errs nowhere
    // (Boldo and Melquiond 2008).
    let (p, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = p + c;
    let part = sum - p;
    let error = (p - (sum - part)) + (c - part);
    let inexact = error.abs() > 0.0 && sum.to_bits() & 1 == 0;
    let step = if (error > 0.0) == (sum > 0.0) { 1 } else { u64::MAX };
    f64::from_bits(sum.to_bits().wrapping_add(if inexact { step } else { 0 })) as f32
}

/// One row with one panel. A sum for each of the 64 products of a step, and i16 products: what compilers turn into
/// vectors on any target.
fn dot(row: &[u8], panel: &[u8]) -> [i32; LANES] {
    let mut sums = [0i32; LANES * 4];
    for (x, w) in row.as_chunks::<4>().0.iter().zip(panel.as_chunks::<{ LANES * 4 }>().0) {
        let x: [i16; LANES * 4] = std::array::from_fn(|i| i16::from(x[i % 4] as i8));
        for ((sum, x), w) in sums.iter_mut().zip(x).zip(w) {
            *sum += i32::from(x * i16::from(*w as i8));
        }
    }
    std::array::from_fn(|n| sums[n * 4..n * 4 + 4].iter().sum())
}
