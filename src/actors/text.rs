//! A paragraph cut into words, sentences and quotations, with the known names in it.

use super::gazetteer::Gazetteer;
use super::matcher::Hit;
use super::words::Mark;
use crate::data::Span;

/// A word or a mark.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub span: Span,
    pub word: bool,
    /// Begins with a capital.
    pub capital: bool,
    /// Sentence of the text, from 0.
    pub sentence: u32,
    /// Inside quotation marks.
    pub quoted: bool,
}

/// A text and what a reader sees at first glance.
pub(crate) struct Text<'t> {
    pub text: &'t str,
    pub tokens: Vec<Token>,
    pub hits: Vec<Hit>,
}

/// Short forms after which a full stop ends no sentence.
const SHORT: [&str; 27] = [
    "Mr.", "Mrs.", "Ms.", "Dr.", "Sen.", "Sens.", "Rep.", "Reps.", "Gov.", "Gen.", "Lt.", "Col.", "Maj.", "Capt.",
    "Adm.", "Sgt.", "Prof.", "Rev.", "St.", "Jr.", "Sr.", "No.", "N.", "S.", "Pres.", "Jan.", "Feb.",
];

impl<'t> Text<'t> {
    pub fn new(text: &'t str, gazetteer: &Gazetteer) -> Self {
        Text { text, tokens: tokens(text), hits: gazetteer.hits(text) }
    }

    /// The word or mark at `i`; empty past the ends.
    pub fn at(&self, i: usize) -> &'t str {
        self.tokens.get(i).map_or("", |t| t.span.of(self.text))
    }

    /// Index of the first token that ends after byte `byte`.
    pub fn token_at(&self, byte: usize) -> usize {
        self.tokens.partition_point(|t| t.span.end <= byte)
    }

    /// Token range that `span` touches.
    pub fn range(&self, span: Span) -> std::ops::Range<usize> {
        let from = self.token_at(span.start);
        from..self.tokens.partition_point(|t| t.span.start < span.end).max(from)
    }

    /// The known name that covers token `i`.
    pub fn hit_at(&self, i: usize) -> Option<Hit> {
        let span = self.tokens.get(i)?.span;
        let at = self.hits.partition_point(|h| h.span.end <= span.start);
        self.hits.get(at).copied().filter(|h| h.span.overlaps(span))
    }

    /// Known names that begin in `span`.
    pub fn hits_in(&self, span: Span) -> &[Hit] {
        let from = self.hits.partition_point(|h| h.span.start < span.start);
        let to = self.hits.partition_point(|h| h.span.start < span.end);
        self.hits.get(from..to).unwrap_or(&[])
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(text.len() / 5);
    let (mut sentence, mut quoted, mut ended) = (0u32, false, false);
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|t| t.chars().next()) {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let word = c.is_alphanumeric();
        let end = if word { word_end(text, at) } else { at + c.len_utf8() };
        let capital = c.is_uppercase();
        let opens = matches!(c, '“' | '"' | '‘' | '\'' | '(' | '[');
        if ended
            && (capital || opens || c.is_numeric())
            && text.get(..at).is_some_and(|t| t.ends_with(char::is_whitespace))
        {
            sentence += 1;
            ended = false;
        }
        match c {
            '“' => quoted = true,
            '”' => quoted = false,
            '"' => quoted = !quoted,
            _ => {}
        }
        tokens.push(Token { span: Span::new(at, end), word, capital, sentence, quoted });
        let surface = text.get(at..end).unwrap_or("");
        ended = match c {
            '.' | '!' | '?' | '…' => true,
            '”' | '"' | '’' | '\'' | ')' | ']' => ended,
            _ => word && surface.ends_with('.') && !SHORT.contains(&surface) && !initials(text, at, end),
        };
        at = end;
    }
    tokens
}

/// Whether the word that ends in a full stop is an initial or is followed by what goes on with it ("U.S. officials").
fn initials(text: &str, at: usize, end: usize) -> bool {
    let word = text.get(at..end).unwrap_or("");
    if word.chars().filter(|c| c.is_alphabetic()).count() == 1 {
        return true;
    }
    // "the U.S. Treasury" against "in the U.S. The": only a small function word with a capital opens a sentence.
    let next = text.get(end..).unwrap_or("").trim_start();
    let first = next.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    !STARTERS.contains(&first)
}

