//! The report as tables for a person.

use super::{Classes, Counts, Report};
use crate::data::Stance;
use std::fmt::Write;

/// Plain text, 80 columns.
pub fn table(r: &Report) -> String {
    let mut o = String::new();
    let w = &mut o;
    let _ = writeln!(w, "{} paragraphs, {} actors\n", r.paragraphs, r.actors);
    let _ = writeln!(
        w,
        "Stance, actors given            macro-F1 {:.4}   accuracy {:.4}",
        r.given.macro_f1, r.given.accuracy
    );
    classes(w, &r.given);
    if !r.by_genre.is_empty() {
        let _ = writeln!(w, "\n  by genre          macro-F1   ease maintain tighten  none   actors");
        for (g, c) in &r.by_genre {
            let f: Vec<f64> = c.classes.iter().map(|c| c.counts.f1()).collect();
            let n: usize = c.classes.iter().map(|c| c.counts.support()).sum();
            let _ = writeln!(
                w,
                "  {g:<18} {:>7.3}  {:>6.3} {:>7.3} {:>7.3} {:>6.3} {n:>7}",
                c.macro_f1, f[0], f[1], f[2], f[3]
            );
        }
    }
    let _ = writeln!(w, "\nEnd to end (actor found and stance right, stances other than none)");
    let _ = writeln!(w, "                    precision   recall       F1  support");
    let mut line = |name: &str, c: &Counts| {
        let _ = writeln!(o, "  {name:<18}{:>9.4}{:>9.4}{:>9.4}{:>9}", c.precision(), c.recall(), c.f1(), c.support());
    };
    line("all", &r.end_to_end);
    for (s, c) in &r.end_to_end_by_stance {
        line(s, c);
    }
    line("mentions", &r.mentions);
    line("targets", &r.targets);
    line("about sanctions", &r.about);
    for (name, c) in &r.roles {
        line(&format!("role {name}"), c);
    }
    let w = &mut o;
    if r.voice.compared > 0 {
        let _ = writeln!(w, "  of {} stances: voice right {:.4}", r.voice.compared, r.voice.accuracy);
    }
    let _ = writeln!(w, "  of the actors found: code right {:.4}, type right {:.4}", r.code_accuracy, r.type_accuracy);
    let _ = writeln!(w, "\nCalibration: expected error {:.4}", r.calibration.ece);
    let _ = writeln!(w, "  probability   labels   mean p   right");
    for b in &r.calibration.bins {
        let _ =
            writeln!(w, "  {:.1} to {:.1}   {:>8}   {:>6.3}  {:>6.3}", b.from, b.to, b.count, b.confidence, b.accuracy);
    }
    let _ = writeln!(w, "  kept from p   coverage   right");
    for c in &r.calibration.coverage {
        let _ = writeln!(w, "  {:>11.2}   {:>8.3}  {:>6.3}", c.bar, c.coverage, c.accuracy);
    }
    o
}

fn classes(w: &mut String, c: &Classes) {
    let _ = writeln!(w, "                    precision   recall       F1  support   confusion (rows: gold)");
    let heads: Vec<String> = Stance::ALL.iter().map(|s| format!("{:>9}", s.as_str())).collect();
    let _ = writeln!(w, "{:58}{}", "", heads.concat());
    for (k, x) in c.classes.iter().enumerate() {
        let row: Vec<String> = c.confusion[k].iter().map(|n| format!("{n:>9}")).collect();
        let n = &x.counts;
        let _ = writeln!(
            w,
            "  {:<18}{:>9.4}{:>9.4}{:>9.4}{:>9}   {}",
            x.stance.as_str(),
            n.precision(),
            n.recall(),
            n.f1(),
            n.support(),
            row.concat()
        );
    }
}
