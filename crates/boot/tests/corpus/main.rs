//! What was once found interesting by the fuzzer, tried again.

// The name that the rest of the workspace knows the crate by.
extern crate copperbell_boot as boot;

#[path = "../../../../fuzz/replay.rs"]
mod replay;

mod properties;

#[test]
fn no_secrets_document_makes_a_secret_seen() {
    replay::replay("secrets", properties::secrets);
}
