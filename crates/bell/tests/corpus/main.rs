//! What was once found interesting by the fuzzer, tried again.

// The name that the rest of the workspace knows the crate by.
extern crate copperbell_bell as bell;

#[path = "../../../../fuzz/replay.rs"]
mod replay;

mod properties;

use replay::replay;

#[test]
fn what_is_ignored_is_what_a_plain_matcher_says() {
    replay("ignore", properties::ignore);
}

#[test]
fn what_is_worth_getting_back_is_what_a_plain_matcher_says() {
    replay("wanted", properties::wanted);
}

#[test]
fn a_channel_hears_what_a_plain_matcher_says() {
    replay("route", properties::route);
}
