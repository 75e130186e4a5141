//! Secrets Manager, DynamoDB, SQS, Firehose and Athena behind one endpoint, told apart by `x-amz-target` as AWS's JSON
//! protocols are.

mod athena;
mod firehose;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use embedded::{Engine, Records};
use metrics::Sink as _;
use serde_json::{Value, json};

use athena::Queries;
use firehose::Stream;
pub use firehose::StreamFault;

use crate::server::{Server, lock, status_code};

/// An AWS of our own, for `AWS_ENDPOINT_URL`. Any credentials will do, but each request must be signed for the
/// service it asks, and name us.
pub struct Aws {
    server: Server,
    engine: Engine,
    shared: Arc<Mutex<Account>>,
}

#[derive(Default)]
struct Account {
    secrets: HashMap<String, Secret>,
    secrets_fail: bool,
    tables_fail: bool,
    operations: Vec<String>,
    items_written: usize,
    messages: Vec<String>,
    stream: Stream,
    queries: Queries,
    warehouse: Option<Records>,
}

struct Secret {
    current: String,
    previous: Option<String>,
}

impl Aws {
    /// An account without secrets and tables.
    ///
    /// # Panics
    /// When this machine has no free port, or SQLite does not start.
    pub async fn start() -> Self {
        let engine = Engine::memory().expect("a database in memory should open");
        let shared = Arc::default();
        let app = Router::new()
            .route("/", post(answer))
            .with_state((engine.clone(), Arc::clone(&shared)));
        Self {
            server: Server::start(app).await,
            engine,
            shared,
        }
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The tables, so that a test reads what a process wrote.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Sets the strings of a secret's versions `AWSCURRENT` and `AWSPREVIOUS`.
    pub fn set_secret(&self, id: &str, current: &str, previous: Option<&str>) {
        let secret = Secret {
            current: current.to_owned(),
            previous: previous.map(str::to_owned),
        };
        lock(&self.shared).secrets.insert(id.to_owned(), secret);
    }

    /// Secrets Manager answers 500 from now on, or no longer.
    pub fn fail_secrets(&self, fail: bool) {
        lock(&self.shared).secrets_fail = fail;
    }

    /// DynamoDB answers 500 from now on, or no longer.
    pub fn fail_tables(&self, fail: bool) {
        lock(&self.shared).tables_fail = fail;
    }

    /// The bodies of all messages that a queue was sent, in order. There is one queue, whatever its URL.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        lock(&self.shared).messages.clone()
    }

    /// The bodies of all records that a stream took, in order. There is one stream, whatever its name.
    #[must_use]
    pub fn stream(&self) -> Vec<String> {
        lock(&self.shared).stream.records.clone()
    }

    /// The stream takes nothing from now on, or no longer.
    pub fn fail_stream(&self, fault: Option<StreamFault>) {
        lock(&self.shared).stream.fault = fault;
    }

    /// Of the next batch the stream does not take the records in these places.
    pub fn refuse_records(&self, places: &[usize]) {
        lock(&self.shared).stream.refused = places.to_vec();
    }

    /// What the stream takes from now on is kept here, too, and here Athena looks for `issue_events`.
    pub fn keep_records_in(&self, warehouse: &Records) {
        lock(&self.shared).warehouse = Some(warehouse.clone());
    }

    /// Queries run on and on from now on, or no longer.
    pub fn hold_queries(&self, hold: bool) {
        lock(&self.shared).queries.held = hold;
    }

    /// The texts of all queries that Athena was asked, in order.
    #[must_use]
    pub fn queries(&self) -> Vec<String> {
        lock(&self.shared).queries.texts()
    }

    /// The targets of all signed requests so far, in order: `secretsmanager.GetSecretValue`,
    /// `DynamoDB_20120810.GetItem`, …
    #[must_use]
    pub fn operations(&self) -> Vec<String> {
        lock(&self.shared).operations.clone()
    }

    /// How many writes of items DynamoDB was asked for so far, which is what it charges for: each of a batch or a
    /// transaction by itself, the checks of a transaction as well.
    #[must_use]
    pub fn items_written(&self) -> usize {
        lock(&self.shared).items_written
    }
}

