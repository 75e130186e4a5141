#![no_main]

#[path = "../../crates/github/tests/corpus/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::signature(input));
