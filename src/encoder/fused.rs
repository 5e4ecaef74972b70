//! What training computes most, each in one pass over memory and with its own way back. `layers` makes the same of candle's
//! plain operations, which take several passes and keep what lies between. f32 on the CPU; the same bits on any number of
//! threads.

use super::fast::kernels::{Isa, Kernels, LANES, Lanes, Op};
use super::fast::ops::{exp2, gelu, gelu_share};
use super::layers::{STRIDE, splitmix, unit};
use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;
use std::sync::OnceLock;

/// Rows that one thread takes at a time; sums over rows are added up in this order.
const ROWS: usize = 64;
/// Values that one thread takes at a time.
pub const VALUES: usize = 1 << 14;

fn kernels() -> Kernels {
    static BEST: OnceLock<Kernels> = OnceLock::new();
    *BEST.get_or_init(Kernels::best)
}

/// The values of a contiguous f32 tensor.
pub fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(v), Some((from, to))) => Ok(&v[from..to]),
        _ => bail!("expected contiguous f32 values"),
    }
}

/// The same, to be changed.
pub fn values_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(v), Some((from, to))) => Ok(&mut v[from..to]),
        _ => bail!("expected contiguous f32 values"),
    }
}

/// Width of the last dimension; at least 1.
fn width(layout: &Layout) -> usize {
    layout.dims().last().copied().unwrap_or(1).max(1)
}

/// A tensor like `x`: `run` fills it from `x`, `chunk` values at a time, on all threads.
fn map(
    x: &CpuStorage,
    l: &Layout,
    chunk: usize,
    run: impl Fn(&[f32], &mut [f32]) + Sync,
) -> Result<(CpuStorage, Shape)> {
    let x = values(x, l)?;
    let mut y = vec![0.0; x.len()];
    y.par_chunks_mut(chunk).zip(x.par_chunks(chunk)).for_each(|(y, x)| run(x, y));
    Ok((CpuStorage::F32(y), l.shape().clone()))
}

/// The same from `x` and `g` of one shape.
fn map2(
    (x, lx): (&CpuStorage, &Layout),
    (g, lg): (&CpuStorage, &Layout),
    chunk: usize,
    run: impl Fn(&[f32], &[f32], &mut [f32]) + Sync,
) -> Result<(CpuStorage, Shape)> {
    let (x, g) = (values(x, lx)?, values(g, lg)?);
    let mut y = vec![0.0; x.len()];
    let parts = y.par_chunks_mut(chunk).zip(x.par_chunks(chunk)).zip(g.par_chunks(chunk));
    parts.for_each(|((y, x), g)| run(x, g, y));
    Ok((CpuStorage::F32(y), lx.shape().clone()))
}

/// `out[i] = f(a[i], b[i])` over lanes; what is left at the end is filled up with `fill`. A macro, since a closure would not be
/// compiled for the instruction set.
macro_rules! zip {
    ($I:ident, $a:expr, $b:expr, $fill:expr, $out:expr, |$x:ident, $y:pat_param| $f:expr) => {{
        let ((a, a_rest), (b, b_rest)) = ($a.as_chunks::<LANES>(), $b.as_chunks::<LANES>());
        let (out, out_rest) = $out.as_chunks_mut::<LANES>();
        for ((a, b), out) in a.iter().zip(b).zip(out) {
            let ($x, $y) = ($I::V::load(a), $I::V::load(b));
            $f.store(out);
        }
        if !out_rest.is_empty() {
            let mut last = [0.0; LANES];
            let ($x, $y) = ($I::V::load(&filled(a_rest, $fill)), $I::V::load(&filled(b_rest, $fill)));
            $f.store(&mut last);
            out_rest.copy_from_slice(&last[..out_rest.len()]);
        }
    }};
}

