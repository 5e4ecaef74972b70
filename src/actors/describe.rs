//! The code of a description ("a senior Treasury official", "Moscow's envoy", "the regime"): from a name inside it or
//! beside it, else from what the document is about.

use super::entry::Form;
use super::gazetteer::Gazetteer;
use super::matcher::Hit;
use super::memory::{Known, Memory, Ref, Strength, is_state};
use super::names;
use super::text::Text;
use super::words::{Head, HeadClass, Mark};
use crate::data::{ActorType, Span};

/// A code and why.
#[derive(Debug, Clone)]
pub(crate) struct Coded {
    pub code: String,
    pub strength: Strength,
    pub rule: &'static str,
}

impl Coded {
    fn new(code: impl Into<String>, strength: Strength, rule: &'static str) -> Self {
        Coded { code: code.into(), strength, rule }
    }
}

/// The head noun of a description: the last word before a preposition or relative clause that heads descriptions.
pub(crate) fn head<'g>(t: &Text, g: &'g Gazetteer, span: Span) -> Option<(usize, &'g Head)> {
    let range = t.range(span);
    let mut last: Option<(usize, &Head)> = None;
    for i in range.clone() {
        let word = t.at(i);
        if i > range.start && g.words.is(word, Mark::Preposition) {
            let several = word == "of" && g.words.is(t.at(i - 1), Mark::Quantity);
            if !several {
                break;
            }
            last = None;
            continue;
        }
        if let Some(h) = g.words.head(word) {
            // "individuals and organizations": the first that speaks for a state decides.
            let kept = last.is_some_and(|(k, l)| {
                l.class == HeadClass::Role
                    && h.class == HeadClass::Plain
                    && k + 1 < i
                    && (k..i).any(|n| matches!(t.at(n), "and" | "or"))
            });
            if !kept {
                last = Some((i, h));
            }
        }
    }
    last
}

/// The last word of the noun phrase proper, in small letters ("the interpreter of Tripoli" → "interpreter").
pub(crate) fn last_noun(t: &Text, g: &Gazetteer, span: Span) -> String {
    let range = t.range(span);
    let end = range.clone().skip(1).find(|i| g.words.is(t.at(*i), Mark::Preposition)).unwrap_or(range.end);
    t.at(end.saturating_sub(1)).to_lowercase()
}

