//! AMX int8: `tdpbssd` multiplies 16 rows of 64 activations with 64 × 16 weights, signed by signed, exactly. The packed
//! weights already lie as the tile wants them: 1024 bytes in a row. Everything else is AVX-512.
//!
//! The compiler has no stable intrinsics for tiles; each kernel is one block of assembly, so that nothing else can
//! touch a tile register between its first and its last instruction.

use super::avx512vnni::{self, Avx512Vnni};
use super::{Isa, LANES, MAX_ROWS, Op, PANELS, Sums};
use std::arch::asm;
use std::arch::x86_64::__cpuid_count;
use std::sync::OnceLock;

/// A CPU with AMX int8, in a process that may use it.
#[derive(Debug, Clone, Copy)]
pub struct Amx(());

impl Amx {
    /// `None` where the CPU lacks it or the system does not allow it.
    pub fn new() -> Option<Self> {
        static THERE: OnceLock<bool> = OnceLock::new();
        THERE.get_or_init(|| Avx512Vnni::new().is_some() && has_tiles() && permitted()).then_some(Amx(()))
    }

    /// Compute.
    #[inline]
    pub fn run(self, op: impl Op) {
        // SAFETY: `self` exists, so the CPU has AVX-512 too.
        unsafe { avx512vnni::enter::<IsaAmx>(op) }
    }
}

/// AMX-TILE and AMX-INT8.
fn has_tiles() -> bool {
    let most = __cpuid_count(0, 0).eax;
    most >= 7 && __cpuid_count(7, 0).edx & (1 << 24 | 1 << 25) == 1 << 24 | 1 << 25
}

/// Linux gives tile registers only to processes that ask for them.
#[cfg(target_os = "linux")]
fn permitted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const XFEATURE_XTILEDATA: u64 = 18;
    let result: i64;
    // SAFETY: this system call touches no memory of ours; it clobbers rcx and r11 only.
    unsafe {
        asm!("syscall", inlateout("rax") ARCH_PRCTL => result, in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA, out("rcx") _, out("r11") _, options(nostack));
    }
    result == 0
}

/// Elsewhere nobody can tell.
#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}

/// `ldtilecfg`'s operand.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

