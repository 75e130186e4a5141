//! What is around the function: settings, AWS, a chat, and the Runtime API that hands it GitHub's deliveries.

use std::process::Stdio;

use aws_credential_types::Credentials;
use outbound::{Access, Outbound};
use serde_json::{Value, json};
use state::Table;
use tempfile::NamedTempFile;
use tokio::process::{Child, Command};
use world::{Aws, Chat, RuntimeApi};

use crate::delivery::Delivery;

pub(crate) const AWS_SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
pub(crate) const AWS_SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";

/// The part of the channel's URL that nobody may see.
pub(crate) const CHANNEL_SECRET: &str = "T0/B0/secret";

/// What GitHub signs with.
pub(crate) const WEBHOOK_SECRET: &str = "It's a Secret to Everybody";

/// The one channel.
pub(crate) const CHANNEL: &str = "team";

const TABLE: &str = "copperbell-state";
const SECRET: &str = "copperbell/test";

/// A Lambda environment in an account where everything is in place.
pub(crate) struct Environment {
    pub(crate) aws: Aws,
    pub(crate) slack: Chat,
    pub(crate) runtime: RuntimeApi,
    pub(crate) table: Table,
    settings: Vec<(&'static str, String)>,
    log: NamedTempFile,
}

impl Environment {
    pub(crate) async fn new() -> Self {
        let (aws, slack, runtime) = (Aws::start().await, Chat::slack().await, RuntimeApi::start().await);
        let settings = vec![
            ("STATE", format!("dynamodb:{TABLE}")),
            ("SECRETS", format!("aws:{SECRET}")),
            ("AWS_ENDPOINT_URL", aws.url()),
            // What Lambda sets.
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", AWS_SECRET_KEY.to_owned()),
            ("AWS_SESSION_TOKEN", AWS_SESSION_TOKEN.to_owned()),
            ("AWS_LAMBDA_RUNTIME_API", runtime.address()),
            ("AWS_LAMBDA_FUNCTION_NAME", "copperbell-webhook".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/03/01/[$LATEST]1a2b3c".to_owned()),
        ];
        let outbound = Outbound::new();
        let access = Access {
            http_client: embedded::http_client(aws.engine().clone(), &outbound),
            credentials: Credentials::from_keys("local", "local", None),
            region: "local".to_owned(),
            endpoint_url: None,
        };
        let table = Table::new(TABLE, access, outbound.clock.clone());
        table.create_if_missing().await.unwrap();
        let environment = Self {
            aws,
            slack,
            runtime,
            table,
            settings,
            log: NamedTempFile::new().unwrap(),
        };
        environment.set_secret(WEBHOOK_SECRET, None);
        environment
    }

    /// Sets a plain setting; an empty one counts as not set.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(set, _)| *set != name);
        self.settings.push((name, value.to_owned()));
    }

    /// The secret names the chat as the one channel; GitHub signs with `current`, and with `previous` before that.
    pub(crate) fn set_secret(&self, current: &str, previous: Option<&str>) {
        let document = |webhook: &str| {
            let channels = json!([{"name": CHANNEL, "url": self.slack.url()}]);
            json!({"github_webhook_secret": webhook, "channels": channels}).to_string()
        };
        let previous = previous.map(document);
        self.aws.set_secret(SECRET, &document(current), previous.as_deref());
    }

    /// The secret is this text.
    pub(crate) fn spoil_secret(&self, document: &str) {
        self.aws.set_secret(SECRET, document, None);
    }

    /// Starts the function. It ends with the value that is returned.
    pub(crate) fn start(&self) -> Child {
        let log = || Stdio::from(self.log.reopen().unwrap());
        Command::new(env!("CARGO_BIN_EXE_copperbell-webhook"))
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log())
            .stderr(log())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// Hands a delivery to the function, as an HTTP API does. The answer is what GitHub gets: status and body.
    pub(crate) async fn deliver(&self, delivery: &Delivery) -> (u64, String) {
        self.invoke(delivery.http_api()).await
    }

    /// Hands any event to the function.
    pub(crate) async fn invoke(&self, event: Value) -> (u64, String) {
        let answer = self.runtime.invoke(event, 10_000).await.unwrap();
        assert_eq!(answer["isBase64Encoded"], false, "{answer}");
        let status = answer["statusCode"].as_u64().unwrap();
        (status, answer["body"].as_str().unwrap().to_owned())
    }

    /// How often the function has asked for a version of the secret.
    pub(crate) fn secret_reads(&self) -> usize {
        let asked = self.aws.operations();
        asked
            .iter()
            .filter(|target| target.starts_with("secretsmanager."))
            .count()
    }

    /// How many items are in the table.
    pub(crate) fn items(&self) -> u64 {
        let describe = json!({"TableName": TABLE}).to_string();
        let target = "DynamoDB_20120810.DescribeTable";
        let (status, answer) = self.aws.engine().answer(target, describe.as_bytes());
        assert_eq!(status, 200, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["Table"]["ItemCount"].as_u64().unwrap()
    }

    /// How many notices wait for the channel.
    pub(crate) async fn waiting(&self) -> usize {
        self.table.waiting(CHANNEL, 100).await.unwrap().len()
    }

    /// How many records wait for the stream.
    pub(crate) async fn records_waiting(&self) -> usize {
        self.table.waiting("sink:", 100).await.unwrap().len()
    }

    /// Everything that the function has printed so far.
    pub(crate) fn printed(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    /// What it says, line by line.
    pub(crate) fn log(&self) -> Vec<Value> {
        self.lines(|line| line.get("_aws").is_none())
    }

    /// Its lines with figures for CloudWatch.
    pub(crate) fn figures(&self) -> Vec<Value> {
        self.lines(|line| line.get("_aws").is_some())
    }

    fn lines(&self, which: impl Fn(&Value) -> bool) -> Vec<Value> {
        let printed = self.printed();
        let lines = printed
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
        lines.filter(which).collect()
    }
}
