//! Whether a paragraph is in a language that the models can read.

/// Characters below which a language is not guessed at.
const SHORTEST: usize = 60;
/// Share of words that are [`COMMON`] from which on a text is English without asking further.
const ENGLISH: f64 = 0.15;
/// Words that make up a third of running English, and are seldom words of another language.
const COMMON: [&str; 24] = [
    "the", "of", "and", "to", "a", "that", "is", "was", "for", "on", "with", "by", "said", "as", "has", "have", "had",
    "be", "are", "not", "it", "his", "from", "would",
];

/// The English name of the language that `text` is in, where that is another one than English and there is enough text to
/// tell: by trigrams (`whatlang`), and only where few of the words are common English ones.
pub fn foreign(text: &str) -> Option<&'static str> {
    if text.chars().count() < SHORTEST {
        return None;
    }
    let (mut words, mut common) = (0usize, 0usize);
    for w in text.split_whitespace() {
        words += 1;
        let w = w.trim_matches(|c: char| !c.is_alphanumeric());
        common += usize::from(COMMON.iter().any(|c| c.eq_ignore_ascii_case(w)));
    }
    if common as f64 >= ENGLISH * words as f64 {
        return None;
    }
    let found = whatlang::detect(text)?;
    (found.is_reliable() && found.lang() != whatlang::Lang::Eng).then(|| found.lang().eng_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_languages_are_told_and_english_is_not() {
        let named = [
            (
                "Die Bundesregierung lehnt eine Aufhebung der Strafmaßnahmen gegen das Nachbarland ab, sagte die Ministerin.",
                "German",
            ),
            (
                "Le ministre a déclaré que la levée des mesures n’était pas à l’ordre du jour de la réunion de lundi.",
                "French",
            ),
            (
                "Представитель министерства заявил в понедельник, что ограничения должны быть сняты без всяких условий.",
                "Russian",
            ),
            (
                "外交部发言人星期一在例行记者会上表示，中方一贯反对单边制裁和所谓的长臂管辖，呼吁有关方面尽快取消这些限制措施，通过对话协商解决分歧，维护地区和平与稳定。",
                "Mandarin",
            ),
        ];
        for (text, language) in named {
            assert_eq!(foreign(text), Some(language), "{text}");
        }
        for text in [
            "The ministry said on Monday that it would not lift the measures until the last of the prisoners was home.",
            "Brussels, Paris, Berlin, Rome, Madrid, Warsaw, Prague, Vienna, Budapest, Bucharest, Sofia and Athens agreed.",
            "Ja.",
            "",
        ] {
            assert_eq!(foreign(text), None, "{text}");
        }
    }
}
