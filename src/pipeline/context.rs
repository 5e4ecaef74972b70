//! What stands before a paragraph, in tokens: the title's first, the context's last, and where places are named in them.

use crate::data::{GivenActor, Span};
use crate::encoder::input::{Lengths, Pieces};
use std::ops::Range;

/// Grows paragraph by paragraph; keeps only what a sequence can hold.
pub struct Context {
    lengths: Lengths,
    title: usize,
    title_places: Vec<(Range<usize>, String)>,
    pieces: Pieces,
    places: Vec<(Range<usize>, String)>,
}

/// Token range of a byte span.
fn tokens(pieces: &Pieces, span: Span) -> Range<usize> {
    let o = pieces.offsets();
    let first = o.partition_point(|x| x.end <= span.start);
    first..first + o[first..].partition_point(|x| x.start < span.end)
}

impl Context {
    /// Nothing read yet.
    pub fn new(lengths: Lengths) -> Self {
        Context { lengths, title: 0, title_places: Vec::new(), pieces: Pieces::default(), places: Vec::new() }
    }

    /// Take the title in.
    pub fn title(&mut self, pieces: &Pieces, places: &[(Span, String)]) {
        self.title = pieces.len().min(self.lengths.title);
        self.title_places = places
            .iter()
            .map(|(s, c)| (tokens(pieces, *s), c.clone()))
            .filter(|(r, _)| r.start < r.end && r.end <= self.title)
            .collect();
    }

    /// Append a text that later paragraphs have before them.
    pub fn push(&mut self, pieces: &Pieces, places: &[(Span, String)]) {
        let at = self.pieces.len();
        self.places.extend(places.iter().map(|(s, c)| {
            let r = tokens(pieces, *s);
            (r.start + at..r.end + at, c.clone())
        }));
        self.pieces.append(pieces);
        let over = self.pieces.len().saturating_sub(self.lengths.context);
        self.pieces.drop_first(over);
        self.places.retain_mut(|(r, _)| {
            let whole = r.start >= over;
            *r = r.start.saturating_sub(over)..r.end.saturating_sub(over);
            whole && r.start < r.end
        });
    }

    /// The context's tokens.
    pub fn pieces(&self) -> &Pieces {
        &self.pieces
    }

    /// Places before the paragraph, as positions in the composed sequence.
    pub fn places(&self) -> Vec<(Range<usize>, String)> {
        let after_title = self.title + 2;
        let title = self.title_places.iter().map(|(r, c)| (r.start + 1..r.end + 1, c.clone()));
        title.chain(self.places.iter().map(|(r, c)| (r.start + after_title..r.end + after_title, c.clone()))).collect()
    }
}

/// The caller's actor with its mentions as bytes into the paragraph at `span`.
pub fn into_paragraph(given: &GivenActor, span: Span) -> GivenActor {
    let mentions = given
        .mentions
        .iter()
        .filter(|m| m.start >= span.start && m.end <= span.end)
        .map(|m| Span::new(m.start - span.start, m.end - span.start))
        .collect();
    GivenActor { mentions, ..given.clone() }
}

/// Of window `i` of `n` (half a window apart), the tokens for which it is the one to ask: those nearest its middle.
pub fn authority(i: usize, n: usize, len: usize, window: usize) -> Range<usize> {
    let quarter = window / 4;
    let from = if i == 0 { 0 } else { quarter.min(len) };
    let to = if i + 1 == n { len } else { (window - quarter).min(len) };
    from..to.max(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_share_out_every_token_once() {
        let (window, total) = (256, 1000);
        let mut asked = vec![0; total];
        let mut starts = vec![0];
        while starts[starts.len() - 1] + window < total {
            starts.push(starts[starts.len() - 1] + window / 2);
        }
        for (i, &s) in starts.iter().enumerate() {
            let len = window.min(total - s);
            authority(i, starts.len(), len, window).for_each(|t| asked[s + t] += 1);
        }
        assert!(asked.iter().all(|&n| n == 1));
    }
}
