//! The nouns of the field, shared by every room of the house: documents, paragraphs,
//! actors, stances, and the records that are written.
//!
//! Inside the library a [`Span`] counts **bytes** of UTF-8. What leaves it (records, labelled data) counts
//! Unicode code points; [`CodePoints`] turns one into the other.

use crate::error::Origin;
use serde::{Deserialize, Serialize};

/// A half-open range of byte offsets into a text, on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span `[start, end)`.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start, end }
    }
    /// Whether the two share at least one byte.
    pub fn overlaps(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }
    /// Whether `other` lies wholly inside.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }
    /// Whether nothing is inside.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }
    /// The same span seen from a text that begins `by` bytes earlier.
    pub fn shifted(self, by: usize) -> Self {
        Span { start: self.start + by, end: self.end + by }
    }
    /// The text it covers; empty where the span does not fit the text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }
}

/// Turns byte offsets of one text into code points and back, in logarithmic time.
#[derive(Debug, Clone)]
pub struct CodePoints {
    /// Byte offset of every 64th code point; empty where the text is ASCII.
    marks: Vec<usize>,
    text: std::sync::Arc<str>,
}

const STRIDE: usize = 64;

impl CodePoints {
    /// Index `text`.
    pub fn new(text: &str) -> Self {
        let marks = match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().step_by(STRIDE).map(|(b, _)| b).collect(),
        };
        CodePoints { marks, text: text.into() }
    }
    /// Code points before byte `byte` (clamped to the text's end).
    pub fn at(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        if self.marks.is_empty() {
            return byte;
        }
        let i = self.marks.partition_point(|&m| m <= byte).saturating_sub(1);
        i * STRIDE + self.text[self.marks[i]..].char_indices().take_while(|(b, _)| self.marks[i] + b < byte).count()
    }
    /// Byte offset of code point `point`; `None` past the end.
    pub fn byte(&self, point: usize) -> Option<usize> {
        if self.marks.is_empty() {
            return (point <= self.text.len()).then_some(point);
        }
        let i = (point / STRIDE).min(self.marks.len() - 1);
        let from = self.marks[i];
        let mut rest = self.text[from..].char_indices().map(|(b, _)| from + b).chain(std::iter::once(self.text.len()));
        rest.nth(point - i * STRIDE)
    }
    /// A byte span as `[start, end]` in code points.
    pub fn pair(&self, span: Span) -> [usize; 2] {
        [self.at(span.start), self.at(span.end)]
    }
}

/// One input document.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The caller's id, else one made from the file name and line.
    pub id: String,
    /// Headline, where the input has one.
    pub title: Option<String>,
    /// ISO 8601 date (`YYYY-MM-DD`), where the input has one.
    pub date: Option<String>,
    /// Text before `text`: read for understanding, never scored.
    pub context: Option<String>,
    /// The text to score.
    pub text: String,
    /// The caller's own actors, which replace detection.
    pub actors: Option<Vec<GivenActor>>,
    /// Every other field of the input, passed through.
    pub meta: serde_json::Map<String, serde_json::Value>,
    /// Whether the text is a whole article (text, Markdown, HTML), whose furniture (bylines, captions,
    /// datelines) is told from its paragraphs, or a record, scored as it is given.
    pub article: bool,
    /// Where it came from.
    pub origin: Origin,
}

/// An actor that the caller names by its span in `text`.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenActor {
    /// All mentions, bytes into the document's text; the first is the one to report.
    pub mentions: Vec<Span>,
    /// Code, where the caller gives one.
    pub code: Option<String>,
    /// Name, where the caller gives one.
    pub name: Option<String>,
}

/// One paragraph of a document, or a piece of its furniture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph {
    /// Where it stands in the document's text, without the white space around it.
    pub span: Span,
    /// What it is. Only [`ParagraphKind::Body`] is scored.
    pub kind: ParagraphKind,
}

/// What a block of an article is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParagraphKind {
    /// Running text.
    Body,
    /// The headline, standing in the text; read as the title where none is given.
    Headline,
    /// Photo credit or caption.
    Caption,
    /// An address of an image or page.
    Link,
    /// Author line.
    Byline,
    /// Place and date on a line of their own.
    Dateline,
    /// The same block once more.
    Repeated,
    /// Share buttons, copyright lines, calls to subscribe, and the like.
    Furniture,
}

/// The four labels of the codebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stance {
    /// Less sanctions pressure.
    Ease,
    /// The present level.
    Maintain,
    /// More sanctions pressure.
    Tighten,
    /// No position shown.
    None,
}

impl Stance {
    /// All four, in the order of every array of probabilities.
    pub const ALL: [Stance; 4] = [Stance::Ease, Stance::Maintain, Stance::Tighten, Stance::None];
    /// The label as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Stance::Ease => "ease",
            Stance::Maintain => "maintain",
            Stance::Tighten => "tighten",
            Stance::None => "none",
        }
    }
    /// Its place in [`Stance::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// Kinds of actor, by the codebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorType {
    /// A state, by its name, capital or metonym.
    State,
    /// An international body.
    Body,
    /// A branch, ministry, legislature, party or administration.
    Gov,
    /// A person.
    Person,
    /// Officials, lawmakers, allies, protesters.
    Group,
    /// A company, NGO, think tank or outlet.
    Org,
}

