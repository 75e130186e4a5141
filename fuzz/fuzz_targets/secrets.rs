#![no_main]

#[path = "../../crates/boot/tests/corpus/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::secrets(input));
