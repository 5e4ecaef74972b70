//! Attention of one sequence, head by head, in f32. A block of queries keeps its scores in the first cache: product
//! with the keys, softmax, product with the values.

use super::kernels::{Isa, LANES, Lanes, Op};
use super::ops::exp2;

/// What is added to the scores, already times log₂ e.
#[derive(Clone, Copy)]
pub enum Bias<'a> {
    /// Nothing.
    None,
    /// By distance: head `h`, query `q`, key `k` at `h * stride + middle + k - q`; 16 readable values follow the last.
    Relative {
        /// All heads.
        table: &'a [f32],
        /// Length of a head's part.
        stride: usize,
        /// Distance 0 in it.
        middle: usize,
    },
    /// By query and key, `[heads, queries, keys rounded up to 16]`.
    Full(&'a [f32]),
}

/// Multi-head attention of `queries` rows over `keys` rows.
pub struct Attention<'a> {
    /// `[queries, stride]`.
    pub q: &'a [f32],
    /// `[keys, stride]`.
    pub k: &'a [f32],
    /// `[keys, stride]`.
    pub v: &'a [f32],
    /// Number of queries.
    pub queries: usize,
    /// Number of keys.
    pub keys: usize,
    /// Heads, side by side in a row.
    pub heads: usize,
    /// Width of one, a multiple of 16.
    pub width: usize,
    /// Distance of two rows of `q`, `k`, `v` and `out`.
    pub stride: usize,
    /// Added to the scores.
    pub bias: Bias<'a>,
    /// At least [`scratch`] values.
    pub scratch: &'a mut [f32],
    /// `[queries, stride]`.
    pub out: &'a mut [f32],
}

/// Queries of one block at most.
const BLOCK: usize = 8;

/// Values of scratch space that `keys` keys need.
pub fn scratch(keys: usize, width: usize) -> usize {
    keys.next_multiple_of(LANES) * (width + BLOCK)
}

impl Op for Attention<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        if self.keys == 0 || self.queries == 0 {
            return;
        }
        if I::WIDE { self.heads_of::<I, BLOCK>() } else { self.heads_of::<I, 2>() }
    }
}

