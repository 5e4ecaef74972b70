//! `demarche audit` on a document that comes with the project, and on coded records.

use crate::support::{demarche, repo};
use serde_json::{Value, json};

fn audit(args: &[&str], input: &[u8]) -> Value {
    let r = demarche(&[&["audit", "--format", "json"], args].concat(), input);
    assert_eq!(r.code, 0, "{}", r.err);
    serde_json::from_str(&r.out).unwrap()
}

#[test]
fn a_document_is_audited_the_same_way_every_time() {
    let path = repo("examples/northern-straits.txt");
    let path = path.to_str().unwrap();
    let a = audit(&[path], b"");
    let names = &a["audit"]["other_states"];
    let (compared, flipped) = (names["compared"].as_u64().unwrap(), names["flipped"].as_u64().unwrap());
    assert!(compared > 5 && flipped <= compared, "{names}");
    assert_eq!(names["flips"].as_array().unwrap().len() as u64, flipped);
    let evidence = &a["audit"]["evidence"];
    assert!(evidence["actors"].as_u64().unwrap() > 0, "{evidence}");
    // Without the words that show it, a stance is less probable than without others.
    assert!(evidence["fall"][0].as_f64() > evidence["fall"][1].as_f64(), "{evidence}");
    assert_eq!(a, audit(&["-j", "1", path], b""), "the number of threads changes nothing");
}

#[test]
fn actors_that_come_with_a_record_are_taken_as_they_are() {
    let record = json!({
        "id": "r", "text": "Norway lifted its sanctions on Fiji on Monday, and Oslo’s envoy said so.",
        "actors": [{"start": 0, "end": 6}, {"start": 31, "end": 35}],
    });
    let a = audit(&["-"], record.to_string().as_bytes());
    assert_eq!((&a["audit"]["paragraphs"], &a["audit"]["actors"]), (&json!(1), &json!(2)));
    assert_eq!(a["audit"]["anonymous"]["compared"], 2);
}

#[test]
fn nothing_to_audit_is_said() {
    let r = demarche(&["audit", "-"], b"{\"text\": \"It rained on the empty quay.\"}");
    assert_eq!(r.code, 1);
    assert!(r.err.contains("no actor to audit"), "{}", r.err);
}
