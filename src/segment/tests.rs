use super::*;
use ParagraphKind::*;
use proptest::prelude::*;

fn article(text: &str) -> Document {
    Document { text: text.into(), article: true, ..Document::default() }
}

/// Every block of an article: its kind and its first `n` characters.
fn blocks(text: &str, n: usize) -> Vec<(ParagraphKind, String)> {
    paragraphs(&article(text)).iter().map(|p| (p.kind, p.span.of(text).chars().take(n).collect())).collect()
}

fn kinds(text: &str) -> Vec<ParagraphKind> {
    paragraphs(&article(text)).iter().map(|p| p.kind).collect()
}

/// What `block` is amid running text.
fn amid(block: &str) -> ParagraphKind {
    let text = format!("Talks began on Monday in Geneva.\n\n{block}\n\nThey are to end on Friday.");
    let found = paragraphs(&article(&text));
    assert_eq!(found.len(), 3, "{block:?} should stay one block");
    found[1].kind
}

/// What is left of a first paragraph when its dateline is gone.
fn opened(paragraph: &str) -> String {
    let text = format!("{paragraph}\n\nThe talks end on Friday.");
    paragraphs(&article(&text))[0].span.of(&text).to_owned()
}

#[test]
fn agency_story() {
    let text = include_str!("../../tests/data/articles/northern-straits.txt");
    let found = blocks(text, 30);
    let expected = [Link, Caption, Headline, Byline, Byline];
    assert_eq!(found.iter().map(|b| b.0).take(5).collect::<Vec<_>>(), expected);
    assert_eq!(found[5], (Body, "Russia on Monday asked the Eur".into()), "the dateline is left out");
    assert_eq!(found[5..].iter().filter(|b| b.0 == Body).count(), 8);
    assert_eq!(found.last().map(|b| b.0), Some(Byline));
    assert_eq!(found.len(), 14);
}

#[test]
fn broadsheet_with_subheadings() {
    let text = include_str!("../../tests/data/articles/broadsheet.txt");
    let found = blocks(text, 12);
    let headings: Vec<&str> = found.iter().filter(|b| b.0 == Headline).map(|b| b.1.as_str()).collect();
    assert_eq!(headings, ["Europe's lon", "A proposal t", "An offer wit", "Tehran sees ", "What happens"]);
    let told: Vec<_> = found.iter().filter(|b| !matches!(b.0, Body | Headline)).map(|b| b.0).collect();
    assert_eq!(told, [Byline, Dateline, Furniture, Furniture, Byline, Furniture, Furniture, Furniture]);
    assert_eq!(found.iter().filter(|b| b.0 == Body).count(), 8);
    assert!(found.contains(&(Body, "Few expect a".into())), "a short sentence is running text");
}

#[test]
fn press_release_with_contacts() {
    let text = include_str!("../../tests/data/articles/press-release.txt");
    let found = blocks(text, 20);
    assert_eq!(found.iter().map(|b| b.0).take(4).collect::<Vec<_>>(), [Furniture, Dateline, Dateline, Headline]);
    assert_eq!(found[4], (Body, "Canada today announc".into()));
    let tail: Vec<_> = found.iter().rev().take(4).map(|b| b.0).collect();
    assert_eq!(tail, [Furniture, Furniture, Link, Furniture]);
    assert_eq!(found.iter().filter(|b| b.0 == Body).count(), 6);
}

#[test]
fn institution_page() {
    let text = include_str!("../../tests/data/articles/council-press.txt");
    let found = blocks(text, 20);
    let expected = [Furniture, Furniture, Dateline, Dateline, Headline, Body];
    assert_eq!(found.iter().map(|b| b.0).take(6).collect::<Vec<_>>(), expected);
    assert!(found.contains(&(Body, "an asset freeze\na pr".into())), "what a colon announces is running text");
    assert!(found.contains(&(Headline, "Background".into())));
    assert!(found.contains(&(Furniture, "Press contacts\nMarek".into())));
    assert_eq!(found.iter().filter(|b| b.0 == Body).count(), 9);
}

#[test]
fn state_agency_without_blank_lines() {
    let text = include_str!("../../tests/data/articles/state-agency.txt");
    let found = blocks(text, 20);
    assert_eq!(found[0].0, Headline);
    assert_eq!(found[1].0, Dateline);
    assert_eq!(found[2], (Body, "The Government of th".into()));
    assert_eq!(found.iter().map(|b| b.0).skip(3).collect::<Vec<_>>(), [Body, Body, Body, Body, Body, Furniture]);
}

