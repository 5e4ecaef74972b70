//! Formats, rows, schema and provenance.

use crate::support::{demarche, demarche_in, repo};
use serde_json::Value;

const INPUT: &str = "{\"id\":\"d\",\"text\":\"Kenya urged the African Union to end the embargo on Togo.\\n\\nKenya later \
    welcomed the relief.\",\"lang\":\"en\"}\n";

#[test]
fn every_format_holds_the_same_rows() {
    let lines = demarche(&["score", "-", "--format", "jsonl"], INPUT.as_bytes()).rows();
    let array: Vec<Value> =
        serde_json::from_str(&demarche(&["score", "-", "--format", "json"], INPUT.as_bytes()).out).unwrap();
    assert_eq!(lines, array);
    let csv = demarche(&["score", "-", "--format", "csv"], INPUT.as_bytes()).out;
    let mut table = csv::Reader::from_reader(csv.as_bytes());
    let header: Vec<String> = table.headers().unwrap().iter().map(str::to_string).collect();
    let keys: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
    assert_eq!(header.iter().collect::<Vec<_>>(), keys);
    assert_eq!(table.records().count(), lines.len());
}

#[test]
fn rows_by_paragraph_and_by_document() {
    let paragraphs = demarche(&["score", "-", "--rows", "paragraph"], INPUT.as_bytes()).rows();
    assert_eq!(paragraphs.iter().map(|p| p["paragraph"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1]);
    let documents = demarche(&["score", "-", "--rows", "document"], INPUT.as_bytes()).rows();
    let kenya = documents.iter().find(|d| d["actor_id"] == "KEN").expect("Kenya");
    assert_eq!(kenya["paragraphs"], 2);
    assert_eq!(kenya["stance"], "ease");
    assert!(kenya["evidence"].is_string());
}

#[test]
fn every_record_fits_the_schema() {
    for rows in ["actor", "paragraph", "document"] {
        let schema: Value = serde_json::from_str(&demarche(&["schema", "--rows", rows], b"").out).unwrap();
        for record in demarche(&["score", "-", "--rows", rows], INPUT.as_bytes()).rows() {
            fits(&schema, &record, rows);
        }
    }
}

/// The part of JSON Schema that our schemas use.
fn fits(schema: &Value, v: &Value, at: &str) {
    if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
        let null_ok = any.iter().any(|s| s["type"] == "null");
        return if v.is_null() && null_ok {
        } else {
            fits(&any[0], v, at)
        };
    }
    if let Some(list) = schema.get("enum").and_then(Value::as_array) {
        assert!(list.contains(v), "{at}: {v} is none of {list:?}");
    }
    if let Some(c) = schema.get("const") {
        assert_eq!(c, v, "{at}");
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => {
            let o = v.as_object().unwrap_or_else(|| panic!("{at}: {v} is no object"));
            for r in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
                assert!(o.contains_key(r.as_str().unwrap()), "{at}: {r} is missing");
            }
            if let Some(p) = schema.get("properties").and_then(Value::as_object) {
                o.iter().for_each(|(k, v)| {
                    fits(p.get(k).unwrap_or_else(|| panic!("{at}: {k} is not in the schema")), v, k)
                });
            }
        }
        Some("array") => {
            v.as_array().unwrap_or_else(|| panic!("{at}")).iter().for_each(|x| fits(&schema["items"], x, at))
        }
        Some("integer") => assert!(v.is_u64(), "{at}: {v}"),
        Some("number") => assert!(v.is_number(), "{at}: {v}"),
        Some("string") => assert!(v.is_string(), "{at}: {v}"),
        Some("boolean") => assert!(v.is_boolean(), "{at}: {v}"),
        _ => {}
    }
}

#[test]
fn provenance_repeats_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let r = demarche(&["score", "-", "--provenance", path.to_str().unwrap()], INPUT.as_bytes());
    assert_eq!(r.code, 0, "{}", r.err);
    let p: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(p["model"]["sha256"].as_str().unwrap().len(), 64);
    for field in ["version", "codebook", "schema_version", "options", "calibration"] {
        assert!(!p[field].is_null(), "{field}");
    }
    let shown: Value = serde_json::from_str(&demarche(&["model", "show"], b"").out).unwrap();
    assert_eq!(shown["sha256"], p["model"]["sha256"]);
}

#[test]
fn the_terminal_view_reads_well() {
    // From the clone's root, so that the view's heading holds no path of this machine.
    let r = demarche_in(repo(""), &["score", "examples/northern-straits.txt", "--format", "terminal"], b"");
    assert_eq!(r.code, 0, "{}", r.err);
    assert!(!r.out.contains('\u{1b}'), "no colour where no terminal is");
    insta::assert_snapshot!("northern_straits", r.out);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let many = INPUT.repeat(400);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("many.jsonl");
    std::fs::write(&file, many).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_demarche"))
        .args(["score", file.to_str().unwrap()])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let o = child.wait_with_output().unwrap();
    assert_eq!(o.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&o.stderr), "");
}

#[test]
fn help_and_usage_errors_have_their_exit_codes() {
    assert_eq!(demarche(&["--help"], b"").code, 0);
    for wrong in
        [&["score"][..], &["score", "-", "--rows", "sentence"], &["no-such"], &["score", "-", "--abstain", "7"]]
    {
        let r = demarche(wrong, b"");
        assert_eq!(r.code, 1, "{wrong:?}: {}", r.err);
        assert!(!r.err.is_empty() && r.out.is_empty());
    }
    let r = demarche(&["score", "-", "--model", "no-such-model"], b"");
    assert_eq!(r.code, 1);
    assert!(r.err.contains("no such model"), "{}", r.err);
}
