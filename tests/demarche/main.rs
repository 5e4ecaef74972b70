//! Drives the real command line and holds the model to its reference. Text in these tests was written for the project.

mod audit;
mod bad_input;
mod golden;
mod measured;
mod outputs;
mod score;
mod support;
mod train;
