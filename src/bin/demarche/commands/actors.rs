//! `demarche actors`: what is found in a text, and whether an actors file is right.

use super::print;
use crate::args::Actors;
use crate::exit;
use demarche::actors::{Gazetteer, check, explain};
use demarche::error::{Error, Result};
use std::io::Read;
use std::process::ExitCode;

pub fn run(command: Actors) -> Result<ExitCode> {
    match command {
        Actors::Find { text, date, actors } => {
            let mut gazetteer = Gazetteer::shipped()?;
            if let Some(f) = actors {
                gazetteer = gazetteer.with_file(f)?;
            }
            let text = if text == "-" { standard_input()? } else { text };
            if date.is_none() {
                eprintln!("note: no --date given, so office-holders are not resolved by date");
            }
            for f in explain(&gazetteer, &text, date.as_deref()) {
                let who = match &f.actor {
                    Some(a) => format!("{} [{}] {} via {:?}", a.name, a.code, a.id, f.via).to_string(),
                    None => "not an actor here".into(),
                };
                let near =
                    if f.near.is_empty() { String::new() } else { format!("\n    nearly: {}", f.near.join("; ")) };
                print(&format!("{:>5}  {:<28} {who}\n    {}{near}", f.span.start, f.span.of(&text), f.rule))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Actors::Check { file } => {
            let c = check(&Gazetteer::shipped()?, &file)?;
            c.faults.iter().for_each(|f| eprintln!("fault: {f}"));
            c.clashes.iter().for_each(|f| eprintln!("clash: {f}"));
            print(&format!("{} actors, {} faults, {} clashes", c.rows, c.faults.len(), c.clashes.len()))?;
            Ok(if c.faults.is_empty() { ExitCode::SUCCESS } else { exit::USAGE })
        }
    }
}

fn standard_input() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|e| Error::io("-", e))?;
    Ok(text)
}
