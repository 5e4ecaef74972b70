//! What is computed on f32 between the matrix products, over sixteen lanes.

use super::kernels::{Isa, LANES, Lanes, Op};

/// One multiplication and addition for each coefficient, the last one first.
#[inline(always)]
fn polynomial<V: Lanes, const N: usize>(x: V, coefficients: [f32; N]) -> V {
    let mut y = V::splat(coefficients[N - 1]);
    for c in coefficients.into_iter().rev().skip(1) {
        y = y.fma(x, V::splat(c));
    }
    y
}

/// `2^x` for `x` at most 0, to 2 units in the last place; below -125 it stays at `2^-125`.
#[inline(always)]
pub fn exp2<V: Lanes>(x: V) -> V {
    // Adding it leaves the nearest integer in the low bits.
    const MAGIC: f32 = 12_582_912.0;
    let x = x.max(V::splat(-125.0));
    let n = x.add(V::splat(MAGIC));
    let rest = x.sub(n.sub(V::splat(MAGIC)));
    // Minimax for 2^x on [-1/2, 1/2], relative error 7.5e-8.
    let y = polynomial(rest, [1.0000001, 0.693_146_94, 0.240_221_2, 0.055_507_13, 0.009_675_542, 0.001_327_647_2]);
    y.add_exponent(n)
}

/// `x Φ(x)`.
#[inline(always)]
pub fn gelu<V: Lanes>(x: V) -> V {
    x.fma(gelu_share(x), x.mul(V::splat(0.5)))
}

/// `Φ(x) - 1/2`, by a polynomial for half of `erf(x/√2)` on [-5, 5]: that erf is within 6e-7 everywhere.
#[inline(always)]
pub fn gelu_share<V: Lanes>(x: V) -> V {
    let c = x.max(V::splat(-5.0)).min(V::splat(5.0));
    // In x² scaled to [-1, 1], where Horner's scheme loses nothing; made to be 1/2 at the end.
    let t = c.mul(c).fma(V::splat(0.08), V::splat(-1.0));
    let p = polynomial(
        t,
        [
            0.141_363_78,
            -0.070_296_355,
            0.051_520_83,
            -0.040_440_924,
            0.031_438_123,
            -0.023_279_42,
            0.016_421_538,
            -0.011_136_664,
            0.006_369_140_5,
            -0.002_716_318,
            0.001_763_152_3,
            -0.001_600_970_5,
            0.000_594_083_2,
        ],
    );
    c.mul(p)
}

/// One row to int8: symmetric, the greatest absolute value becomes 127. Returns the scale.
#[inline(always)]
fn quantise_row<I: Isa>(x: &[f32], q: &mut [u8], top: I::V) -> f32 {
    let top = top.top();
    let inverse = I::V::splat(if top > 0.0 { 127.0 / top } else { 0.0 });
    for (x, q) in x.as_chunks::<LANES>().0.iter().zip(q.as_chunks_mut::<LANES>().0) {
        *q = I::V::load(x).mul(inverse).to_bytes().map(|b| b ^ I::FLIP);
    }
    top / 127.0
}

/// The same after each channel is multiplied by its factor.
#[inline(always)]
fn quantise_smooth<I: Isa>(x: &[f32], smooth: &[f32], q: &mut [u8]) -> f32 {
    let (x, smooth) = (x.as_chunks::<LANES>().0, smooth.as_chunks::<LANES>().0);
    let mut tops = [I::V::splat(0.0); 2];
    for (i, (x, s)) in x.iter().zip(smooth).enumerate() {
        tops[i % 2] = tops[i % 2].max(I::V::load(x).mul(I::V::load(s)).abs());
    }
    let top = tops[0].max(tops[1]).top();
    let inverse = I::V::splat(if top > 0.0 { 127.0 / top } else { 0.0 });
    for ((x, s), q) in x.iter().zip(smooth).zip(q.as_chunks_mut::<LANES>().0) {
        *q = I::V::load(x).mul(I::V::load(s)).mul(inverse).to_bytes().map(|b| b ^ I::FLIP);
    }
    top / 127.0
}

