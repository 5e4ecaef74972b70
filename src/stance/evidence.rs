//! The words that show a stance: the run of tokens whose evidence logits add up to most.

use crate::data::Span;

/// How far the bar is laid below the best token where none reaches it.
const NEAR: f32 = 1.0;

/// The span of `offsets` (tokens of one window, bytes of the paragraph) with the greatest sum of `logits - bar`: the
/// shortest run that holds what supports the label (Kadane's maximal subarray). A higher `bar` gives shorter spans; where
/// no token exceeds it, it is lowered until the best one and those like it do, since a lone "the" tells a reader nothing.
/// `None` only where there is no token. The span is widened to whole words of `text`.
pub fn best_span(text: &str, offsets: &[Span], logits: &[f32], bar: f32) -> Option<Span> {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let bar = if top > bar { bar } else { top - NEAR };
    let mut best: Option<(f32, usize, usize)> = None;
    let (mut sum, mut from) = (0f32, 0usize);
    for (i, &l) in logits.iter().enumerate().take(offsets.len()) {
        if sum <= 0.0 {
            (sum, from) = (0.0, i);
        }
        sum += l - bar;
        if best.is_none_or(|(b, ..)| sum > b) {
            best = Some((sum, from, i));
        }
    }
    let (_, a, z) = best?;
    Some(whole_words(text, Span::new(offsets[a].start, offsets[z].end)))
}

/// Widen a span to the words it cuts.
pub fn whole_words(text: &str, span: Span) -> Span {
    let word = |c: char| c.is_alphanumeric() || c == '\'' || c == '’';
    let (mut start, mut end) = (span.start, span.end);
    if text[start..].chars().next().is_some_and(word) {
        start -= text[..start].chars().rev().take_while(|&c| word(c)).map(char::len_utf8).sum::<usize>();
    }
    if text[..end].chars().next_back().is_some_and(word) {
        end += text[end..].chars().take_while(|&c| word(c)).map(char::len_utf8).sum::<usize>();
    }
    Span::new(start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Span> {
        let mut at = 0;
        text.split(' ')
            .map(|w| {
                let s = Span::new(at, at + w.len());
                at += w.len() + 1;
                s
            })
            .collect()
    }

    #[test]
    fn the_best_run_is_found() {
        let text = "Havana wants the blockade gone today";
        let s = best_span(text, &words(text), &[-3.0, 2.0, 1.0, 1.0, 2.0, -1.0], 0.0).map(|s| s.of(text));
        assert_eq!(s, Some("wants the blockade gone"));
        let s = best_span(text, &words(text), &[-3.0, -2.0, -1.0, -0.5, -2.0, -1.0], 0.0).map(|s| s.of(text));
        assert_eq!(s, Some("the blockade"), "the best words where nothing is above the bar");
        assert_eq!(best_span(text, &[], &[], 0.0), None);
    }

    #[test]
    fn cut_words_are_made_whole() {
        let text = "«Überflüssig», sagte er";
        assert_eq!(whole_words(text, Span::new(4, 6)).of(text), "Überflüssig");
    }
}
