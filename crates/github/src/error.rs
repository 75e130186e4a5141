//! Why GitHub's API could not be asked, told apart by who must act and in words for that person.

use std::time::Duration;

use jiff::Timestamp;

/// How much of a text from outside is repeated, in characters?
const MAX_CHARS: usize = 200;

/// Why a question to GitHub's API brought nothing. Text from outside is cut and has no control characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Nobody was reached.
    #[error("no connection to {base}: {why}")]
    NoConnection {
        /// The base URL of the API.
        base: String,
        /// The network's own words.
        why: String,
    },
    /// The answer, or its end, did not come in time.
    #[error("GitHub did not finish its answer within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The connection broke before the end of the answer, in the network's words.
    #[error("the connection to GitHub broke: {0}")]
    Broken(String),
    /// The secrets document has nothing to ask about this hook with.
    #[error("no credentials for this hook: put {0} into the secrets document")]
    NoCredentials(&'static str),
    /// `github_token` cannot be sent.
    #[error("github_token has a character that no token has, such as a line break")]
    BadToken,
    /// The App's private key cannot sign, and why.
    #[error(
        "the App's private key is damaged, or no RSA key of 2048 to 4096 bits ({0}): generate another on the App's page"
    )]
    CannotSign(String),
    /// 401 or 404 to the App itself, in GitHub's words.
    #[error(
        "GitHub does not know the App by its JWT: {0}: check that the id and the private key of github_app belong together"
    )]
    AppRefused(String),
    /// 401 to the App itself, because our clock is wrong.
    #[error(
        "GitHub refused the App's JWT, and the clock of this machine is {} s {}: set it right",
        seconds.unsigned_abs(),
        if *seconds > 0 { "fast" } else { "slow" }
    )]
    ClockSkew {
        /// Our time less GitHub's, in seconds.
        seconds: i64,
    },
    /// 401 to `github_token`, in GitHub's words.
    #[error("GitHub refused github_token (401): {0}: it is wrong, expired or revoked")]
    Unauthorized(String),
    /// 401 to a token that GitHub gave the App: the next question gets another.
    #[error("GitHub no longer takes the token it gave the App (401): {0}: the next attempt gets another")]
    TokenExpired(String),
    /// 403, in GitHub's words.
    #[error(
        "GitHub forbids it (403): {0}: a token needs admin:repo_hook or admin:org_hook, a fine-grained token or an App \
         the permission \"Webhooks\", read and write"
    )]
    Forbidden(String),
    /// 404, in GitHub's words.
    #[error("GitHub answered 404: {0}: there is no such hook, or the token may not see it")]
    NotFound(String),
    /// 404 when the App asked for its installation.
    #[error("the App is not installed there: install it on the account of the hook, or give a github_token")]
    NotInstalled,
    /// 400 or 422 to a cursor, in GitHub's words: the reading starts again without one.
    #[error("GitHub does not take the cursor of this reading: {0}")]
    BadCursor(String),
    /// 400 or 422 to a question about one delivery, in GitHub's words.
    #[error("GitHub refuses this delivery: {said}")]
    Refused {
        /// GitHub's words.
        said: String,
    },
    /// 404 for one delivery.
    #[error("GitHub has no such delivery any more")]
    NoDelivery,
    /// Status 200 for one delivery, and no payload that can be read.
    #[error("GitHub's record of this delivery has no payload to read: {0}")]
    NoPayload(String),
    /// An App's hook has no ping.
    #[error("the hook of an App cannot be pinged")]
    NoPing,
    /// 403 or 429: too many requests.
    #[error("GitHub limits our requests{}", till(*until))]
    RateLimited {
        /// When it takes requests again. Nothing when it does not say: then a minute at least, and longer each time.
        until: Option<Timestamp>,
    },
    /// 5xx, from GitHub or what stands before it.
    #[error("GitHub is not well: it answered {0}")]
    Server(u16),
    /// It is elsewhere. GitHub does so when a repository or an account was renamed.
    #[error(
        "the server answered {status} and points to {to}: give the hook by its present name, or set GITHUB_API_URL"
    )]
    Redirect {
        /// The HTTP status.
        status: u16,
        /// The other server, or the path on the same.
        to: String,
    },
    /// Another status with GitHub's own words.
    #[error("GitHub answered {status}: {said}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// GitHub's words.
        said: String,
    },
    /// Another status, and not in GitHub's words.
    #[error("the server answered {0} without a word from GitHub: check that GITHUB_API_URL leads to its API")]
    Wordless(u16),
    /// A good status and a body that is not what the API promises.
    #[error("GitHub answered with something unreadable: {0}")]
    Unreadable(String),
}

impl ApiError {
    /// Does it concern the one delivery asked for alone, so that others can go on?
    #[must_use]
    pub fn is_about_the_delivery(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::NoDelivery | Self::NoPayload(_))
    }
}

fn till(until: Option<Timestamp>) -> String {
    until.map_or_else(String::new, |until| format!(" until {}", until.strftime("%F %TZ")))
}

/// Text from outside, made fit for one line of ours: no control characters, one space at a time, cut.
pub(crate) fn words(text: &str) -> String {
    let mut line = String::new();
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    match line.char_indices().nth(MAX_CHARS) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_cut_and_has_no_control_characters() {
        assert_eq!(words(" a\u{1b}[31m\r\nb\0c\u{85}d  "), "a [31m b c d");
        assert_eq!(words(""), "");
        let whole = "é".repeat(200);
        assert_eq!(words(&whole), whole);
        assert_eq!(words(&format!("{whole}é")), format!("{whole}…"));
    }
}
