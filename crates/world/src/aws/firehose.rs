//! Firehose: one stream, whatever its name.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// What a stream answers instead of taking records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamFault {
    /// There is no such stream.
    Missing,
    /// The caller may not put records.
    Denied,
    /// It cannot take any now.
    Unavailable,
}

/// The stream.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) records: Vec<String>,
    pub(super) fault: Option<StreamFault>,
    pub(super) refused: Vec<usize>,
}

impl Stream {
    /// Answers `PutRecordBatch`; with the answer come the records it took.
    pub(super) fn put(&mut self, target: &str, body: &[u8]) -> (u16, Value, Vec<String>) {
        let refused = |status, kind: &str, message: &str| {
            let error = json!({"__type": kind, "message": message});
            (status, error, Vec::new())
        };
        if target != "Firehose_20150804.PutRecordBatch" {
            return refused(400, "UnknownOperationException", "");
        }
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let name = asked["DeliveryStreamName"].as_str().unwrap_or_default();
        match self.fault {
            Some(StreamFault::Missing) => {
                let message = format!("Firehose {name} under account 123456789012 not found.");
                return refused(400, "ResourceNotFoundException", &message);
            }
            Some(StreamFault::Denied) => {
                let message = format!(
                    "User: arn:aws:sts::123456789012:assumed-role/copperbell/webhook is not authorized to perform: \
                     firehose:PutRecordBatch on resource: arn:aws:firehose:us-east-1:123456789012:deliverystream/{name} \
                     because no identity-based policy allows the firehose:PutRecordBatch action"
                );
                return refused(400, "AccessDeniedException", &message);
            }
            Some(StreamFault::Unavailable) => return refused(503, "ServiceUnavailableException", "Slow down."),
            None => {}
        }
        let records = asked["Records"].as_array().cloned().unwrap_or_default();
        let data: Vec<_> = records.iter().map(data).collect();
        let bytes: usize = data.iter().flatten().map(Vec::len).sum();
        if data.is_empty() || data.len() > 500 || bytes > 4 << 20 || data.contains(&None) {
            return refused(
                400,
                "InvalidArgumentException",
                "1 to 500 records of at most 4 MiB in all",
            );
        }
        let refused_places = std::mem::take(&mut self.refused);
        let (mut answers, mut taken) = (Vec::new(), Vec::new());
        for (place, data) in data.into_iter().flatten().enumerate() {
            if refused_places.contains(&place) {
                let code = "ServiceUnavailableException";
                answers.push(json!({"ErrorCode": code, "ErrorMessage": "Slow down."}));
            } else {
                taken.push(String::from_utf8_lossy(&data).into_owned());
                answers.push(json!({"RecordId": format!("{:056}", self.records.len() + taken.len())}));
            }
        }
        self.records.extend_from_slice(&taken);
        let failed = answers.len() - taken.len();
        let answer = json!({"FailedPutCount": failed, "Encrypted": false, "RequestResponses": answers});
        (200, answer, taken)
    }
}

fn data(record: &Value) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(record["Data"].as_str()?).ok()
}