/// What `f` makes of all lanes of `a` and `b`, one after the other.
macro_rules! fold {
    ($I:ident, $a:expr, $b:expr, $fill:expr, $start:expr, |$sum:ident, $x:ident, $y:pat_param| $f:expr) => {{
        let mut $sum = $I::V::splat($start);
        let ((a, a_rest), (b, b_rest)) = ($a.as_chunks::<LANES>(), $b.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            let ($x, $y) = ($I::V::load(a), $I::V::load(b));
            $sum = $f;
        }
        if !a_rest.is_empty() {
            let ($x, $y) = ($I::V::load(&filled(a_rest, $fill)), $I::V::load(&filled(b_rest, $fill)));
            $sum = $f;
        }
        $sum
    }};
}

#[inline(always)]
fn filled(x: &[f32], fill: f32) -> [f32; LANES] {
    let mut y = [fill; LANES];
    y[..x.len()].copy_from_slice(x);
    y
}

/// `x Φ(x)`.
pub struct Gelu;

struct GeluThere<'a>(&'a [f32], &'a mut [f32]);

impl Op for GeluThere<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        zip!(I, self.0, self.0, 0.0, self.1, |x, _| gelu(x));
    }
}

/// `g (Φ(x) + x φ(x))`.
struct GeluBack;

struct GeluBackRun<'a>(&'a [f32], &'a [f32], &'a mut [f32]);

impl Op for GeluBackRun<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let (half, density) = (I::V::splat(0.5), I::V::splat(0.398_942_3));
        let slope = I::V::splat(-0.5 * std::f32::consts::LOG2_E);
        zip!(I, self.0, self.1, 0.0, self.2, |x, g| {
            g.mul(x.fma(exp2(x.mul(x).mul(slope)).mul(density), half.add(gelu_share(x))))
        });
    }
}

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, l: &Layout) -> Result<(CpuStorage, Shape)> {
        map(x, l, VALUES, |x, y| kernels().run(GeluThere(x, y)))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(x.apply_op2_no_bwd(&g.contiguous()?, &GeluBack)?))
    }
}

impl CustomOp2 for GeluBack {
    fn name(&self) -> &'static str {
        "gelu-back"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, g: &CpuStorage, lg: &Layout) -> Result<(CpuStorage, Shape)> {
        map2((x, lx), (g, lg), VALUES, |x, g, y| kernels().run(GeluBackRun(x, g, y)))
    }
}

/// Softmax over the last dimension.
pub struct Softmax;

struct SoftmaxThere<'a>(&'a [f32], usize, &'a mut [f32]);

impl Op for SoftmaxThere<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for (x, y) in self.0.chunks_exact(self.1).zip(self.2.chunks_exact_mut(self.1)) {
            let low = f32::NEG_INFINITY;
            let top = I::V::splat(fold!(I, x, x, low, low, |top, x, _| top.max(x)).top());
            let factor = I::V::splat(std::f32::consts::LOG2_E);
            // What is all but nothing becomes nothing: products with numbers so small are a hundred times slower.
            let (least, zero) = (I::V::splat(1e-36), I::V::splat(0.0));
            zip!(I, x, x, low, y, |x, _| exp2(x.sub(top).mul(factor)).sub(least).max(zero));
            let sum = fold!(I, y, y, 0.0, 0.0, |sum, y, _| sum.add(y)).sum();
            let share = 1.0 / sum;
            y.iter_mut().for_each(|y| *y *= share);
        }
    }
}

/// `y (g - Σ y g)`.
struct SoftmaxBack;

struct SoftmaxBackRun<'a>(&'a [f32], &'a [f32], usize, &'a mut [f32]);

impl Op for SoftmaxBackRun<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let rows = self.0.chunks_exact(self.2).zip(self.1.chunks_exact(self.2)).zip(self.3.chunks_exact_mut(self.2));
        for ((y, g), out) in rows {
            let sum = I::V::splat(fold!(I, y, g, 0.0, 0.0, |sum, y, g| y.fma(g, sum)).sum());
            zip!(I, y, g, 0.0, out, |y, g| y.mul(g.sub(sum)));
        }
    }
}

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, l: &Layout) -> Result<(CpuStorage, Shape)> {
        let w = width(l);
        map(x, l, ROWS * w, |x, y| kernels().run(SoftmaxThere(x, w, y)))
    }

    fn bwd(&self, _: &Tensor, y: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(y.apply_op2_no_bwd(&g.contiguous()?, &SoftmaxBack)?))
    }
}