#[test]
fn blocks_end_at_blank_lines_else_at_line_ends() {
    assert_eq!(blocks("One is\nwrapped.\n \t\nTwo.", 99), [(Body, "One is\nwrapped.".into()), (Body, "Two.".into())]);
    assert_eq!(blocks("One.\nTwo.\n", 99), [(Body, "One.".into()), (Body, "Two.".into())]);
    assert_eq!(blocks("One.\r\nTwo.\r\n", 99), [(Body, "One.".into()), (Body, "Two.".into())]);
    assert_eq!(blocks("One is\r\nwrapped.\r\n\r\nTwo.", 99).len(), 2);
    assert_eq!(blocks("One.\rTwo.\u{2029}Three.", 99).len(), 3);
    assert_eq!(blocks("\u{feff}\n One.\u{a0}\n\n\n", 99), [(Body, "One.".into())]);
    assert!(blocks(" \n\t\n", 99).is_empty() && blocks("", 99).is_empty());
}

#[test]
fn records_are_taken_as_given() {
    let text = "By Jane Doe\n\nGENEVA, May 3 (AP) — Talks began.\n\nBy Jane Doe\n";
    let doc = Document { article: false, ..article(text) };
    let found = paragraphs(&doc);
    assert!(found.iter().all(|p| p.kind == Body));
    let texts: Vec<_> = found.iter().map(|p| p.span.of(text)).collect();
    assert_eq!(texts, ["By Jane Doe", "GENEVA, May 3 (AP) — Talks began.", "By Jane Doe"]);
}

#[test]
fn captions_are_told() {
    for block in [
        "The minister speaks in Vienna. File Photo by Jane Doe/UPI | License Photo",
        "Tankers at anchor off Kharg. (AP Photo/Jane Doe, File)",
        "Tankers at anchor off Kharg. Jane Doe/AFP via Getty Images",
        "FILE - In this May 25, 2030 file photo, the minister speaks in Vienna.",
        "FILE PHOTO: The minister speaks. REUTERS/Jane Doe",
        "Photo: Jane Doe",
        "Image credit: Ministry of Foreign Affairs",
        "Delegates arrive for the talks [Jane Doe/Reuters]",
        "The two leaders shake hands in this undated photo released by the palace.",
        "The chancellor arrives. (Photo by Jane Doe / POOL / AFP)",
        "Delegates arrive for the talks. (Reuters)",
        "Getty Images",
    ] {
        assert_eq!(amid(block), Caption, "{block}");
    }
}

#[test]
fn bylines_are_told() {
    for block in [
        "by",
        "By Jane Doe",
        "BY JANE DOE AND JOHN ROE",
        "By Jane Doe, Staff Writer | The Ledger",
        "By Jane van der Doe in Geneva and John Roe in Vienna",
        "Jane Doe, Diplomatic editor",
        "Jane Doe | Staff writer",
        "(Reporting by Jane Doe in Tehran; Editing by John Roe)",
        "Associated Press writers Jane Doe and John Roe contributed to this report.",
    ] {
        assert_eq!(amid(block), Byline, "{block}");
    }
}

#[test]
fn date_lines_are_told() {
    for block in [
        "May 25, 2020 | Updated 10:14 a.m.",
        "LONDON, 3 March",
        "Published: 14 Feb. 2031, 09:30 GMT",
        "Tuesday, March 3, 2020 at 4:05 pm EST",
        "2031-03-05T07:30:00Z",
        "Brussels, 3 March 2031",
        "Last updated on 03/04/2031",
    ] {
        assert_eq!(amid(block), Dateline, "{block}");
    }
}

#[test]
fn other_furniture_is_told() {
    for block in [
        "https://example.org/a?b=c",
        "www.example.org",
        "images/2031/tanker.jpg",
        "![A tanker](tanker.jpg)",
        "[Read the decision](https://example.org/d)",
    ] {
        assert_eq!(amid(block), Link, "{block}");
    }
    for block in [
        "* * *",
        "###",
        "ADVERTISEMENT",
        "Share this article on Facebook",
        "Share",
        "Subscribe to our newsletter and never miss a round.",
        "Read more: Ten years of sanctions on Belarus",
        "Related: Who still buys the oil?",
        "Copyright 2031 The Ledger. All rights reserved.",
        "This story was originally published in May.",
        "FOR IMMEDIATE RELEASE",
        "Contact: Jane Doe, +41 22 555 01 42",
        "Write to Jane Doe at jane.doe@example.org",
        "Tags: Iran, sanctions",
        "3 comments",
    ] {
        assert_eq!(amid(block), Furniture, "{block}");
    }
}

