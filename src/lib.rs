//! `demarche` reads news and official documents and tells, paragraph by paragraph, who wants sanctions eased, kept or
//! tightened. The way of the data, and what each room may know, is drawn in `docs/architecture.md`.

pub mod actors;
pub mod audit;
pub mod data;
pub mod encoder;
pub mod error;
pub mod eval;
pub mod gold;
pub mod pipeline;
pub mod read;
pub mod segment;
pub mod stance;
pub mod store;
pub mod train;
pub mod write;