impl CustomOp2 for SoftmaxBack {
    fn name(&self) -> &'static str {
        "softmax-back"
    }

    fn cpu_fwd(&self, y: &CpuStorage, ly: &Layout, g: &CpuStorage, lg: &Layout) -> Result<(CpuStorage, Shape)> {
        let w = width(ly);
        map2((y, ly), (g, lg), ROWS * w, |y, g, out| kernels().run(SoftmaxBackRun(y, g, w, out)))
    }
}

/// `x + b`, b `[D]` to every row of `x` `[.., D]`.
pub struct AddBias;

impl CustomOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, b, w) = (values(x, lx)?, values(b, lb)?, width(lx));
        let mut y = x.to_vec();
        y.par_chunks_mut(ROWS * w).for_each(|y| {
            y.chunks_exact_mut(w).for_each(|y| y.iter_mut().zip(b).for_each(|(y, b)| *y += b));
        });
        Ok((CpuStorage::F32(y), lx.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor, g: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let g = g.contiguous()?;
        let sums = g.apply_op1_no_bwd(&Columns)?;
        Ok((Some(g), Some(sums)))
    }
}

/// Sums of the columns of `[.., D]`: `[D]`.
struct Columns;

impl CustomOp1 for Columns {
    fn name(&self) -> &'static str {
        "columns"
    }

    fn cpu_fwd(&self, x: &CpuStorage, l: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, w) = (values(x, l)?, width(l));
        let part = |x: &[f32]| {
            let mut sum = vec![0.0; w];
            x.chunks_exact(w).for_each(|x| sum.iter_mut().zip(x).for_each(|(s, x)| *s += x));
            sum
        };
        let parts: Vec<Vec<f32>> = x.par_chunks(ROWS * w).map(part).collect();
        Ok((CpuStorage::F32(total(&parts, w)), Shape::from(w)))
    }
}

/// Parts added up in their order.
fn total(parts: &[Vec<f32>], w: usize) -> Vec<f32> {
    let mut sum = vec![0.0; w];
    parts.iter().for_each(|p| sum.iter_mut().zip(p).for_each(|(s, p)| *s += p));
    sum
}

/// Layer normalisation of `x` `[.., D]` with weight and bias `[D]`.
pub struct Norm {
    /// Added to the variance.
    pub eps: f32,
}

struct NormThere<'a> {
    x: &'a [f32],
    w: &'a [f32],
    b: &'a [f32],
    eps: f32,
    y: &'a mut [f32],
}

/// Mean of a row, and one over its standard deviation.
#[inline(always)]
fn moments<I: Isa>(x: &[f32], eps: f32) -> (f32, f32) {
    let n = x.len() as f32;
    let mean = fold!(I, x, x, 0.0, 0.0, |s, x, _| s.add(x)).sum() / n;
    let m = I::V::splat(mean);
    let variance = fold!(I, x, x, mean, 0.0, |s, x, _| x.sub(m).fma(x.sub(m), s)).sum() / n;
    (mean, 1.0 / (variance + eps).sqrt())
}

impl Op for NormThere<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let d = self.w.len();
        for (x, y) in self.x.chunks_exact(d).zip(self.y.chunks_exact_mut(d)) {
            let (mean, scale) = moments::<I>(x, self.eps);
            let (mean, scale) = (I::V::splat(mean), I::V::splat(scale));
            zip!(I, x, self.w, 0.0, y, |x, w| x.sub(mean).mul(scale).mul(w));
            y.iter_mut().zip(self.b).for_each(|(y, b)| *y += b);
        }
    }
}

/// Gradients of rows, and under them those of weight and bias.
struct NormBack {
    eps: f32,
}

