//! Exit codes of the contract.

use demarche::error::Error;
use std::process::ExitCode;

/// Bad usage, model or configuration.
pub const USAGE: ExitCode = one();
const fn one() -> ExitCode {
    // `ExitCode::from` is not const; 1 is what FAILURE means on every platform Rust knows.
    ExitCode::FAILURE
}

/// Some inputs could not be read or were skipped.
pub fn partial() -> ExitCode {
    ExitCode::from(2)
}

/// Interrupted, everything finished so far is written.
pub fn interrupted() -> ExitCode {
    ExitCode::from(130)
}

/// Tell the user what stopped the run. A closed pipe is no fault.
pub fn report(e: &Error) -> ExitCode {
    match e {
        Error::Closed => ExitCode::SUCCESS,
        e => {
            eprintln!("demarche: {e}");
            USAGE
        }
    }
}
