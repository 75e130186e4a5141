#![no_main]

#[path = "../../crates/copr/tests/corpus/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::monitor(input));
