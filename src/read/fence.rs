//! A fence around parsers of damaged input that may panic where they should fail.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// `work`'s result, or `None` where it panicked. What `work` was changing must not be used afterwards.
pub(super) fn fenced<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
