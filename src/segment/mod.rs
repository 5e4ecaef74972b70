//! Cuts a document into paragraphs, and tells an article's running text from its furniture.
//!
//! Blocks end at blank lines, or at line ends where the text has no blank line. A record is taken as it is given: every
//! block is [`Body`]. In an article the rules below are asked in order; what none of them claims is [`Body`], so that a
//! short sentence stays running text.
//!
//! 1. By itself (`marks`): an address, a photo credit, a byline, a date line, a share or contact line.
//! 2. By recurrence: the title, the same block once more; a short block doubled on the spot is a caption.
//! 3. By place: what stands under an image's address is its caption, a name after "by" is a byline, and a short block
//!    that ends no sentence heads what follows: headline or sub-heading. After the last running text it is furniture.
//! 4. A dateline at the head of a paragraph (`dateline`) is left out of its span: the agency in it is no actor.
//!
//! [`Body`]: ParagraphKind::Body

mod agencies;
mod blocks;
mod dateline;
pub mod language;
mod marks;
mod shape;

use crate::data::{Document, Paragraph, ParagraphKind, Span};
use blocks::Piece;
use std::collections::HashMap;

/// Longest block, in words, that can be the caption of the image above it, or a caption because it is doubled.
const CAPTION_WORDS: usize = 60;
/// Longest section name above a headline, in words.
const KICKER_WORDS: usize = 4;

/// Compile the patterns, which costs some 40 ms once: else the first article pays for them.
pub fn prepare() {
    let article = Document { text: WARM.into(), article: true, ..Document::default() };
    paragraphs(&article);
}

/// An article that asks every pattern.
const WARM: &str =
    "GENEVA, Ontario\n\nJane Doe, Writer\n\nGENEVA — The talks went on.\n\nThe talks end on May 25.\n\nThey go on.";

/// The paragraphs of `doc` in text order, furniture included; spans are bytes into `doc.text`, never empty, without
/// the white space around them, and do not overlap.
pub fn paragraphs(doc: &Document) -> Vec<Paragraph> {
    let text = &doc.text;
    let blocks = blocks::split(text);
    if !doc.article {
        return blocks.iter().map(|b| Paragraph { span: blocks::cover(b), kind: ParagraphKind::Body }).collect();
    }
    let mut pieces = blocks::pieces(text, &blocks);
    recurrence(text, doc.title.as_deref(), &mut pieces);
    place(text, &mut pieces);
    let mut found: Vec<Paragraph> =
        pieces.into_iter().map(|p| Paragraph { span: p.span, kind: p.kind.unwrap_or(ParagraphKind::Body) }).collect();
    open_datelines(text, &mut found);
    for paragraph in found.iter_mut().filter(|p| p.kind == ParagraphKind::Headline) {
        paragraph.span = shape::without_heading_mark(text, paragraph.span);
    }
    found
}

/// Rule 2: the title standing in the text, and blocks that come again.
fn recurrence(text: &str, title: Option<&str>, pieces: &mut [Piece]) {
    let title = title.map(shape::key).filter(|k| !k.is_empty());
    let mut seen: HashMap<String, usize> = HashMap::new();
    for i in 0..pieces.len() {
        let block = pieces[i].span.of(text);
        let key = shape::key(block);
        if key.is_empty() || matches!(pieces[i].kind, Some(ParagraphKind::Link | ParagraphKind::Furniture)) {
            continue;
        }
        match seen.get(&key) {
            Some(&first) => {
                let adjacent = first + 1 == i;
                let words = shape::words(block);
                // A short answer may be given twice ("No."), but not on the spot.
                if adjacent || words > 3 {
                    pieces[i].kind = Some(ParagraphKind::Repeated);
                }
                if adjacent && words <= CAPTION_WORDS && pieces[first].kind.is_none() && shape::ends_sentence(block) {
                    pieces[first].kind = Some(ParagraphKind::Caption);
                }
            }
            None => {
                if title.as_ref() == Some(&key) {
                    pieces[i].kind = Some(ParagraphKind::Headline);
                }
                seen.insert(key, i);
            }
        }
    }
}

/// Rule 3: captions, names and headings by where they stand.
fn place(text: &str, pieces: &mut [Piece]) {
    let untold = |p: &Piece| p.kind.is_none();
    for i in 0..pieces.len() {
        let block = pieces[i].span.of(text);
        let after = i.checked_sub(1).map(|before| &pieces[before]);
        if !untold(&pieces[i]) {
            continue;
        }
        if pieces[i].under_image && shape::words(block) <= CAPTION_WORDS {
            pieces[i].kind = Some(ParagraphKind::Caption);
        } else if after.is_some_and(|p| marks::is_bare_by(p.span.of(text))) && shape::is_name(block) {
            pieces[i].kind = Some(ParagraphKind::Byline);
        }
    }
    let heading = |p: &Piece| untold(p) && (p.listed || shape::is_heading(p.span.of(text)));
    let top = |p: &Piece| untold(p) && shape::is_headline(p.span.of(text));
    // Running text begins at the first block that neither a mark nor its shape tells to be something else.
    let Some(first) = pieces.iter().position(|p| untold(p) && !top(p)) else {
        return; // Nothing but short lines without a full stop: they are what there is to read.
    };
    let last = pieces.iter().rposition(|p| untold(p) && !heading(p)).unwrap_or(first);
    // Above the headline there may be a section's name, which is shorter.
    let long = |p: &Piece| shape::words(p.span.of(text)) > KICKER_WORDS;
    let headline = pieces[..first].iter().position(|p| top(p) && long(p)).unwrap_or(0);
    let (mut headed, mut listing) = (false, false);
    for (i, piece) in pieces.iter_mut().enumerate() {
        let block = piece.span.of(text);
        let kind = if i < first && top(piece) {
            Some(match (headed, i < headline) {
                (true, _) if shape::is_name(block) => ParagraphKind::Byline,
                (_, true) => ParagraphKind::Furniture,
                _ => ParagraphKind::Headline,
            })
        } else if i > first && heading(piece) && !listing {
            Some(if i > last || piece.listed { ParagraphKind::Furniture } else { ParagraphKind::Headline })
        } else {
            None
        };
        // What a colon announces, a list or a quotation, is running text to its end.
        headed |= kind == Some(ParagraphKind::Headline);
        listing = untold(piece) && kind.is_none() && (block.ends_with(':') || listing && heading(piece));
        piece.kind = piece.kind.or(kind);
    }
}

/// Rule 4: running text begins after its dateline.
fn open_datelines(text: &str, found: &mut [Paragraph]) {
    let body = |p: &&mut Paragraph| p.kind == ParagraphKind::Body;
    let labels = found.iter_mut().filter(body).filter(|p| dateline::has_label(p.span.of(text))).count();
    let mut first = labels <= 1;
    for paragraph in found.iter_mut().filter(body) {
        let skip = dateline::length(paragraph.span.of(text), first);
        first = false;
        paragraph.span = Span::new(paragraph.span.start + skip, paragraph.span.end);
    }
}

#[cfg(test)]
mod tests;
