use super::*;

/// Calls [`Isa::tile`] and keeps what it gave.
struct Tile<'a> {
    a: &'a [u8],
    rows: usize,
    inner: usize,
    b: &'a [u8],
    sums: &'a [[i32; LANES]],
    out: &'a mut Vec<i32>,
}

impl Op for Tile<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let a: Vec<u8> = self.a.iter().map(|x| x ^ I::FLIP).collect();
        let mut sums = Sums::default();
        for first in (0..self.rows).step_by(I::ROWS) {
            let rows = I::ROWS.min(self.rows - first);
            I::begin();
            I::tile(&a[first * self.inner..], rows, self.inner, self.b, self.sums, &mut sums);
            I::end();
            for row in sums.0.as_chunks::<PANELS>().0.iter().take(rows) {
                self.out.extend(row.iter().take(self.sums.len()).flatten());
            }
        }
    }
}

/// Bytes that visit both ends of the range often.
fn bytes(n: usize, seed: usize) -> Vec<u8> {
    (0..n).map(|i| [127, 129, (i * 151 + seed * 17) as u8, (i * i + seed) as u8][(i + seed) % 4]).collect()
}

#[test]
fn tiles_give_what_plain_loops_give() {
    let rows = [0, 1, 2, 3, 4, 5, 11, 12, 13, 15, 16, 17, 31, 32];
    for (inner, panels) in [(64, 1), (64, 2), (128, 2), (384, 1), (384, 2), (1536, 2), (768, 2), (3072, 1)] {
        let a = bytes(MAX_ROWS * 2 * inner, 1);
        let b = bytes(panels * LANES * inner, 2);
        let weight =
            |p: usize, k: usize, n: usize| i32::from(b[((p * inner / 4 + k / 4) * LANES + n) * 4 + k % 4] as i8);
        let sums: Vec<[i32; LANES]> =
            (0..panels).map(|p| std::array::from_fn(|n| (0..inner).map(|k| weight(p, k, n)).sum())).collect();
        for rows in rows {
            let mut plain = Vec::new();
            for r in 0..rows {
                for p in 0..panels {
                    for n in 0..LANES {
                        plain
                            .push((0..inner).map(|k| i32::from(a[r * inner + k] as i8) * weight(p, k, n)).sum::<i32>());
                    }
                }
            }
            for k in Kernels::all() {
                let mut out = Vec::new();
                k.run(Tile { a: &a, rows, inner, b: &b, sums: &sums, out: &mut out });
                assert!(out == plain, "{}: {rows} rows, {inner} channels, {panels} panels", k.name());
            }
        }
    }
}

/// Every operation of [`Lanes`] on two vectors, as bits.
struct All<'a>(&'a [f32; LANES], &'a [f32; LANES], &'a mut Vec<u32>);

impl Op for All<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let (a, b) = (I::V::load(self.0), I::V::load(self.1));
        let c = I::V::splat(0.3);
        let mut put = |v: I::V| {
            let mut out = [0.0; LANES];
            v.store(&mut out);
            self.2.extend(out.map(f32::to_bits));
        };
        for v in [a.add(b), a.sub(b), a.mul(b), a.fma(b, c), a.max(b), a.min(b), a.abs()] {
            put(v);
        }
        put(I::V::of_ints(&[16_777_217; LANES]));
        let rows = std::array::from_fn(|i| a.mul(I::V::splat(i as f32)));
        for v in I::V::transpose(rows) {
            put(v);
        }
        put(a.add_exponent(I::V::splat(12_582_912.0 - 7.0)));
        self.2.extend(a.to_bytes().map(u32::from));
        self.2.extend([a.sum().to_bits(), a.top().to_bits()]);
    }
}

#[test]
fn lanes_have_the_same_bits_on_every_instruction_set() {
    for seed in 0..50u32 {
        let value = |i: usize, s: u32| {
            let x = (i as u32 + 1).wrapping_mul(2_654_435_761).wrapping_mul(seed * 7 + s) >> 8;
            x as f32 / (1 << 23) as f32 * 127.0 - 127.0
        };
        let a: [f32; LANES] = std::array::from_fn(|i| if i == 3 { seed as f32 - 25.5 } else { value(i, 1) });
        let b: [f32; LANES] = std::array::from_fn(|i| value(i, 3));
        let mut plain = Vec::new();
        Kernels::Portable(portable::Portable).run(All(&a, &b, &mut plain));
        for k in Kernels::all() {
            let mut out = Vec::new();
            k.run(All(&a, &b, &mut out));
            assert_eq!(out, plain, "{}", k.name());
        }
    }
}