/// The code of the description in `span`, of type `kind` as far as known.
pub(crate) fn code(t: &Text, g: &Gazetteer, m: &Memory, span: Span, kind: ActorType, date: Option<&str>) -> Coded {
    let head = head(t, g, span);
    let class = head.map(|(_, h)| h.class);
    let name = |hit: &Hit| {
        let (e, form) = g.best(*hit, date)?;
        Some((g.entry(e).code.clone(), form, g.entry(e).kind))
    };
    let fixed = t
        .range(span)
        .find_map(|i| names::title_at(t, g, i, t.range(span).end))
        .is_some_and(|(_, title)| title.codes.len() == 1);
    let think =
        kind == ActorType::Person && !fixed && t.range(span).any(|i| g.words.word(t.at(i)).is_some_and(|w| w.think));
    if think || class == Some(HeadClass::Plain) && kind != ActorType::Gov {
        return Coded::new("-", Strength::Context, "speaks for no state");
    }
    if kind == ActorType::Org && class != Some(HeadClass::Role) {
        return Coded::new("-", Strength::Context, "an organisation that speaks for no state");
    }
    // A name inside, hyphenated ones ("U.S.-backed") only where there is no other.
    let inside = t.hits_in(span);
    let told = inside.iter().find(|h| !h.hyphen).or(inside.first().filter(|_| !proxy(t, g, span))).and_then(name);
    if let Some(several) = several(t, g, span, date) {
        return several;
    }
    if class == Some(HeadClass::Many) {
        let owner = inside.iter().find_map(|h| name(h).filter(|n| matches!(n.2, ActorType::Person | ActorType::Gov)));
        if let Some((c, _, _)) = owner {
            return Coded::new(c, Strength::Context, "the person whose allies they are");
        }
        let bloc =
            inside.iter().filter(|h| !h.hyphen).find_map(|h| name(h).filter(|(c, _, _)| !is_state(c) && c != "-"));
        if let Some((c, _, _)) = bloc {
            return Coded::new(c, Strength::Sure, "the bloc named in it");
        }
        let own = t.range(span).find_map(|i| {
            g.words
                .word(t.at(i))
                .and_then(|w| w.head.as_ref())
                .filter(|h| h.class == HeadClass::Modifier && is_state(&h.code))
        });
        if let Some(h) = own {
            return Coded::new(h.code.clone(), Strength::Sure, "a word that only this state has");
        }
        return Coded::new("INTL", Strength::Context, "several states");
    }
    if let Some((c, _, _)) = told {
        return Coded::new(c, Strength::Sure, "the name in it");
    }
    if class == Some(HeadClass::Role) && kind == ActorType::Group {
        let before_head = t.range(span).start..head.map_or(0, |h| h.0);
        let many = before_head.into_iter().any(|i| {
            g.words
                .word(t.at(i))
                .and_then(|w| w.head.as_ref())
                .is_some_and(|h| h.code == "INTL" && matches!(h.class, HeadClass::Modifier | HeadClass::Many))
        });
        if many {
            return Coded::new("INTL", Strength::Context, "of several states");
        }
    }
    let range = t.range(span);
    let owned = t
        .hits
        .partition_point(|h| h.span.start < span.start)
        .checked_sub(1)
        .and_then(|i| t.hits.get(i))
        .is_some_and(|h| h.possessive);
    if owned && let Some(c) = beside(t, g, m, span, date) {
        return c;
    }
    for i in range.clone() {
        // A person introduced before: "Maduro dictatorship", "Royce's committee".
        if let Some(k) = m.of_family(t.at(i)).and_then(|k| m.known.get(k)) {
            return Coded::new(k.code.clone(), Strength::Sure, "the person named in it");
        }
        // "one district judge in Ohio".
        if let Some(code) = g.words.region(t.at(i)) {
            return Coded::new(code, Strength::Context, "the part of a state named in it");
        }
        // "a Treasury official".
        let short = g.words.short(t.at(i)).iter().filter_map(|id| g.by_id(id)).filter(|e| e.kind == ActorType::Gov);
        let home = m.homes().first().copied();
        if let Some(e) = short.clone().find(|e| home == Some(e.code.as_str())).or(short.clone().next()) {
            return Coded::new(e.code.clone(), Strength::Context, "the institution named in it");
        }
        // "Moon's government": a surname that only the gazetteer knows.
        if let Some(d) = date.filter(|_| matches!(t.at(i + 1), "'" | "’") && i + 2 < range.end) {
            let bearer = g
                .surname(t.at(i))
                .iter()
                .map(|b| g.entry(b.0))
                .filter(|e| e.distance(d) == 0)
                .min_by_key(|e| e.id.clone());
            if let Some(e) = bearer {
                return Coded::new(e.code.clone(), Strength::Context, "the person named in it");
            }
        }
        // "the Clintons".
        if let Some(family) = t.at(i).strip_suffix('s').filter(|f| f.len() > 3 && f.starts_with(char::is_uppercase))
            && let Some(k) = m.of_family(family).and_then(|k| m.known.get(k))
        {
            return Coded::new(k.code.clone(), Strength::Context, "the family of a person introduced before");
        }
        if let Some(w) = g.words.word(t.at(i))
            && let Some(h) =
                w.head.as_ref().filter(|h| h.class != HeadClass::Plain && !h.code.is_empty() && h.code != "INTL")
        {
            return Coded::new(h.code.clone(), Strength::Sure, "a word that only this state has");
        }
    }
    if let Some(c) = beside(t, g, m, span, date) {
        return c;
    }
    if kind == ActorType::Person
        && let Some((_, title)) = range.clone().find_map(|i| names::title_at(t, g, i, range.end))
    {
        if let [only] = title.codes.as_slice() {
            return Coded::new(only.clone(), Strength::Sure, "an office that only this state has");
        }
        if !title.codes.is_empty() || !title.not.is_empty() {
            let has = |code: &String| {
                title.codes.is_empty() && is_state(code) && !title.not.contains(code) || title.codes.contains(code)
            };
            let has = |code: &String| has(code) && (!title.codes.is_empty() || g.has_office(code, &title.office));
            let home = m.homes().into_iter().next().filter(|c| title.codes.is_empty() && has(&(*c).to_owned()));
            if let Some(code) = home {
                return Coded::new(code, Strength::Guess, "the state that the document is mostly about");
            }
            if let Some(k) = m.latest(|k, _| has(&k.code)).and_then(|k| m.known.get(k)) {
                return Coded::new(k.code.clone(), Strength::Context, "the last state named that has such an office");
            }
            if let Some(first) = title.codes.first() {
                return Coded::new(first.clone(), Strength::Context, "the first state that has such an office");
            }
        } else if title.office == "president" {
            // Most texts that name no state at all are American.
            let home = m.homes().into_iter().find(|c| g.has_office(c, "president")).unwrap_or("USA");
            return Coded::new(home, Strength::Guess, "the state that the document is mostly about");
        }
    }
    context(t, g, m, span, kind, head.map(|(i, _)| t.at(i)).unwrap_or(""))
}

