//! What `demarche score` promises, on text written for the project.

use crate::support::{demarche, repo_str};
use serde_json::{Value, json};

fn line(id: &str, text: &str) -> String {
    json!({"id": id, "text": text, "date": "2019-02-28"}).to_string() + "\n"
}

const TALKS: &str = "Canada called on the Security Council to lift the sanctions on Fiji at once. \
    Japan refused and said the embargo must stay until elections are held. Brazil imposed new sanctions on Fiji on Monday.";

fn stance<'a>(rows: &'a [Value], actor: &str) -> &'a str {
    rows.iter().find(|r| r["actor"] == actor).and_then(|r| r["stance"].as_str()).unwrap_or("not found")
}

#[test]
fn plain_positions_come_out_right() {
    for (text, actor, label) in [
        ("Canada lifted its sanctions on Fiji on Monday.", "Canada", "ease"),
        ("Brazil condemned the sanctions on Fiji as illegal and asked for their immediate end.", "Brazil", "ease"),
        ("Japan refused to lift the sanctions on Fiji until elections are held.", "Japan", "maintain"),
        ("India renewed its arms embargo on Fiji for another year.", "India", "maintain"),
        ("Kenya imposed new sanctions on Fiji on Monday.", "Kenya", "tighten"),
        ("Chile threatened Fiji with harsher sanctions.", "Chile", "tighten"),
        ("A storm passed over Fiji on Monday, and Samoa sent a ship.", "Samoa", "none"),
    ] {
        let r = demarche(&["score", "-"], line("a", text).as_bytes());
        assert_eq!(r.code, 0, "{}", r.err);
        assert_eq!(stance(&r.rows(), actor), label, "{text}\n{}", r.out);
        assert!(r.rows().iter().all(|r| r["schema_version"] == 1));
    }
}

#[test]
fn three_positions_in_one_paragraph_are_told_apart() {
    for model in ["compact", &repo_str("models/accurate")] {
        let r = demarche(&["score", "-", "--model", model], line("a", TALKS).as_bytes());
        assert_eq!(r.code, 0, "{}", r.err);
        for (actor, label) in [("Canada", "ease"), ("Japan", "maintain"), ("Brazil", "tighten")] {
            assert_eq!(stance(&r.rows(), actor), label, "{model}: {}", r.out);
        }
    }
}

#[test]
fn a_paragraph_about_he_is_scored_for_the_man_named_before() {
    let text = "Foreign Minister Wang Yi met his Norwegian counterpart in Oslo on Sunday.\n\nThe talks lasted two hours.\n\n\
                He said sanctions must go.\n\nThe delegations left in the evening.";
    let r = demarche(&["score", "-", "--format", "jsonl", "--quiet"], line("he", text).as_bytes());
    assert_eq!(r.code, 0, "{}", r.err);
    let rows: Vec<Value> = r.rows().into_iter().filter(|a| a["paragraph"] == 2).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((&rows[0]["actor_id"], &rows[0]["stance"]), (&json!("CHN:wang-yi"), &json!("ease")));
    assert_eq!(rows[0]["via"], "coreference");
}

#[test]
fn the_shipped_example_is_scored_from_the_clone() {
    let r = demarche(&["score", &repo_str("examples/northern-straits.txt"), "--rows", "paragraph"], b"");
    assert_eq!(r.code, 0, "{}", r.err);
    let rows = r.rows();
    let first = rows[0]["text"].as_str().unwrap();
    assert!(first.starts_with("Russia on Monday"), "the dateline is no part of the paragraph: {first}");
    assert!(rows.iter().all(|r| !r["text"].as_str().unwrap().contains("License Photo")));
    assert!(rows.iter().all(|r| r["paragraph"].is_u64()));
}

#[test]
fn offsets_count_code_points_into_the_given_text() {
    let text = "🙂 Ünlü söz. ".to_string() + TALKS;
    let r = demarche(&["score", "-"], line("u", &text).as_bytes());
    let points: Vec<char> = text.chars().collect();
    let rows = r.rows();
    assert!(!rows.is_empty());
    for row in rows {
        let cut = |a: &str, b: &str| -> String {
            points[row[a].as_u64().unwrap() as usize..row[b].as_u64().unwrap() as usize].iter().collect()
        };
        if let Some(e) = row["evidence"].as_str() {
            assert_eq!(cut("evidence_start", "evidence_end"), e);
        }
        assert!(!cut("mention_start", "mention_end").trim().is_empty());
        let p: f64 = ["p_ease", "p_maintain", "p_tighten", "p_none"].iter().map(|k| row[k].as_f64().unwrap()).sum();
        assert!((p - 1.0).abs() < 1e-4, "{p}");
    }
}

