//! `demarche audit`: names changed and evidence masked, printed as a table or JSON.

use super::{documents, pretty, print};
use crate::args::{Audit, EvalFormat};
use crate::exit;
use demarche::audit::{self, Names};
use demarche::error::{Error, Result};
use demarche::pipeline::Options;
use serde_json::json;
use std::fmt::Write;
use std::process::ExitCode;

pub fn run(args: Audit) -> Result<ExitCode> {
    let (documents, skipped) = documents(&args.paths)?;
    let loaded = args.model.load(Options::default())?;
    let a = audit::audit(&loaded.pipeline, documents, args.seed)?;
    if a.actors == 0 {
        return Err(Error::Usage(format!("{}: no actor to audit in it", args.paths.join(", "))));
    }
    match args.format {
        EvalFormat::Table => {
            let m = &loaded.model.manifest;
            let head = format!("model {} {}, engine {}, seed {}", m.name, m.version, loaded.engine, args.seed);
            print(&format!("{head}\n{}", table(&a, args.show)))?;
        }
        EvalFormat::Json => {
            print(&pretty(&json!({"model": loaded.json(), "seed": args.seed, "audit": a}))?)?;
        }
    }
    Ok(if skipped == 0 { ExitCode::SUCCESS } else { exit::partial() })
}

fn table(a: &audit::Audit, show: usize) -> String {
    let mut o = String::new();
    let _ = writeln!(o, "{} paragraphs, {} actors\n", a.paragraphs, a.actors);
    let _ = writeln!(o, "States renamed            paragraphs   actors   labels turned");
    for (name, n) in [("other states", &a.other_states), ("Country X, Country Y, …", &a.anonymous)] {
        let _ = writeln!(o, "  {name:<24}{:>10}{:>9}{:>9} ({:.4})", n.paragraphs, n.compared, n.flipped, n.share);
    }
    for (name, n) in [("other states", &a.other_states), ("Country X", &a.anonymous)] {
        flips(&mut o, name, n, show);
    }
    let e = &a.evidence;
    let _ = writeln!(o, "\nEvidence: {} actors with a stance, spans of {:.1} words on average", e.actors, e.words);
    let _ = writeln!(
        o,
        "  masked, it lowers the label's probability more than a random span: {:.4} of {}",
        e.masked, e.compared
    );
    let _ = writeln!(
        o,
        "  mean fall of the probability: {:.4} without it, {:.4} without the random span",
        e.fall[0], e.fall[1]
    );
    let _ = writeln!(o, "  alone with the actor's name it keeps the label: {:.4} of {}", e.alone, e.actors);
    o
}

fn flips(o: &mut String, name: &str, n: &Names, show: usize) {
    if show == 0 || n.flips.is_empty() {
        return;
    }
    let _ = writeln!(o, "\n  turned under {name}, {} of {}:", show.min(n.flips.len()), n.flips.len());
    for f in n.flips.iter().take(show) {
        let [a, b] = &f.actor;
        let _ = writeln!(o, "    {}  {a} {} {:.2} → {b} {} {:.2}", f.id, f.stance[0], f.p[0], f.stance[1], f.p[1]);
    }
}
