//! Whom a pronoun means: the nearest mention that agrees in number and gender, subjects and speakers first, across
//! paragraphs.

use super::entry::Gender;
use super::memory::{Known, Memory, Ref};
use super::text::Text;
use super::words::Pronoun;
use crate::data::ActorType;

/// The pronoun's own place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub paragraph: u32,
    pub sentence: u32,
    pub quoted: bool,
    /// Before a verb of speech ("he said").
    pub says: bool,
    /// Subject form at the head of a clause, against "him", "his".
    pub subject: bool,
}

/// How far back mentions are looked at.
const WINDOW: usize = 60;

/// The best antecedent of `pronoun` at `place`; `None` where nothing agrees.
pub(crate) fn antecedent(m: &Memory, pronoun: Pronoun, place: Place) -> Option<usize> {
    let mut best: Option<(f32, usize)> = None;
    for (back, r) in m.refs.iter().rev().take(WINDOW).enumerate() {
        let Some(k) = m.known.get(r.known) else { continue };
        let Some(score) = score(k, r, pronoun, place, back) else { continue };
        if best.is_none_or(|b| score > b.0) {
            best = Some((score, r.known));
        }
    }
    best.filter(|b| b.0 > 0.0).map(|b| b.1)
}

fn score(k: &Known, r: &Ref, pronoun: Pronoun, place: Place, back: usize) -> Option<f32> {
    let fit = agreement(k, r, pronoun)?;
    let sentences = place.sentence.saturating_sub(r.sentence) as f32;
    let paragraphs = place.paragraph.saturating_sub(r.paragraph) as f32;
    let mut score = 4.0 + fit - 0.6 * sentences.min(6.0) - 0.5 * paragraphs - 0.03 * back as f32;
    if r.subject {
        score += 1.0;
    }
    // Those who were quoted last speak on.
    if r.speaker {
        score += if place.says { 1.2 } else { 0.4 };
    }
    // Within one sentence an object pronoun seldom means its own subject; a possessive often does.
    if sentences == 0.0 && !place.subject && r.subject {
        score -= 0.6;
    }
    // One who is quoted does not call himself "he".
    if place.quoted && r.speaker && !r.quoted && sentences == 0.0 && !matches!(pronoun, Pronoun::I | Pronoun::We) {
        score -= 3.0;
    }
    // What was named inside a quotation is seldom taken up outside it.
    if r.quoted && !place.quoted {
        score -= 0.7;
    }
    score += 0.1 * (k.count.min(6) as f32);
    Some(score)
}

/// Whether the two agree, and how well; `None` where they cannot.
fn agreement(k: &Known, r: &Ref, pronoun: Pronoun) -> Option<f32> {
    let person = k.kind == ActorType::Person;
    let gender = |wanted| match k.gender {
        Some(g) if g == wanted => Some(0.5),
        Some(_) => None,
        None => Some(match k.lean {
            Some(l) if l == wanted => 0.4,
            Some(_) => -0.9,
            None => 0.0,
        }),
    };
    match pronoun {
        Pronoun::He if person => gender(Gender::Male),
        Pronoun::She if person => gender(Gender::Female),
        Pronoun::I if person && (r.speaker || r.subject) => Some(if r.speaker { 2.0 } else { 0.0 }),
        Pronoun::We if person && r.speaker => Some(1.5),
        Pronoun::We if matches!(k.kind, ActorType::State | ActorType::Gov | ActorType::Group) && r.subject => Some(0.0),
        Pronoun::They => match k.kind {
            ActorType::Group => Some(1.0),
            ActorType::Person => None,
            _ => Some(-0.5),
        },
        Pronoun::It => match k.kind {
            ActorType::Person | ActorType::Group => None,
            ActorType::State | ActorType::Body | ActorType::Gov | ActorType::Org => Some(0.0),
        },
        _ => None,
    }
}

/// Where the pronoun at token `i` stands.
pub(crate) fn place(t: &Text, m: &Memory, i: usize, speech: bool) -> Place {
    let token = t.tokens.get(i);
    let object = matches!(
        t.at(i).to_lowercase().as_str(),
        "him" | "his" | "her" | "hers" | "them" | "their" | "its" | "us" | "our" | "me" | "my" | "himself" | "herself"
    );
    Place {
        paragraph: m.paragraph,
        sentence: m.sentences + token.map_or(0, |k| k.sentence),
        quoted: token.is_some_and(|k| k.quoted),
        says: speech,
        subject: !object,
    }
}

/// The speaker of the quotation in which token `i` stands, where a known person follows or precedes it with a verb
/// of speech ("… ,” Lavrov said").
pub(crate) fn ahead(t: &Text, g: &super::gazetteer::Gazetteer, m: &Memory, i: usize) -> Option<usize> {
    let close = (i..t.tokens.len()).find(|k| t.tokens.get(*k).is_some_and(|k| !k.quoted)).unwrap_or(t.tokens.len());
    let speech = |k: usize| g.words.speech(t.at(k)) && t.tokens.get(k).is_some_and(|k| !k.quoted);
    let after = close..(close + 12).min(t.tokens.len());
    let before = i.saturating_sub(30)..i;
    for verb in after.chain(before.rev()).filter(|k| speech(*k)) {
        // The speaker stands within a few words before the verb or after it ("said Sen. X").
        let beside = (verb.saturating_sub(4)..verb).rev().chain(verb + 1..verb + 7);
        for k in beside {
            if !t.tokens.get(k).is_some_and(|k| !k.quoted && k.word && k.capital) {
                continue;
            }
            if let Some(known) = m.of_family(t.at(k)) {
                return Some(known);
            }
            let hit = t.hit_at(k);
            let person =
                hit.and_then(|h| g.best(h, None)).map(|(e, _)| g.entry(e)).filter(|e| e.kind == ActorType::Person);
            if let Some(e) = person {
                return m.known.iter().position(|known| known.id == e.id).or_else(|| m.of_family(&e.name));
            }
        }
    }
    None
}
