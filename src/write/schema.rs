//! The JSON Schema of the records, for programs that check what they read.

use super::Rows;
use super::rows::SCHEMA_VERSION;
use serde_json::{Map, Value, json};

/// JSON Schema (2020-12) of one record.
pub fn schema(rows: Rows) -> Value {
    let text = || json!({"type": "string"});
    let count = || json!({"type": "integer", "minimum": 0});
    let maybe = |v: Value| json!({"anyOf": [v, {"type": "null"}]});
    let p = || json!({"type": "number", "minimum": 0, "maximum": 1});
    let pair = || json!({"type": "array", "items": count(), "minItems": 2, "maxItems": 2});
    let of = |names: &[&str]| json!({"enum": names});
    let list = |v: Value| json!({"type": "array", "items": v});
    let stance = || of(&["ease", "maintain", "tighten", "none"]);
    let kind = || of(&["state", "body", "gov", "person", "group", "org"]);
    let roles = || list(of(&["holder", "sender", "target", "addressee", "source", "bystander"]));
    let voice = || maybe(of(&["act", "said", "claim"]));
    let via = || of(&["name", "alias", "title", "coreference", "model", "given"]);
    let p4 = || [("p_ease", p()), ("p_maintain", p()), ("p_tighten", p()), ("p_none", p())];
    let who = || [("actor", text()), ("actor_id", text()), ("code", text()), ("type", kind())];
    let place = || [("paragraph", count()), ("start", count()), ("end", count())];
    let mut f: Vec<(&str, Value)> = vec![("schema_version", json!({"const": SCHEMA_VERSION})), ("doc", text())];
    match rows {
        Rows::Actor => {
            f.extend(place());
            f.extend(who());
            f.push(("stance", stance()));
            f.extend(p4());
            f.extend([("abstained", json!({"type": "boolean"})), ("about_sanctions", p()), ("targets", list(text()))]);
            f.extend([("roles", roles()), ("voice", voice()), ("via", via())]);
            f.extend([("mention_start", count()), ("mention_end", count()), ("evidence", maybe(text()))]);
            f.extend([("evidence_start", maybe(count())), ("evidence_end", maybe(count()))]);
        }
        Rows::Paragraph => {
            f.extend(place());
            let mut a: Vec<(&str, Value)> = who().into();
            a.extend([("mentions", list(pair())), ("stance", stance())]);
            let four = [("ease", p()), ("maintain", p()), ("tighten", p()), ("none", p())];
            a.extend([("p", object(four.into(), None)), ("abstained", json!({"type": "boolean"}))]);
            a.extend([("roles", roles()), ("voice", voice()), ("via", via()), ("evidence", maybe(pair()))]);
            f.extend([("text", text()), ("about_sanctions", p()), ("targets", list(text()))]);
            f.push(("actors", list(object(a, None))));
        }
        Rows::Document => {
            f.extend(who());
            f.push(("stance", stance()));
            f.extend(["paragraphs", "n_ease", "n_maintain", "n_tighten", "n_none"].map(|n| (n, count())));
            f.extend(p4());
            f.extend([("targets", list(text())), ("evidence", maybe(text())), ("evidence_paragraph", maybe(count()))]);
            f.extend([("evidence_start", maybe(count())), ("evidence_end", maybe(count()))]);
        }
    }
    let mut out = object(f, Some(("meta", json!({"type": "object"}))));
    if let Some(o) = out.as_object_mut() {
        o.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        o.insert("title".into(), format!("demarche record, version {SCHEMA_VERSION}").into());
    }
    out
}

/// An object with these required fields and perhaps one more.
fn object(fields: Vec<(&str, Value)>, optional: Option<(&str, Value)>) -> Value {
    let required: Vec<&str> = fields.iter().map(|f| f.0).collect();
    let required = json!(required);
    let properties: Map<String, Value> = fields.into_iter().chain(optional).map(|(k, v)| (k.to_string(), v)).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}
