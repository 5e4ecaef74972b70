//! AVX2 and FMA: two registers are sixteen lanes. Bytes are widened to i16 and multiplied in pairs (`vpmaddwd`), which
//! cannot overflow: the sums are exact.

use super::{Isa, LANES, Lanes, Op, PANELS, Sums};
use std::arch::x86_64::*;

/// A CPU with AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// `None` where the CPU lacks it.
    pub fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Avx2(()))
    }

    /// Compute.
    #[inline]
    pub fn run(self, op: impl Op) {
        // SAFETY: `self` exists, so the CPU has these features.
        unsafe { enter(op) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn enter(op: impl Op) {
    op.run::<Isa256>();
}

/// Two registers: lanes 0 to 7, and 8 to 15.
#[derive(Clone, Copy)]
pub struct V(__m256, __m256);

// Every `unsafe` of this impl holds because its methods are only inlined into [`enter`], which runs on CPUs with these
// features.
impl Lanes for V {
    #[inline(always)]
    fn splat(x: f32) -> V {
        // SAFETY: on AVX2, see above.
        let x = unsafe { _mm256_set1_ps(x) };
        V(x, x)
    }
    #[inline(always)]
    fn load(x: &[f32; LANES]) -> V {
        // SAFETY: on AVX2, see above; sixteen f32 are readable.
        unsafe { V(_mm256_loadu_ps(x.as_ptr()), _mm256_loadu_ps(x.as_ptr().add(8))) }
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        // SAFETY: on AVX2, see above; sixteen f32 are writable.
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), self.0);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), self.1);
        }
    }
    #[inline(always)]
    fn of_ints(x: &[i32; LANES]) -> V {
        let half = |i: usize| {
            // SAFETY: on AVX2, see above; `i` is 0 or 8, so eight i32 are readable.
            unsafe { _mm256_cvtepi32_ps(_mm256_loadu_si256(x.as_ptr().add(i).cast())) }
        };
        V(half(0), half(8))
    }
    #[inline(always)]
    fn add(self, b: V) -> V {
        // SAFETY: on AVX2, see above.
        unsafe { V(_mm256_add_ps(self.0, b.0), _mm256_add_ps(self.1, b.1)) }
    }
    #[inline(always)]
    fn sub(self, b: V) -> V {
        // SAFETY: on AVX2, see above.
        unsafe { V(_mm256_sub_ps(self.0, b.0), _mm256_sub_ps(self.1, b.1)) }
    }
    #[inline(always)]
    fn mul(self, b: V) -> V {
        // SAFETY: on AVX2, see above.
        unsafe { V(_mm256_mul_ps(self.0, b.0), _mm256_mul_ps(self.1, b.1)) }
    }
    #[inline(always)]
    fn fma(self, b: V, c: V) -> V {
        // SAFETY: on AVX2 and FMA, see above.
        unsafe { V(_mm256_fmadd_ps(self.0, b.0, c.0), _mm256_fmadd_ps(self.1, b.1, c.1)) }
    }
    #[inline(always)]
    fn max(self, b: V) -> V {
        // SAFETY: on AVX2, see above.
        unsafe { V(_mm256_max_ps(self.0, b.0), _mm256_max_ps(self.1, b.1)) }
    }
    #[inline(always)]
    fn min(self, b: V) -> V {
        // SAFETY: on AVX2, see above.
        unsafe { V(_mm256_min_ps(self.0, b.0), _mm256_min_ps(self.1, b.1)) }
    }
    #[inline(always)]
    fn abs(self) -> V {
        // SAFETY: on AVX2, see above.
        unsafe {
            let sign = _mm256_set1_ps(-0.0);
            V(_mm256_andnot_ps(sign, self.0), _mm256_andnot_ps(sign, self.1))
        }
    }
    #[inline(always)]
    fn add_exponent(self, n: V) -> V {
        let half = |x, n| {
            // SAFETY: on AVX2, see above.
            unsafe {
                let n = _mm256_slli_epi32::<23>(_mm256_castps_si256(n));
                _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), n))
            }
        };
        V(half(self.0, n.0), half(self.1, n.1))
    }
    #[inline(always)]
    fn to_bytes(self) -> [u8; LANES] {
        let mut out = [0; LANES];
        // SAFETY: on AVX2, see above; sixteen bytes are writable.
        unsafe {
            let words = _mm256_packs_epi32(_mm256_cvtps_epi32(self.0), _mm256_cvtps_epi32(self.1));
            // The pack works within halves of 128 bits: put the quarters back in order.
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
            let bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            _mm_storeu_si128(out.as_mut_ptr().cast(), bytes);
        }
        out
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: on AVX2, see above.
        unsafe { fold(_mm256_add_ps(self.0, self.1), |a, b| _mm_add_ps(a, b)) }
    }
    #[inline(always)]
    fn top(self) -> f32 {
        // SAFETY: on AVX2, see above.
        unsafe { fold(_mm256_max_ps(self.0, self.1), |a, b| _mm_max_ps(a, b)) }
    }
}

