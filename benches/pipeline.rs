//! The whole way in one process: one layer, a file of paragraphs together and one at a time, and how the cost grows with
//! a paragraph's length, its actors and the size of the corpus. `cargo bench --bench pipeline`.
//!
//! `DEMARCHE_BENCH_INPUT` names the paragraphs to run (any input that `demarche score` reads), else the shipped document;
//! `DEMARCHE_BENCH_MODEL` a model, else `compact`; `RAYON_NUM_THREADS` the threads.

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use demarche::actors::Gazetteer;
use demarche::data::{Document, GivenActor, Span};
use demarche::encoder::fast::{Arena, FastEncoder, Weights};
use demarche::pipeline::{Options, Pipeline};
use demarche::read::{self, Event};
use demarche::stance::engine::Engine;
use demarche::store::{Bytes, Model};
use demarche::write;
use std::hint::black_box;

/// Documents that go through the encoder together: about what `demarche score` gathers of short ones.
const CHUNK: usize = 128;

fn model() -> Model {
    Model::open(&std::env::var("DEMARCHE_BENCH_MODEL").unwrap_or("compact".into())).expect("the model opens")
}

fn pipeline() -> Pipeline {
    let model = model();
    let shards = model.shards.iter().map(Bytes::shared).collect();
    let engine = Engine::int8(&model.config, shards).expect("the shipped model is int8");
    let composer = model.composer().expect("the tokenizer loads");
    Pipeline::new(&model, engine, composer, Gazetteer::shipped().expect("the gazetteer loads"), Options::default())
}

fn documents() -> Vec<Document> {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/northern-straits.txt").into();
    let path = std::env::var("DEMARCHE_BENCH_INPUT").unwrap_or(shipped);
    let events = read::open(&[path], read::Options::default()).expect("the input opens");
    events.filter_map(|e| if let Event::Document(d) = e { Some(d) } else { None }).collect()
}

/// Score in chunks and write JSON Lines to memory.
fn run(pipeline: &Pipeline, documents: &[Document], chunk: usize) -> usize {
    let mut paragraphs = 0;
    let mut out = write::sink(Box::new(std::io::sink()), write::Format::JsonLines, write::Rows::Paragraph)
        .expect("a sink for JSON Lines");
    for c in documents.chunks(chunk) {
        for s in pipeline.score(c.to_vec()) {
            let s = s.expect("the input scores");
            paragraphs += s.paragraphs.len();
            out.document(&s).expect("memory takes it");
        }
    }
    paragraphs
}

fn layer(c: &mut Criterion) {
    let model = model();
    let weights = Weights::new(model.shards.iter().map(Bytes::shared).collect()).expect("int8 weights");
    let mut config = model.config.encoder.clone();
    config.num_hidden_layers = 1;
    let encoder = FastEncoder::new(&weights, &config).expect("the first layer loads");
    let mut arena = Arena::new();
    let mut group = c.benchmark_group("layer");
    for tokens in [16, 66, 134, 256] {
        let ids: Vec<u32> = (0..tokens).map(|i| 1000 + i * 37 % 20_000).collect();
        let kinds = vec![0; ids.len()];
        group.throughput(Throughput::Elements(u64::from(tokens)));
        group.bench_function(BenchmarkId::new("one thread", tokens), |b| {
            b.iter(|| encoder.encode(black_box(&ids), &kinds, &mut arena).map(|s| s[0]));
        });
    }
    group.finish();
}

fn file(c: &mut Criterion) {
    let (pipeline, documents) = (pipeline(), documents());
    let n = run(&pipeline, &documents, CHUNK) as u64;
    let mut group = c.benchmark_group("file");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).throughput(Throughput::Elements(n));
    group.bench_function("together", |b| b.iter(|| run(&pipeline, black_box(&documents), CHUNK)));
    group.bench_function("one at a time", |b| b.iter(|| run(&pipeline, black_box(&documents), 1)));
    group.finish();
}

fn text(words: usize, salt: usize) -> String {
    let few =
        "Paris urged the Council to lift the arms embargo on Ruritania while Washington asked its allies to keep it";
    let words: Vec<&str> = few.split(' ').cycle().skip(salt).take(words).collect();
    format!("Paragraph {salt}: {}.", words.join(" "))
}

fn document(text: String, actors: Option<Vec<GivenActor>>) -> Document {
    Document { id: "1".into(), text, actors, ..Document::default() }
}

fn growth(c: &mut Criterion) {
    let pipeline = pipeline();
    let mut group = c.benchmark_group("growth");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    for words in [25, 50, 100, 200, 400, 800] {
        let documents = [document(text(words, 0), None)];
        group.throughput(Throughput::Elements(words as u64));
        group.bench_function(BenchmarkId::new("words of one paragraph", words), |b| {
            b.iter(|| run(&pipeline, black_box(&documents), 1));
        });
    }
    for actors in [1, 2, 4, 8, 16, 32] {
        let text = text(120, 0);
        let ends: Vec<usize> = text.match_indices(' ').map(|(i, _)| i).collect();
        let given = (0..actors)
            .map(|i| GivenActor { mentions: vec![Span::new(ends[i] + 1, ends[i + 1])], code: None, name: None })
            .collect();
        let documents = [document(text, Some(given))];
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("actors of one paragraph", actors), |b| {
            b.iter(|| run(&pipeline, black_box(&documents), 1));
        });
    }
    for paragraphs in [100, 400, 1600] {
        let documents: Vec<Document> = (0..paragraphs).map(|i| document(text(45, i), None)).collect();
        group.throughput(Throughput::Elements(paragraphs as u64));
        group.bench_function(BenchmarkId::new("paragraphs", paragraphs), |b| {
            b.iter(|| run(&pipeline, black_box(&documents), CHUNK));
        });
    }
    group.finish();
}

criterion_group!(benches, layer, file, growth);
criterion_main!(benches);
