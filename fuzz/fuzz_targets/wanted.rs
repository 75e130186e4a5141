#![no_main]

#[path = "../../crates/bell/tests/corpus/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::wanted(input));