#[test]
fn running_text_stays() {
    for block in [
        "China disagreed.",
        "No.",
        "Will it work?",
        "\"We will not yield,\" he said.",
        "“Sanctions have failed.”",
        "By Friday, the ministers must decide whether to lift the ban.",
        "By refusing, Russia has isolated itself.",
        "Share prices in Moscow fell after the decision.",
        "Reporting by the IAEA shows that Iran has kept to the limits.",
        "The photo agency said its offices in Tehran had been closed.",
        "In May 2020 the Council extended the measures.",
        "March 3 was the deadline that Washington had set.",
        "Contact between the two ministers has been rare since the embargo.",
        "This report was published by the panel of experts, which wants stricter enforcement.",
        "Read together, the two resolutions leave little room for relief.",
        "He told AFP that the EU would ease the ban.",
        "The statement was carried by state news agency Xinhua.",
        "The minister listed three demands:",
        "Copyright law is not among the exemptions, the Treasury said.",
        "Follow-up talks are planned, the Kremlin said.",
        "The embargo was lifted.[3]",
        "中国外交部发言人呼吁解除制裁。",
        "قالت الصين إنها تعارض العقوبات الجديدة.",
        "and the ban on dual-use goods",
        "• a freeze on the assets of nine banks",
    ] {
        assert_eq!(amid(block), Body, "{block}");
    }
}

#[test]
fn headings_head_something() {
    assert_eq!(amid("A narrow path to relief"), Headline);
    assert_eq!(amid("## What comes next?"), Headline);
    assert_eq!(
        amid("Iran, which wants relief, and its neighbours, which do not, met for the fourth time this year"),
        Body
    );
}

#[test]
fn titles_and_repetitions() {
    let text = "Iran rejects the offer.\n\nThe minister in Vienna.\n\nThe minister in Vienna.\n\nTehran said no on Monday.\n\n\
                Iran rejects the offer.";
    let titled = Document { title: Some("Iran rejects the offer".into()), ..article(text) };
    let found: Vec<_> = paragraphs(&titled).iter().map(|p| p.kind).collect();
    assert_eq!(found, [Headline, Caption, Repeated, Body, Repeated]);
    let quotes = "They were asked twice.\n\nQ. Will they?\n\nNo.\n\nQ. Did they?\n\nNo.";
    assert_eq!(kinds(quotes), [Body; 5], "a short answer may come twice");
}

#[test]
fn lines_glued_to_a_block_are_taken_off() {
    let text = "https://example.org/a.jpg\nThe minister in Vienna last week\n\nIran rejects offer\nBy Jane Doe\n3 May 2031\n\n\
                Tehran said no on Monday and\nwas not asked again.\nhttps://example.org/more\n";
    let expected = [Link, Caption, Headline, Byline, Dateline, Body, Link];
    assert_eq!(kinds(text), expected);
    let title = "Iran rejects offer\nTehran said no on Monday, and was not asked again that day.\n\nTalks go on.";
    assert_eq!(kinds(title), [Headline, Body, Body]);
}

#[test]
fn markdown_headings_and_front_matter() {
    let text =
        "---\ntitle: Talks\ndate: 2031-05-03\n---\n\n# Talks resume\n\nIran wants relief.\n\n## Why now?\n\nOil.";
    assert_eq!(kinds(text), [Furniture, Headline, Body, Headline, Body]);
    let headline = paragraphs(&article(text))[1].span.of(text);
    assert_eq!(headline, "Talks resume", "without the mark");
}

#[test]
fn what_a_colon_announces_is_text() {
    let text = "The EU agreed on Monday on:\n\nA freeze of assets\n\nA ban on travel\n\nIt takes effect at once.\n\nReactions\n\nIran protested.";
    assert_eq!(kinds(text), [Body, Body, Body, Body, Headline, Body]);
}

#[test]
fn short_lines_alone_are_text() {
    assert_eq!(kinds("China calls for easing sanctions on North Korea"), [Body]);
    assert_eq!(kinds("Iran rejects new sanctions\nEU backs new sanctions\n"), [Body, Body]);
    assert_eq!(
        kinds("Headline of the day\n\nTehran said no.\n\nMore from this section\n\nThe oil trade in charts"),
        [Headline, Body, Furniture, Furniture]
    );
}

