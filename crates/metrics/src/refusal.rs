//! What AWS says when it refuses, in a line.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The service's own code and message where it answered, and what to do where that is known; the cause where not.
pub(crate) fn refusal<E>(error: &SdkError<E, HttpResponse>, what_to_do: fn(&str) -> Option<&'static str>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let Some(code) = error.code() else {
        return outbound::causes(error);
    };
    let message = error.message().unwrap_or("no message");
    let mut words = format!("{code}: {}", message.trim_end_matches('.'));
    if let Some(advice) = what_to_do(code) {
        words.push_str("; ");
        words.push_str(advice);
    }
    words
}
