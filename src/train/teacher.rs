//! Learning from what another model says (Hinton et al. 2015): of coded paragraphs, and of paragraphs that nobody coded.

use crate::data::{Document, ScoredParagraph, Stance};
use crate::error::Result;
use crate::gold::{GoldActor, GoldParagraph};
use crate::pipeline::Pipeline;

/// Documents that go to the teacher together.
const CHUNK: usize = 128;
/// Bytes of a document before a paragraph that are kept as its context: more than any model reads.
const CONTEXT: usize = 1200;

/// Give every coded actor the mean of the coder's label (weight `gold`) and the teacher's probabilities to learn from.
/// Returns how many paragraphs keep their labels alone, because the teacher does not see all of their actors.
///
/// # Errors
/// The teacher's own.
pub fn soften(teacher: &Pipeline, paragraphs: &mut [GoldParagraph], gold: f32) -> Result<usize> {
    let mut left = 0;
    for chunk in paragraphs.chunks_mut(CHUNK) {
        let scored = teacher.score(chunk.iter().map(|g| g.document(true)).collect());
        for (g, scored) in chunk.iter_mut().zip(scored) {
            let p: Vec<[f32; 4]> = scored?.paragraphs.iter().flat_map(|p| p.actors.iter().map(|a| a.p)).collect();
            if p.len() != g.actors.len() {
                left += 1;
                continue;
            }
            for (a, p) in g.actors.iter_mut().zip(p) {
                let label = |k: usize| if Stance::ALL[k] == a.stance { gold } else { 0.0 };
                a.soft = Some(std::array::from_fn(|k| label(k) + (1.0 - gold) * p[k]));
            }
        }
    }
    Ok(left)
}

/// Paragraphs of documents that nobody coded, with the actors that the teacher finds and what it says of them; those
/// without any are left out.
///
/// # Errors
/// The teacher's own.
pub fn find(teacher: &Pipeline, documents: Vec<Document>) -> Result<Vec<GoldParagraph>> {
    let mut out = Vec::new();
    let mut documents = documents.into_iter().peekable();
    while documents.peek().is_some() {
        for scored in teacher.score(documents.by_ref().take(CHUNK).collect()) {
            let scored = scored?;
            let paragraphs = scored.paragraphs.iter().filter(|p| !p.actors.is_empty());
            out.extend(paragraphs.map(|p| taught(&scored.document, p)));
        }
    }
    Ok(out)
}

fn taught(d: &Document, p: &ScoredParagraph) -> GoldParagraph {
    let mut from = p.span.start.saturating_sub(CONTEXT);
    while !d.text.is_char_boundary(from) {
        from += 1;
    }
    let before = d.text[from..p.span.start].trim();
    let context = if before.is_empty() { d.context.clone() } else { Some(before.to_string()) };
    let actors = p.actors.iter().map(|a| GoldActor {
        mentions: a.actor.mentions.clone(),
        code: a.actor.code.clone(),
        kind: a.actor.kind,
        stance: a.stance,
        soft: Some(a.p),
        name: None,
        evidence: None,
        roles: None,
        voice: None,
    });
    GoldParagraph {
        id: format!("{}#{}", d.id, p.index),
        genre: "uncoded".into(),
        title: d.title.clone(),
        date: d.date.clone(),
        context,
        text: p.span.of(&d.text).to_string(),
        about: None,
        targets: None,
        actors: actors.collect(),
        coded: false,
        origin: d.origin.clone(),
    }
}
