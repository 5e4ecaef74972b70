//! What is promised of the shipped model, measured on coded paragraphs. Slow: `cargo test --release -- --ignored`.

use crate::support::{demarche, repo};
use serde_json::Value;

/// The coded news that lies beside the checkout on the project's machines; it belongs to its publishers.
fn news() -> Option<String> {
    let path = repo("../shared/data/dev.jsonl");
    if !path.is_file() {
        eprintln!("passed over: the coded news is not on this machine");
        return None;
    }
    Some(path.to_str().expect("a path in UTF-8").to_string())
}

fn eval(path: &str, model: &str) -> Value {
    let r = demarche(&["eval", path, "--format", "json", "--model", model], b"");
    assert_eq!(r.code, 0, "{}", r.err);
    let all: Value = serde_json::from_str(&r.out).unwrap();
    all["sets"][path].clone()
}

#[test]
#[ignore = "minutes, and needs the coded news"]
fn the_shipped_model_reaches_its_bars_on_news() {
    let Some(path) = news() else { return };
    let r = eval(&path, "compact");
    let given = r["given"]["macro_f1"].as_f64().unwrap();
    let whole = r["end_to_end"]["f1"].as_f64().unwrap();
    assert!(given >= 0.75, "given actors: macro-F1 {given}");
    // Version 5 had 0.701, version 6 has 0.689: it gave up that much here to take less of other policy for sanctions policy.
    assert!(whole >= 0.68, "end to end: F1 {whole}");
}

#[test]
#[ignore = "minutes, and needs the coded news"]
fn the_accurate_model_reaches_its_bars_on_news() {
    let Some(path) = news() else { return };
    let r = eval(&path, repo("models/accurate").to_str().unwrap());
    let given = r["given"]["macro_f1"].as_f64().unwrap();
    let whole = r["end_to_end"]["f1"].as_f64().unwrap();
    let off = r["calibration"]["ece"].as_f64().unwrap();
    assert!(given >= 0.80, "given actors: macro-F1 {given}");
    for class in r["given"]["classes"].as_array().unwrap() {
        assert!(class["f1"].as_f64().unwrap() >= 0.68, "{class}");
    }
    assert!(whole >= 0.70, "end to end: F1 {whole}");
    assert!(off <= 0.03, "expected calibration error {off}");
}

#[test]
#[ignore = "minutes, and needs the coded news"]
fn int8_and_f32_agree() {
    let Some(path) = news() else { return };
    for model in ["compact", repo("models/accurate").to_str().unwrap()] {
        let rows = |engine: &str| demarche(&["score", &path, "--model", model, "--engine", engine], b"").rows();
        let (a, b) = (rows("int8"), rows("candle"));
        assert_eq!(a.len(), b.len());
        let same = a.iter().zip(&b).filter(|(x, y)| x["stance"] == y["stance"]).count();
        assert!(same as f64 >= 0.995 * a.len() as f64, "{model}: {same} of {}", a.len());
    }
}
