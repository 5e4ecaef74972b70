//! Nothing is lost because one input was bad.

use crate::support::{demarche, demarche_in};
use std::fs;

const GOOD: &str = "{\"id\":\"good\",\"text\":\"Ghana asked the European Union to lift its sanctions on Mali.\"}\n";

#[test]
fn bad_lines_are_named_and_the_rest_is_scored() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<u8> = Vec::new();
    lines.extend(GOOD.as_bytes());
    lines.extend(b"{\"id\":\"no text\"}\n");
    lines.extend(b"{\"id\":\"cut\",\"text\":\"Gha\n");
    lines.extend(b"{\"id\":\"latin\",\"text\":\"caf\xe9\"}\n");
    lines.extend(b"[1,2]\n");
    lines.extend(b"{\"id\":\"actor out\",\"text\":\"short\",\"actors\":[{\"start\":0,\"end\":99}]}\n");
    lines.extend(GOOD.replace("good", "last").as_bytes());
    fs::write(folder.path().join("mixed.jsonl"), lines).unwrap();
    let r = demarche_in(folder.path(), &["score", "mixed.jsonl"], b"");
    assert_eq!(r.code, 2, "{}", r.err);
    for n in 2..=6 {
        assert!(r.err.contains(&format!("mixed.jsonl:{n}")), "line {n} is not named:\n{}", r.err);
    }
    let docs: Vec<String> = r.rows().iter().map(|r| r["doc"].as_str().unwrap().to_string()).collect();
    assert!(docs.contains(&"good".to_string()) && docs.contains(&"last".to_string()), "{docs:?}");
}

#[test]
fn bad_files_are_named_and_the_rest_is_scored() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let text = "Ghana asked the European Union to lift its sanctions on Mali.";
    put("a-empty.txt", b"");
    put("b-binary.txt", &[0, 159, 146, 150, 0, 0, 7]);
    put(
        "c-utf16.txt",
        &"\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
    );
    put("d-bom.txt", format!("\u{feff}{text}").as_bytes());
    put("e-latin.txt", &[b"Caf\xe9 talk. ".as_slice(), text.as_bytes()].concat());
    put("f-good.txt", text.as_bytes());
    let r = demarche_in(
        folder.path(),
        &["score", "a-empty.txt", "b-binary.txt", "c-utf16.txt", "d-bom.txt", "e-latin.txt", "f-good.txt", "gone.txt"],
        b"",
    );
    assert_eq!(r.code, 2, "{}", r.err);
    for name in ["a-empty.txt", "b-binary.txt", "gone.txt"] {
        assert!(r.err.lines().any(|l| l.starts_with("skipped") && l.contains(name)), "{name} is not named:\n{}", r.err);
    }
    assert!(r.err.contains("e-latin.txt"), "a guessed encoding is said:\n{}", r.err);
    let rows = r.rows();
    for name in ["c-utf16", "d-bom", "e-latin", "f-good"] {
        assert!(
            rows.iter().any(|r| r["doc"].as_str().unwrap().contains(name) && r["actor"] == "Ghana"),
            "{name}\n{}",
            r.out
        );
    }
}

#[test]
fn a_line_of_50_mb_costs_itself_only() {
    let mut input = b"{\"id\":\"huge\",\"text\":\"".to_vec();
    input.resize(50 << 20, b'a');
    input.extend(b"\"}\n");
    input.extend(GOOD.as_bytes());
    let r = demarche(&["score", "-"], &input);
    assert_eq!(r.code, 2);
    assert!(r.err.contains("standard input:1"), "{}", r.err);
    assert!(r.rows().iter().any(|r| r["doc"] == "good"));
}

#[test]
fn strange_text_is_scored_without_a_panic() {
    let words = "word ".repeat(20_000);
    let cases = [
        words.as_str(),
        "\u{0}\u{1}\u{8}\u{b} Ghana asked for relief \u{7f}\u{85}",
        "دعت الصين مجلس الأمن إلى رفع العقوبات عن كوريا الشمالية.",
        "🇨🇳 urges 🇺🇸 to lift sanctions 👩‍👩‍👧 at once ‼️",
        "a\u{301}\u{301}\u{301} \u{202e}siht esrever\u{202c} \u{feff} end",
        "\n\n \t \n",
        "x",
    ];
    let input: String = cases.iter().map(|t| serde_json::json!({"text": t}).to_string() + "\n").collect();
    let r = demarche(&["score", "-", "--rows", "paragraph"], input.as_bytes());
    assert!(r.code == 0 || r.code == 2, "{}: {}", r.code, r.err);
    assert!(!r.err.contains("panicked"), "{}", r.err);
    assert!(r.rows().len() >= 5);
}

#[test]
fn text_in_another_language_is_said_to_be_so() {
    let german = "Die Ministerin lehnte eine Aufhebung der Strafmaßnahmen gegen das Nachbarland am Montag ab.";
    let line = |id: &str, text: &str| format!("{{\"id\":\"{id}\",\"text\":\"{text}\"}}\n");
    let r = demarche(&["score", "-", "--quiet"], (line("a", german) + &line("b", german) + GOOD).as_bytes());
    assert_eq!(r.code, 0, "{}", r.err);
    assert_eq!(r.err.matches("text in German: the models read English only").count(), 2, "{}", r.err);
    assert!(r.err.contains("1 more documents: text in German"), "{}", r.err);
    assert!(!demarche(&["score", "-", "--quiet"], GOOD.as_bytes()).err.contains("English only"));
}
