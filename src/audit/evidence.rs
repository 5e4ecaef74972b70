//! The evidence span put to the test: without it, and with nothing else.

use super::edit::Edited;
use super::{Case, Draw, scores};
use crate::data::{Document, ScoredActor, Span, Stance};
use crate::error::Result;
use crate::pipeline::Pipeline;
use serde::Serialize;

/// Shares over actors with a stance.
#[derive(Debug, Clone, Serialize)]
pub struct Evidence {
    /// Actors with a stance and a span.
    pub actors: usize,
    /// Mean length of a span, in words.
    pub words: f64,
    /// Of these, actors whose paragraph has room for a random span of the same length beside the evidence.
    pub compared: usize,
    /// Share of the compared for which masking the evidence lowers the label's probability more than masking the
    /// random span does.
    pub masked: f64,
    /// Mean fall of the probability without the evidence, and without the random span.
    pub fall: [f64; 2],
    /// Share of all for which the actor's name and the span, and nothing else, give the same label.
    pub alone: f64,
}

/// The words of a text: runs without white space.
fn words(text: &str) -> Vec<Span> {
    let mut out = Vec::new();
    let mut from = None;
    for (i, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_whitespace(), from) {
            (true, Some(s)) => {
                out.push(Span::new(s, i));
                from = None;
            }
            (false, None) => from = Some(i),
            _ => {}
        }
    }
    out
}

/// `text` with the words from `range` on, but not those of the actor's own mentions, given way to the model's mask; and
/// the mentions of all actors where they lie now.
fn masked(case: &Case, own: &[Span], words: &[Span], range: std::ops::Range<usize>, mask: &str) -> Document {
    let text = &case.document.text;
    let gone = words[range].iter().filter(|w| !own.iter().any(|m| m.overlaps(**w)));
    let edited = Edited::new(text, gone.map(|&w| (w, mask)));
    let mentions = case.mentions().map(|m| m.iter().map(|&s| edited.span(s)).collect()).collect();
    case.with(edited.text, mentions)
}

/// The actor's first mention and the span in text order, nothing else; no title, no context.
fn alone(case: &Case, actor: &ScoredActor, span: Span) -> Option<Document> {
    let text = &case.document.text;
    let mention = *actor.actor.mentions.first()?;
    let (out, at) = if mention.overlaps(span) {
        let all = Span::new(mention.start.min(span.start), mention.end.max(span.end));
        (all.of(text).to_string(), mention.start - all.start)
    } else if mention.end <= span.start {
        (format!("{} … {}", mention.of(text), span.of(text)), 0)
    } else {
        (format!("{} … {}", span.of(text), mention.of(text)), span.len() + " … ".len())
    };
    let mut d = case.with(out, vec![vec![Span::new(at, at + mention.len())]]);
    (d.title, d.context) = (None, None);
    Some(d)
}

pub(super) fn measure(pipeline: &Pipeline, cases: &[Case], seed: u64) -> Result<Evidence> {
    let mask = pipeline.mask();
    let (mut held, mut without, mut random, mut only) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut length = 0;
    for case in cases {
        let all = words(&case.document.text);
        let mut draw = Draw::of(seed, &case.document.id);
        for (i, actor) in case.before.iter().enumerate() {
            let Some(span) = actor.evidence.filter(|_| actor.stance != Stance::None) else { continue };
            let Some(rest) = alone(case, actor, span) else { continue };
            only.push(rest);
            let from = all.partition_point(|w| w.end <= span.start);
            let to = all.partition_point(|w| w.start < span.end);
            let n = to - from;
            length += n;
            let free: Vec<usize> =
                (0..(all.len() + 1).saturating_sub(n)).filter(|s| s + n <= from || *s >= to).collect();
            let other = if free.is_empty() { None } else { Some(free[draw.below(free.len())]) };
            held.push((actor, i, other.is_some()));
            if let Some(at) = other {
                without.push(masked(case, &actor.actor.mentions, &all, from..to, mask));
                random.push(masked(case, &actor.actor.mentions, &all, at..at + n, mask));
            }
        }
    }
    let (without, random, only) = (scores(pipeline, without)?, scores(pipeline, random)?, scores(pipeline, only)?);
    let label = |actor: &ScoredActor, i: usize, after: &[(Stance, [f32; 4])]| {
        let p = after.get(i).map_or(0.0, |a| a.1[actor.stance.index()]);
        f64::from(actor.p[actor.stance.index()] - p)
    };
    let (mut more, mut fall) = (0, [0.0; 2]);
    let compared: Vec<_> = held.iter().filter(|h| h.2).collect();
    for ((actor, i, _), (a, b)) in compared.iter().zip(without.iter().zip(&random)) {
        let (a, b) = (label(actor, *i, a), label(actor, *i, b));
        more += usize::from(a > b);
        fall = [fall[0] + a, fall[1] + b];
    }
    let kept = held.iter().zip(&only).filter(|((a, ..), o)| o.first().is_some_and(|o| o.0 == a.stance)).count();
    let share = |n: f64, of: usize| if of == 0 { 0.0 } else { n / of as f64 };
    Ok(Evidence {
        actors: held.len(),
        words: share(length as f64, held.len()),
        compared: compared.len(),
        masked: share(more as f64, compared.len()),
        fall: fall.map(|f| share(f, compared.len())),
        alone: share(kept as f64, held.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Actor, ActorType, Via};

    fn case(text: &str, mentions: &[&str]) -> Case {
        let find = |w: &&str| text.find(*w).map(|s| Span::new(s, s + w.len())).unwrap();
        let actor = |w: &&str| ScoredActor {
            actor: Actor {
                name: (*w).to_string(),
                id: String::new(),
                code: "-".into(),
                kind: ActorType::Person,
                mentions: vec![find(w)],
                via: Via::Given,
            },
            stance: Stance::Ease,
            p: [1.0, 0.0, 0.0, 0.0],
            evidence: None,
            roles: Vec::new(),
            voice: None,
            abstained: false,
        };
        Case {
            document: Document { text: text.into(), ..Document::default() },
            before: mentions.iter().map(actor).collect(),
        }
    }

    #[test]
    fn masking_spares_the_actor_and_moves_the_rest() {
        let c = case("Havana wants it gone, says Díaz of Lima.", &["Havana", "Díaz"]);
        let all = words(&c.document.text);
        let d = masked(&c, &c.before[0].actor.mentions, &all, 0..4, "[MASK]");
        assert_eq!(d.text, "Havana [MASK] [MASK] [MASK] says Díaz of Lima.");
        let spans: Vec<&str> = d.actors.as_ref().unwrap().iter().map(|a| a.mentions[0].of(&d.text)).collect();
        assert_eq!(spans, ["Havana", "Díaz"]);
        // Another's mention that is masked stays where it was.
        let d = masked(&c, &c.before[0].actor.mentions, &all, 5..6, "[MASK]");
        assert_eq!(d.actors.unwrap()[1].mentions[0].of(&d.text), "[MASK]");
    }

    #[test]
    fn alone_keeps_the_order_of_the_text() {
        let c = case("Gone it must be, said Lima again.", &["Lima"]);
        let span = Span::new(0, 15);
        let d = alone(&c, &c.before[0], span).unwrap();
        assert_eq!(d.text, "Gone it must be … Lima");
        assert_eq!(d.actors.unwrap()[0].mentions[0].of(&d.text), "Lima");
    }
}
