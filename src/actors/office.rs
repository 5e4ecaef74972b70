//! Offices in descriptions ("the foreign minister", "China's top diplomat") and who holds them.

use super::gazetteer::Gazetteer;
use super::memory::{Known, Memory, Ref, Strength, is_state};
use super::names::title_at;
use super::text::Text;
use crate::data::{ActorType, Span};

/// An office that a description names.
#[derive(Debug, Clone)]
pub(crate) struct Office {
    pub office: String,
    /// One certain holder is meant ("the", "Iran's", none), not "a" or "another".
    pub definite: bool,
    /// "former", "then": the date does not tell the holder.
    pub former: bool,
}

/// Who holds it.
pub(crate) enum Held {
    /// A person that the document introduced.
    Told(usize),
    /// A person of the gazetteer, by date.
    Listed(u32),
    /// It might be known with a date.
    NoDate,
    Nobody,
}

/// The office in a description; `None` where its head is none.
pub(crate) fn read(t: &Text, g: &Gazetteer, span: Span) -> Option<Office> {
    let range = t.range(span);
    let mut found = None;
    let mut former = false;
    let mut i = range.start;
    while i < range.end {
        if matches!(
            t.at(i).to_lowercase().as_str(),
            "former" | "ex" | "then" | "previous" | "late" | "past" | "next" | "future"
        ) {
            former = true;
        }
        if matches!(t.at(i), "to" | "of" | "in" | "for" | "who" | ",") && found.is_some() {
            break;
        }
        if let Some((n, title)) = title_at(t, g, i, range.end) {
            found = Some(title.office.clone());
            i += n;
            continue;
        }
        i += 1;
    }
    let first = t.at(range.start).to_lowercase();
    let office = found?;
    let pointing = matches!(first.as_str(), "the" | "that" | "this" | "his" | "her" | "its" | "their");
    let definite = pointing
        || !vague(&office) && !matches!(first.as_str(), "a" | "an" | "another" | "one" | "some" | "no" | "any");
    Some(Office { office, definite, former })
}

/// Offices that name what somebody is rather than a post; the date never tells the holder.
pub(crate) fn vague(office: &str) -> bool {
    matches!(
        office,
        "official"
            | "diplomat"
            | "lawyer"
            | "source"
            | "adviser"
            | "aide"
            | "officer"
            | "agent"
            | "operative"
            | "oligarch"
            | "businessman"
            | "politician"
            | "activist"
            | "lawmaker"
            | "senator"
            | "representative"
            | "counterpart"
            | "candidate"
            | "author"
            | "sponsor"
            | "delegate"
            | "negotiator"
            | "envoy"
            | "commander"
            | "judge"
            | "general"
            | "minister"
            | "director"
            | "secretary"
            | "chairman"
            | "chair"
            | "chairwoman"
            | "commissioner"
            | "cleric"
    )
}

/// Who holds `office` of `code` in this document.
pub(crate) fn holder(
    m: &Memory,
    g: &Gazetteer,
    office: &Office,
    code: &str,
    strength: Strength,
    date: Option<&str>,
) -> Held {
    if !office.definite {
        return Held::Nobody;
    }
    let told = |k: &Known, _: &Ref| {
        let state = strength < Strength::Sure || k.code == code;
        let listed = g.by_id(&k.id).filter(|e| match date {
            Some(d) => !office.former && e.held(&office.office, d),
            None => e.terms.iter().any(|t| t.office == office.office),
        });
        k.kind == ActorType::Person && state && (k.offices.contains(&office.office) || listed.is_some())
    };
    // "The president" without a state is the one of the state that the document is mostly about.
    if strength == Strength::Guess && is_state(code) {
        if let Some(known) = m.latest(|k, r| k.code == code && told(k, r)) {
            return Held::Told(known);
        }
        if let Some(at) =
            date.filter(|_| office.office == "president" && !office.former).and_then(|d| g.holder(code, "president", d))
        {
            return Held::Listed(at);
        }
    }
    if let Some(known) = m.latest(told) {
        return Held::Told(known);
    }
    if vague(&office.office) || office.former {
        return Held::Nobody;
    }
    match date {
        Some(d) => g.holder(code, &office.office, d).map_or(Held::Nobody, Held::Listed),
        None => Held::NoDate,
    }
}