struct NormBackRun<'a> {
    x: &'a [f32],
    w: &'a [f32],
    g: &'a [f32],
    eps: f32,
    gx: &'a mut [f32],
    /// `[2, D]`.
    sums: &'a mut [f32],
}

impl Op for NormBackRun<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let d = self.w.len();
        let (gw, gb) = self.sums.split_at_mut(d);
        let (mut normal, mut h) = (vec![0.0; d], vec![0.0; d]);
        let rows = self.x.chunks_exact(d).zip(self.g.chunks_exact(d)).zip(self.gx.chunks_exact_mut(d));
        for ((x, g), gx) in rows {
            let (mean, scale) = moments::<I>(x, self.eps);
            let (mean, factor) = (I::V::splat(mean), I::V::splat(scale));
            zip!(I, x, x, 0.0, normal, |x, _| x.sub(mean).mul(factor));
            zip!(I, g, self.w, 0.0, h, |g, w| g.mul(w));
            let own = fold!(I, h, h, 0.0, 0.0, |s, h, _| s.add(h)).sum() / d as f32;
            let along = fold!(I, h, normal, 0.0, 0.0, |s, h, n| h.fma(n, s)).sum() / d as f32;
            let (own, along) = (I::V::splat(own), I::V::splat(along));
            zip!(I, h, normal, 0.0, gx, |h, n| h.sub(own).sub(n.mul(along)).mul(factor));
            for (((gw, gb), g), n) in gw.iter_mut().zip(gb.iter_mut()).zip(g).zip(&normal) {
                *gw += g * n;
                *gb += g;
            }
        }
    }
}

impl CustomOp3 for Norm {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        b: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (w, b) = (values(w, lw)?, values(b, lb)?);
        map(x, lx, ROWS * width(lx), |x, y| kernels().run(NormThere { x, w, b, eps: self.eps, y }))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        _: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let all = x.apply_op3_no_bwd(w, &g.contiguous()?, &NormBack { eps: self.eps })?;
        let rows = all.dim(0)? - 2;
        Ok((Some(all.narrow(0, 0, rows)?.reshape(x.shape())?), Some(all.get(rows)?), Some(all.get(rows + 1)?)))
    }
}

impl CustomOp3 for NormBack {
    fn name(&self) -> &'static str {
        "norm-back"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        g: &CpuStorage,
        lg: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, w, g, d) = (values(x, lx)?, values(w, lw)?, values(g, lg)?, width(lx));
        let mut out = vec![0.0; x.len()];
        let parts: Vec<Vec<f32>> = out
            .par_chunks_mut(ROWS * d)
            .zip(x.par_chunks(ROWS * d))
            .zip(g.par_chunks(ROWS * d))
            .map(|((gx, x), g)| {
                let mut sums = vec![0.0; 2 * d];
                kernels().run(NormBackRun { x, w, g, eps: self.eps, gx, sums: &mut sums });
                sums
            })
            .collect();
        out.extend(total(&parts, 2 * d));
        Ok((CpuStorage::F32(out), Shape::from((x.len() / d + 2, d))))
    }
}

/// Dropout: each value dropped with probability `rate` and the rest scaled up, as the words of SplitMix64 after `state` say.
#[derive(Debug, Clone, Copy)]
pub struct Mask {
    /// Share of values dropped.
    pub rate: f64,
    /// Where the words begin.
    pub state: u64,
}

impl Mask {
    /// The state once `n` values have had their words.
    pub fn after(&self, n: usize) -> u64 {
        self.state.wrapping_add(STRIDE.wrapping_mul(n as u64))
    }

    /// What each value is multiplied by, without end.
    pub fn factors(&self) -> impl Iterator<Item = f32> {
        let (rate, mut state) = (self.rate, self.state);
        let keep = (1.0 / (1.0 - rate)) as f32;
        std::iter::repeat_with(move || if unit(splitmix(&mut state)) < rate { 0.0 } else { keep })
    }
}

