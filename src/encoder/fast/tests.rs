use super::attention::{Attention, scratch};
use super::kernels::{Kernels, LANES};
use super::ops::{Exp2, Far, GELU_FLOOR, Gelu, MIDDLE, Norm, Quantise, QuantiseActivated};
use super::product::{AddFar, Panels, Product, Then};
use super::*;
use std::sync::Arc;

/// Numbers between -1 and 1, the same every time.
fn noise(n: usize, seed: u64) -> Vec<f32> {
    let mut s = seed;
    (0..n)
        .map(|_| {
            s = s.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (s >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn erf(x: f64) -> f64 {
    // The series converges fast enough up to 5 in f64; beyond it nothing is left to add.
    if x.abs() > 5.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= -x * x / n as f64;
        sum += term / (2 * n + 1) as f64;
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

#[test]
fn gelu_is_the_erf_form() {
    for k in Kernels::all() {
        let x: Vec<f32> = (-16_000..16_000).map(|i| i as f32 / 1600.0).collect();
        let mut y = x.clone();
        k.run(Gelu(&mut y));
        for (&x, &y) in x.iter().zip(&y) {
            let x = f64::from(x);
            let expected = 0.5 * x * (1.0 + erf(x / 2f64.sqrt()));
            // 2e-6 of the erf, times x / 2.
            assert!(
                (f64::from(y) - expected).abs() <= 1e-6 * x.abs() + 1e-7,
                "{}: gelu({x}) = {y}, not {expected}",
                k.name()
            );
        }
    }
}

#[test]
fn exp2_is_close_and_ends_at_a_floor() {
    for k in Kernels::all() {
        let x: Vec<f32> = (-32_000..=0).map(|i| i as f32 / 256.0).chain([f32::NEG_INFINITY; 15]).collect();
        let mut y = x.clone();
        k.run(Exp2(&mut y));
        for (&x, &y) in x.iter().zip(&y) {
            let expected = f64::from(x).max(-125.0).exp2();
            assert!((f64::from(y) / expected - 1.0).abs() < 3e-7, "{}: exp2({x}) = {y}, not {expected}", k.name());
        }
    }
}

/// Weight of output `n` and input `k` where the kernels read it.
fn packed(weight: &[u8], inner: usize, n: usize, k: usize) -> i8 {
    weight[((n / 16 * inner / 4 + k / 4) * 16 + n % 16) * 4 + k % 4] as i8
}

/// What these kernels xor quantised activations with.
fn flip(k: Kernels) -> u8 {
    if k.name() == "avx512vnni" { 0x80 } else { 0 }
}

#[test]
fn products_scale_add_and_activate() {
    for (rows, inner, out) in [(0, 64, 16), (1, 64, 16), (13, 128, 48), (33, 384, 64), (66, 384, 32), (17, 1536, 16)] {
        let x: Vec<u8> =
            (0..(rows + 64) * inner).map(|i| (i * 31 % 255) as u8).map(|b| if b == 128 { 0 } else { b }).collect();
        let weight: Vec<u8> = (0..out * inner).map(|i| (i * 57 % 253) as u8).collect();
        let at = |n: usize, k: usize| i32::from(packed(&weight, inner, n, k));
        let sum: Vec<i32> = (0..out).map(|n| (0..inner).map(|k| at(n, k)).sum()).collect();
        let (scale, bias, row_scale) = (noise(out, 1), noise(out, 2), noise(rows, 3));
        for then in [Then::Set, Then::Add, Then::Gelu, Then::AddActivated] {
            let mut plain = noise(rows * out, 4);
            for r in 0..rows {
                for n in 0..out {
                    let dot: i32 = (0..inner).map(|k| i32::from(x[r * inner + k] as i8) * at(n, k)).sum();
                    let low = if then == Then::AddActivated { MIDDLE * sum[n] as f32 } else { 0.0 };
                    let y = ((dot as f32 + low) * row_scale[r] * 1e-4).mul_add(scale[n], bias[n]);
                    let cell = &mut plain[r * out + n];
                    *cell = match then {
                        Then::Set => y,
                        Then::Add | Then::AddActivated => y + *cell,
                        Then::Gelu => (0.5 * f64::from(y) * (1.0 + erf(f64::from(y) / 2f64.sqrt()))) as f32,
                    };
                }
            }
            let row_scale: Vec<f32> = row_scale.iter().map(|s| s * 1e-4).collect();
            for k in Kernels::all() {
                let flipped: Vec<u8> = x.iter().map(|b| b ^ flip(k)).collect();
                let mut mine = noise(rows * out, 4);
                let by = Panels { weight: &weight, scale: &scale, bias: &bias, sum: &sum, inner };
                k.run(Product { x: &flipped, scale: &row_scale, by, out: &mut mine, stride: out, then });
                for (a, b) in mine.iter().zip(&plain) {
                    assert!(
                        (a - b).abs() <= 1e-5 * (1.0 + b.abs()),
                        "{} {then:?} {rows}x{inner}x{out}: {a}, not {b}",
                        k.name()
                    );
                }
            }
        }
    }
}

#[test]
fn attention_is_softmax_of_products() {
    for (queries, keys, heads, width) in
        [(1, 1, 1, 16), (7, 15, 2, 32), (8, 16, 1, 32), (9, 17, 2, 64), (66, 66, 3, 32), (3, 40, 2, 48)]
    {
        let d = heads * width;
        let (q, k, v) = (noise(queries * d, 1), noise(keys * d, 2), noise(keys * d, 3));
        let padded = keys.next_multiple_of(LANES);
        let full = noise(heads * queries * padded, 4);
        let relative = noise(heads * 256, 5);
        for bias in [Bias::None, Bias::Full(&full), Bias::Relative { table: &relative, stride: 256, middle: 100 }] {
            let mut plain = vec![0f64; queries * d];
            for h in 0..heads {
                for i in 0..queries {
                    let scores: Vec<f64> = (0..keys)
                        .map(|j| {
                            let dot: f64 = (0..width)
                                .map(|c| f64::from(q[i * d + h * width + c] * k[j * d + h * width + c]))
                                .sum();
                            let b = match bias {
                                Bias::None => 0.0,
                                Bias::Full(b) => b[(h * queries + i) * padded + j],
                                Bias::Relative { table, stride, middle } => table[h * stride + middle + j - i],
                            };
                            (dot / (width as f64).sqrt() + f64::from(b) / std::f64::consts::LOG2_E).exp()
                        })
                        .collect();
                    let sum: f64 = scores.iter().sum();
                    for (j, s) in scores.iter().enumerate() {
                        for c in 0..width {
                            plain[i * d + h * width + c] += s / sum * f64::from(v[j * d + h * width + c]);
                        }
                    }
                }
            }
            let mut first: Option<Vec<f32>> = None;
            for kernels in Kernels::all() {
                let mut out = vec![0.0; queries * d];
                // What is left over in the scratch space must not matter.
                let mut scratch = vec![f32::NAN; scratch(keys, width)];
                let op = Attention {
                    q: &q,
                    k: &k,
                    v: &v,
                    queries,
                    keys,
                    heads,
                    width,
                    stride: d,
                    bias,
                    scratch: &mut scratch,
                    out: &mut out,
                };
                kernels.run(op);
                for (a, b) in out.iter().zip(&plain) {
                    assert!((f64::from(*a) - b).abs() < 1e-5, "{}: {a}, not {b}", kernels.name());
                }
                assert!(first.get_or_insert(out.clone()) == &out, "{} gives other bits", kernels.name());
            }
        }
    }
}

#[test]
fn norm_and_quantise_agree_with_plain_sums() {
    for (rows, width) in [(0, 64), (1, 64), (3, 384), (2, 768)] {
        let (w, b) = (noise(width, 1), noise(width, 2));
        let smooth: Vec<f32> = noise(width, 4).iter().map(|x| 0.5 + x.abs()).collect();
        for k in Kernels::all() {
            let mut x = noise(rows * width, 3);
            let before = x.clone();
            let (mut q, mut s) = (vec![0; rows * width], vec![0.0; rows]);
            k.run(Norm { x: &mut x, weight: &w, bias: &b, eps: 1e-12, smooth: &smooth, q: &mut q, scale: &mut s });
            let flip = flip(k);
            let (mut q2, mut s2) = (vec![0; rows * width], vec![0.0; rows]);
            let smoothed: Vec<f32> = x.iter().zip(smooth.iter().cycle()).map(|(x, s)| x * s).collect();
            k.run(Quantise { x: &smoothed, stride: width, width, q: &mut q2, scale: &mut s2 });
            assert_eq!((&q, &s), (&q2, &s2));
            for r in 0..rows {
                let row = &before[r * width..][..width];
                let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / width as f64;
                let var = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / width as f64;
                for c in 0..width {
                    let y = (f64::from(row[c]) - mean) / var.sqrt() * f64::from(w[c]) + f64::from(b[c]);
                    let i = r * width + c;
                    assert!((f64::from(x[i]) - y).abs() < 1e-5, "{}", k.name());
                    let y = y * f64::from(smooth[c]);
                    assert!((f64::from(((q[i] ^ flip) as i8) as f32 * s[r]) - y).abs() <= f64::from(s[r]) * 0.51);
                }
            }
        }
    }
    let (mut q, mut s) = ([1; 16], [1.0]);
    Kernels::Portable(kernels::portable::Portable).run(Quantise {
        x: &[0.0; 16],
        stride: 16,
        width: 16,
        q: &mut q,
        scale: &mut s,
    });
    assert_eq!((q, s), ([0; 16], [0.0]));
}

#[test]
fn activated_rows_use_all_steps() {
    let (rows, width, stride) = (4, 128, 144);
    let mut x: Vec<f32> = noise(rows * stride, 1).iter().map(|x| x * 6.0).collect();
    x[stride..2 * stride].fill(-0.01);
    x[2 * stride + 77] = 90.0;
    x[3 * stride..3 * stride + 2].fill(50.0);
    x[0] = -0.75;
    Kernels::Portable(kernels::portable::Portable).run(Gelu(&mut x));
    for k in Kernels::all() {
        let (mut q, mut s, mut far) = (vec![0; rows * width], vec![0.0; rows], vec![Far::default(); rows]);
        k.run(QuantiseActivated { x: &x, stride, width, q: &mut q, scale: &mut s, far: &mut far });
        let flip = flip(k);
        for (r, s) in s.iter().enumerate() {
            let row = &x[r * stride..][..width];
            for (c, x) in row.iter().enumerate() {
                let rest = if far[r].channel == c { far[r].rest } else { 0.0 };
                let back = (f32::from((q[r * width + c] ^ flip) as i8) + MIDDLE) * s + GELU_FLOOR + rest;
                assert!((back - x).abs() <= 0.51 * s, "{} row {r}: {back}, not {x}", k.name());
            }
            let mut sorted = row.to_vec();
            sorted.sort_by(f32::total_cmp);
            let next = sorted[width - 2].max(0.0);
            assert!(*s <= (next - GELU_FLOOR) / 253.9, "{}: steps are wasted", k.name());
        }
        assert_eq!((far[2].channel, far[3].rest), (77, 0.0), "{}", k.name());
    }
}

#[test]
fn what_was_kept_apart_comes_back_by_its_channels_weights() {
    let (inner, out) = (64, 48);
    let weight: Vec<u8> = (0..out * inner).map(|i| (i * 57 % 253) as u8).collect();
    let (scale, bias, sum) = (noise(out, 1), vec![0.0; out], vec![0; out]);
    let far: Vec<Far> = (0..inner).map(|channel| Far { channel, rest: channel as f32 - 3.5 }).collect();
    for k in Kernels::all() {
        let mut mine = noise(inner * out, 4);
        let by = Panels { weight: &weight, scale: &scale, bias: &bias, sum: &sum, inner };
        k.run(AddFar { far: &far, by, out: &mut mine, stride: out });
        for (i, (a, before)) in mine.iter().zip(noise(inner * out, 4)).enumerate() {
            let (c, n) = (i / out, i % out);
            let b = before + f32::from(packed(&weight, inner, n, c)) * scale[n] * far[c].rest;
            assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "{} {c} {n}: {a}, not {b}", k.name());
        }
    }
}

/// A small random model in the exporter's format.
fn model(kind: Kind) -> (Weights, EncoderConfig) {
    let (d, f, layers, heads, vocabulary, positions) = (64, 128, 2, 2, 50, 130);
    let mut all: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    let floats = |x: Vec<f32>| x.into_iter().flat_map(f32::to_le_bytes).collect::<Vec<u8>>();
    let mut seed = 0;
    let mut next = |n: usize| {
        seed += 1;
        noise(n, seed)
    };
    let mut small = |name: &str, shape: &[usize], by: f32, plus: f32| {
        let x = next(shape.iter().product()).into_iter().map(|x| x * by + plus).collect();
        all.push((name.into(), Dtype::F32, shape.to_vec(), floats(x)));
    };
    small("encoder.position.weight", &[positions, d], 0.1, 0.0);
    small("encoder.kind.weight", &[2, d], 0.1, 0.0);
    small("encoder.relative.weight", &[32, heads], 1.0, 0.0);
    small("encoder.word.weight.scale", &[vocabulary], 0.001, 0.002);
    let mut names = vec!["encoder.norm".to_string()];
    let mut wide = Vec::new();
    for l in 0..layers {
        let n = |x: &str| format!("encoder.layers.{l}.{x}");
        names.extend([n("attn_norm"), n("ffn_norm")]);
        wide.extend(["q", "k", "v", "o"].map(|x| (n(x), d, d)));
        wide.extend([(n("up"), f, d), (n("down"), d, f)]);
    }
    for n in names {
        small(&format!("{n}.weight"), &[d], 0.1, 1.0);
        small(&format!("{n}.bias"), &[d], 0.1, 0.0);
    }
    for (n, out, _) in &wide {
        small(&format!("{n}.weight.scale"), &[*out], 0.001, 0.002);
        small(&format!("{n}.bias"), &[*out], 0.1, 0.0);
    }
    for (n, out, inner) in wide {
        let q: Vec<i8> = noise(out * inner, 99).into_iter().map(|x| (x * 127.0) as i8).collect();
        let sum = (0..out).map(|o| {
            let at = |k: usize| ((o / 16 * (inner / 4) + k / 4) * 16 + o % 16) * 4 + k % 4;
            (0..inner).map(|k| i32::from(q[at(k)])).sum::<i32>()
        });
        all.push((format!("{n}.weight.sum"), Dtype::I32, vec![out], sum.flat_map(i32::to_le_bytes).collect()));
        let bytes = q.into_iter().map(|x| x as u8).collect();
        all.push((format!("{n}.weight"), Dtype::I8, vec![out / 16, inner / 4, 16, 4], bytes));
    }
    let word = noise(vocabulary * d, 7).into_iter().map(|x| (x * 127.0) as i8 as u8).collect();
    all.push(("encoder.word.weight".into(), Dtype::I8, vec![vocabulary, d], word));
    let views = all.iter().map(|(n, k, s, b)| (n, TensorView::new(*k, s.clone(), b).expect("shapes fit")));
    let bytes = safetensors::serialize(views, None).expect("names differ");
    let config = EncoderConfig {
        kind,
        hidden_size: d,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        intermediate_size: f,
        vocab_size: vocabulary,
        max_position_embeddings: positions,
        type_vocab_size: 2,
        relative_attention_num_buckets: 32,
        layer_norm_eps: 1e-12,
        hidden_act: "gelu".into(),
    };
    (Weights::new(vec![Arc::new(bytes)]).expect("a model"), config)
}

use safetensors::{Dtype, tensor::TensorView};

#[test]
fn states_have_the_same_bits_alone_packed_split_and_on_every_instruction_set() {
    for kind in [Kind::Bert, Kind::MpNet] {
        let (w, c) = model(kind);
        let sequences: Vec<(Vec<u32>, Vec<u32>)> = [1usize, 2, 15, 16, 17, 31, 32, 33, 66, 100]
            .iter()
            .map(|&t| {
                ((0..t).map(|i| (i * 7 + t) as u32 % 50).collect(), (0..t).map(|i| u32::from(i > t / 2)).collect())
            })
            .collect();
        let mut first: Option<Vec<f32>> = None;
        let mut arena = Arena::new();
        for k in Kernels::all() {
            let e = FastEncoder::with_kernels(&w, &c, k).expect("fits");
            let pack: Vec<Sequence> = sequences.iter().map(|(i, k)| (&i[..], &k[..])).collect();
            let packed = e.encode_packed(&pack, &mut arena).expect("fits").to_vec();
            let mut alone = Vec::new();
            let mut split = Vec::new();
            for (ids, kinds) in &sequences {
                alone.extend_from_slice(e.encode(ids, kinds, &mut arena).expect("fits"));
                split.extend_from_slice(e.encode_split(ids, kinds, &mut arena).expect("fits"));
            }
            assert!(packed.iter().all(|x| x.is_finite()));
            assert!(packed == alone && alone == split, "{}", k.name());
            assert!(first.get_or_insert(packed.clone()) == &packed, "{} gives other bits", k.name());
        }
    }
}

#[test]
fn wrong_inputs_and_models_are_named() {
    let (w, c) = model(Kind::Bert);
    let e = FastEncoder::new(&w, &c).expect("fits");
    let mut arena = Arena::new();
    assert!(e.encode(&[], &[], &mut arena).expect("nothing to do").is_empty());
    assert!(e.encode(&[50], &[0], &mut arena).unwrap_err().to_string().contains("token 50"));
    assert!(e.encode(&[5; 131], &[0; 131], &mut arena).unwrap_err().to_string().contains("room for 130"));
    assert!(e.encode(&[5], &[2], &mut arena).is_err() && e.encode(&[5], &[], &mut arena).is_err());
    let wrong = EncoderConfig { intermediate_size: 64, ..c };
    let reason = FastEncoder::new(&w, &wrong).err().expect("refused").to_string();
    assert!(reason.contains("encoder.layers.0.up"), "{reason}");
}