#[test]
fn given_actors_come_back_exactly_and_in_order() {
    let actors = json!([
        {"start": 94, "end": 99, "code": "JPN", "name": "the Japanese"}, {"start": 0, "end": 6}, {"start": 21, "end": 37}
    ]);
    let input = json!({"id": 7, "text": TALKS, "actors": actors, "note": "kept"}).to_string();
    let r = demarche(&["score", "-", "--rows", "paragraph"], input.as_bytes());
    assert_eq!(r.code, 0, "{}", r.err);
    let row = &r.rows()[0];
    let got: Vec<&Value> = row["actors"].as_array().unwrap().iter().collect();
    assert_eq!(got.len(), 3);
    assert_eq!(got[0]["actor"], "the Japanese");
    assert_eq!(got[0]["code"], "JPN");
    assert_eq!(got[1]["mentions"][0], json!([0, 6]));
    assert_eq!(got[2]["mentions"][0], json!([21, 37]));
    assert_eq!(row["meta"], json!({"note": "kept"}));
}

#[test]
fn context_is_read_and_never_scored() {
    let input =
        json!({"id": "c", "context": "Peru's president spoke first.", "text": "He said the sanctions must go."});
    let r = demarche(&["score", "-", "--rows", "paragraph"], input.to_string().as_bytes());
    let rows = r.rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["text"], "He said the sanctions must go.");
}

#[test]
fn the_same_bytes_whatever_the_threads_the_order_and_the_neighbours() {
    let one = line("a", TALKS);
    let other =
        line("b", "Chile condemned the blockade of Fiji as unjust, and Peru will keep its export ban in force.");
    let long = line("c", &(TALKS.to_string() + " ").repeat(40));
    let alone = demarche(&["score", "-", "-j", "1"], one.as_bytes()).out;
    assert!(!alone.is_empty());
    for threads in ["1", "2", "3"] {
        let all = demarche(&["score", "-", "-j", threads], format!("{other}{one}{long}").as_bytes()).out;
        let mine: Vec<&str> = all.lines().filter(|l| l.contains("\"doc\":\"a\"")).collect();
        assert_eq!(mine, alone.lines().collect::<Vec<_>>(), "{threads} threads");
        let order: Vec<bool> = all.lines().map(|l| l.contains("\"doc\":\"c\"")).collect();
        assert!(order.is_sorted(), "input order");
    }
}

#[test]
fn a_long_paragraph_is_read_to_its_end() {
    let filler = "The harbour was quiet and the weather held for another day. ".repeat(60);
    let r = demarche(&["score", "-"], line("long", &(filler + TALKS)).as_bytes());
    let rows = r.rows();
    // The names stand thousands of characters in, far behind the first window.
    assert_eq!(stance(&rows, "Canada"), "ease", "{:.600}", r.out);
    assert_eq!(stance(&rows, "Japan"), "maintain", "{:.600}", r.out);
    assert_eq!(stance(&rows, "Brazil"), "tighten", "{:.600}", r.out);
}

#[test]
fn abstaining_marks_what_is_unsure_and_changes_nothing_else() {
    let plain = demarche(&["score", "-"], line("a", TALKS).as_bytes()).rows();
    let strict = demarche(&["score", "-", "--abstain", "1"], line("a", TALKS).as_bytes()).rows();
    for (p, s) in plain.iter().zip(&strict) {
        assert_eq!(p["stance"], s["stance"]);
        assert_eq!(s["abstained"], json!(true));
        assert_eq!(p["abstained"], json!(false));
    }
}

#[test]
fn policy_on_other_matters_takes_no_side() {
    for text in [
        "Senate Democrats want tighter rules for short-term rentals, while the governor said he would veto any new tax on \
         landlords.",
        "The prosecutor asked for a longer sentence; the defence argued that the penalty should be suspended.",
        "The IMF board approved the third tranche of the loan to Ghana after Accra agreed to raise electricity tariffs.",
    ] {
        let r = demarche(&["score", "-"], line("a", text).as_bytes());
        assert!(!r.rows().is_empty());
        for row in r.rows() {
            assert_eq!(row["stance"], "none", "{row}");
        }
    }
}
