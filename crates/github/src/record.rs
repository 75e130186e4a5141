//! What the delivery log tells of one attempt to deliver.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

/// One attempt to deliver an event to a hook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Record {
    /// Of this attempt. Above 2^53, and in no order.
    pub id: u64,
    /// Of the event: `X-GitHub-Delivery`, the same for every attempt and every hook.
    pub guid: String,
    /// When GitHub tried.
    pub delivered_at: Timestamp,
    /// Did somebody ask for this attempt?
    pub redelivery: bool,
    /// GitHub's word for what came of it, `OK` or any other, from outside.
    #[serde(deserialize_with = "or_empty")]
    pub status: String,
    /// What the receiver answered; 0, or GitHub's own 502 or 504, when it did not.
    #[serde(deserialize_with = "code")]
    pub status_code: u16,
    /// `issues`, `ping`, ….
    pub event: String,
    /// `opened`, `closed`, …; some events have none.
    pub action: Option<String>,
}

/// Why a delivery failed, as far as one treats it differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The receiver was not reached, or not in time. GitHub writes 0, 502 or 504 for it.
    NoAnswer,
    /// The receiver answered this.
    Status(u16),
}

impl Record {
    /// Did it arrive? GitHub calls what was answered 200 to 399 a success.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        matches!(self.status_code, 200..400) || self.status == "OK"
    }

    /// Why it failed, if it did.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self.status_code {
            0 | 502 | 504 => Failure::NoAnswer,
            status => Failure::Status(status),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer => f.write_str("no answer"),
            Self::Status(status) => write!(f, "{status}"),
        }
    }
}

/// One odd record must not hide all others, so a status that is none is an empty one.
fn or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A status code; what is none means that there was no answer.
fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let code = Option::<i64>::deserialize(deserializer)?;
    Ok(code.and_then(|code| code.try_into().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(changes: &serde_json::Value) -> serde_json::Result<Record> {
        let mut record = json!({
            "id": 9_007_199_254_740_993_u64,
            "guid": "0b989ba4-242f-11e5-81e1-c7b6966d2516",
            "delivered_at": "2026-11-01T08:00:00Z",
            "redelivery": false,
            "duration": 0.27,
            "status": "OK",
            "status_code": 200,
            "event": "issues",
            "action": "opened",
            "installation_id": 123,
            "repository_id": 456,
            "throttled_at": null,
        });
        for (name, value) in changes.as_object().unwrap() {
            record[name] = value.clone();
        }
        serde_json::from_str(&record.to_string())
    }

    #[test]
    fn a_record_is_read_as_it_is() {
        let read = record(&json!({})).unwrap();
        let expected = Record {
            id: (1 << 53) + 1,
            guid: "0b989ba4-242f-11e5-81e1-c7b6966d2516".to_owned(),
            delivered_at: "2026-11-01T08:00:00Z".parse().unwrap(),
            redelivery: false,
            status: "OK".to_owned(),
            status_code: 200,
            event: "issues".to_owned(),
            action: Some("opened".to_owned()),
        };
        assert_eq!(read, expected);
        assert_eq!(record(&json!({"id": u64::MAX})).unwrap().id, u64::MAX);
        assert_eq!(record(&json!({"action": null})).unwrap().action, None);
        let precise = record(&json!({"delivered_at": "2026-11-01T09:00:00.25+01:00"})).unwrap();
        assert_eq!(precise.delivered_at.as_millisecond(), 1_793_520_000_250);
    }

    #[test]
    fn an_odd_outcome_is_read_as_no_answer() {
        for code in [json!(-1), json!(65_536), json!(null), json!(i64::MAX)] {
            let read = record(&json!({"status_code": code, "status": null})).unwrap();
            assert_eq!((read.status_code, read.status.as_str()), (0, ""), "{code}");
            assert!(!read.succeeded());
        }
    }

    #[test]
    fn a_record_that_names_no_delivery_is_none() {
        for odd in [
            json!({"id": -1}),
            json!({"id": 1.5}),
            json!({"id": "1"}),
            json!({"guid": null}),
            json!({"delivered_at": "yesterday"}),
            json!({"event": null}),
        ] {
            assert!(record(&odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_delivery_arrived_or_failed_in_a_way_that_has_a_name() {
        let table = [
            (200, "OK", None),
            (204, "", None),
            (302, "Found", None),
            (399, "", None),
            (0, "OK", None),
            (500, "OK", None),
            (0, "timed out", Some("no answer")),
            (502, "failed to connect to host", Some("no answer")),
            (504, "timed out", Some("no answer")),
            (199, "", Some("199")),
            (400, "Invalid HTTP Response: 400", Some("400")),
            (401, "", Some("401")),
            (503, "", Some("503")),
        ];
        for (status_code, status, failure) in table {
            let record = record(&json!({"status_code": status_code, "status": status})).unwrap();
            assert_eq!(record.succeeded(), failure.is_none(), "{status_code} {status}");
            if let Some(words) = failure {
                assert_eq!(record.failure().to_string(), words);
            }
        }
    }

    #[test]
    fn a_failure_is_stored_in_a_form_that_stays() {
        for (failure, stored) in [
            (Failure::NoAnswer, r#""no_answer""#),
            (Failure::Status(500), r#"{"status":500}"#),
        ] {
            assert_eq!(serde_json::to_string(&failure).unwrap(), stored);
            assert_eq!(serde_json::from_str::<Failure>(stored).unwrap(), failure);
        }
    }
}
