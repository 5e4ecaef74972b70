//! The command line: parse, mean, run, report an honest exit code.

mod args;
mod commands;
mod exit;
mod progress;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(a) => a,
        Err(e) => {
            let _ = e.print();
            return if e.use_stderr() { exit::USAGE } else { ExitCode::SUCCESS };
        }
    };
    demarche::store::set_places(args::model_places());
    match commands::run(args) {
        Ok(code) => code,
        Err(e) => exit::report(&e),
    }
}
