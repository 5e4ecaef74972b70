//! AVX-512 with VNNI: one register is sixteen lanes; `vpdpbusd` multiplies unsigned activations (offset by 128) with
//! signed weights, and the offset is taken out again with the weights' sums. Nothing saturates: the sums are exact.

use super::{Isa, LANES, Lanes, MAX_ROWS, Op, PANELS, Sums};
use std::arch::x86_64::*;

/// A CPU with AVX-512 F, BW, VL, DQ and VNNI.
#[derive(Debug, Clone, Copy)]
pub struct Avx512Vnni(());

impl Avx512Vnni {
    /// `None` where the CPU lacks it.
    pub fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vnni")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma"))
        .then_some(Avx512Vnni(()))
    }

    /// Compute.
    #[inline]
    pub fn run(self, op: impl Op) {
        // SAFETY: `self` exists, so the CPU has these features.
        unsafe { enter::<Isa512>(op) }
    }
}

/// Compile `op` for AVX-512.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")]
pub(super) fn enter<I: Isa>(op: impl Op) {
    op.run::<I>();
}

/// One register.
#[derive(Clone, Copy)]
pub struct V(__m512);

// Every `unsafe` of this impl holds because its methods are only inlined into [`enter`], which runs on CPUs with these
// features.
impl Lanes for V {
    #[inline(always)]
    fn splat(x: f32) -> V {
        // SAFETY: on AVX-512, see above.
        V(unsafe { _mm512_set1_ps(x) })
    }
    #[inline(always)]
    fn load(x: &[f32; LANES]) -> V {
        // SAFETY: on AVX-512, see above; sixteen f32 are readable.
        V(unsafe { _mm512_loadu_ps(x.as_ptr()) })
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        // SAFETY: on AVX-512, see above; sixteen f32 are writable.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
    }
    #[inline(always)]
    fn of_ints(x: &[i32; LANES]) -> V {
        // SAFETY: on AVX-512, see above; sixteen i32 are readable.
        V(unsafe { _mm512_cvtepi32_ps(_mm512_loadu_si512(x.as_ptr().cast())) })
    }
    #[inline(always)]
    fn add(self, b: V) -> V {
        // SAFETY: on AVX-512, see above.
        V(unsafe { _mm512_add_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn sub(self, b: V) -> V {
        // SAFETY: on AVX-512, see above.
        V(unsafe { _mm512_sub_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn mul(self, b: V) -> V {
        // SAFETY: on AVX-512, see above.
        V(unsafe { _mm512_mul_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn fma(self, b: V, c: V) -> V {
        // SAFETY: on AVX-512, see above.
        V(unsafe { _mm512_fmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn max(self, b: V) -> V {
        // SAFETY: on AVX-512, see above.
        V(unsafe { _mm512_max_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn min(self, b: V) -> V {
        // SAFETY: on AVX-512, see above.
        V(unsafe { _mm512_min_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn abs(self) -> V {
        // SAFETY: on AVX-512, see above.
        V(unsafe { _mm512_abs_ps(self.0) })
    }
    #[inline(always)]
    fn add_exponent(self, n: V) -> V {
        // SAFETY: on AVX-512, see above.
        V(unsafe {
            let n = _mm512_slli_epi32::<23>(_mm512_castps_si512(n.0));
            _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(self.0), n))
        })
    }
    #[inline(always)]
    fn to_bytes(self) -> [u8; LANES] {
        let mut out = [0; LANES];
        // SAFETY: on AVX-512, see above; sixteen bytes are writable.
        unsafe {
            _mm_storeu_si128(out.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(self.0)));
        }
        out
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: on AVX-512, see above.
        unsafe { fold(self.0, |a, b| _mm256_add_ps(a, b), |a, b| _mm_add_ps(a, b)) }
    }
    #[inline(always)]
    fn top(self) -> f32 {
        // SAFETY: on AVX-512, see above.
        unsafe { fold(self.0, |a, b| _mm256_max_ps(a, b), |a, b| _mm_max_ps(a, b)) }
    }
    #[inline(always)]
    fn transpose(rows: [V; LANES]) -> [V; LANES] {
        // SAFETY: on AVX-512, see above.
        unsafe { turn(rows.map(|r| r.0)).map(V) }
    }
}

/// Halves put onto each other until one lane is left.
///
/// # Safety
/// On CPUs with AVX-512 F and DQ.
#[inline(always)]
unsafe fn fold(x: __m512, on8: impl Fn(__m256, __m256) -> __m256, on4: impl Fn(__m128, __m128) -> __m128) -> f32 {
    // SAFETY: the caller's promise.
    unsafe {
        let x = on8(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps::<1>(x));
        let x = on4(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let x = on4(x, _mm_movehl_ps(x, x));
        _mm_cvtss_f32(on4(x, _mm_shuffle_ps::<0b01>(x, x)))
    }
}

/// 16 by 16 cells, rows to columns: within quarters of 128 bits first, then the quarters.
///
/// # Safety
/// On CPUs with AVX-512 F.
#[inline(always)]
unsafe fn turn(r: [__m512; LANES]) -> [__m512; LANES] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut fours = r;
        for i in (0..LANES).step_by(4) {
            let (a, b) = (_mm512_unpacklo_ps(r[i], r[i + 1]), _mm512_unpackhi_ps(r[i], r[i + 1]));
            let (c, d) = (_mm512_unpacklo_ps(r[i + 2], r[i + 3]), _mm512_unpackhi_ps(r[i + 2], r[i + 3]));
            fours[i] = _mm512_shuffle_ps::<0b01_00_01_00>(a, c);
            fours[i + 1] = _mm512_shuffle_ps::<0b11_10_11_10>(a, c);
            fours[i + 2] = _mm512_shuffle_ps::<0b01_00_01_00>(b, d);
            fours[i + 3] = _mm512_shuffle_ps::<0b11_10_11_10>(b, d);
        }
        let mut out = fours;
        for i in 0..4 {
            // Quarter j of `fours[4k + i]` is column 4j + i of rows 4k to 4k + 3.
            let a = _mm512_shuffle_f32x4::<0b10_00_10_00>(fours[i], fours[4 + i]);
            let b = _mm512_shuffle_f32x4::<0b11_01_11_01>(fours[i], fours[4 + i]);
            let c = _mm512_shuffle_f32x4::<0b10_00_10_00>(fours[8 + i], fours[12 + i]);
            let d = _mm512_shuffle_f32x4::<0b11_01_11_01>(fours[8 + i], fours[12 + i]);
            out[i] = _mm512_shuffle_f32x4::<0b10_00_10_00>(a, c);
            out[4 + i] = _mm512_shuffle_f32x4::<0b10_00_10_00>(b, d);
            out[8 + i] = _mm512_shuffle_f32x4::<0b11_01_11_01>(a, c);
            out[12 + i] = _mm512_shuffle_f32x4::<0b11_01_11_01>(b, d);
        }
        out
    }
}

/// The kernels' types.
pub struct Isa512;

impl Isa for Isa512 {
    type V = V;
    const ROWS: usize = 12;
    const WIDE: bool = true;
    const FLIP: u8 = 0x80;

    #[inline(always)]
    fn tile(a: &[u8], rows: usize, inner: usize, b: &[u8], sums: &[[i32; LANES]], out: &mut Sums) {
        let fits = rows <= Self::ROWS && a.len() >= rows * inner && (1..=PANELS).contains(&sums.len());
        assert!(fits && inner.is_multiple_of(4) && b.len() >= sums.len() * inner * LANES, "tile out of bounds");
        let block = if sums.len() == PANELS { blocks::<PANELS>(rows) } else { blocks::<1>(rows) };
        // SAFETY: this is inlined into `enter` only, so the CPU has the features; the lengths were just checked.
        unsafe { block(a.as_ptr(), inner, b.as_ptr(), sums.as_ptr().cast(), out.0.as_mut_ptr().cast()) }
    }
}

type Block = unsafe fn(*const u8, usize, *const u8, *const i32, *mut i32);

/// The kernel for so many rows.
#[inline(always)]
fn blocks<const P: usize>(rows: usize) -> Block {
    match rows {
        0 => block::<0, P>,
        1 => block::<1, P>,
        2 => block::<2, P>,
        3 => block::<3, P>,
        4 => block::<4, P>,
        5 => block::<5, P>,
        6 => block::<6, P>,
        7 => block::<7, P>,
        8 => block::<8, P>,
        9 => block::<9, P>,
        10 => block::<10, P>,
        11 => block::<11, P>,
        _ => block::<12, P>,
    }
}

/// `R` rows with `P` panels, all sums in registers.
///
/// # Safety
/// `a` has `R * inner` readable bytes, `b` has `P * inner * 16`, `sums` has `P * 16`, `out` room for `R * PANELS * 16`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")]
unsafe fn block<const R: usize, const P: usize>(
    a: *const u8,
    inner: usize,
    b: *const u8,
    sums: *const i32,
    out: *mut i32,
) {
    const { assert!(R <= MAX_ROWS && P <= PANELS) };
    let mut acc = [[_mm512_setzero_si512(); P]; R];
    // SAFETY: all offsets stay below the lengths that the caller promised.
    unsafe {
        for quad in 0..inner / 4 {
            let mut w = [_mm512_setzero_si512(); P];
            for (p, w) in w.iter_mut().enumerate() {
                *w = _mm512_loadu_si512(b.add((p * (inner / 4) + quad) * 64).cast());
            }
            for (r, acc) in acc.iter_mut().enumerate() {
                let x = _mm512_set1_epi32(a.add(r * inner + quad * 4).cast::<i32>().read_unaligned());
                for p in 0..P {
                    acc[p] = _mm512_dpbusd_epi32(acc[p], x, w[p]);
                }
            }
        }
        for p in 0..P {
            let offset = _mm512_slli_epi32::<7>(_mm512_loadu_si512(sums.add(p * LANES).cast()));
            for (r, acc) in acc.iter().enumerate() {
                let at = out.add((r * PANELS + p) * LANES).cast();
                _mm512_storeu_si512(at, _mm512_sub_epi32(acc[p], offset));
            }
        }
    }
}