async fn answer(
    State((engine, account)): State<(Engine, Arc<Mutex<Account>>)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let target = header("x-amz-target").unwrap_or_default();
    let (service, content_type) = match target.split_once('.') {
        Some(("secretsmanager", _)) => ("secretsmanager", "application/x-amz-json-1.1"),
        Some(("DynamoDB_20120810", _)) => ("dynamodb", "application/x-amz-json-1.0"),
        Some(("AmazonSQS", _)) => ("sqs", "application/x-amz-json-1.0"),
        Some(("Firehose_20150804", _)) => ("firehose", "application/x-amz-json-1.1"),
        Some(("AmazonAthena", _)) => ("athena", "application/x-amz-json-1.1"),
        _ => ("", "application/x-amz-json-1.1"),
    };
    let (status, body) = if service.is_empty() {
        (400, json!({"__type": "UnknownOperationException"}).to_string())
    } else if let Some(error) = unsigned(header(AUTHORIZATION.as_str()), service) {
        (400, error.to_string())
    } else if !header(USER_AGENT.as_str()).is_some_and(|agent| agent.starts_with("copperbell/")) {
        (400, json!({"__type": "UserAgentIsNotOurs"}).to_string())
    } else {
        let tables_fail = {
            let mut account = lock(&account);
            account.operations.push(target.to_owned());
            account.tables_fail
        };
        if service == "dynamodb" && tables_fail {
            let kind = "com.amazonaws.dynamodb.v20120810#InternalServerError";
            let error = json!({"__type": kind, "message": "Internal server error"});
            (500, error.to_string())
        } else if service == "dynamodb" {
            lock(&account).items_written += items_written(target, &body);
            engine.answer(target, &body)
        } else if service == "sqs" {
            let (status, body) = lock(&account).queue(target, &body);
            (status, body.to_string())
        } else if service == "firehose" {
            let (status, body) = put_records(&account, target, &body).await;
            (status, body.to_string())
        } else if service == "athena" {
            let (status, body) = query(&account, target, &body).await;
            (status, body.to_string())
        } else {
            let (status, body) = lock(&account).secrets_manager(target, &body);
            (status, body.to_string())
        }
    };
    let content_type = [(CONTENT_TYPE, HeaderValue::from_static(content_type))];
    (status_code(status), content_type, body).into_response()
}

fn items_written(target: &str, body: &[u8]) -> usize {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let count = |list: &Value| list.as_array().map_or(0, Vec::len);
    match target.trim_start_matches("DynamoDB_20120810.") {
        "PutItem" | "UpdateItem" | "DeleteItem" => 1,
        "TransactWriteItems" => count(&asked["TransactItems"]),
        "BatchWriteItem" => asked["RequestItems"]
            .as_object()
            .map_or(0, |tables| tables.values().map(count).sum()),
        _ => 0,
    }
}

async fn put_records(account: &Mutex<Account>, target: &str, body: &[u8]) -> (u16, Value) {
    let ((status, answer, taken), warehouse) = {
        let mut account = lock(account);
        (account.stream.put(target, body), account.warehouse.clone())
    };
    if let Some(warehouse) = warehouse {
        let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
        warehouse
            .put(&taken)
            .await
            .expect("the file of records should take them");
    }
    (status, answer)
}

async fn query(account: &Mutex<Account>, target: &str, body: &[u8]) -> (u16, Value) {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    match target {
        "AmazonAthena.StartQueryExecution" => {
            let sql = asked["QueryString"].as_str().unwrap_or_default();
            let warehouse = lock(account).warehouse.clone();
            let ended = athena::run(warehouse, sql).await;
            lock(account).queries.started(sql.to_owned(), ended)
        }
        "AmazonAthena.GetQueryExecution" => lock(account).queries.seen(&asked),
        "AmazonAthena.GetQueryResults" => lock(account).queries.results(&asked),
        _ => (400, json!({"__type": "UnknownOperationException"})),
    }
}