/// Words that open sentences and are no part of a name.
pub(crate) const STARTERS: [&str; 72] = [
    "The",
    "A",
    "An",
    "But",
    "And",
    "In",
    "On",
    "At",
    "As",
    "For",
    "When",
    "While",
    "If",
    "After",
    "Before",
    "Since",
    "Last",
    "This",
    "That",
    "These",
    "Those",
    "He",
    "She",
    "It",
    "They",
    "We",
    "I",
    "His",
    "Her",
    "Their",
    "Its",
    "Our",
    "My",
    "Now",
    "Then",
    "Still",
    "Yet",
    "So",
    "Or",
    "Nor",
    "With",
    "From",
    "By",
    "To",
    "Also",
    "However",
    "Meanwhile",
    "Instead",
    "Although",
    "Though",
    "Because",
    "Until",
    "Under",
    "Some",
    "Many",
    "Most",
    "Other",
    "Even",
    "Only",
    "What",
    "Why",
    "How",
    "Who",
    "Where",
    "There",
    "Here",
    "Not",
    "No",
    "Yes",
    "Earlier",
    "Later",
    "Once",
];

fn word_end(text: &str, at: usize) -> usize {
    let mut chars = text[at..].char_indices().peekable();
    let mut end = at;
    while let Some((i, c)) = chars.next() {
        if c.is_alphanumeric() {
            end = at + i + c.len_utf8();
            continue;
        }
        let next = chars.peek().map(|n| n.1);
        let inner = next.is_some_and(char::is_alphanumeric);
        match c {
            // Endings ("Iran's", "they've") are words of their own.
            '\'' | '’' if inner => {
                let rest = &text[at + i + c.len_utf8()..];
                let ending = |e: &&str| rest.starts_with(*e) && !rest[e.len()..].starts_with(char::is_alphanumeric);
                if ["s", "re", "ve", "ll", "d", "m"].iter().any(ending) {
                    break;
                }
            }
            '-' | '&' | '.' if inner => {}
            '.' => {
                let word = &text[at..at + i];
                let dotted = word.contains('.') || word.chars().count() == 1;
                let whole = &text[at..at + i + 1];
                if (dotted
                    && word.chars().all(|c| c.is_alphanumeric() || c == '.')
                    && !word.starts_with(char::is_numeric))
                    || SHORT.contains(&whole)
                {
                    end = at + i + 1;
                }
                break;
            }
            _ => break,
        }
    }
    end
}

/// Whether token `i` begins what sanctions are said to be against ("sanctions on | Iran").
pub(crate) fn against(t: &Text, g: &Gazetteer, i: usize) -> bool {
    let measure = |w: &str| g.words.is(w, Mark::Measure);
    let near = |n: usize| i.checked_sub(n).map_or("", |k| t.at(k));
    (matches!(near(1), "on" | "against") || near(1) == "the" && matches!(near(2), "on" | "against"))
        && (2..6).any(|n| measure(near(n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(String, u32, bool)> {
        tokens(text).iter().map(|t| (t.span.of(text).to_owned(), t.sentence, t.quoted)).collect()
    }

    #[test]
    fn words_sentences_quotations() {
        let w = words("Mr. Bull-Ree met the U.S. Treasury’s A. Smith. “We won't,” he said in the U.S. The end.");
        let only: Vec<_> = w.iter().map(|t| t.0.as_str()).collect();
        assert_eq!(
            only,
            [
                "Mr.", "Bull-Ree", "met", "the", "U.S.", "Treasury", "’", "s", "A.", "Smith", ".", "“", "We", "won't",
                ",", "”", "he", "said", "in", "the", "U.S.", "The", "end", "."
            ]
        );
        assert_eq!(w.iter().find(|t| t.0 == "We").map(|t| (t.1, t.2)), Some((1, true)));
        assert_eq!(w.iter().find(|t| t.0 == "The").map(|t| t.1), Some(2));
    }
}