/// Halves put onto each other until one lane is left.
///
/// # Safety
/// On CPUs with AVX.
#[inline(always)]
unsafe fn fold(x: __m256, on4: impl Fn(__m128, __m128) -> __m128) -> f32 {
    // SAFETY: the caller's promise.
    unsafe {
        let x = on4(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let x = on4(x, _mm_movehl_ps(x, x));
        _mm_cvtss_f32(on4(x, _mm_shuffle_ps::<0b01>(x, x)))
    }
}

/// The kernels' types.
pub struct Isa256;

impl Isa for Isa256 {
    type V = V;
    const ROWS: usize = 3;
    const WIDE: bool = false;
    const FLIP: u8 = 0;

    #[inline(always)]
    fn tile(a: &[u8], rows: usize, inner: usize, b: &[u8], sums: &[[i32; LANES]], out: &mut Sums) {
        let fits = rows <= Self::ROWS && a.len() >= rows * inner && sums.len() <= PANELS;
        assert!(fits && inner.is_multiple_of(4) && b.len() >= sums.len() * inner * LANES, "tile out of bounds");
        let block: Block = match rows {
            0 => return,
            1 => block::<1>,
            2 => block::<2>,
            _ => block::<3>,
        };
        for p in 0..sums.len() {
            // SAFETY: this is inlined into `enter` only, so the CPU has the features; the lengths were just checked.
            unsafe { block(a.as_ptr(), inner, b.as_ptr().add(p * inner * LANES), out.0.as_mut_ptr().add(p).cast()) }
        }
    }
}

type Block = unsafe fn(*const u8, usize, *const u8, *mut i32);

/// `R` rows with one panel; two sums of pairs for each channel in registers.
///
/// # Safety
/// `a` has `R * inner` readable bytes, `b` has `inner * 16`, `out` has room for `R` rows, `PANELS * 16` apart.
#[target_feature(enable = "avx2,fma")]
unsafe fn block<const R: usize>(a: *const u8, inner: usize, b: *const u8, out: *mut i32) {
    // acc[r][i]: channels 4i to 4i+3, pairs (0,1) and (2,3) of each quad side by side.
    let mut acc = [[_mm256_setzero_si256(); 4]; R];
    // SAFETY: all offsets stay below the lengths that the caller promised.
    unsafe {
        for quad in 0..inner / 4 {
            let mut x = [_mm256_setzero_si256(); R];
            for (r, x) in x.iter_mut().enumerate() {
                let four = a.add(r * inner + quad * 4).cast::<i32>().read_unaligned();
                *x = _mm256_cvtepi8_epi16(_mm_set1_epi32(four));
            }
            for i in 0..4 {
                let w = _mm256_cvtepi8_epi16(_mm_loadu_si128(b.add(quad * 64 + i * 16).cast()));
                for (acc, x) in acc.iter_mut().zip(&x) {
                    acc[i] = _mm256_add_epi32(acc[i], _mm256_madd_epi16(*x, w));
                }
            }
        }
        for (r, acc) in acc.iter().enumerate() {
            for i in [0, 2] {
                // Adding neighbours within halves of 128 bits gives channels 0 1 4 5, 2 3 6 7 of the eight.
                let s = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(acc[i], acc[i + 1]));
                _mm256_storeu_si256(out.add(r * PANELS * LANES + i * 4).cast(), s);
            }
        }
    }
}
