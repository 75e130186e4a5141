//! What an answer means that is not the one hoped for.

use http::HeaderMap;
use http::header::DATE;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::Deserialize;
use serde_json::Value;

use crate::credentials::Who;
use crate::error::{ApiError, words};
use crate::limits::rate_limit;
use crate::question::Question;

/// How far may our clock be from GitHub's before it is the reason that a JWT is refused, in seconds?
const MAX_SKEW: u64 = 60;

/// What stands where GitHub's words should.
const NO_WORD: &str = "no reason given";

/// What an answer with this status means. `body` is what could be read of it.
pub(crate) fn refusal(
    question: Question,
    who: Who,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> ApiError {
    let said = said(body);
    let words = || said.clone().unwrap_or_else(|| NO_WORD.to_owned());
    if matches!(status, 403 | 429)
        && let Some(limit) = rate_limit(status, headers, said.as_deref().unwrap_or_default(), now)
    {
        return limit;
    }
    match (status, question, who) {
        (400 | 422, Question::NextPage, _) => ApiError::BadCursor(words()),
        (400 | 422, Question::Delivery | Question::Redelivery, _) => ApiError::Refused { said: words() },
        (401, _, Who::App) => match skew(headers, now) {
            Some(seconds) => ApiError::ClockSkew { seconds },
            None => ApiError::AppRefused(words()),
        },
        (401, _, Who::Installation) => ApiError::TokenExpired(words()),
        (401, _, Who::Token) => ApiError::Unauthorized(words()),
        (404, _, Who::App) if said.as_deref() == Some("Integration not found") => ApiError::AppRefused(words()),
        (404, Question::Delivery | Question::Redelivery, _) => ApiError::NoDelivery,
        (404, Question::Installation | Question::AccessToken, _) => ApiError::NotInstalled,
        (500.., _, _) => ApiError::Server(status),
        _ => match (status, said) {
            (403, Some(said)) => ApiError::Forbidden(said),
            (404, Some(said)) => ApiError::NotFound(said),
            (status, Some(said)) => ApiError::Status { status, said },
            (status, None) => ApiError::Wordless(status),
        },
    }
}

/// Our time less that of the answer's `Date`, in seconds, if that is too far.
fn skew(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let date = rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    let seconds = now.as_second() - date.as_second();
    (seconds.unsigned_abs() > MAX_SKEW).then_some(seconds)
}

/// GitHub's own sentence and the errors it lists, if this body has one: `{"message": …, "errors": […]}`.
fn said(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        message: String,
        errors: Option<Value>,
    }
    let Refusal { message, errors } = serde_json::from_slice(body).ok()?;
    let errors = errors.as_ref().and_then(Value::as_array).into_iter().flatten();
    let errors = errors.filter_map(|error| error.as_str().or(error["message"].as_str()).or(error["code"].as_str()));
    let said: Vec<&str> = std::iter::once(message.as_str()).chain(errors).collect();
    Some(words(&said.join(": ")))
}
