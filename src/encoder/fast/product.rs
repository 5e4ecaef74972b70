//! The int8 matrix product: exact integer sums, then scales, bias and what follows while the tile is still warm.

use super::kernels::{Isa, LANES, Lanes, Op, PANELS, Sums};
use super::ops::{Far, MIDDLE, gelu};

/// What is done with `y = x W' + b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// `out = y`.
    Set,
    /// `out = out + y`: the residual.
    Add,
    /// `out = gelu(y)`.
    Gelu,
    /// [`Then::Add`] for rows from [`super::ops::QuantiseActivated`], by weights from [`super::weights::Linear::activated`].
    AddActivated,
}

/// The packed weights of some output channels; all slices begin at a multiple of 16 channels.
#[derive(Clone, Copy)]
pub struct Panels<'a> {
    /// `[channels/16][inner/4][16][4]` int8.
    pub weight: &'a [u8],
    /// `[channels]`.
    pub scale: &'a [f32],
    /// `[channels]`.
    pub bias: &'a [f32],
    /// Sums of each channel's weights, `[channels]`.
    pub sum: &'a [i32],
    /// Input channels, a multiple of 64.
    pub inner: usize,
}

/// `rows` quantised rows times [`Panels`].
pub struct Product<'a> {
    /// `[at least rows rounded up to MAX_ROWS, inner]` int8.
    pub x: &'a [u8],
    /// Scale of each row; its length is the number of rows.
    pub scale: &'a [f32],
    /// Weights.
    pub by: Panels<'a>,
    /// `[rows, stride]`: the channels of each row come first.
    pub out: &'a mut [f32],
    /// Distance of two rows of `out`, a multiple of 16.
    pub stride: usize,
    /// What follows.
    pub then: Then,
}

impl Op for Product<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        match self.then {
            Then::Set => self.each::<I, Set>(),
            Then::Add => self.each::<I, Add>(),
            Then::Gelu => self.each::<I, Activate>(),
            Then::AddActivated => self.each::<I, AddActivated>(),
        }
    }
}

/// Adds what [`super::ops::QuantiseActivated`] kept apart, times its channel's weights.
pub struct AddFar<'a> {
    /// `[rows]`.
    pub far: &'a [Far],
    /// Weights.
    pub by: Panels<'a>,
    /// `[rows, stride]`: the channels of each row come first.
    pub out: &'a mut [f32],
    /// Distance of two rows of `out`, a multiple of 16.
    pub stride: usize,
}

impl Op for AddFar<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let width = self.by.inner * LANES;
        for (far, out) in self.far.iter().zip(self.out.chunks_mut(self.stride)) {
            let rest = I::V::splat(far.rest);
            // Four channels of an output lie in one word.
            let (word, shift) = (far.channel / 4 * LANES * 4, 24 - far.channel % 4 * 8);
            let panels = self.by.weight.chunks_exact(width).zip(self.by.scale.as_chunks::<LANES>().0);
            for ((weight, scale), out) in panels.zip(out.as_chunks_mut::<LANES>().0) {
                let words = weight[word..word + LANES * 4].as_chunks::<4>().0;
                let weight: [i32; LANES] = std::array::from_fn(|n| (i32::from_le_bytes(words[n]) << shift) >> 24);
                I::V::of_ints(&weight).mul(I::V::load(scale)).fma(rest, I::V::load(out)).store(out);
            }
        }
    }
}

/// [`Then`] as a type. No closures here: one that is not inlined is compiled without the instruction set.
trait Last {
    /// Whether the rows stand [`MIDDLE`] steps too low.
    const LOW: bool = false;

    fn of<V: Lanes>(y: V, out: &[f32; LANES]) -> V;
}

struct Set;
struct Add;
struct Activate;
struct AddActivated;

impl Last for Set {
    #[inline(always)]
    fn of<V: Lanes>(y: V, _: &[f32; LANES]) -> V {
        y
    }
}

impl Last for Add {
    #[inline(always)]
    fn of<V: Lanes>(y: V, out: &[f32; LANES]) -> V {
        y.add(V::load(out))
    }
}

impl Last for AddActivated {
    const LOW: bool = true;

    #[inline(always)]
    fn of<V: Lanes>(y: V, out: &[f32; LANES]) -> V {
        Add::of(y, out)
    }
}

impl Last for Activate {
    #[inline(always)]
    fn of<V: Lanes>(y: V, _: &[f32; LANES]) -> V {
        gelu(y)
    }
}

/// Where a tile's sums belong.
struct Tile<'a> {
    first: usize,
    column: usize,
    row_scale: &'a [f32],
    scale: &'a [[f32; LANES]],
    bias: &'a [[f32; LANES]],
    sum: &'a [[i32; LANES]],
}

impl Tile<'_> {
    /// Sums to outputs.
    #[inline(always)]
    fn finish<I: Isa, L: Last>(self, sums: &Sums, out: &mut [f32], stride: usize) {
        let out = out[self.first * stride..].chunks_mut(stride);
        for ((sums, row_scale), out) in sums.0.as_chunks::<PANELS>().0.iter().zip(self.row_scale).zip(out) {
            let row_scale = I::V::splat(*row_scale);
            let out = &mut out.as_chunks_mut::<LANES>().0[self.column..self.column + self.scale.len()];
            for ((((sums, out), scale), bias), sum) in sums.iter().zip(out).zip(self.scale).zip(self.bias).zip(self.sum)
            {
                let ints = I::V::of_ints(sums);
                let ints = if L::LOW { I::V::of_ints(sum).fma(I::V::splat(MIDDLE), ints) } else { ints };
                let y = ints.mul(row_scale).fma(I::V::load(scale), I::V::load(bias));
                L::of(y, out).store(out);
            }
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn each<I: Isa, L: Last>(self) {
        let Panels { weight, scale, bias, sum, inner } = self.by;
        let width = inner * LANES;
        let columns = scale.as_chunks::<LANES>().0.chunks(PANELS).zip(bias.as_chunks::<LANES>().0.chunks(PANELS));
        let columns = columns.zip(sum.as_chunks::<LANES>().0.chunks(PANELS));
        // While the sums of one tile are being made, those of the one before are finished: on AMX both go on at once.
        let (mut even, mut odd) = (Sums::default(), Sums::default());
        let mut turn = false;
        let mut before: Option<Tile<'_>> = None;
        I::begin();
        // The weights of two panels stay in the first cache while all rows pass by.
        for (i, (((scale, bias), sum), weight)) in columns.zip(weight.chunks(PANELS * width)).enumerate() {
            for (j, row_scale) in self.scale.chunks(I::ROWS).enumerate() {
                let first = j * I::ROWS;
                turn = !turn;
                let (now, last) = if turn { (&mut even, &odd) } else { (&mut odd, &even) };
                I::tile(&self.x[first * inner..], row_scale.len(), inner, weight, sum, now);
                if let Some(tile) = before.replace(Tile { first, column: i * PANELS, row_scale, scale, bias, sum }) {
                    tile.finish::<I, L>(last, self.out, self.stride);
                }
            }
        }
        I::end();
        if let Some(tile) = before {
            tile.finish::<I, L>(if turn { &even } else { &odd }, self.out, self.stride);
        }
    }
}