impl CustomOp1 for Mask {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, x: &CpuStorage, l: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(x, l)?;
        let mut y = vec![0.0; x.len()];
        y.par_chunks_mut(VALUES).zip(x.par_chunks(VALUES)).enumerate().for_each(|(i, (y, x))| {
            let here = Mask { state: self.after(i * VALUES), ..*self };
            y.iter_mut().zip(x).zip(here.factors()).for_each(|((y, x), f)| *y = x * f);
        });
        Ok((CpuStorage::F32(y), l.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(g.contiguous()?.apply_op1_no_bwd(self)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::layers;
    use super::*;
    use candle_core::{Device, Var};

    fn draw(n: usize, shape: &[usize], seed: u64) -> Var {
        let mut state = seed;
        let v: Vec<f32> = (0..n).map(|_| (layers::unit(layers::splitmix(&mut state)) * 8.0 - 4.0) as f32).collect();
        Var::from_tensor(&Tensor::from_vec(v, shape, &Device::Cpu).unwrap()).unwrap()
    }

    /// Values and gradients of both ways, each output weighted by its own number.
    fn alike(vars: &[&Var], fused: impl Fn() -> Result<Tensor>, plain: impl Fn() -> Result<Tensor>) {
        let [(y, dy), (z, dz)] = [fused().unwrap(), plain().unwrap()].map(|y| {
            let n = y.elem_count();
            let weights = draw(n, y.dims(), 99);
            let grads = (&y * weights.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
            let of = |v: &&Var| grads.get(v).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            (y.flatten_all().unwrap().to_vec1::<f32>().unwrap(), vars.iter().map(of).collect::<Vec<_>>())
        });
        let near = |a: &[f32], b: &[f32]| {
            assert_eq!(a.len(), b.len());
            for (a, b) in a.iter().zip(b) {
                assert!((a - b).abs() <= 2e-5 * (1.0 + b.abs()) * vars[0].elem_count() as f32 / 16.0, "{a} {b}");
            }
        };
        near(&y, &z);
        dy.iter().zip(&dz).for_each(|(a, b)| near(a, b));
    }

    #[test]
    fn fused_operations_have_the_values_and_gradients_of_the_plain_ones() {
        for (rows, d) in [(1, 1), (2, 7), (3, 16), (5, 33), (130, 48)] {
            let (x, w, b) = (draw(rows * d, &[rows, d], 1), draw(d, &[d], 2), draw(d, &[d], 3));
            alike(&[&x], || x.apply_op1(Gelu), || layers::gelu(&x, false));
            alike(&[&x], || x.apply_op1(Softmax), || layers::softmax(&x));
            alike(&[&x, &b], || x.apply_op2(&b, AddBias), || x.broadcast_add(&b));
            let mask = Mask { rate: 0.3, state: 7 };
            let factors =
                Tensor::from_iter(mask.factors().take(rows * d), &Device::Cpu).unwrap().reshape(&[rows, d]).unwrap();
            alike(&[&x], || x.apply_op1(mask), || x.mul(&factors));
            if d > 1 {
                let plain = || {
                    let centred = x.broadcast_sub(&x.mean_keepdim(1)?)?;
                    let variance = centred.sqr()?.mean_keepdim(1)?;
                    centred.broadcast_div(&(variance + 1e-5)?.sqrt()?)?.broadcast_mul(&w)?.broadcast_add(&b)
                };
                alike(&[&x, &w, &b], || x.apply_op3(&w, &b, Norm { eps: 1e-5 }), plain);
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let (x, w, b) = (draw(300 * 40, &[300, 40], 1), draw(40, &[40], 2), draw(40, &[40], 3));
        let run = || {
            let y = x.apply_op3(&w, &b, Norm { eps: 1e-5 }).unwrap().apply_op2(&b, AddBias).unwrap();
            let grads = y.apply_op1(Gelu).unwrap().apply_op1(Softmax).unwrap().sqr().unwrap().backward().unwrap();
            [&x, &w, &b].map(|v| grads.get(v).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap())
        };
        let on = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(run);
        assert_eq!(on(1), on(3));
    }
}
