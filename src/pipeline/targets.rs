//! Against whom the sanctions of a paragraph are directed.

use crate::actors::Gazetteer;
use crate::stance::engine::Encoded;
use crate::stance::features::actor_tokens;
use std::collections::BTreeMap;
use std::ops::Range;

/// Codes of the states and bodies named in the paragraph (in any form: "Iranian oil" too) or just before it, whose naming
/// tokens the model takes for a target's with at least `bar`; the most probable first, ties by code.
pub fn targets(
    gazetteer: &Gazetteer,
    text: &str,
    windows: &[&Encoded],
    before: &[(Range<usize>, String)],
    bar: f32,
) -> Vec<String> {
    let mut best: BTreeMap<String, f32> = BTreeMap::new();
    let mut vote = |code: &str, w: &Encoded, tokens: &mut dyn Iterator<Item = usize>| {
        let p: Vec<f32> = tokens.filter_map(|t| w.target.get(t).copied()).collect();
        if !p.is_empty() {
            let mean = p.iter().sum::<f32>() / p.len() as f32;
            let e = best.entry(code.to_string()).or_insert(0.0);
            *e = e.max(mean);
        }
    };
    let places = gazetteer.places(text);
    for w in windows {
        for (span, code) in &places {
            vote(code, w, &mut actor_tokens(&w.input, &[*span]).into_iter());
        }
    }
    if let Some(first) = windows.first() {
        for (range, code) in before {
            vote(code, first, &mut range.clone());
        }
    }
    let mut out: Vec<(String, f32)> = best.into_iter().filter(|(_, p)| *p >= bar).collect();
    out.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    out.into_iter().map(|(c, _)| c).collect()
}
