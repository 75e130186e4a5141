//! What is around the function: settings, AWS, Copr, a chat, and the Runtime API that starts it.

use std::process::Stdio;

use aws_credential_types::Credentials;
use outbound::{Access, Outbound};
use serde_json::{Value, json};
use state::Table;
use tempfile::NamedTempFile;
use tokio::process::{Child, Command};
use world::{Aws, Chat, Copr, RuntimeApi};

pub(crate) const PROJECT: &str = "alice/demo";
pub(crate) const AWS_SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
pub(crate) const AWS_SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";

/// The part of the channel's URL that nobody may see.
pub(crate) const CHANNEL_SECRET: &str = "T0/B0/secret";

const TABLE: &str = "copperbell-state";
const SECRET: &str = "copperbell/test";

/// A Lambda environment in an account where everything is in place but the table.
pub(crate) struct Environment {
    pub(crate) aws: Aws,
    pub(crate) copr: Copr,
    pub(crate) slack: Chat,
    pub(crate) runtime: RuntimeApi,
    settings: Vec<(&'static str, String)>,
    log: NamedTempFile,
}

impl Environment {
    /// An environment without the table.
    pub(crate) async fn without_table() -> Self {
        let (aws, copr, slack) = (Aws::start().await, Copr::start().await, Chat::slack().await);
        let runtime = RuntimeApi::start().await;
        let settings = vec![
            ("STATE", format!("dynamodb:{TABLE}")),
            ("SECRETS", format!("aws:{SECRET}")),
            ("COPR_PROJECTS", PROJECT.to_owned()),
            ("COPR_URL", copr.url()),
            ("AWS_ENDPOINT_URL", aws.url()),
            // What Lambda sets.
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", AWS_SECRET_KEY.to_owned()),
            ("AWS_SESSION_TOKEN", AWS_SESSION_TOKEN.to_owned()),
            ("AWS_LAMBDA_RUNTIME_API", runtime.address()),
            ("AWS_LAMBDA_FUNCTION_NAME", "copperbell-watch".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/03/01/[$LATEST]1a2b3c".to_owned()),
        ];
        let environment = Self {
            aws,
            copr,
            slack,
            runtime,
            settings,
            log: NamedTempFile::new().unwrap(),
        };
        environment.set_secret();
        environment
    }

    /// An environment with everything in place.
    pub(crate) async fn new() -> Self {
        let environment = Self::without_table().await;
        let outbound = Outbound::new();
        let access = Access {
            http_client: embedded::http_client(environment.aws.engine().clone(), &outbound),
            credentials: Credentials::from_keys("local", "local", None),
            region: "local".to_owned(),
            endpoint_url: None,
        };
        let table = Table::new(TABLE, access, outbound.clock.clone());
        table.create_if_missing().await.unwrap();
        environment
    }

    /// Sets a plain setting; an empty one counts as not set.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(set, _)| *set != name);
        self.settings.push((name, value.to_owned()));
    }

    /// The secret names the chat as the one channel.
    pub(crate) fn set_secret(&self) {
        let document = json!({"channels": [{"name": "team", "url": self.slack.url()}]});
        self.aws.set_secret(SECRET, &document.to_string(), None);
    }

    /// The same, and what more is in the document.
    pub(crate) fn set_secret_with(&self, more: Value) {
        let mut document = json!({"channels": [{"name": "team", "url": self.slack.url()}]});
        if let (Value::Object(document), Value::Object(more)) = (&mut document, more) {
            document.extend(more);
        }
        self.aws.set_secret(SECRET, &document.to_string(), None);
    }

    /// The secret is one that nobody can use.
    pub(crate) fn spoil_secret(&self) {
        self.aws.set_secret(SECRET, CHANNEL_SECRET, None);
    }

    /// Starts the function. It ends with the value that is returned.
    pub(crate) fn start(&self) -> Child {
        let log = || Stdio::from(self.log.reopen().unwrap());
        Command::new(env!("CARGO_BIN_EXE_copperbell-watch"))
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log())
            .stderr(log())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// Sends an event with enough time for any pass. The answer is the function's response, or its error.
    pub(crate) async fn invoke(&self, event: Value) -> Result<Value, Value> {
        self.runtime.invoke(event, 60_000).await
    }

    /// Everything that the function has printed so far.
    pub(crate) fn printed(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    /// The same, line by line.
    pub(crate) fn log(&self) -> Vec<Value> {
        let printed = self.printed();
        let lines = printed.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }
}
