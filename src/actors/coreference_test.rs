//! How many links of `tests/data/coreference.jsonl` (see the README beside it) the resolver finds.

use super::{Gazetteer, Resolver};
use crate::data::{ActorType, Candidate, CodePoints, Span};
use serde_json::Value;
use std::collections::HashMap;

/// Links that must be right.
const BAR: f64 = 0.85;

fn mention(paragraph: &str, m: &Value) -> (Span, ActorType) {
    let points = CodePoints::new(paragraph);
    let at = |key: &str| points.byte(m[key].as_u64().unwrap() as usize).unwrap();
    (Span::new(at("start"), at("end")), serde_json::from_value(m["type"].clone()).unwrap())
}

/// Right links and all links of one document; wrong ones are printed.
fn document(g: &Gazetteer, doc: &Value) -> (usize, usize) {
    let mut r = Resolver::new(g, doc["date"].as_str());
    r.read(doc["title"].as_str().unwrap());
    let mentions = doc["mentions"].as_array().unwrap();
    let mut ids: Vec<Option<String>> = vec![None; mentions.len()];
    for (p, text) in doc["paragraphs"].as_array().unwrap().iter().enumerate() {
        let text = text.as_str().unwrap();
        let here: Vec<usize> = (0..mentions.len()).filter(|i| mentions[*i]["paragraph"] == p).collect();
        let spans: Vec<(Span, ActorType)> = here.iter().map(|i| mention(text, &mentions[*i])).collect();
        let candidate = |(span, kind): &(Span, ActorType)| Candidate {
            span: *span,
            confidence: 1.0,
            kind: (*kind, 1.0),
            code: None,
        };
        let candidates: Vec<Candidate> = spans.iter().map(candidate).collect();
        let actors = r.paragraph(text, &candidates);
        for (i, (span, _)) in here.iter().zip(&spans) {
            let hit = actors.iter().find(|a| a.mentions.iter().any(|m| m.overlaps(*span)));
            ids[*i] = hit.map(|a| a.id.clone());
        }
    }
    let mut gold: HashMap<&str, String> = HashMap::new();
    for (entity, id) in doc["entities"].as_object().unwrap() {
        if let Some(id) = id.as_str() {
            gold.insert(entity, id.to_owned());
        }
    }
    for (i, m) in mentions.iter().enumerate().filter(|(_, m)| m["link"] == false) {
        let entity = m["entity"].as_str().unwrap();
        if let Some(id) = &ids[i] {
            gold.entry(entity).or_insert_with(|| id.clone());
        }
    }
    let (mut right, mut all) = (0, 0);
    for (i, m) in mentions.iter().enumerate().filter(|(_, m)| m["link"] == true) {
        all += 1;
        let wanted = gold.get(m["entity"].as_str().unwrap());
        if wanted.is_some() && ids[i].as_ref() == wanted {
            right += 1;
        } else {
            println!("{} paragraph {} {}: {:?}, wanted {wanted:?}", doc["id"], m["paragraph"], m["surface"], ids[i]);
        }
    }
    (right, all)
}

#[test]
fn links() {
    let g = Gazetteer::shipped().unwrap();
    let sample = include_str!("../../tests/data/coreference.jsonl");
    let (mut right, mut all) = (0, 0);
    for line in sample.lines() {
        let (r, a) = document(&g, &serde_json::from_str(line).unwrap());
        right += r;
        all += a;
    }
    let accuracy = right as f64 / all as f64;
    println!("coreference: {right} of {all} links right, {accuracy:.3}");
    assert!(all >= 220, "the sample has {all} links");
    assert!(accuracy >= BAR, "{accuracy:.3} of the links are right; {BAR} is the bar");
}