/// The greatest absolute value, lane by lane.
#[inline(always)]
fn greatest<I: Isa>(x: &[f32]) -> I::V {
    // Four at a time: one alone would wait for each step's result.
    let (fours, rest) = x.as_chunks::<LANES>().0.as_chunks::<4>();
    let mut tops = [I::V::splat(0.0); 4];
    for four in fours {
        for (top, x) in tops.iter_mut().zip(four) {
            *top = top.max(I::V::load(x).abs());
        }
    }
    for x in rest {
        tops[0] = tops[0].max(I::V::load(x).abs());
    }
    tops[0].max(tops[1]).max(tops[2].max(tops[3]))
}

/// Sum of `x`, or of the squares of its differences from `mean`; four partial sums.
#[inline(always)]
fn sum<I: Isa>(x: &[f32], mean: Option<I::V>) -> f32 {
    let (fours, rest) = x.as_chunks::<LANES>().0.as_chunks::<4>();
    let mut sums = [I::V::splat(0.0); 4];
    for four in fours {
        for (sum, x) in sums.iter_mut().zip(four) {
            *sum = add_to::<I>(*sum, x, mean);
        }
    }
    for x in rest {
        sums[0] = add_to::<I>(sums[0], x, mean);
    }
    sums[0].add(sums[1]).add(sums[2].add(sums[3])).sum()
}

#[inline(always)]
fn add_to<I: Isa>(sum: I::V, x: &[f32; LANES], mean: Option<I::V>) -> I::V {
    match mean {
        None => sum.add(I::V::load(x)),
        Some(mean) => {
            let c = I::V::load(x).sub(mean);
            c.fma(c, sum)
        }
    }
}

/// Rows to int8 with one scale each.
pub struct Quantise<'a> {
    /// `[rows, stride]`: the first `width` of each row.
    pub x: &'a [f32],
    /// Distance of two rows of `x`.
    pub stride: usize,
    /// A multiple of 16.
    pub width: usize,
    /// `[rows, width]`.
    pub q: &'a mut [u8],
    /// `[rows]`.
    pub scale: &'a mut [f32],
}

impl Op for Quantise<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let rows = self.x.chunks(self.stride).zip(self.q.chunks_exact_mut(self.width));
        for ((x, q), scale) in rows.zip(self.scale) {
            let x = &x[..self.width];
            *scale = quantise_row::<I>(x, q, greatest::<I>(x));
        }
    }
}

/// What GELU never falls below, and a little more: its least value is -0.16997.
pub const GELU_FLOOR: f32 = -0.17;
/// Half of the steps between the floor and the greatest value.
pub const MIDDLE: f32 = 127.0;

/// What of a row's greatest value its int8 form leaves out.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Far {
    /// Where it stands in the row.
    pub channel: usize,
    /// How far it lies above the next greatest.
    pub rest: f32,
}

/// Rows that GELU has made to int8 with one scale each: `x = (q + MIDDLE) scale + GELU_FLOOR`. None lies far below zero, so
/// all 254 steps go where the values are; a symmetric scale would leave half of them empty. One value often towers over all
/// others: what it has more than the next greatest is kept apart (after Dettmers et al. 2022), and the scale is the others'.
pub struct QuantiseActivated<'a> {
    /// `[rows, stride]`: the first `width` of each row, none below [`GELU_FLOOR`].
    pub x: &'a [f32],
    /// Distance of two rows of `x`.
    pub stride: usize,
    /// A multiple of 16.
    pub width: usize,
    /// `[rows, width]`.
    pub q: &'a mut [u8],
    /// `[rows]`.
    pub scale: &'a mut [f32],
    /// `[rows]`.
    pub far: &'a mut [Far],
}

impl Op for QuantiseActivated<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let (floor, middle) = (I::V::splat(GELU_FLOOR), I::V::splat(MIDDLE));
        let rows = self.x.chunks(self.stride).zip(self.q.chunks_exact_mut(self.width));
        for (((x, q), scale), far) in rows.zip(self.scale).zip(self.far) {
            let x = x[..self.width].as_chunks::<LANES>().0;
            let (lane, top, next) = two_greatest::<I>(x);
            let channel = x.iter().position(|x| x[lane] >= top).unwrap_or(0) * LANES + lane;
            *far = Far { channel, rest: top - next };
            let span = next - GELU_FLOOR;
            let (inverse, most) = (I::V::splat(2.0 * MIDDLE / span), I::V::splat(next));
            for (x, q) in x.iter().zip(q.as_chunks_mut::<LANES>().0) {
                let x = I::V::load(x).min(most);
                *q = x.sub(floor).mul(inverse).sub(middle).to_bytes().map(|b| b ^ I::FLIP);
            }
            *scale = span / (2.0 * MIDDLE);
        }
    }
}