/// Forces that another state backs ("pro-Russian rebels") do not speak for it.
fn proxy(t: &Text, g: &Gazetteer, span: Span) -> bool {
    head(t, g, span).is_some_and(|(i, _)| g.words.is(t.at(i), Mark::Backed))
}

/// Several states named together ("the leaders of Germany, France and Italy").
fn several(t: &Text, g: &Gazetteer, span: Span, date: Option<&str>) -> Option<Coded> {
    const UNION: [&str; 10] = ["DEU", "FRA", "GBR", "ITA", "POL", "ESP", "EU", "NLD", "BEL", "SWE"];
    let state = |h: &Hit| {
        let (e, form) = g.best(*h, date)?;
        let e = g.entry(e);
        (e.kind == ActorType::State && !h.hyphen && form != Form::Capital).then(|| e.code.clone())
    };
    let mut codes: Vec<String> = t.hits_in(span).iter().filter_map(state).collect();
    codes.dedup();
    let joined = t.range(span).any(|i| matches!(t.at(i), "and" | "or" | "," | "&"));
    if codes.len() < 2 || !joined {
        return None;
    }
    let union = codes.iter().all(|c| UNION.contains(&c.as_str()));
    Some(Coded::new(if union { "EU" } else { "INTL" }, Strength::Context, "several states named together"))
}

/// A name directly before ("Iran's | negotiators") or after ("officials | in Tehran", "members | of Congress").
fn beside(t: &Text, g: &Gazetteer, m: &Memory, span: Span, date: Option<&str>) -> Option<Coded> {
    let range = t.range(span);
    let code_at = |hit: &Hit| g.best(*hit, date).map(|(e, _)| g.entry(e).code.clone());
    let gap_before = |hit: &Hit| t.text.get(hit.span.end..span.start).unwrap_or("x");
    let before = t.hits.partition_point(|h| h.span.start < span.start).checked_sub(1).and_then(|i| t.hits.get(i));
    if let Some(hit) = before {
        let gap = gap_before(hit);
        if hit.possessive && matches!(gap, "'s " | "’s " | "' " | "’ ") || (gap == " " && !hit.hyphen) {
            return Some(Coded::new(code_at(hit)?, Strength::Sure, "the name directly before it"));
        }
    }
    let next = range.end;
    if matches!(t.at(next), "of" | "in" | "from" | "at" | "for" | "to" | "inside") {
        let from = t.tokens.get(next + 1)?.span.start;
        let from = if matches!(t.at(next + 1), "the" | "both") { t.tokens.get(next + 2)?.span.start } else { from };
        if let Some(hit) = t.hits_in(Span::new(from, from + 1)).first() {
            return Some(Coded::new(code_at(hit)?, Strength::Context, "the name directly after it"));
        }
        if let Some(k) = m.of_family(t.at(next + 1)).and_then(|k| m.known.get(k)) {
            return Some(Coded::new(k.code.clone(), Strength::Context, "the name directly after it"));
        }
    }
    None
}