impl Attention<'_> {
    #[inline(always)]
    fn heads_of<I: Isa, const Q: usize>(self) {
        let Attention { q, k, v, queries, keys, heads, width, stride, bias, scratch, out } = self;
        let chunks = keys.div_ceil(LANES);
        let (turned, scratch) = scratch.split_at_mut(width * chunks * LANES);
        let turned = turned.as_chunks_mut::<LANES>().0;
        let scores = scratch.as_chunks_mut::<LANES>().0.as_chunks_mut::<Q>().0;
        let scores = &mut scores[..chunks];
        let scale = I::V::splat(std::f32::consts::LOG2_E / (width as f32).sqrt());
        // Lanes beyond the last key get a score that the softmax makes nothing of.
        let mut past = [0.0; LANES];
        past[LANES - (chunks * LANES - keys)..].fill(-1e30);
        for h in 0..heads {
            let at = h * width;
            turn::<I>(k, stride, at, keys, turned);
            for first in (0..queries).step_by(Q) {
                let rows = Q.min(queries - first);
                // A block that is not full repeats its last query.
                let block = std::array::from_fn(|r| {
                    q[(first + r.min(rows - 1)) * stride + at..][..width].as_chunks::<LANES>().0
                });
                products::<I, Q>(block, turned, scores);
                let bias = |r: usize, chunk: usize| -> I::V {
                    let q = first + r.min(rows - 1);
                    match bias {
                        Bias::None => I::V::splat(0.0),
                        Bias::Relative { table, stride, middle } => {
                            lanes::<I>(table, h * stride + middle + chunk * LANES - q)
                        }
                        Bias::Full(table) => lanes::<I>(table, ((h * queries + q) * chunks + chunk) * LANES),
                    }
                };
                let factors = softmax::<I, Q>(scores, scale, &past, bias);
                let values = v[at..].chunks(stride).take(keys);
                let out = &mut out[first * stride..];
                let mut column = 0;
                while column < width {
                    // Two registers of a head at a time, or the one that is left.
                    if column + 2 * LANES <= width {
                        let y = weigh::<I, Q, 2>(scores, values.clone(), column, factors);
                        put::<I, Q, 2>(&y, out, stride, at + column, rows);
                        column += 2 * LANES;
                    } else {
                        let y = weigh::<I, Q, 1>(scores, values.clone(), column, factors);
                        put::<I, Q, 1>(&y, out, stride, at + column, rows);
                        column += LANES;
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn lanes<I: Isa>(x: &[f32], at: usize) -> I::V {
    x.get(at..).and_then(|x| x.first_chunk()).map_or(I::V::splat(0.0), I::V::load)
}

/// Keys `[keys, width]` of a head to `[width][chunks]` of sixteen keys; lanes past the last are zero.
#[inline(always)]
fn turn<I: Isa>(k: &[f32], stride: usize, at: usize, keys: usize, turned: &mut [[f32; LANES]]) {
    let chunks = keys.div_ceil(LANES);
    for chunk in 0..chunks {
        for (part, columns) in turned.chunks_exact_mut(LANES * chunks).enumerate() {
            let rows = std::array::from_fn(|lane| {
                let key = chunk * LANES + lane;
                if key < keys { lanes::<I>(k, key * stride + at + part * LANES) } else { I::V::splat(0.0) }
            });
            for (column, to) in I::V::transpose(rows).into_iter().zip(columns.chunks_exact_mut(chunks)) {
                column.store(&mut to[chunk]);
            }
        }
    }
}

/// Scores of Q queries with all keys.
#[inline(always)]
fn products<I: Isa, const Q: usize>(
    block: [&[[f32; LANES]]; Q],
    turned: &[[f32; LANES]],
    scores: &mut [[[f32; LANES]; Q]],
) {
    let chunks = scores.len();
    for (c, pair) in scores.chunks_mut(2).enumerate() {
        match pair {
            [first, second] => {
                let sums = dots::<I, Q, 2>(block, turned, chunks, c * 2);
                for ((sum, first), second) in sums.iter().zip(first).zip(second) {
                    sum[0].store(first);
                    sum[1].store(second);
                }
            }
            [only] => {
                let sums = dots::<I, Q, 1>(block, turned, chunks, c * 2);
                sums.iter().zip(only).for_each(|(sum, only)| sum[0].store(only));
            }
            _ => {}
        }
    }
}

/// Q queries with N times sixteen keys.
#[inline(always)]
fn dots<I: Isa, const Q: usize, const N: usize>(
    block: [&[[f32; LANES]]; Q],
    turned: &[[f32; LANES]],
    chunks: usize,
    first: usize,
) -> [[I::V; N]; Q] {
    let mut sums = [[I::V::splat(0.0); N]; Q];
    for (part, columns) in turned.chunks_exact(LANES * chunks).enumerate() {
        let queries: [&[f32; LANES]; Q] = block.map(|q| &q[part]);
        for (i, column) in columns.chunks_exact(chunks).enumerate() {
            let keys = &column[first..first + N];
            for (sum, q) in sums.iter_mut().zip(queries) {
                let q = I::V::splat(q[i % LANES]);
                for n in 0..N {
                    sum[n] = q.fma(I::V::load(&keys[n]), sum[n]);
                }
            }
        }
    }
    sums
}

/// Scores to weights, not yet divided by their sums; returns what to multiply by instead.
#[inline(always)]
fn softmax<I: Isa, const Q: usize>(
    scores: &mut [[[f32; LANES]; Q]],
    scale: I::V,
    past: &[f32; LANES],
    bias: impl Fn(usize, usize) -> I::V,
) -> [f32; Q] {
    let last = scores.len() - 1;
    let mut tops = [I::V::splat(-1e30); Q];
    for (c, chunk) in scores.iter_mut().enumerate() {
        for (r, (s, top)) in chunk.iter_mut().zip(&mut tops).enumerate() {
            let mut y = I::V::load(s).fma(scale, bias(r, c));
            if c == last {
                y = y.add(I::V::load(past));
            }
            *top = top.max(y);
            y.store(s);
        }
    }
    let tops = tops.map(|t| I::V::splat(t.top()));
    let mut sums = [I::V::splat(0.0); Q];
    for chunk in scores.iter_mut() {
        for ((s, top), sum) in chunk.iter_mut().zip(&tops).zip(&mut sums) {
            let e = exp2(I::V::load(s).sub(*top));
            *sum = sum.add(e);
            e.store(s);
        }
    }
    sums.map(|s| 1.0 / s.sum())
}

/// Weighted sums of N registers of the values.
#[inline(always)]
fn weigh<'v, I: Isa, const Q: usize, const N: usize>(
    weights: &[[[f32; LANES]; Q]],
    mut values: impl Iterator<Item = &'v [f32]>,
    column: usize,
    factors: [f32; Q],
) -> [[I::V; N]; Q] {
    let mut sums = [[I::V::splat(0.0); N]; Q];
    for chunk in weights {
        for lane in 0..LANES {
            let Some(value) = values.next() else { break };
            let value = &value[column..column + N * LANES];
            let value: [I::V; N] = std::array::from_fn(|n| lanes::<I>(value, n * LANES));
            for (sum, w) in sums.iter_mut().zip(chunk) {
                let w = I::V::splat(w[lane]);
                for n in 0..N {
                    sum[n] = w.fma(value[n], sum[n]);
                }
            }
        }
    }
    for (sum, f) in sums.iter_mut().zip(factors) {
        *sum = sum.map(|s| s.mul(I::V::splat(f)));
    }
    sums
}

#[inline(always)]
fn put<I: Isa, const Q: usize, const N: usize>(
    y: &[[I::V; N]; Q],
    out: &mut [f32],
    stride: usize,
    column: usize,
    rows: usize,
) {
    for (y, out) in y.iter().zip(out.chunks_mut(stride)).take(rows) {
        for (y, out) in y.iter().zip(out[column..].as_chunks_mut::<LANES>().0) {
            y.store(out);
        }
    }
}
