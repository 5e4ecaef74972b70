//! The int8 path: its kernels at MiniLM's shapes, and attention against length, on every instruction set of this CPU;
//! and, where `DEMARCHE_BENCH_MODEL` names a model, the encoder whole. `cargo bench --bench encoder`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use demarche::encoder::fast::attention::{Attention, Bias, scratch};
use demarche::encoder::fast::ops::{Norm, Quantise};
use demarche::encoder::fast::product::{Panels, Product, Then};
use demarche::encoder::fast::{Arena, FastEncoder, Kernels, Sequence, Weights};
use demarche::store::{Bytes, Model};
use std::hint::black_box;

const ROWS: usize = 256;

/// Tokens a second follow from rows a second; multiply and add count as one.
fn products(c: &mut Criterion) {
    let mut group = c.benchmark_group("product");
    for (name, inner, out, then) in [
        ("384x384", 384, 384, Then::Set),
        ("384x1536 gelu", 384, 1536, Then::Gelu),
        ("1536x384 add", 1536, 384, Then::Add),
    ] {
        let (x, weight) = (vec![3; ROWS * inner], vec![5; inner * out]);
        let (scale, bias, sum, row_scale) = (vec![1e-4; out], vec![0.1; out], vec![1; out], vec![1e-3; ROWS]);
        let mut y = vec![0.0; ROWS * out];
        group.throughput(Throughput::Elements((ROWS * inner * out) as u64));
        for k in Kernels::all() {
            group.bench_function(BenchmarkId::new(name, k.name()), |b| {
                b.iter(|| {
                    let by = Panels { weight: &weight, scale: &scale, bias: &bias, sum: &sum, inner };
                    k.run(Product { x: black_box(&x), scale: &row_scale, by, out: &mut y, stride: out, then });
                });
            });
        }
    }
    group.finish();
}

fn rows(c: &mut Criterion) {
    let mut group = c.benchmark_group("rows");
    group.throughput(Throughput::Elements(ROWS as u64));
    for k in Kernels::all() {
        let mut x = vec![0.5; ROWS * 384];
        let (mut q, mut scale, w) = (vec![0; ROWS * 384], vec![0.0; ROWS], vec![1.0; 384]);
        group.bench_function(BenchmarkId::new("quantise 384", k.name()), |b| {
            b.iter(|| k.run(Quantise { x: black_box(&x), stride: 384, width: 384, q: &mut q, scale: &mut scale }));
        });
        group.bench_function(BenchmarkId::new("norm 384", k.name()), |b| {
            b.iter(|| {
                k.run(Norm {
                    x: black_box(&mut x),
                    weight: &w,
                    bias: &w,
                    eps: 1e-12,
                    smooth: &w,
                    q: &mut q,
                    scale: &mut scale,
                })
            });
        });
    }
    group.finish();
}

fn attention(c: &mut Criterion) {
    let mut group = c.benchmark_group("attention");
    let (heads, width) = (12, 32);
    let stride = heads * width;
    for tokens in [32, 66, 134, 256] {
        let x: Vec<f32> = (0..tokens * stride).map(|i| (i % 13) as f32 * 0.1 - 0.6).collect();
        let (mut out, mut room) = (x.clone(), vec![0.0; scratch(tokens, width)]);
        group.throughput(Throughput::Elements(tokens as u64));
        for kernels in Kernels::all() {
            group.bench_function(BenchmarkId::new(kernels.name(), tokens), |b| {
                b.iter(|| {
                    let (q, k, v, bias) = (black_box(&x), &x, &x, Bias::None);
                    let (queries, keys, scratch, out) = (tokens, tokens, &mut room[..], &mut out[..]);
                    kernels.run(Attention { q, k, v, queries, keys, heads, width, stride, bias, scratch, out });
                });
            });
        }
    }
    group.finish();
}

fn encoder(c: &mut Criterion) {
    let Ok(name) = std::env::var("DEMARCHE_BENCH_MODEL") else { return };
    let model = Model::open(&name).expect("the model opens");
    let weights = Weights::new(model.shards.iter().map(Bytes::shared).collect()).expect("int8 weights");
    let mut group = c.benchmark_group("encoder");
    let mut arena = Arena::new();
    for k in Kernels::all() {
        let Ok(encoder) = FastEncoder::with_kernels(&weights, &model.config.encoder, k) else { continue };
        for tokens in [16, 66, 134, 256] {
            let ids: Vec<u32> = (0..tokens).map(|i| 1000 + i * 37 % 20_000).collect();
            let kinds = vec![0; ids.len()];
            let pack: Vec<Sequence> = vec![(&ids, &kinds); (256 / ids.len()).max(1)];
            group.throughput(Throughput::Elements((pack.len() * ids.len()) as u64));
            group.bench_function(BenchmarkId::new(format!("{} packed", k.name()), tokens), |b| {
                b.iter(|| encoder.encode_packed(black_box(&pack), &mut arena).map(|s| s[0]));
            });
            group.throughput(Throughput::Elements(ids.len() as u64));
            group.bench_function(BenchmarkId::new(format!("{} on two threads", k.name()), tokens), |b| {
                b.iter(|| encoder.encode_split(black_box(&ids), &kinds, &mut arena).map(|s| s[0]));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, products, rows, attention, encoder);
criterion_main!(benches);
