//! Token tags to mention spans.

use crate::data::Span;
use crate::stance::evidence::whole_words;

/// Runs of tokens whose probability of being in a mention reaches `bar`, each with its mean confidence. A token more
/// likely to begin a mention than to go on in one begins a new one.
pub fn decode(text: &str, offsets: &[Span], tags: &[[f32; 3]], bar: f32) -> Vec<(Span, f32)> {
    let mut out: Vec<(Span, f32, usize)> = Vec::new();
    let mut open = false;
    for (o, [outside, begins, goes_on]) in offsets.iter().zip(tags) {
        let inside = 1.0 - outside;
        // A word piece glued to the last one belongs to the same word and so to the same mention.
        let glued = open && out.last().is_some_and(|m| m.0.end == o.start) && !boundary(text, o.start);
        if glued || (inside >= bar && open && goes_on >= begins) {
            if let Some(m) = out.last_mut() {
                m.0.end = o.end;
                m.1 += inside;
                m.2 += 1;
            }
        } else {
            open = inside >= bar;
            if open {
                out.push((*o, inside, 1));
            }
        }
    }
    let mut spans: Vec<(Span, f32)> = Vec::new();
    for (span, confidence) in out.into_iter().map(|(s, sum, n)| (whole_words(text, s), sum / n as f32)) {
        match spans.last_mut() {
            // Two mentions with nothing but a space between them are one whose words the tagger doubted ("A | senior
            // official", "Foreign Minister | Wang Yi").
            Some((last, c))
                if text.get(last.end..span.start).is_some_and(|gap| gap.trim().is_empty() && gap.len() < 2) =>
            {
                last.end = last.end.max(span.end);
                *c = c.max(confidence);
            }
            _ => spans.push((span, confidence)),
        }
    }
    spans
}

/// Whether a word may begin at byte `at`.
fn boundary(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
    let after = text[at..].chars().next().is_some_and(char::is_alphanumeric);
    !(before && after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_spans() {
        let text = "Wang Yi told Iranians";
        let offsets = [Span::new(0, 4), Span::new(5, 7), Span::new(8, 12), Span::new(13, 17), Span::new(17, 21)];
        let tags = [[0.1, 0.8, 0.1], [0.2, 0.1, 0.7], [0.9, 0.05, 0.05], [0.3, 0.6, 0.1], [0.6, 0.3, 0.1]];
        let got: Vec<&str> = decode(text, &offsets, &tags, 0.5).iter().map(|(s, _)| s.of(text)).collect();
        assert_eq!(got, ["Wang Yi", "Iranians"]);
    }
}
