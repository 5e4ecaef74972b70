//! The form of a block: its length, how it begins and ends, whether it can be a heading or a name.

use crate::data::Span;

/// Longest sub-heading, in words and in characters.
const HEADING: (usize, usize) = (14, 110);
/// Longest headline or line under it, at the top of an article.
const HEADLINE: (usize, usize) = (30, 220);
/// Characters that end a sentence, in the scripts that have one.
const SENTENCE_ENDS: &str = ".!?…。！？؟۔।॥։።";
/// Characters that may stand after a sentence's end.
const CLOSERS: &str = "\"'”’»›)]}*_`」』";
/// Words of names that are not capitalised.
pub(super) const PARTICLES: [&str; 16] =
    ["de", "da", "del", "der", "den", "van", "von", "al", "el", "bin", "ibn", "la", "le", "du", "dos", "and"];

/// `span` without white space and invisible marks around it.
pub(super) fn trim(text: &str, span: Span) -> Span {
    let blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}');
    let line = span.of(text);
    let start = span.start + (line.len() - line.trim_start_matches(blank).len());
    Span::new(start, start + line.trim_matches(blank).len())
}

/// How many words it has, by white space.
pub(super) fn words(block: &str) -> usize {
    block.split_whitespace().count()
}

/// What two blocks share that say the same: letters and digits, in lower case, words one space apart.
pub(super) fn key(block: &str) -> String {
    let mut key = String::with_capacity(block.len());
    for word in block.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
        if !key.is_empty() {
            key.push(' ');
        }
        key.extend(word.chars().flat_map(char::to_lowercase));
    }
    key
}

/// Whether it ends as a sentence does, behind closing quotes, brackets and note marks (`[3]`).
pub(super) fn ends_sentence(block: &str) -> bool {
    let mut rest = block.trim_end();
    let note = rest.strip_suffix(']').and_then(|r| r.rsplit_once('['));
    if let Some((before, _)) = note.filter(|(_, number)| number.chars().all(|c| c.is_ascii_digit())) {
        rest = before;
    }
    rest.trim_end_matches(|c| CLOSERS.contains(c)).ends_with(|c| SENTENCE_ENDS.contains(c))
}

/// Whether it can be a sub-heading: short, begun like a sentence, and ended like none.
pub(super) fn is_heading(block: &str) -> bool {
    has_heading_mark(block) || unended(block, HEADING)
}

/// Whether it can be a headline or a line under it, where it stands before all running text: longer than a
/// sub-heading, or a short question.
pub(super) fn is_headline(block: &str) -> bool {
    let asks = || block.ends_with(['?', '？', '؟']) && within(block, HEADING) && begins(block);
    has_heading_mark(block) || unended(block, HEADLINE) || asks()
}

fn unended(block: &str, limits: (usize, usize)) -> bool {
    within(block, limits) && begins(block) && !ends_sentence(block) && !block.ends_with([',', ';', ':', '-', '–', '—'])
}

fn within(block: &str, (most_words, most_chars): (usize, usize)) -> bool {
    // The length in bytes spares counting long paragraphs: no script takes more than four bytes a character.
    block.len() <= most_chars * 4 && words(block) <= most_words && block.chars().count() <= most_chars
}

/// Whether it begins as sentences and headings do: with a letter that is no small one, a digit, or one of these in
/// quotes; not with the mark of a list.
fn begins(block: &str) -> bool {
    let mut chars = block.trim_start_matches(['"', '\'', '“', '‘', '«', '„', '(', '[', '¿', '¡', '*', '_']).chars();
    let bullet = block.starts_with("* ");
    !bullet && chars.next().is_some_and(|c| c.is_alphanumeric() && !c.is_lowercase())
}

/// Whether it is headed by Markdown's mark (`## `), which HTML's headings carry too.
pub(super) fn has_heading_mark(block: &str) -> bool {
    let rest = block.trim_start_matches('#');
    let depth = block.len() - rest.len();
    (1..=6).contains(&depth) && rest.starts_with([' ', '\t']) && !block.contains('\n')
}

/// `span` without Markdown's heading mark.
pub(super) fn without_heading_mark(text: &str, span: Span) -> Span {
    let block = span.of(text);
    match has_heading_mark(block) {
        true => trim(text, Span::new(span.start + (block.len() - block.trim_start_matches('#').len()), span.end)),
        false => span,
    }
}

/// Whether it is a person's name by its form: two to five words, each with a capital, no digit, no sentence's end.
pub(super) fn is_name(block: &str) -> bool {
    let count = words(block);
    (2..=5).contains(&count) && !ends_sentence(block) && all_names(block, &PARTICLES)
}

/// Whether every word begins with a capital or is one of `allowed`, at least one does, and none has a digit.
pub(super) fn all_names(block: &str, allowed: &[&str]) -> bool {
    let capital =
        |w: &str| w.starts_with(char::is_uppercase) && w.chars().all(|c| c.is_alphabetic() || "'’.-".contains(c));
    let mut any = false;
    let fit = block.split(|c: char| c.is_whitespace() || ",;&|/()".contains(c)).filter(|w| !w.is_empty()).all(|word| {
        let name = capital(word);
        any |= name;
        name || allowed.contains(&word.to_lowercase().as_str())
    });
    fit && any
}