/// All eight tiles 16 rows of 64 bytes.
static FULL: Config = Config {
    palette: 1,
    start: 0,
    reserved: [0; 14],
    bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// The kernels' types.
pub struct IsaAmx;

impl Isa for IsaAmx {
    type V = avx512vnni::V;
    const ROWS: usize = 32;
    const WIDE: bool = true;
    const FLIP: u8 = 0;

    #[inline(always)]
    fn begin() {
        // SAFETY: this is inlined into `Amx::run` only, so the CPU has tiles; the operand is 64 readable bytes.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const FULL, options(nostack, readonly)) }
    }

    #[inline(always)]
    fn end() {
        // SAFETY: as in `begin`.
        unsafe { asm!("tilerelease", options(nostack, nomem)) }
    }

    #[inline(always)]
    fn tile(a: &[u8], rows: usize, inner: usize, b: &[u8], sums: &[[i32; LANES]], out: &mut Sums) {
        let fits =
            rows <= MAX_ROWS && a.len() >= rows.next_multiple_of(16) * inner && (1..=PANELS).contains(&sums.len());
        let whole = inner.is_multiple_of(64) && inner > 0;
        assert!(fits && whole && b.len() >= sums.len() * inner * LANES, "tile out of bounds");
        let (a, b, c) = (a.as_ptr(), b.as_ptr(), out.0.as_mut_ptr().cast());
        // SAFETY: `begin` came before; the lengths were just checked.
        unsafe {
            match (rows > 16, sums.len() == PANELS) {
                (true, true) => two_by_two(a, inner, b, c),
                (true, false) => two_by_one(a, inner, b, c),
                (false, true) => one_by_two(a, inner, b, c),
                (false, false) => one_by_one(a, inner, b, c),
            }
        }
    }
}

/// 32 rows, two panels.
///
/// # Safety
/// Tiles are configured; `a` has 32 rows of `inner` bytes, `b` two panels, `c` room for [`Sums`].
#[inline(always)]
unsafe fn two_by_two(a: *const u8, inner: usize, b: *const u8, c: *mut i32) {
    // SAFETY: the caller's promise; every tile register is declared as overwritten.
    unsafe {
        asm!(
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{a} + {inner}]",
            "tileloadd tmm6, [{b} + {line}]",
            "tileloadd tmm7, [{b1} + {line}]",
            "tdpbssd tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{a1} + {inner}]",
            "tdpbssd tmm1, tmm4, tmm7",
            "tdpbssd tmm2, tmm5, tmm6",
            "tdpbssd tmm3, tmm5, tmm7",
            "add {a}, 64", "add {a1}, 64", "add {b}, 1024", "add {b1}, 1024",
            "dec {n}",
            "jnz 2b",
            "tilestored [{c} + {row}], tmm0",
            "tilestored [{c} + {row} + 64], tmm1",
            "tilestored [{c2} + {row}], tmm2",
            "tilestored [{c2} + {row} + 64], tmm3",
            a = inout(reg) a => _, a1 = inout(reg) a.add(16 * inner) => _,
            b = inout(reg) b => _, b1 = inout(reg) b.add(16 * inner) => _,
            n = inout(reg) inner / 64 => _,
            c = in(reg) c, c2 = in(reg) c.add(16 * PANELS * LANES),
            inner = in(reg) inner, line = in(reg) 64usize, row = in(reg) PANELS * LANES * 4,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// 32 rows, one panel.
///
/// # Safety
/// Tiles are configured; `a` has 32 rows of `inner` bytes, `b` one panel, `c` room for [`Sums`].
#[inline(always)]
unsafe fn two_by_one(a: *const u8, inner: usize, b: *const u8, c: *mut i32) {
    // SAFETY: the caller's promise, for each half.
    unsafe {
        one_by_one(a, inner, b, c);
        one_by_one(a.add(16 * inner), inner, b, c.add(16 * PANELS * LANES));
    }
}

/// 16 rows, two panels.
///
/// # Safety
/// Tiles are configured; `a` has 16 rows of `inner` bytes, `b` two panels, `c` room for [`Sums`].
#[inline(always)]
unsafe fn one_by_two(a: *const u8, inner: usize, b: *const u8, c: *mut i32) {
    // SAFETY: the caller's promise; every tile register is declared as overwritten.
    unsafe {
        asm!(
            "tilezero tmm0", "tilezero tmm1",
            "2:",
            "tileloadd tmm4, [{a} + {inner}]",
            "tileloadd tmm6, [{b} + {line}]",
            "tileloadd tmm7, [{b1} + {line}]",
            "tdpbssd tmm0, tmm4, tmm6",
            "tdpbssd tmm1, tmm4, tmm7",
            "add {a}, 64", "add {b}, 1024", "add {b1}, 1024",
            "dec {n}",
            "jnz 2b",
            "tilestored [{c} + {row}], tmm0",
            "tilestored [{c} + {row} + 64], tmm1",
            a = inout(reg) a => _,
            b = inout(reg) b => _, b1 = inout(reg) b.add(16 * inner) => _,
            n = inout(reg) inner / 64 => _,
            c = in(reg) c,
            inner = in(reg) inner, line = in(reg) 64usize, row = in(reg) PANELS * LANES * 4,
            out("tmm0") _, out("tmm1") _, out("tmm4") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// 16 rows, one panel.
///
/// # Safety
/// Tiles are configured; `a` has 16 rows of `inner` bytes, `b` one panel, `c` room for half of [`Sums`].
#[inline(always)]
unsafe fn one_by_one(a: *const u8, inner: usize, b: *const u8, c: *mut i32) {
    // SAFETY: the caller's promise; every tile register is declared as overwritten.
    unsafe {
        asm!(
            "tilezero tmm0",
            "2:",
            "tileloadd tmm4, [{a} + {inner}]",
            "tileloadd tmm6, [{b} + {line}]",
            "tdpbssd tmm0, tmm4, tmm6",
            "add {a}, 64", "add {b}, 1024",
            "dec {n}",
            "jnz 2b",
            "tilestored [{c} + {row}], tmm0",
            a = inout(reg) a => _, b = inout(reg) b => _, n = inout(reg) inner / 64 => _,
            c = in(reg) c, inner = in(reg) inner, line = in(reg) 64usize, row = in(reg) PANELS * LANES * 4,
            out("tmm0") _, out("tmm4") _, out("tmm6") _,
            options(nostack),
        );
    }
}
