//! What an analyst expects of the whole room.

use super::{Gazetteer, Resolver, check, explain};
use crate::data::{Actor, ActorType, Candidate, GivenActor, Span, Via};
use proptest::prelude::*;
use std::sync::LazyLock;

static SHIPPED: LazyLock<Gazetteer> = LazyLock::new(|| Gazetteer::shipped().unwrap());

/// Candidates at the first place of each of `mentions`.
fn tagged(text: &str, mentions: &[(&str, ActorType)]) -> Vec<Candidate> {
    let one = |(m, kind): &(&str, ActorType)| {
        let start = text.find(m).unwrap_or_else(|| panic!("{m} is not in the text"));
        Candidate { span: Span::new(start, start + m.len()), confidence: 1.0, kind: (*kind, 1.0), code: None }
    };
    mentions.iter().map(one).collect()
}

fn read(date: Option<&str>, before: &str, text: &str, mentions: &[(&str, ActorType)]) -> Vec<Actor> {
    let mut r = Resolver::new(&SHIPPED, date);
    r.read(before);
    r.paragraph(text, &tagged(text, mentions))
}

fn ids(actors: &[Actor]) -> Vec<&str> {
    actors.iter().map(|a| a.id.as_str()).collect()
}

use ActorType::{Body, Gov, Group, Org, Person, State};

#[test]
fn the_tables_are_sound() {
    assert!(SHIPPED.len() > 1500);
    for code in ["USA", "SUN", "YUG", "UNSC", "INTL", "USA:ofac", "CHN:wang-yi", "RUS:sergey-lavrov"] {
        assert!(SHIPPED.by_id(code).is_some(), "{code} is missing");
    }
}

#[test]
fn places_are_found_as_adjectives_too() {
    let text = "Iranian oil, U.S. sanctions and Moscow’s answer; let us eat turkey in Turkey.";
    let codes: Vec<String> = SHIPPED.places(text).into_iter().map(|p| p.1).collect();
    assert_eq!(codes, ["IRN", "USA", "RUS", "TUR"]);
}

#[test]
fn a_state_is_one_actor_however_worded_a_group_of_its_people_another() {
    let text = "The United States waited. Washington would not say when U.S. officials, or the White House, might move. \
        The U.S. asked Moscow and the Kremlin to wait.";
    let mentions = [
        ("The United States", State),
        ("Washington", State),
        ("U.S. officials", Group),
        ("the White House", Gov),
        ("The U.S.", State),
        ("Moscow", State),
        ("the Kremlin", Gov),
    ];
    let actors = read(None, "", text, &mentions);
    assert_eq!(ids(&actors), ["USA", "USA:u-s-officials", "USA:white-house", "RUS", "RUS"]);
    assert_eq!(
        actors[0].mentions.iter().map(|m| m.of(text)).collect::<Vec<_>>(),
        ["The United States", "Washington", "The U.S."]
    );
}

#[test]
fn institutions_of_the_union_are_told_apart() {
    let text =
        "The Commission proposed relief; the European Parliament refused and the Council waited. The EU is divided.";
    let mentions =
        [("The Commission", Body), ("the European Parliament", Body), ("the Council", Body), ("The EU", Body)];
    let actors = read(None, "The EU met.", text, &mentions);
    assert_eq!(ids(&actors), ["EU:commission", "EU:parliament", "EU:council", "EU"]);
    assert!(actors.iter().all(|a| a.code == "EU"));
}

#[test]
fn the_president_depends_on_the_date() {
    let text = "Congress passed the bill and the president signed it.";
    let who = |date| read(date, "", text, &[("Congress", Gov), ("the president", Person)]).remove(1);
    assert_eq!((who(Some("2016-05-03")).id.as_str(), who(Some("2016-05-03")).via), ("USA:barack-obama", Via::Title));
    assert_eq!(who(Some("2026-05-03")).id, "USA:donald-trump");
    assert_eq!(who(Some("1986")).id, "USA:ronald-reagan");
    assert_eq!(who(None).id, "USA:president");
    let mut r = Resolver::new(&SHIPPED, None);
    r.paragraph(text, &tagged(text, &[("Congress", Gov), ("the president", Person)]));
    assert!(r.notes().iter().any(|n| n.starts_with("no date")), "{:?}", r.notes());
    assert!(Resolver::new(&SHIPPED, Some("2016")).notes().is_empty());
}