/// What is wrong with an `Authorization` header, in AWS's words. The signature itself is not checked: there is no
/// secret key.
fn unsigned(authorization: Option<&str>, service: &str) -> Option<Value> {
    let Some(parts) = authorization.and_then(|value| value.strip_prefix("AWS4-HMAC-SHA256 ")) else {
        let message = "Missing Authentication Token";
        return Some(json!({"__type": "MissingAuthenticationTokenException", "message": message}));
    };
    let part = |name: &str| {
        let mut parts = parts.split(',').map(str::trim);
        parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    };
    // KEY/20261101/us-east-1/dynamodb/aws4_request
    let scope: Vec<&str> = part("Credential").unwrap_or_default().split('/').collect();
    let message = if part("SignedHeaders").is_none() || part("Signature").is_none() {
        "Authorization header requires 'SignedHeaders' and 'Signature' parameters.".to_owned()
    } else if scope.len() != 5 || scope[4] != "aws4_request" {
        "Credential must have exactly 5 slash-delimited elements.".to_owned()
    } else if scope[3] != service {
        format!("Credential should be scoped to correct service: '{service}'.")
    } else {
        return None;
    };
    Some(json!({"__type": "InvalidSignatureException", "message": message}))
}

impl Account {
    fn queue(&mut self, target: &str, body: &[u8]) -> (u16, Value) {
        if target != "AmazonSQS.SendMessageBatch" {
            return (400, json!({"__type": "UnknownOperationException"}));
        }
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let entries = asked["Entries"].as_array().cloned().unwrap_or_default();
        if entries.len() > 10 {
            let kind = "com.amazonaws.sqs#TooManyEntriesInBatchRequest";
            return (
                400,
                json!({"__type": kind, "message": "Maximum number of entries per request are 10."}),
            );
        }
        let mut successful = Vec::new();
        for entry in entries {
            let message = entry["MessageBody"].as_str().unwrap_or_default();
            self.messages.push(message.to_owned());
            let id = format!("00000000-0000-0000-0000-{:012}", self.messages.len());
            successful.push(json!({"Id": entry["Id"], "MessageId": id}));
        }
        (200, json!({"Successful": successful, "Failed": []}))
    }

