//! What was once found interesting by the fuzzer, tried again.

// The name that the rest of the workspace knows the crate by.
extern crate copperbell_copr as copr;

#[path = "../../../../fuzz/replay.rs"]
mod replay;

mod properties;

#[test]
fn a_monitor_is_good_if_and_only_if_its_document_is_however_it_is_cut() {
    replay::replay("monitor", properties::monitor);
}
