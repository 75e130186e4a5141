//! What went wrong, in a line.

/// An error and what caused it, each by its own words. The SDK's `DisplayErrorContext` would print the raw answer with
/// them, and the answer may be a secret.
#[must_use]
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.ends_with(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        source = cause.source();
    }
    words
}
