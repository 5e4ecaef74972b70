//! Actors as an analyst sees them: found, named, resolved in time.
//!
//! [`Gazetteer`] holds the known names and offices, as tables in `models/actors/`. [`Resolver`] reads one document
//! in order and ties mentions to actors. [`explain`] says by which rule; [`check`] validates a user's own table.

mod check;
#[cfg(test)]
mod coreference_test;
mod describe;
mod detect;
mod entry;
mod explain;
mod gazetteer;
mod id;
mod identify;
mod matcher;
mod memory;
mod mentions;
mod names;
mod office;
mod person;
mod pronoun;
mod reference;
mod resolve;
mod states;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod words;

pub use check::{Checked, check};
pub use explain::{Found, explain};
pub use gazetteer::Gazetteer;
pub use resolve::Resolver;
pub use states::{StateForm, StateName};