#[test]
fn surnames_and_titles_refer_back() {
    let before = "Chinese Foreign Minister Wang Yi met Mr. Lopez, an Ecuadorian banker, in Quito.";
    let text = "Wang urged restraint. The foreign minister did not name the banker.";
    let actors = read(
        Some("2019-01-01"),
        before,
        text,
        &[("Wang", Person), ("The foreign minister", Person), ("the banker", Person)],
    );
    assert_eq!(actors[0].id, "CHN:wang-yi");
    assert_eq!(actors[0].mentions.len(), 2);
    assert_eq!(actors[1].id, "ECU:lopez");
}

#[test]
fn offices_are_resolved_by_state_and_date() {
    let text = "China's top diplomat and the German chancellor spoke with the Iranian foreign minister.";
    let mentions =
        [("China's top diplomat", Person), ("the German chancellor", Person), ("the Iranian foreign minister", Person)];
    let actors = read(Some("2014-09-01"), "", text, &mentions);
    assert_eq!(ids(&actors)[1..], ["DEU:angela-merkel", "IRN:mohammad-javad-zarif"]);
}

#[test]
fn codes_of_descriptions_come_from_what_stands_in_or_beside_them() {
    let text = "Iranian officials met Moscow's envoy; a senior Treasury official, European diplomats, officials in Tehran, \
                analysts and Chinese companies looked on.";
    let mentions = [
        ("Iranian officials", Group),
        ("Moscow's envoy", Person),
        ("a senior Treasury official", Person),
        ("European diplomats", Group),
        ("officials in Tehran", Group),
        ("analysts", Group),
        ("Chinese companies", Group),
    ];
    let codes: Vec<String> = read(Some("2020"), "", text, &mentions).into_iter().map(|a| a.code).collect();
    assert_eq!(codes, ["IRN", "RUS", "USA", "EU", "IRN", "-", "-"]);
}

#[test]
fn acronyms_that_the_text_introduces_are_known_after() {
    let before = "South Korea's Central Trade Information Agency (CTIA) reported on Friday.";
    let mut r = Resolver::new(&SHIPPED, Some("2012"));
    r.paragraph(before, &tagged(before, &[("Central Trade Information Agency", Gov)]));
    let text = "The CTIA saw no change.";
    let actors = r.paragraph(text, &tagged(text, &[("CTIA", Gov)]));
    assert_eq!(ids(&actors), ["KOR:central-trade-information-agency"]);
}

#[test]
fn former_states_have_their_time() {
    let text = "Rhodesia, Belgrade and Burma would not move.";
    let mentions = [("Rhodesia", State), ("Belgrade", State), ("Burma", State)];
    assert_eq!(ids(&read(Some("1972"), "", text, &mentions)), ["ZWE", "YUG", "MMR"]);
    assert_eq!(ids(&read(Some("2015"), "", text, &mentions))[1], "SRB");
}

#[test]
fn one_person_is_one_actor_and_a_person_and_his_state_are_two() {
    let text = "Sergei Lavrov spoke for Russia. Lavrov said Russia's patience was at an end, and he left.";
    let mentions = [("Sergei Lavrov", Person), ("Russia", State), ("Lavrov said", Person), ("he left", Person)];
    let mut candidates = tagged(text, &mentions);
    candidates[2].span.end = candidates[2].span.start + "Lavrov".len();
    candidates[3].span.end = candidates[3].span.start + "he".len();
    let mut r = Resolver::new(&SHIPPED, Some("2014"));
    let actors = r.paragraph(text, &candidates);
    assert_eq!(ids(&actors), ["RUS:sergey-lavrov", "RUS"]);
    assert_eq!(actors[0].mentions.len(), 3);
    assert_eq!(actors[1].mentions.len(), 2, "the possessive is the same mention");
}

