//! The secrets document: every secret, and where it is routed, in one JSON object.

use std::path::{Path, PathBuf};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::{ReconnectMode, RetryConfig};
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_sdk_secretsmanager::error::ProvideErrorMetadata as _;
use bell::routing::{Route, Rules};
use chat::Channel;
use github::{AppKey, Credentials, WebhookSecret};
use outbound::{Access, Outbound, OwnUserAgent, SdkSleep};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use crate::unreadable::unreadable;

/// How many channels may there be? A fact and its notices are one transaction of 100 writes.
const MOST_CHANNELS: usize = 40;

/// The secrets, read and checked.
#[derive(Debug)]
pub struct Secrets {
    /// The channels, and what each hears of. Never empty: without any, the console is one.
    pub bells: Vec<(Channel, Route)>,
    /// What GitHub signs its deliveries with, the current one first. Empty: there is none.
    pub webhook: Vec<WebhookSecret>,
    /// What GitHub's API is asked with.
    pub github: Credentials,
    /// Where to say that a pass is complete.
    pub heartbeat: Option<SecretString>,
}

/// Why the secrets cannot be used. No sentence holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file cannot be read.
    #[error("SECRETS: {0}")]
    File(String),
    /// Everybody on the machine can read the file.
    #[error("SECRETS: everybody on this machine can read {0}: run `chmod 600 {0}`")]
    WorldReadable(PathBuf),
    /// Secrets Manager did not give it.
    #[error("SECRETS: Secrets Manager did not give {id}: {why}")]
    Aws {
        /// The secret.
        id: String,
        /// What it said.
        why: String,
    },
    /// It is not the document we expect.
    #[error("SECRETS: the document is not usable: {0}")]
    Document(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Document {
    github_webhook_secret: Option<OneOrMore>,
    github_app: Option<AppDocument>,
    github_token: Option<SecretString>,
    heartbeat_url: Option<SecretString>,
    #[serde(default)]
    channels: Vec<ChannelDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct AppDocument {
    id: u64,
    private_key: SecretString,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a string or a list of strings")]
enum OneOrMore {
    One(SecretString),
    More(Vec<SecretString>),
}

impl OneOrMore {
    fn list(secrets: Option<Self>) -> Vec<SecretString> {
        match secrets {
            None => Vec::new(),
            Some(Self::One(secret)) => vec![secret],
            Some(Self::More(secrets)) => secrets,
        }
    }
}

/// What is used of the version before.
#[derive(Default, Deserialize)]
struct Previous {
    github_webhook_secret: Option<OneOrMore>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct ChannelDocument {
    name: String,
    url: String,
    secret: Option<SecretString>,
    events: Option<Vec<String>>,
    #[serde(default)]
    projects: Vec<String>,
    #[serde(default)]
    repositories: Vec<String>,
    #[serde(default)]
    authors: Vec<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    skip_bots: bool,
}

impl Secrets {
    /// Without a document the console is the one channel, and hears of everything: on standard error where standard
    /// output is a machine's.
    ///
    /// # Errors
    /// Never: the channel is spelt right.
    pub fn console(on_stderr: bool) -> Result<Self, SecretsError> {
        let url = if on_stderr { "console:stderr" } else { "console:" };
        Self::parse(&format!(r#"{{"channels": [{{"name": "console", "url": "{url}"}}]}}"#))
    }

    /// Reads the document from a file.
    ///
    /// # Errors
    /// When it cannot be read, everybody can read it, or it is not usable.
    pub fn from_file(path: &Path) -> Result<Self, SecretsError> {
        let failed = |error: std::io::Error| SecretsError::File(unreadable(path, &error));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
            if mode & 0o007 != 0 {
                return Err(SecretsError::WorldReadable(path.to_owned()));
            }
        }
        Self::parse(&std::fs::read_to_string(path).map_err(failed)?)
    }

    /// Reads the document from Secrets Manager.
    ///
    /// # Errors
    /// When it cannot be read or is not usable.
    pub async fn from_aws(id: &str, access: Access, outbound: &Outbound) -> Result<Self, SecretsError> {
        let text = version(&client(access, outbound), id, "AWSCURRENT").await?;
        Self::parse(&text.ok_or_else(|| missing(id))?)
    }

    /// The same, and of the version before what GitHub signs with: a delivery signed just before a rotation is still
    /// authentic.
    ///
    /// # Errors
    /// When the current version cannot be read or is not usable.
    pub async fn from_aws_with_previous(id: &str, access: Access, outbound: &Outbound) -> Result<Self, SecretsError> {
        let client = client(access, outbound);
        // One after the other: a second connection would cost more than the wait.
        let current = version(&client, id, "AWSCURRENT").await?;
        let previous = version(&client, id, "AWSPREVIOUS").await?;
        let mut current = Self::parse(&current.ok_or_else(|| missing(id))?)?;
        // There is none before the first rotation.
        if let Some(text) = previous {
            let document: Previous = serde_json::from_str(&text).unwrap_or_default();
            let secrets = OneOrMore::list(document.github_webhook_secret);
            current
                .webhook
                .extend(secrets.iter().filter_map(|secret| WebhookSecret::new(secret).ok()));
        }
        Ok(current)
    }

    /// Reads the document.
    ///
    /// # Errors
    /// When it is not usable.
    pub fn parse(text: &str) -> Result<Self, SecretsError> {
        // What a person wrote may be repeated, and is still one line.
        let unusable = |why: String| SecretsError::Document(why.replace(char::is_control, " "));
        let document: Document = serde_json::from_str(text).map_err(|error| unusable(without_values(&error)))?;
        if document.channels.len() > MOST_CHANNELS {
            let many = document.channels.len();
            return Err(unusable(format!(
                "it has {many} channels, expected at most {MOST_CHANNELS}"
            )));
        }
        let mut bells: Vec<(Channel, Route)> = Vec::new();
        for entry in document.channels {
            let channel =
                Channel::parse(&entry.name, &entry.url, entry.secret).map_err(|error| unusable(error.to_string()))?;
            let name = &channel.name;
            if bells.iter().any(|(other, _)| other.name == *name) {
                return Err(unusable(format!(
                    "two channels are called `{name}`, expected a name for each"
                )));
            }
            let rules = Rules {
                events: entry.events.as_deref(),
                projects: &entry.projects,
                repositories: &entry.repositories,
                authors: &entry.authors,
                labels: &entry.labels,
                skip_bots: entry.skip_bots,
            };
            let route = Route::parse(&rules).map_err(|error| unusable(format!("channel `{name}`: {error}")))?;
            bells.push((channel, route));
        }
        if bells.is_empty() {
            bells = Self::console(false)?.bells;
        }
        let webhook = OneOrMore::list(document.github_webhook_secret);
        let webhook = webhook.iter().map(WebhookSecret::new).collect::<Result<_, _>>();
        let webhook = webhook.map_err(|error| unusable(format!("github_webhook_secret: {error}")))?;
        let app = document.github_app.map(|app| AppKey::new(app.id, &app.private_key));
        let app = app.transpose();
        let github = Credentials {
            app: app.map_err(|error| unusable(format!("github_app.private_key: {error}")))?,
            token: document.github_token,
        };
        let heartbeat = document.heartbeat_url;
        if let Some(url) = &heartbeat {
            let url = Url::parse(url.expose_secret()).ok();
            if url.is_none_or(|url| !matches!(url.scheme(), "http" | "https")) {
                return Err(unusable(
                    "heartbeat_url: expected an http:// or https:// URL".to_owned(),
                ));
            }
        }
        Ok(Self {
            bells,
            webhook,
            github,
            heartbeat,
        })
    }
}

fn client(access: Access, outbound: &Outbound) -> Client {
    let mut config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(access.region))
        .credentials_provider(access.credentials)
        .http_client(access.http_client)
        .sleep_impl(SdkSleep(outbound.clock.clone()))
        // Each request has its own time-out in the connector.
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_config(RetryConfig::standard().with_reconnect_mode(ReconnectMode::ReuseAllConnections))
        .interceptor(OwnUserAgent);
    config.set_endpoint_url(access.endpoint_url);
    Client::from_conf(config.build())
}

/// The text of one version of a secret; `None` where there is no such version.
async fn version(client: &Client, id: &str, stage: &str) -> Result<Option<String>, SecretsError> {
    let failed = |why: String| SecretsError::Aws { id: id.to_owned(), why };
    let request = client.get_secret_value().secret_id(id).version_stage(stage);
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => match (error.code(), error.message()) {
            (Some("ResourceNotFoundException"), _) => return Ok(None),
            (Some(code), message) => return Err(failed(format!("{code}: {}", message.unwrap_or("no message")))),
            (None, _) => return Err(failed(outbound::causes(&error))),
        },
    };
    match answer.secret_string {
        Some(text) => Ok(Some(text)),
        None => Err(failed("it is binary, expected a string".to_owned())),
    }
}

fn missing(id: &str) -> SecretsError {
    SecretsError::Aws {
        id: id.to_owned(),
        why: "ResourceNotFoundException: there is no such secret, or it has no value yet".to_owned(),
    }
}

/// What is wrong with the JSON, without the values in it: serde quotes what it found, which may be a secret.
fn without_values(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let place = format!("line {} column {}", error.line(), error.column());
    if !error.is_data() {
        return format!("it is not JSON ({place}): look there for a quote that is missing, or a comma too many");
    }
    let names_only = ["unknown field", "missing field", "duplicate field"];
    if names_only.iter().any(|start| said.starts_with(start)) {
        return said;
    }
    // The last: what was found is quoted before it, and may have the word as well.
    let expected = said.rsplit_once(", expected ").map(|(_, rest)| rest);
    let expected = expected
        .and_then(|rest| rest.split_once(" at line"))
        .map(|(what, _)| what);
    let expected = match expected.unwrap_or("another") {
        "u64" => "a number without quotes",
        "a sequence" => "a list in [ ]",
        "a boolean" => "true or false",
        other => other,
    };
    format!("a value has the wrong kind, expected {expected} ({place})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_one_sentence_without_a_secret() {
        let channel = |more: &str| {
            format!(r#"{{"channels": [{{"name": "team", "url": "https://hooks.slack.com/services/T/B/HUSH"{more}}}]}}"#)
        };
        let twice = r#"{"channels": [{"name": "team", "url": "slack+https://a.example/HUSH"},
            {"name": "team", "url": "slack+https://b.example/HUSH"}]}"#;
        let mistakes = [
            "HUSH".to_owned(),
            r#"{"github_tokn": "HUSH"}"#.to_owned(),
            r#"{"github_token": 5}"#.to_owned(),
            r#"{"heartbeat_url": "HUSH"}"#.to_owned(),
            r#"{"github_app": {"id": "HUSH"}}"#.to_owned(),
            r#"{"github_app": {"id": "as expected HUSH at line 5"}}"#.to_owned(),
            r#"{"two\nlines": "HUSH"}"#.to_owned(),
            r#"{"github_app": {"id": 5, "private_key": "HUSH"}}"#.to_owned(),
            r#"{"channels": "HUSH"}"#.to_owned(),
            r#"{"channels": [{"name": "team"}]}"#.to_owned(),
            channel(r#", "evnets": []"#),
            channel(r#", "events": "HUSH""#),
            channel(r#", "events": ["copr.borken"]"#),
            r#"{"channels": [{"name": "Team!", "url": "https://HUSH.example"}]}"#.to_owned(),
            r#"{"channels": [{"name": "team", "url": "http://HUSH.example"}]}"#.to_owned(),
            r#"{"channels": [{"name": "team", "url": "HUSH"}]}"#.to_owned(),
            twice.to_owned(),
        ];
        let sentences = mistakes.map(|text| Secrets::parse(&text).unwrap_err().to_string());
        assert!(
            sentences.iter().all(|sentence| !sentence.contains("HUSH")),
            "{sentences:#?}"
        );
        insta::assert_snapshot!(sentences.join("\n"), @r#"
        SECRETS: the document is not usable: it is not JSON (line 1 column 1): look there for a quote that is missing, or a comma too many
        SECRETS: the document is not usable: unknown field `github_tokn`, expected one of `github_webhook_secret`, `github_app`, `github_token`, `heartbeat_url`, `channels` at line 1 column 14
        SECRETS: the document is not usable: a value has the wrong kind, expected a string (line 1 column 18)
        SECRETS: the document is not usable: heartbeat_url: expected an http:// or https:// URL
        SECRETS: the document is not usable: a value has the wrong kind, expected a number without quotes (line 1 column 28)
        SECRETS: the document is not usable: a value has the wrong kind, expected a number without quotes (line 1 column 50)
        SECRETS: the document is not usable: unknown field `two lines`, expected one of `github_webhook_secret`, `github_app`, `github_token`, `heartbeat_url`, `channels` at line 1 column 13
        SECRETS: the document is not usable: github_app.private_key: the App's private key cannot be read as PEM: expected the file that GitHub gives, unencrypted and with its line breaks, which begins with `-----BEGIN RSA PRIVATE KEY-----`
        SECRETS: the document is not usable: a value has the wrong kind, expected a list in [ ] (line 1 column 19)
        SECRETS: the document is not usable: missing field `url` at line 1 column 30
        SECRETS: the document is not usable: unknown field `evnets`, expected one of `name`, `url`, `secret`, `events`, `projects`, `repositories`, `authors`, `labels`, `skip_bots` at line 1 column 91
        SECRETS: the document is not usable: a value has the wrong kind, expected a list in [ ] (line 1 column 99)
        SECRETS: the document is not usable: channel `team`: `copr.borken` is no event: expected one such as copr.broken, issues.opened, issue_comment.created, or a pattern such as `copr.*`
        SECRETS: the document is not usable: channel "Team!": expected a name of 1 to 32 characters a-z, 0-9 and -
        SECRETS: the document is not usable: channel "team": expected https (http is for loopback hosts alone)
        SECRETS: the document is not usable: channel "team": expected console:, or a URL of https, with slack+, feishu+, discord+, teams+, ntfy+ or json+ before it where its host does not tell
        SECRETS: the document is not usable: two channels are called `team`, expected a name for each
        "#);
    }

    #[test]
    fn without_channels_the_console_rings() {
        let secrets = Secrets::parse("{}").unwrap();
        let [(channel, _)] = secrets.bells.as_slice() else {
            panic!("{secrets:?}");
        };
        assert_eq!(channel.name, "console");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everybody_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{}").unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = Secrets::from_file(file.path()).unwrap_err();
        assert!(matches!(error, SecretsError::WorldReadable(_)), "{error}");
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(Secrets::from_file(file.path()).is_ok());
    }
}