/// From what was said before, by the kind of description.
fn context(t: &Text, g: &Gazetteer, m: &Memory, span: Span, kind: ActorType, head: &str) -> Coded {
    let range = t.range(span);
    let own = t.at(range.start).to_lowercase();
    let here = m.paragraph;
    // "his advisers", "its parliament", "their leaders": of whom the pronoun speaks.
    if let Some(p) = g.words.pronoun(&own) {
        use super::words::Pronoun;
        if matches!(p, Pronoun::I | Pronoun::We)
            && let Some(k) =
                super::pronoun::ahead(t, g, m, range.start).and_then(|k| m.known.get(k)).filter(|k| k.code != "-")
        {
            return Coded::new(k.code.clone(), Strength::Context, "the state of the speaker");
        }
        if let Some(voice) = m.voice.as_ref().filter(|_| matches!(p, Pronoun::I | Pronoun::We)) {
            return Coded::new(voice.clone(), Strength::Context, "the state whose institution the title names");
        }
        let person = matches!(p, Pronoun::He | Pronoun::She | Pronoun::I);
        let fits = |k: &Known, _: &Ref| {
            if person { k.kind == ActorType::Person } else { k.kind != ActorType::Person && k.code != "-" }
        };
        if let Some(k) = m.latest(fits).and_then(|k| m.known.get(k)) {
            return Coded::new(k.code.clone(), Strength::Context, "the state of whom the pronoun speaks");
        }
    }
    let lower = head.to_lowercase();
    if matches!(kind, ActorType::Group | ActorType::Gov)
        && super::text::against(t, g, range.start)
        && let Some(code) = m.main_target()
    {
        return Coded::new(code, Strength::Context, "the state that the sanctions are against");
    }
    let target_like = g.words.is(&lower, Mark::Target);
    if target_like {
        let against = g.words.is(&lower, Mark::Condemned);
        if let Some(code) = m.main_target().filter(|_| against) {
            return Coded::new(code, Strength::Context, "the state that the sanctions are against");
        }
        let state = |k: &Known, r: &Ref| {
            is_state(&k.code) && r.paragraph + 3 > here && (k.kind == ActorType::State || k.kind == ActorType::Gov)
        };
        let foreign = |k: &Known, r: &Ref| state(k, r) && k.code != "USA";
        let american = matches!(lower.as_str(), "people" | "citizens" | "military" | "army");
        let found = if american { m.latest(state) } else { m.latest(foreign) };
        if let Some(k) = found.and_then(|k| m.known.get(k)) {
            return Coded::new(k.code.clone(), Strength::Context, "the state spoken of last");
        }
    }
    if kind == ActorType::Body {
        let body = m.latest(|k, _| k.kind == ActorType::Body).and_then(|k| m.known.get(k));
        let code = body.map_or("INTL", |k| k.code.as_str());
        return Coded::new(code, Strength::Guess, "the body spoken of last");
    }
    if matches!(kind, ActorType::Org) {
        return Coded::new("-", Strength::Guess, "an organisation that speaks for no state");
    }
    let bare = range.len() <= 2;
    if kind == ActorType::Group && bare && g.words.is(&lower, Mark::Joint) {
        return Coded::new("INTL", Strength::Guess, "of several states, as none is told");
    }
    if kind == ActorType::Group && g.words.is(&lower, Mark::Nobody) {
        return Coded::new("-", Strength::Guess, "people of no state that is told");
    }
    if kind == ActorType::Group && matches!(lower.as_str(), "entities" | "organizations" | "organisations" | "") {
        return Coded::new("-", Strength::Guess, "people of no state that is told");
    }
    if kind == ActorType::Person {
        let office =
            range.clone().find_map(|i| names::title_at(t, g, i, range.end)).map(|(_, title)| title.office.as_str());
        if office.is_none_or(|o| matches!(o, "source" | "businessman" | "agent")) && !head.starts_with("official") {
            return Coded::new("-", Strength::Guess, "a person of no state that is told");
        }
    }
    match m.home() {
        Some((code, _)) => Coded::new(code, Strength::Guess, "the state that the document is mostly about"),
        None => Coded::new("-", Strength::Guess, "no state is known from the document"),
    }
}