#[test]
fn edges_of_candidates_are_put_right() {
    let text = "On Friday, North Korea’s envoy left.";
    let start = text.find("Korea").unwrap();
    let wrong =
        Candidate {
            span: Span::new(start, start + "Korea’s ".len()), confidence: 0.8, kind: (State, 0.9), code: None
        };
    let actors = Resolver::new(&SHIPPED, Some("2017")).paragraph(text, &[wrong]);
    assert_eq!(actors[0].id, "PRK");
    assert_eq!(actors[0].mentions[0].of(text), "North Korea");
}

#[test]
fn an_adjective_takes_its_noun_along() {
    let text = "The minister said that his Slovak counterpart agreed, as Slovak voters do.";
    let actors = Resolver::new(&SHIPPED, None).paragraph(text, &tagged(text, &[("Slovak", Person)]));
    assert_eq!((actors[0].mentions[0].of(text), actors[0].code.as_str()), ("Slovak counterpart", "SVK"));
}

#[test]
fn pronouns_that_the_tagger_passed_over_stand_for_whom_no_mention_stands() {
    let mut r = Resolver::new(&SHIPPED, Some("2019-05-05"));
    let first = "Foreign Minister Wang Yi met his Egyptian counterpart in Cairo.";
    assert!(r.paragraph_and_pronouns(first, &tagged(first, &[("Wang Yi", Person)])).1.is_empty());
    let next = "He said sanctions must go, and he added that they had failed. “He must leave,” an aide said.";
    let (actors, pronouns) = r.paragraph_and_pronouns(next, &tagged(next, &[("an aide", Person)]));
    assert_eq!(actors.len(), 1, "{actors:?}");
    assert_eq!(ids(&pronouns), ["CHN:wang-yi"], "{pronouns:?}");
    // Neither the one in the quotation nor "they", which does not speak.
    assert_eq!(pronouns[0].mentions, [Span::new(0, 2), Span::new(31, 33)]);
    let named = "Wang Yi spoke first. He wants the embargo lifted.";
    assert!(r.paragraph_and_pronouns(named, &tagged(named, &[("Wang Yi", Person)])).1.is_empty());
}

#[test]
fn a_speech_is_that_of_the_state_whose_envoy_holds_it() {
    let text = "My delegation does not believe in sanctions.";
    for (heading, code) in [
        ("Statement by the Permanent Representative of Singapore to the United Nations", "SGP"),
        ("Explanation of vote on Iraq by the delegation of Chile", "CHL"),
        ("Letter dated 3 May from the Chargé d'affaires of Haiti to the Secretary-General", "HTI"),
    ] {
        let mut r = Resolver::new(&SHIPPED, None);
        r.read("The situation in Myanmar");
        r.heading(heading);
        assert_eq!(r.paragraph(text, &tagged(text, &[("My delegation", Group)]))[0].code, code, "{heading}");
    }
}

#[test]
fn the_model_is_heard_where_the_rules_only_guess() {
    let text = "Dariusz Pawlak asked for more time.";
    let mut candidates = tagged(text, &[("Dariusz Pawlak", Person)]);
    candidates[0].code = Some(("POL".into(), 0.8));
    assert_eq!(Resolver::new(&SHIPPED, None).paragraph(text, &candidates)[0].id, "POL:dariusz-pawlak");
}