/// The lane of the greatest value, that value and the next greatest; neither value is told below zero.
#[inline(always)]
fn two_greatest<I: Isa>(x: &[[f32; LANES]]) -> (usize, f32, f32) {
    let (mut first, mut second) = (I::V::splat(0.0), I::V::splat(0.0));
    for x in x {
        let x = I::V::load(x);
        second = second.max(first.min(x));
        first = first.max(x);
    }
    let (mut a, mut b) = ([0.0; LANES], [0.0; LANES]);
    first.store(&mut a);
    second.store(&mut b);
    let mut lane = 0;
    for i in 1..LANES {
        if a[i] > a[lane] {
            lane = i;
        }
    }
    let next = (0..LANES).map(|i| if i == lane { b[i] } else { a[i] }).fold(0.0, f32::max);
    (lane, a[lane], next)
}

/// Layer normalisation of rows in place, and the rows as int8 for the product that follows; before that each channel is
/// made smaller or larger by a factor that the product's weights take back, so that no single channel decides the scale
/// of all (SmoothQuant, Xiao et al. 2023).
pub struct Norm<'a> {
    /// `[rows, width]`.
    pub x: &'a mut [f32],
    /// `[width]`, a multiple of 16.
    pub weight: &'a [f32],
    /// `[width]`.
    pub bias: &'a [f32],
    /// Added to the variance.
    pub eps: f32,
    /// Factor of each channel in the int8 rows, `[width]`.
    pub smooth: &'a [f32],
    /// `[rows, width]`.
    pub q: &'a mut [u8],
    /// `[rows]`.
    pub scale: &'a mut [f32],
}

impl Op for Norm<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let width = self.weight.len();
        let (weight, bias) = (self.weight.as_chunks::<LANES>().0, self.bias.as_chunks::<LANES>().0);
        let rows = self.x.chunks_exact_mut(width).zip(self.q.chunks_exact_mut(width));
        for ((row, q), scale) in rows.zip(self.scale) {
            let mean = I::V::splat(sum::<I>(row, None) / width as f32);
            let variance = sum::<I>(row, Some(mean)) / width as f32;
            let factor = I::V::splat(1.0 / (variance + self.eps).sqrt());
            for ((x, w), b) in row.as_chunks_mut::<LANES>().0.iter_mut().zip(weight).zip(bias) {
                I::V::load(x).sub(mean).mul(factor).fma(I::V::load(w), I::V::load(b)).store(x);
            }
            *scale = quantise_smooth::<I>(row, self.smooth, q);
        }
    }
}

/// Rows with a few f32 output channels: `out[r][n] = x[r] · weight[n] + bias[n]`.
pub struct Narrow<'a> {
    /// `[rows, width]`.
    pub x: &'a [f32],
    /// `[channels, width]`.
    pub weight: &'a [f32],
    /// `[channels]`.
    pub bias: &'a [f32],
    /// A multiple of 16.
    pub width: usize,
    /// `[rows, channels]`.
    pub out: &'a mut [f32],
}

impl Op for Narrow<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let rows = self.x.chunks_exact(self.width).zip(self.out.chunks_exact_mut(self.bias.len().max(1)));
        for (x, out) in rows {
            for ((w, b), out) in self.weight.chunks_exact(self.width).zip(self.bias).zip(out) {
                let mut sum = I::V::splat(0.0);
                for (x, w) in x.as_chunks::<LANES>().0.iter().zip(w.as_chunks::<LANES>().0) {
                    sum = I::V::load(x).fma(I::V::load(w), sum);
                }
                *out = sum.sum() + b;
            }
        }
    }
}

/// `x = gelu(x)`.
#[cfg(test)]
pub struct Gelu<'a>(
    /// Any multiple of 16 values.
    pub &'a mut [f32],
);

#[cfg(test)]
impl Op for Gelu<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for x in self.0.as_chunks_mut::<LANES>().0 {
            gelu(I::V::load(x)).store(x);
        }
    }
}

/// `x = 2^x`.
#[cfg(test)]
pub struct Exp2<'a>(
    /// Any multiple of 16 values.
    pub &'a mut [f32],
);

#[cfg(test)]
impl Op for Exp2<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for x in self.0.as_chunks_mut::<LANES>().0 {
            exp2(I::V::load(x)).store(x);
        }
    }
}
