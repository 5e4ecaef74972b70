//! Training by the command line, from a small encoder with random weights to a model that scores.

use crate::support::{demarche, repo};
use candle_core::{Device, Tensor};
use demarche::encoder::layers::{splitmix, unit};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;

const WIDTH: usize = 64;
const INNER: usize = 128;

/// A BERT of two layers as its maker would publish it, with `compact`'s tokenizer.
fn base(folder: &Path) {
    let config = json!({
        "model_type": "bert", "hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": INNER, "vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2,
        "layer_norm_eps": 1e-12, "hidden_act": "gelu"
    });
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    std::fs::copy(repo("models/compact/tokenizer.json"), folder.join("tokenizer.json")).unwrap();
    let mut state = 7u64;
    let mut all: HashMap<String, Tensor> = HashMap::new();
    let mut put = |name: String, shape: &[usize], ones: bool| {
        let n = shape.iter().product();
        let v: Vec<f32> =
            (0..n).map(|_| if ones { 1.0 } else { (unit(splitmix(&mut state)) as f32 - 0.5) * 0.2 }).collect();
        all.insert(name, Tensor::from_vec(v, shape, &Device::Cpu).unwrap());
    };
    for (table, rows) in [("word", 30522), ("position", 512), ("token_type", 2)] {
        put(format!("embeddings.{table}_embeddings.weight"), &[rows, WIDTH], false);
    }
    let mut norm = |name: String| {
        put(format!("{name}.weight"), &[WIDTH], true);
        put(format!("{name}.bias"), &[WIDTH], false);
    };
    norm("embeddings.LayerNorm".into());
    for i in 0..2 {
        norm(format!("encoder.layer.{i}.attention.output.LayerNorm"));
        norm(format!("encoder.layer.{i}.output.LayerNorm"));
    }
    for i in 0..2 {
        let maps = [
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", WIDTH, INNER),
            ("output.dense", INNER, WIDTH),
        ];
        for (name, inner, out) in maps {
            put(format!("encoder.layer.{i}.{name}.weight"), &[out, inner], false);
            put(format!("encoder.layer.{i}.{name}.bias"), &[out], false);
        }
    }
    // Counters, as the makers of BERT store them beside the weights.
    let positions: Vec<i64> = (0..512).collect();
    all.insert("embeddings.position_ids".into(), Tensor::from_vec(positions, (1, 512), &Device::Cpu).unwrap());
    candle_core::safetensors::save(&all, folder.join("model.safetensors")).unwrap();
}

/// Coded paragraphs: who demands is for easing, who extends for tightening, who meets for nothing.
fn gold(path: &Path) {
    let mut lines = Vec::new();
    for (i, state) in ["Norway", "Chile", "Ghana", "Japan", "Kenya", "Peru"].iter().enumerate() {
        let kinds = [
            ("demanded that the sanctions be lifted", "ease"),
            ("extended the sanctions to banks", "tighten"),
            ("met the delegation at the airport", "none"),
        ];
        for (words, stance) in kinds {
            let mut actor = json!({"start": 0, "end": state.len(), "code": "NOR", "type": "state", "stance": stance});
            if stance != "none" {
                actor["evidence"] = json!([state.len() + 1, state.len() + 1 + words.len()]);
            }
            let text = format!("{state} {words} on Monday.");
            lines
                .push(json!({"id": format!("{i}-{stance}"), "text": text, "rel": 1, "targets": [], "actors": [actor]}));
        }
    }
    std::fs::write(path, lines.iter().map(|l| format!("{l}\n")).collect::<String>()).unwrap();
}

fn train(folder: &Path, out: &str, more: &[&str]) -> crate::support::Ran {
    let path = |p: &str| folder.join(p).to_str().unwrap().to_string();
    let (gold, base, out) = (path("gold.jsonl"), path("base"), path(out));
    let mut args = vec!["train", "--train", &gold, "--dev", &gold, "--out", &out];
    if !more.contains(&"--init") {
        args.extend(["--base", &base, "--lr", "2e-3", "--head-lr", "2e-3"]);
    }
    args.extend(["--dropout", "0", "--tokens", "200", "--name", "small"]);
    args.extend(more);
    demarche(&args, b"")
}

