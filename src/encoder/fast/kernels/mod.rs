//! One file per instruction set. Each offers the same two things: sixteen f32 lanes ([`Lanes`]) and a small int8
//! matrix product ([`Isa::tile`]). Everything above is written once over them, and gives the same bits on each:
//! integer sums are exact, and f32 operations are the same ones in the same order (fused multiply-add included).

pub mod portable;

#[cfg(target_arch = "x86_64")]
pub mod amx;
#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512vnni;

/// Lanes of a vector, and output channels of a packed weight panel.
pub const LANES: usize = 16;
/// Panels that one tile takes at most.
pub const PANELS: usize = 2;
/// Rows that one tile takes at most, on any path; activations are padded to a multiple of it.
pub const MAX_ROWS: usize = 32;

/// Integer sums of one tile: row `r`, panel `p` at `r * PANELS + p`.
#[repr(align(64))]
pub struct Sums(pub [[i32; LANES]; MAX_ROWS * PANELS]);

impl Default for Sums {
    /// All zero.
    #[inline(always)]
    fn default() -> Self {
        Sums([[0; LANES]; MAX_ROWS * PANELS])
    }
}

/// Sixteen f32 at once.
pub trait Lanes: Copy {
    /// `x` in every lane.
    fn splat(x: f32) -> Self;
    /// From memory.
    fn load(x: &[f32; LANES]) -> Self;
    /// To memory.
    fn store(self, to: &mut [f32; LANES]);
    /// Rounded to f32.
    fn of_ints(x: &[i32; LANES]) -> Self;
    /// `self + b`.
    fn add(self, b: Self) -> Self;
    /// `self - b`.
    fn sub(self, b: Self) -> Self;
    /// `self * b`.
    fn mul(self, b: Self) -> Self;
    /// `self * b + c`, rounded once.
    fn fma(self, b: Self, c: Self) -> Self;
    /// The greater one.
    fn max(self, b: Self) -> Self;
    /// The smaller one.
    fn min(self, b: Self) -> Self;
    /// Without its sign.
    fn abs(self) -> Self;
    /// The low bits of `n`, seen as an integer, added to the exponent.
    fn add_exponent(self, n: Self) -> Self;
    /// Rounded to the nearest integer, ties to even; the values must lie within -127.5 and 127.5.
    fn to_bytes(self) -> [u8; LANES];
    /// Sum of the lanes: halves added onto each other until one is left.
    fn sum(self) -> f32;
    /// The greatest lane.
    fn top(self) -> f32;
    /// Rows to columns.
    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        let mut cells = [[0.0; LANES]; LANES];
        for (row, cells) in rows.into_iter().zip(&mut cells) {
            row.store(cells);
        }
        std::array::from_fn(|c| Self::load(&std::array::from_fn(|r| cells[r][c])))
    }
}

/// An instruction set.
pub trait Isa {
    /// Its vector.
    type V: Lanes;
    /// Rows that a tile takes best.
    const ROWS: usize;
    /// Whether there are 32 registers of sixteen lanes.
    const WIDE: bool;
    /// What quantised activations are xor-ed with: 0 where they are read as signed, 0x80 where as unsigned, offset 128.
    const FLIP: u8;

    /// Before the tiles of one product.
    #[inline(always)]
    fn begin() {}
    /// After them.
    #[inline(always)]
    fn end() {}

    /// `out[r][p][n] = Σ_k a[r][k] · b[p][k][n]` for `rows` rows (at most [`Isa::ROWS`]) of `inner` bytes, and
    /// `sums.len()` panels (1 or 2) packed `[inner/4][16][4]`. `inner` is a multiple of 64; `a` holds at least
    /// [`MAX_ROWS`] rows; `sums` are the sums of each channel's weights.
    fn tile(a: &[u8], rows: usize, inner: usize, b: &[u8], sums: &[[i32; LANES]], out: &mut Sums);
}

/// Something to compute on whichever instruction set there is.
pub trait Op {
    /// Must be `#[inline(always)]`, with all that it calls, so that it is compiled for the instruction set.
    fn run<I: Isa>(self);
}

/// An instruction set that this CPU has: made by the constructors of the kernel files only.
#[derive(Debug, Clone, Copy)]
pub enum Kernels {
    /// Plain loops.
    Portable(portable::Portable),
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    /// AVX-512 with VNNI.
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(avx512vnni::Avx512Vnni),
    /// AMX int8 tiles, AVX-512 for the rest.
    #[cfg(target_arch = "x86_64")]
    Amx(amx::Amx),
}

impl Kernels {
    /// All that this CPU has, the fastest first.
    pub fn all() -> Vec<Kernels> {
        let mut out = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            out.extend(amx::Amx::new().map(Kernels::Amx));
            out.extend(avx512vnni::Avx512Vnni::new().map(Kernels::Avx512Vnni));
            out.extend(avx2::Avx2::new().map(Kernels::Avx2));
        }
        out.push(Kernels::Portable(portable::Portable));
        out
    }

    /// The fastest that this CPU has.
    pub fn best() -> Kernels {
        Self::all().swap_remove(0)
    }

    /// The one called `name` (see [`Kernels::name`]), if the CPU has it.
    pub fn named(name: &str) -> Option<Kernels> {
        Self::all().into_iter().find(|k| k.name() == name)
    }

    /// `amx`, `avx512vnni`, `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        match self {
            Kernels::Portable(_) => "portable",
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx512Vnni(_) => "avx512vnni",
            #[cfg(target_arch = "x86_64")]
            Kernels::Amx(_) => "amx",
        }
    }

    /// Compute.
    #[inline]
    pub fn run(self, op: impl Op) {
        match self {
            Kernels::Portable(_) => op.run::<portable::Portable>(),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx2(k) => k.run(op),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx512Vnni(k) => k.run(op),
            #[cfg(target_arch = "x86_64")]
            Kernels::Amx(k) => k.run(op),
        }
    }
}

/// Halves added onto each other: the one order of summation of sixteen lanes.
#[inline(always)]
pub fn sum_of(mut x: [f32; LANES]) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            x[i] += x[i + half];
        }
    }
    x[0]
}

#[cfg(test)]
mod tests;