impl ActorType {
    /// All six, in the order of the model's type head.
    pub const ALL: [ActorType; 6] =
        [ActorType::State, ActorType::Body, ActorType::Gov, ActorType::Person, ActorType::Group, ActorType::Org];
    /// The type as written.
    pub fn as_str(self) -> &'static str {
        match self {
            ActorType::State => "state",
            ActorType::Body => "body",
            ActorType::Gov => "gov",
            ActorType::Person => "person",
            ActorType::Group => "group",
            ActorType::Org => "org",
        }
    }
    /// Its place in [`ActorType::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// What an actor does in a paragraph, several at once where the text says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Expresses a stance.
    Holder,
    /// Imposes, would impose, enforces or lifts.
    Sender,
    /// The sanctions are against it.
    Target,
    /// Is asked, urged or told.
    Addressee,
    /// Reports or is cited.
    Source,
    /// None of these.
    Bystander,
}

/// Whose voice a stance is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Voice {
    /// The text reports the actor's act, decision or position as fact.
    Act,
    /// The actor's own quoted or reported words.
    Said,
    /// Another's account of it.
    Claim,
}

impl Voice {
    /// All three, in the order of the model's voice head.
    pub const ALL: [Voice; 3] = [Voice::Act, Voice::Said, Voice::Claim];
}

/// By which rule a mention was found or tied to its actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// A full name of the gazetteer.
    Name,
    /// Another name for it: metonym, capital, acronym, short form.
    Alias,
    /// An office, resolved by state and date.
    Title,
    /// A surname, description or pronoun that refers back.
    Coreference,
    /// The model alone.
    Model,
    /// The caller.
    Given,
}

/// A span that the model takes for a mention, before resolution.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Bytes into the paragraph's text.
    pub span: Span,
    /// The model's confidence in the mention, 0 to 1.
    pub confidence: f32,
    /// The model's view of its type, with the probability.
    pub kind: (ActorType, f32),
    /// The model's view of its code (`USA`, `-`, …), with the probability; `None` where it has none.
    pub code: Option<(String, f32)>,
}

/// An actor of one paragraph, found and resolved, not yet scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Actor {
    /// Display name: canonical where known, else the surface.
    pub name: String,
    /// Stable id: `CHN:wang-yi`, `UNSC`, `USA:senate`.
    pub id: String,
    /// ISO 3166-1 alpha-3, a body's acronym, `INTL` or `-`.
    pub code: String,
    /// Its kind.
    pub kind: ActorType,
    /// Mentions in this paragraph, bytes into the paragraph's text, in text order.
    pub mentions: Vec<Span>,
    /// How it was found.
    pub via: Via,
}

/// An actor with its stance.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredActor {
    /// Who.
    pub actor: Actor,
    /// The most probable label.
    pub stance: Stance,
    /// Calibrated probabilities, order of [`Stance::ALL`]; they sum to 1.
    pub p: [f32; 4],
    /// The shortest run of words that shows the stance, bytes into the paragraph; none for [`Stance::None`].
    pub evidence: Option<Span>,
    /// What the actor does in the paragraph.
    pub roles: Vec<Role>,
    /// Whose voice the stance is in; none for [`Stance::None`].
    pub voice: Option<Voice>,
    /// Whether the label's probability is below the user's bar (`--abstain`).
    pub abstained: bool,
}

/// A paragraph with its scores.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredParagraph {
    /// Number in the document, from 0; furniture does not count.
    pub index: usize,
    /// Bytes into the document's text.
    pub span: Span,
    /// Probability that the paragraph speaks of sanctions.
    pub about: f32,
    /// Codes of those against whom the sanctions are directed.
    pub targets: Vec<String>,
    /// Actors in text order, or in the caller's order where the caller named them.
    pub actors: Vec<ScoredActor>,
}

/// A document with its scores.
#[derive(Debug, Clone)]
pub struct Scored {
    /// The document as read.
    pub document: Document,
    /// Its running paragraphs, in order.
    pub paragraphs: Vec<ScoredParagraph>,
    /// Everything that was guessed or assumed in scoring it.
    pub notes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_points_and_bytes_agree() {
        let long: String = "aé😀 ".repeat(100);
        for text in ["", "plain", "é", "a😀b", "يريد رفع العقوبات", &long] {
            let c = CodePoints::new(text);
            let bytes: Vec<usize> = text.char_indices().map(|(b, _)| b).chain([text.len()]).collect();
            for (point, &byte) in bytes.iter().enumerate() {
                assert_eq!((c.at(byte), c.byte(point)), (point, Some(byte)), "{text:?}");
            }
            assert_eq!(c.byte(bytes.len()), None);
        }
    }
}