/// Mean loss of the first epoch.
fn first_loss(err: &str) -> f64 {
    let line = err.lines().find_map(|l| l.strip_prefix("epoch 1  loss ")).unwrap();
    line.split(' ').next().unwrap().parse().unwrap()
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("model/manifest.json")).unwrap()).unwrap()
}

#[test]
fn a_trained_model_scores_and_the_same_command_gives_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    base(&folder.path().join("base"));
    gold(&folder.path().join("gold.jsonl"));
    let first = train(folder.path(), "a", &["--epochs", "30"]);
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(first.err.contains("score with it: --model"), "{}", first.err);
    let again = train(folder.path(), "b", &["--epochs", "30"]);
    assert_eq!(again.code, 0, "{}", again.err);
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    let files = |f: &Path| manifest(f)["files"].clone();
    assert_eq!(files(&a), files(&b), "the same command must give the same bits");
    assert_eq!(manifest(&a)["name"], "small");

    let model = a.join("model").to_str().unwrap().to_string();
    let evaluated = demarche(
        &["eval", folder.path().join("gold.jsonl").to_str().unwrap(), "--model", &model, "--format", "json"],
        b"",
    );
    assert_eq!(evaluated.code, 0, "{}", evaluated.err);
    let report: Value = serde_json::from_str(&evaluated.out).unwrap();
    let given = &report["sets"].as_object().unwrap().values().next().unwrap()["given"];
    // Eighteen paragraphs are learned by heart, in int8 too; `maintain` does not occur, so that three classes of four count.
    assert!(given["accuracy"].as_f64().unwrap() > 0.95, "{given}");

    let on = train(folder.path(), "on", &["--epochs", "2", "--init", &model, "--swap", "0.5"]);
    assert_eq!(on.code, 0, "{}", on.err);
    // It begins where the other ended, renamed states or not.
    assert!(first_loss(&on.err) < 0.5 * first_loss(&first.err), "{}", on.err);
    let more = manifest(&folder.path().join("on"));
    assert_eq!((&more["name"], &more["base"]), (&json!("small"), &json!("small 1 (base)")));
    let both = train(folder.path(), "both", &["--init", &model, "--base", "x"]);
    assert_eq!(both.code, 1, "--init and --base exclude each other: {}", both.err);

    let input = br#"{"id": "x", "text": "Togo demanded that the sanctions be lifted on Monday.", "actors": [{"start": 0, "end": 4}]}"#;
    let score = |engine: &str| {
        let r = demarche(&["score", "-", "--model", &model, "--engine", engine, "--format", "jsonl", "--quiet"], input);
        assert_eq!(r.code, 0, "{}", r.err);
        r.rows()[0].clone()
    };
    let (int8, candle) = (score("int8"), score("candle"));
    assert_eq!(int8["stance"], "ease", "{int8}");
    for class in ["p_ease", "p_maintain", "p_tighten", "p_none"] {
        let (x, y) = (int8[class].as_f64().unwrap(), candle[class].as_f64().unwrap());
        assert!((x - y).abs() < 0.1, "{class}: {x} in int8, {y} in f32");
    }
}

#[test]
fn a_teacher_codes_what_nobody_coded() {
    let folder = tempfile::tempdir().unwrap();
    base(&folder.path().join("base"));
    gold(&folder.path().join("gold.jsonl"));
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let text = put("uncoded.txt", "The envoy of Norway urged the Council to lift the embargo on Iran.\n");
    let empty = put("empty.txt", "");
    let teacher = ["--epochs", "1", "--teacher", "compact", "--uncoded", &text, "--uncoded", &empty];
    let r = train(folder.path(), "taught", &teacher);
    assert_eq!(r.code, 2, "an input was skipped: {}", r.err);
    assert!(r.err.contains("empty.txt"), "{}", r.err);
    assert!(r.err.contains("found actors in 1 paragraphs"), "{}", r.err);
    assert!(r.err.contains("19 paragraphs, "), "{}", r.err);
    let said = manifest(&folder.path().join("taught"))["trained_on"].to_string();
    assert!(said.contains("what compact"), "{said}");
    let usage = train(folder.path(), "none", &["--uncoded", "x.txt"]);
    assert_eq!(usage.code, 1, "--uncoded needs a teacher: {}", usage.err);
}