#[test]
fn given_actors_come_back_in_order() {
    let text = "Pyongyang thanked Beijing and its envoy.";
    let at = |s: &str| Span::new(text.find(s).unwrap(), text.find(s).unwrap() + s.len());
    let given = [
        GivenActor { mentions: vec![at("its envoy")], code: Some("PRK".into()), name: Some("Ri Test".into()) },
        GivenActor { mentions: vec![at("Beijing")], code: None, name: None },
        GivenActor { mentions: vec![], code: None, name: None },
        GivenActor { mentions: vec![at("Pyongyang")], code: None, name: None },
    ];
    let actors = Resolver::new(&SHIPPED, Some("2018")).given(text, &given);
    assert_eq!(ids(&actors)[..2], ["PRK:ri-test", "CHN"]);
    assert_eq!(actors.len(), 4);
    assert_eq!(actors[3].code, "PRK");
    assert!(actors.iter().all(|a| a.via == Via::Given));
}

#[test]
fn without_a_tagger_places_and_modifiers_are_no_actors() {
    let text = "Talks were held in Vienna. Iranian oil and U.S. sanctions came up. Iran said the Trump administration \
                would fail, and Chinese officials agreed.";
    let actors = Resolver::new(&SHIPPED, Some("2019-05-01")).paragraph(text, &[]);
    assert_eq!(ids(&actors), ["IRN", "USA:trump-administration", "CHN:chinese-officials"]);
}

#[test]
fn users_add_and_override() {
    let dir = tempfile::tempdir().unwrap();
    let csv = dir.path().join("mine.csv");
    std::fs::write(
        &csv,
        "id,name,aliases,code,type,from,to\n,Jane Doe,JD;Doe,ZMB,person,2001,\n-:apple-co,Apple Co,Turkey,-,org,,\n",
    )
    .unwrap();
    let g = SHIPPED.clone().with_file(&csv).unwrap();
    let text = "Jane Doe met Turkey. Doe left.";
    let mut r = Resolver::new(&g, Some("2003"));
    let actors = r.paragraph(text, &tagged(text, &[("Jane Doe", Person), ("Turkey", Org)]));
    assert_eq!(ids(&actors), ["ZMB:jane-doe", "-:apple-co"]);

    let toml = dir.path().join("mine.toml");
    std::fs::write(&toml, "[[actor]]\nid = \"CHN:wang-yi\"\nname = \"Wang Yi\"\ncode = \"CHN\"\ntype = \"person\"\n\n[[actor]]\nname = \"X\"\ntype = \"king\"\n")
        .unwrap();
    let checked = check(&SHIPPED, &toml).unwrap();
    assert_eq!(checked.rows, 2);
    assert!(checked.clashes.iter().any(|c| c.contains("replaces Wang Yi")), "{checked:?}");
    assert!(checked.faults.iter().any(|f| f.contains("mine.toml:7: type `king`")), "{checked:?}");
    let refused = SHIPPED.clone().with_file(&toml).unwrap_err().to_string();
    assert!(refused.contains("mine.toml:7"), "{refused}");

    let clash = check(&SHIPPED, &csv).unwrap();
    assert!(clash.clashes.iter().any(|c| c.contains("`Turkey` is also Turkey (TUR)")), "{clash:?}");
    std::fs::write(&csv, "id,aliases\n1,2\n").unwrap();
    assert!(check(&SHIPPED, &csv).unwrap_err().to_string().contains("no column `name`"));
}

#[test]
fn explanations_name_the_rule_and_what_was_nearly_taken() {
    let found = explain(&SHIPPED, "Mrs. Clinton spoke in Vienna.", Some("2011-01-01"));
    assert_eq!(found[0].actor.as_ref().map(|a| a.id.as_str()), Some("USA:hillary-clinton"));
    assert!(found[0].near.iter().any(|n| n.contains("Bill Clinton")), "{found:?}");
    let vienna = found.last().unwrap();
    assert!(vienna.actor.is_none() && vienna.rule.contains("capital of Austria"), "{vienna:?}");
}

