//! Token states to stances: every actor of a paragraph is scored from one encoder pass.

pub mod calibration;
pub mod engine;
pub mod evidence;
pub mod features;
pub mod mentions;
pub mod model;
