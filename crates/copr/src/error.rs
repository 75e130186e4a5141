//! Why Copr could not be asked, told apart by who must act and in words for that person.

use std::time::Duration;

/// How much of a text from outside is repeated, in characters?
const MAX_CHARS: usize = 200;

/// Why a poll brought nothing to rely on. Text from outside is cut and has no control characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// Nobody was reached.
    #[error("no connection to {base}: {why}")]
    NoConnection {
        /// The base URL of this Copr.
        base: String,
        /// The network's own words.
        why: String,
    },
    /// The answer, or its end, did not come in time.
    #[error("Copr did not finish its answer within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The connection broke before the end of the answer.
    #[error("the connection to Copr broke{}: {why}", after(*packages))]
    BrokenOff {
        /// Packages read before.
        packages: usize,
        /// The network's own words.
        why: String,
    },
    /// Status 200, and the JSON stops in the middle: how an error on Copr's side looks once it has begun to answer.
    #[error("Copr answered 200 and then broke off{}: an error on its side mid-stream", after(*packages))]
    CutShort {
        /// Packages read before.
        packages: usize,
    },
    /// Status 200 and no body.
    #[error("Copr answered 200 with an empty body")]
    Empty,
    /// Status 200 and a body that is not what the API promises.
    #[error("Copr answered 200 with something unreadable: {0}")]
    Unreadable(String),
    /// Status 200, and Copr says in the body that it is not well.
    #[error("Copr answered 200 but not `output: ok`: {0}")]
    NotOk(String),
    /// 404 for a project, group or directory, in Copr's words.
    #[error("Copr answered 404: {0} Check the spelling: upper and lower case differ.")]
    NoProject(String),
    /// 404 for a build, in Copr's words: it was deleted.
    #[error("Copr answered 404: {0}")]
    NoBuild(String),
    /// 400, in Copr's words: this Copr knows another API.
    #[error("Copr did not understand the request (400): {0}")]
    BadRequest(String),
    /// Another status with Copr's own words.
    #[error("Copr answered {status}: {said}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// Copr's words.
        said: String,
    },
    /// 502, 503 or 504 from what stands before Copr.
    #[error("the proxy before Copr answered {0}")]
    Proxy(u16),
    /// Another status, and not in Copr's words.
    #[error("the server answered {0} without a word from Copr: check that COPR_URL leads to one")]
    Wordless(u16),
    /// It is elsewhere.
    #[error("the server answered {status} and points to {to}: set COPR_URL to where Copr is now")]
    Redirect {
        /// The HTTP status.
        status: u16,
        /// The other server, or the path on the same.
        to: String,
    },
}

fn after(packages: usize) -> String {
    match packages {
        0 => String::new(),
        1 => " after 1 package".to_owned(),
        n => format!(" after {n} packages"),
    }
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

/// What Copr says in a field of its answer, usually a string.
pub(crate) fn said(field: &serde_json::Value) -> String {
    match field.as_str() {
        Some(text) => words(text),
        None => words(&field.to_string()),
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