fn prose() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("Iran"),
        Just("the North"),
        Just("U.S."),
        Just("’s"),
        Just("'s"),
        Just("Mr."),
        Just("Wang Yi"),
        Just("said"),
        Just("“"),
        Just("”"),
        Just("officials"),
        Just("of"),
        Just("the president"),
        Just("he"),
        Just("we"),
        Just("("),
        Just("IAEA"),
        Just(")"),
        Just(","),
        Just("."),
        Just("former"),
        Just("Élysée"),
        Just("Erdoğan"),
        Just("-"),
        Just("sanctions on"),
        Just("prime minister"),
        Just("\u{1F600}"),
        Just("é"),
        Just("R-Tenn."),
        Just("and"),
        Just("Clintons"),
        Just("the West"),
        Just("\n"),
    ];
    prop_oneof![
        "\\PC{0,60}",
        prop::collection::vec((word, prop_oneof![Just(" "), Just("")]), 0..40)
            .prop_map(|w| w.into_iter().map(|(a, b)| format!("{a}{b}")).collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn spans_fit_the_text(before in prose(), text in prose(), cuts in prop::collection::vec((0usize..80, 0usize..20), 0..5)) {
        let near = |at: usize| (0..=at.min(text.len())).rev().find(|b| text.is_char_boundary(*b)).unwrap_or(0);
        let candidates: Vec<Candidate> = cuts
            .iter()
            .map(|(a, n)| Candidate { span: Span::new(near(*a), near(a + n)), confidence: 0.7, kind: (Person, 0.7), code: Some(("FRA".into(), 0.6)) })
            .collect();
        let run = || {
            let mut r = Resolver::new(&SHIPPED, Some("2015-07-14"));
            r.read(&before);
            let tagged = r.paragraph(&text, &candidates);
            let ruled = r.paragraph(&text, &[]);
            let given: Vec<GivenActor> = candidates.iter().map(|c| GivenActor { mentions: vec![c.span], code: None, name: None }).collect();
            let same = r.given(&text, &given);
            (tagged, ruled, same)
        };
        let (tagged, ruled, same) = run();
        prop_assert_eq!(same.len(), candidates.len());
        for a in tagged.iter().chain(&ruled) {
            prop_assert!(!a.mentions.is_empty() && !a.code.is_empty());
            for m in &a.mentions {
                prop_assert!(!m.is_empty() && text.get(m.start..m.end).is_some(), "{:?} in {:?}", m, text);
            }
            prop_assert!(a.mentions.windows(2).all(|w| w[0] <= w[1]));
        }
        prop_assert_eq!(run(), (tagged, ruled, same));
        explain(&SHIPPED, &text, None);
        for (span, _) in SHIPPED.places(&text) {
            prop_assert!(text.get(span.start..span.end).is_some());
        }
    }
}

#[test]
fn bodies_and_parts_of_their_names() {
    let before = "The Security Council met on Monday.";
    let text = "The Council adjourned; the EU and the Arab League welcomed it.";
    let actors = read(Some("2011"), before, text, &[("The Council", Body), ("EU", Body), ("the Arab League", Body)]);
    assert_eq!(ids(&actors), ["UNSC", "EU", "ARAB"]);
}

#[test]
fn an_office_that_changed_hands_or_has_many_holders_stays_open() {
    let who = |date| SHIPPED.holder("USA", "president", date).map(|i| SHIPPED.entry(i).id.clone());
    assert_eq!(who("2017-01-20").as_deref(), Some("USA:donald-trump"));
    assert_eq!(who("2017-01-19").as_deref(), Some("USA:barack-obama"));
    assert_eq!(who("2017"), None);
    assert_eq!(SHIPPED.holder("USA", "senator", "2015-01-10"), None);
}

#[test]
fn codes_of_states_and_bodies_are_told_apart() {
    let codes =
        |table: &str| table.lines().skip(1).filter_map(|l| l.split(',').next().map(str::to_owned)).collect::<Vec<_>>();
    for code in codes(include_str!("../../models/actors/states.csv")) {
        assert!(super::memory::is_state(&code), "{code} is a state");
    }
    for code in codes(include_str!("../../models/actors/bodies.csv")) {
        assert!(!super::memory::is_state(&code), "{code} is no state");
    }
}
