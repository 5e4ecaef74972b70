//! `demarche eval`: both tasks, printed as tables or JSON.

use super::{pretty, print};
use crate::args::{Eval, EvalFormat};
use demarche::error::Result;
use demarche::{eval, gold, pipeline};
use serde_json::{Map, json};
use std::process::ExitCode;

pub fn run(args: Eval) -> Result<ExitCode> {
    let sets = args.gold.iter().map(|p| Ok((p.display().to_string(), gold::read(p)?))).collect::<Result<Vec<_>>>()?;
    let loaded = args.model.load(pipeline::Options::default())?;
    let mut all = Map::new();
    for (name, set) in &sets {
        let report = eval::evaluate(&loaded.pipeline, set)?;
        match args.format {
            EvalFormat::Table => {
                let m = &loaded.model.manifest;
                print(&format!(
                    "{name}: model {} {}, engine {}\n\n{}",
                    m.name,
                    m.version,
                    loaded.engine,
                    eval::table::table(&report)
                ))?;
            }
            EvalFormat::Json => {
                all.insert(name.clone(), json!(report));
            }
        }
    }
    if args.format == EvalFormat::Json {
        print(&pretty(&json!({"model": loaded.json(), "sets": all}))?)?;
    }
    Ok(ExitCode::SUCCESS)
}
