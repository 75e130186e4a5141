//! What the answers of a Teams workflow mean.

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;

use super::{Verdict, answered, by_status, permanent, said};

/// A workflow's trigger says 202 as soon as it has the message, or 200 where the workflow answers by itself. Errors are
/// `{"error":{"code":…,"message":…}}`, and those of a workflow that is wrong come with 400 as well as any.
pub(super) fn teams(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let letters = |code: &&str| (1..=48).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphabetic());
    let code = answer["error"]["code"].as_str().filter(letters);
    match (status, code) {
        (_, Some("WorkflowTriggerIsNotEnabled")) => {
            permanent(said(status, Some("the workflow is turned off or deleted")))
        }
        (_, Some("DirectApiAuthorizationRequired")) => {
            permanent(said(status, Some("the workflow must let anyone trigger it")))
        }
        (_, Some("TriggerInputSchemaMismatch")) => {
            permanent(said(status, Some("the workflow expects something else than a card")))
        }
        // Not the workflow's own hand: some proxy's, which says nothing of the message.
        (400, None) => answered(said(status, None)),
        _ => by_status(status, headers, now, code),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use crate::channel::Kind;

    #[test]
    fn a_workflows_answers_are_read() {
        let error = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"The workflow '…' …"}}}}"#);
        for (status, body, expected) in [
            (202, String::new(), "taken"),
            (200, "whatever the workflow answers".to_owned(), "taken"),
            (
                400,
                error("WorkflowTriggerIsNotEnabled"),
                "channel for good: answered HTTP 400: the workflow is turned off or deleted",
            ),
            (
                400,
                error("TriggerInputSchemaMismatch"),
                "channel for good: answered HTTP 400: the workflow expects something else than a card",
            ),
            (
                400,
                error("InvalidRequestContent"),
                "message: answered HTTP 400: InvalidRequestContent",
            ),
            (400, "<html>".to_owned(), "channel, counts: answered HTTP 400"),
            (
                400,
                error("see /workflows/sesame"),
                "channel, counts: answered HTTP 400",
            ),
            (
                401,
                error("DirectApiAuthorizationRequired"),
                "channel for good: answered HTTP 401: the workflow must let anyone trigger it",
            ),
            (
                404,
                error("WorkflowNotFound"),
                "channel for good: answered HTTP 404: WorkflowNotFound",
            ),
            (413, String::new(), "message: answered HTTP 413"),
            (429, String::new(), "channel: answered HTTP 429"),
            (
                502,
                error("NoResponse"),
                "channel, counts: answered HTTP 502: NoResponse",
            ),
        ] {
            assert_eq!(read(Kind::Teams, status, None, &body), expected, "{status} {body}");
        }
    }
}