#[test]
fn datelines_are_left_out() {
    for (dateline, rest) in [
        ("May 25 (UPI) -- ", "China asked."),
        ("GENEVA, March 3 (Reuters) - ", "China asked."),
        ("GENEVA, March 3 (NPI) — ", "China asked."),
        ("WASHINGTON — ", "China asked."),
        ("WASHINGTON (AP) — ", "China asked."),
        ("TEHRAN, Iran (IRNA) – ", "“We asked.”"),
        ("Tehran (AFP) – ", "China asked."),
        ("Washington (CNN) ", "China asked."),
        ("(Reuters) - ", "China asked."),
        ("BEIJING/WASHINGTON (Reuters) - ", "China asked."),
        ("MOSCOW, May 25. /TASS/. ", "China asked."),
        ("Brussels, 3 March 2020 – ", "The Council met."),
        ("ST. PETERSBURG, Russia — ", "China asked."),
        ("PYONGYANG, May 25 (KCNA) -- ", "China asked."),
        ("SÃO PAULO, 3 de maio (EFE) — ", "China asked."),
    ] {
        let whole = format!("{dateline}{rest}");
        let left = opened(&whole);
        // A date in another language is not read; then the paragraph stays whole.
        if dateline.contains(" de maio") {
            assert_eq!(left, whole);
        } else {
            assert_eq!(left, rest, "{whole}");
        }
    }
    for whole in [
        "NATO — Which nobody asked — agreed.",
        "OPEC — the cartel — agreed.",
        "Iran - which denies it - agreed.",
        "Sen. Jane Doe (D-N.Y.) — The author — agreed.",
        "BLINKEN: We will not lift them.",
        "Iran (Islamic Republic of) agreed.",
        "The IAEA (Vienna) said no.",
        "WASHINGTON — ",
    ] {
        assert_eq!(opened(whole), whole.trim());
    }
    let later = "Talks began.\n\nGENEVA, March 3 (AP) — China asked.\n\nWASHINGTON — The rest.";
    let found = blocks(later, 99);
    assert_eq!(found[1].1, "China asked.");
    assert_eq!(found[2].1, "WASHINGTON — The rest.", "the loose form counts in the first paragraph only");
}

#[test]
fn long_input_is_read_in_linear_time() {
    let text = "By ".repeat(100_000) + "\n\n" + &"- / (a".repeat(50_000);
    assert!(!paragraphs(&article(&text)).is_empty());
    let lines = "A short line\n".repeat(5_000);
    assert_eq!(paragraphs(&article(&lines)).len(), 5_000);
}

/// Text made of what the rules look at.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("\n"),
        Just("\n\n"),
        Just("\r\n"),
        Just("\r"),
        Just(" "),
        Just("\u{a0}"),
        Just("\u{2029}"),
        Just("\u{feff}"),
        Just("by"),
        Just("By Jane Doe"),
        Just("GENEVA, May 3 (AP) — "),
        Just("WASHINGTON — "),
        Just("# "),
        Just("---"),
        Just("Photo: "),
        Just("/AFP"),
        Just("https://a.b/c.jpg"),
        Just("🙂"),
        Just("é"),
        Just("مرحبا"),
        Just("Iran said no."),
        Just("May 25, 2020"),
        Just("A title"),
        Just(":"),
        Just("("),
        Just(")"),
        Just("["),
        Just("]"),
        Just("["),
        Just("\0"),
    ];
    proptest::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn spans_are_sound(text in prop_oneof![texts(), any::<String>()], whole in any::<bool>(), title in proptest::option::of(texts())) {
        let doc = Document { text: text.clone(), article: whole, title, ..Document::default() };
        let found = paragraphs(&doc);
        let mut end = 0;
        let mut covered = String::new();
        for p in &found {
            prop_assert!(p.span.start >= end && p.span.end <= text.len());
            let block = text.get(p.span.start..p.span.end).unwrap();
            prop_assert!(!block.is_empty());
            prop_assert_eq!(block.trim(), block);
            covered.push_str(block);
            end = p.span.end;
        }
        // A record's spans hold all that is no white space; of an article only datelines and heading marks are left out.
        if !whole {
            let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{feff}' | '\u{200b}')).collect::<String>();
            prop_assert_eq!(letters(&covered), letters(&text));
        }
        prop_assert_eq!(found, paragraphs(&doc));
    }
}