    fn secrets_manager(&self, target: &str, body: &[u8]) -> (u16, Value) {
        let refused = |status, kind: &str, message: &str| (status, json!({"__type": kind, "Message": message}));
        if self.secrets_fail {
            let message = "An error occurred on the server side.";
            return refused(500, "InternalServiceError", message);
        }
        if target != "secretsmanager.GetSecretValue" {
            return refused(400, "UnknownOperationException", "");
        }
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let id = asked["SecretId"].as_str().unwrap_or_default();
        let stage = asked["VersionStage"].as_str().unwrap_or("AWSCURRENT");
        let not_found = |message: &str| refused(400, "ResourceNotFoundException", message);
        let Some(secret) = self.secrets.get(id) else {
            return not_found("Secrets Manager can't find the specified secret.");
        };
        let (string, version) = match stage {
            "AWSCURRENT" => (Some(&secret.current), 2),
            "AWSPREVIOUS" => (secret.previous.as_ref(), 1),
            _ => (None, 0),
        };
        let Some(string) = string else {
            return not_found(&format!(
                "Secrets Manager can't find the specified secret value for staging label: {stage}"
            ));
        };
        let found = json!({
            "ARN": format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{id}-a1b2c3"),
            "Name": id,
            "VersionId": format!("a1b2c3d4-5678-90ab-cdef-{version:012}"),
            "SecretString": string,
            "VersionStages": [stage],
            "CreatedDate": 1_795_294_935.5,
        });
        (200, found)
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_sdk_dynamodb as dynamodb;
    use aws_sdk_secretsmanager as secrets;
    use outbound::{Outbound, OwnUserAgent, sdk_http_client};

    use super::*;
    use crate::ask;

    fn secrets_client(aws: &Aws) -> secrets::Client {
        let config = secrets::Config::builder()
            .behavior_version(secrets::config::BehaviorVersion::latest())
            .region(secrets::config::Region::new("us-east-1"))
            .credentials_provider(Credentials::from_keys("key", "secret", None))
            .retry_config(secrets::config::retry::RetryConfig::disabled())
            .http_client(sdk_http_client(&Outbound::new()))
            .interceptor(OwnUserAgent)
            .endpoint_url(aws.url())
            .build();
        secrets::Client::from_conf(config)
    }

    #[tokio::test]
    async fn the_sdk_reads_both_versions_of_a_secret() {
        let aws = Aws::start().await;
        aws.set_secret("copperbell", "{\"new\":1}", Some("{\"old\":1}"));
        let client = secrets_client(&aws);
        let read = client.get_secret_value().secret_id("copperbell");
        let current = read.clone().send().await.unwrap();
        assert_eq!(current.secret_string(), Some("{\"new\":1}"));
        let previous = read.clone().version_stage("AWSPREVIOUS").send().await.unwrap();
        assert_eq!(previous.secret_string(), Some("{\"old\":1}"));
        assert_eq!(aws.operations(), ["secretsmanager.GetSecretValue"; 2]);
    }

    #[tokio::test]
    async fn a_missing_secret_and_a_failing_service_are_told_apart() {
        let aws = Aws::start().await;
        aws.set_secret("copperbell", "{}", None);
        let client = secrets_client(&aws);
        let missing = client.get_secret_value().secret_id("other").send().await;
        assert!(
            missing
                .unwrap_err()
                .into_service_error()
                .is_resource_not_found_exception()
        );
        let read = client.get_secret_value().secret_id("copperbell");
        let missing = read.clone().version_stage("AWSPREVIOUS").send().await;
        assert!(
            missing
                .unwrap_err()
                .into_service_error()
                .is_resource_not_found_exception()
        );
        aws.fail_secrets(true);
        let failed = read.clone().send().await.unwrap_err().into_service_error();
        assert!(failed.is_internal_service_error(), "{failed}");
        aws.fail_secrets(false);
        assert!(read.send().await.is_ok());
    }

    #[tokio::test]
    async fn a_test_reads_in_process_what_the_sdk_wrote_over_the_wire() {
        let aws = Aws::start().await;
        let table = json!({
            "TableName": "copperbell", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        });
        let in_process = |operation: &str, body: &Value| {
            let target = format!("DynamoDB_20120810.{operation}");
            aws.engine().answer(&target, body.to_string().as_bytes())
        };
        let (status, answer) = in_process("CreateTable", &table);
        assert_eq!(status, 200, "{answer}");

        let config = dynamodb::Config::builder()
            .behavior_version(dynamodb::config::BehaviorVersion::latest())
            .region(dynamodb::config::Region::new("us-east-1"))
            .credentials_provider(Credentials::from_keys("key", "secret", None))
            .http_client(sdk_http_client(&Outbound::new()))
            .interceptor(OwnUserAgent)
            .endpoint_url(aws.url())
            .build();
        let text = |text: &str| dynamodb::types::AttributeValue::S(text.to_owned());
        let client = dynamodb::Client::from_conf(config);
        let update = client.update_item().table_name("copperbell").key("pk", text("run"));
        update
            .update_expression("SET why = :why")
            .expression_attribute_values(":why", text("because"))
            .send()
            .await
            .unwrap();
        let key = json!({"TableName": "copperbell", "Key": {"pk": {"S": "run"}}});
        let (_, item) = in_process("GetItem", &key);
        let item: Value = serde_json::from_str(&item).unwrap();
        assert_eq!(item["Item"]["why"]["S"], "because");
        assert_eq!(aws.operations(), ["DynamoDB_20120810.UpdateItem"]);
    }

    #[tokio::test]
    async fn a_request_must_be_signed_for_the_service_it_asks_and_name_us() {
        let aws = Aws::start().await;
        let signed_for = |service: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=key/20261101/us-east-1/{service}/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature=00"
            )
        };
        let dynamodb = "DynamoDB_20120810.GetItem";
        for (target, authorization, error) in [
            (dynamodb, "Basic abc".to_owned(), "MissingAuthenticationTokenException"),
            (dynamodb, signed_for("secretsmanager"), "InvalidSignatureException"),
            (dynamodb, signed_for("dynamodb"), "UserAgentIsNotOurs"),
            ("AmazonSSM.GetParameter", signed_for("ssm"), "UnknownOperationException"),
        ] {
            let headers = [
                ("x-amz-target", target),
                ("authorization", &authorization),
                ("user-agent", "aws-sdk-rust/1.3.9"),
            ];
            let answer = ask::post(&aws.url(), &headers, "{}").await.unwrap();
            assert_eq!(answer.status(), 400);
            let body: Value = serde_json::from_str(&ask::text(answer).await).unwrap();
            assert_eq!(body["__type"], error);
        }
        assert!(aws.operations().is_empty());
    }
}
