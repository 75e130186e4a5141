//! The settings: plain ones, from flags, environment or `.env`. Everything secret is in one document (`secrets.rs`).

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bell::ignore::Ignore;
use bell::wanted::Wanted;
use bell::watch::{Digest, Redelivery, Watch};
use chat::{Language, UnknownLanguage};
use copr::{Copr, DEFAULT_URL};
use github::{ApiUrl, DEFAULT_API_URL};
use jiff::{Span, SpanRelativeTo};
use outbound::ExtraRoots;
use tracing::level_filters::LevelFilter;
use url::Url;

use crate::logs::LogFormat;
use crate::unreadable::unreadable;

/// How often does `serve` run a pass?
const EVERY: Duration = Duration::from_mins(10);

/// How many polls may fail in a row before that is told?
const POLL_FAILURES: u32 = 3;

/// How long does github.com redeliver?
const HORIZON: Duration = Duration::from_hours(3 * 24);

/// How many redeliveries of one delivery may fail?
const ATTEMPTS: u32 = 12;

/// The settings, read and checked.
#[derive(Debug)]
pub struct Settings {
    /// Where to remember.
    pub state: StateAt,
    /// Where the secrets document is, if there is one.
    pub secrets: Option<SecretsAt>,
    /// What is watched, and how.
    pub watch: Watch,
    /// Where GitHub's API is.
    pub github: ApiUrl,
    /// Where `serve` takes webhooks.
    pub listen: SocketAddr,
    /// Where `serve` shows its status.
    pub status_listen: SocketAddr,
    /// How often `serve` runs a pass.
    pub every: Duration,
    /// Believe a webhook that is signed with SHA-1 alone.
    pub allow_sha1: bool,
    /// Where records of issue events go, if anywhere.
    pub sink: Option<SinkAt>,
    /// Keep the titles of issues in the records.
    pub sink_titles: bool,
    /// Where records of issue events are asked about, if anywhere.
    pub warehouse: Option<WarehouseAt>,
    /// What notices are written in.
    pub language: Language,
    /// Authorities that are trusted besides the public ones.
    pub extra_roots: ExtraRoots,
    /// What to log; `None`: as the program sees fit.
    pub log_level: Option<LevelFilter>,
    /// How the standalone program logs.
    pub log_format: LogFormat,
}

/// Where to remember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateAt {
    /// In a file of our own.
    File(PathBuf),
    /// In a DynamoDB table.
    Dynamodb(String),
}

/// Where the secrets document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretsAt {
    /// In a file that only its owner (and his group) can read.
    File(PathBuf),
    /// In Secrets Manager.
    Aws(String),
}

/// Where records of issue events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkAt {
    /// Into a SQLite file.
    Sqlite(PathBuf),
    /// Into a Firehose stream.
    Firehose(String),
}

/// Where records of issue events are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WarehouseAt {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// Athena.
    Athena {
        /// Its workgroup.
        workgroup: String,
        /// The database with the table `issue_events`.
        database: String,
    },
}

/// A setting that cannot be used, in one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {why}")]
pub struct BadSetting {
    name: &'static str,
    why: String,
}

/// Text that is no duration.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is no duration: expected one such as 90m, 12h or 3d")]
pub struct BadDuration(String);

impl BadSetting {
    pub(crate) fn new(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, why: why.into() }
    }
}

impl Settings {
    /// Reads all settings; `value` gives a setting's text by its name.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn read(value: impl Fn(&str) -> Option<String>) -> Result<Self, BadSetting> {
        let value = |name: &str| value(name).filter(|text| !text.trim().is_empty());
        let sink = value("SINK").map(|text| sink(&text)).transpose()?;
        let state = value("STATE").unwrap_or_else(|| "copperbell.db".to_owned());
        Ok(Self {
            state: match state.strip_prefix("dynamodb:") {
                Some("") => return Err(BadSetting::new("STATE", "expected a table's name after `dynamodb:`")),
                Some(table) => StateAt::Dynamodb(table.to_owned()),
                None => state_file(&state)?,
            },
            secrets: match value("SECRETS") {
                None => None,
                Some(at) => Some(match at.strip_prefix("aws:") {
                    Some("") => {
                        return Err(BadSetting::new(
                            "SECRETS",
                            "expected a secret's name or ARN after `aws:`",
                        ));
                    }
                    Some(id) => SecretsAt::Aws(id.to_owned()),
                    None => SecretsAt::File(at.into()),
                }),
            },
            watch: Watch {
                copr: Copr::new(value("COPR_URL").as_deref().unwrap_or(DEFAULT_URL))
                    .map_err(|error| BadSetting::new("COPR_URL", error.to_string()))?,
                projects: list("COPR_PROJECTS", &value("COPR_PROJECTS").unwrap_or_default())?,
                ignore: Ignore::parse(&value("COPR_IGNORE").unwrap_or_default())
                    .map_err(|error| BadSetting::new("COPR_IGNORE", error.to_string()))?,
                remind_after: value("REMIND_AFTER")
                    .map(|text| duration("REMIND_AFTER", &text))
                    .transpose()?,
                poll_failures: value("POLL_FAILURES")
                    .map_or(Ok(POLL_FAILURES), |text| count("POLL_FAILURES", &text))?,
                redelivery: Redelivery {
                    hooks: list("GITHUB_HOOKS", &value("GITHUB_HOOKS").unwrap_or_default())?,
                    webhook_url: value("WEBHOOK_URL").map(|text| webhook_url(&text)).transpose()?,
                    wanted: match value("REDELIVER_EVENTS") {
                        None => Wanted::default(),
                        Some(text) => Wanted::parse(&text)
                            .map_err(|error| BadSetting::new("REDELIVER_EVENTS", error.to_string()))?,
                    },
                    horizon: value("REDELIVER_HORIZON")
                        .map_or(Ok(HORIZON), |text| duration("REDELIVER_HORIZON", &text))?,
                    attempts: value("REDELIVER_ATTEMPTS")
                        .map_or(Ok(ATTEMPTS), |text| count("REDELIVER_ATTEMPTS", &text))?,
                    since: None,
                },
                digest: Digest {
                    every: value("REPORT_EVERY")
                        .map(|text| duration("REPORT_EVERY", &text))
                        .transpose()?,
                    ignored: list("REPORT_IGNORE", &value("REPORT_IGNORE").unwrap_or_default())?,
                },
            },
            github: ApiUrl::new(value("GITHUB_API_URL").as_deref().unwrap_or(DEFAULT_API_URL))
                .map_err(|error| BadSetting::new("GITHUB_API_URL", error.to_string()))?,
            listen: address("LISTEN", value("LISTEN").as_deref().unwrap_or("127.0.0.1:8787"))?,
            status_listen: address(
                "STATUS_LISTEN",
                value("STATUS_LISTEN").as_deref().unwrap_or("127.0.0.1:8788"),
            )?,
            every: value("EVERY").map_or(Ok(EVERY), |text| duration("EVERY", &text))?,
            allow_sha1: yes("ALLOW_SHA1", value("ALLOW_SHA1").as_deref())?,
            warehouse: match (value("WAREHOUSE"), &sink) {
                (Some(text), _) => Some(warehouse(&text)?),
                (None, Some(SinkAt::Sqlite(path))) => Some(WarehouseAt::Sqlite(path.clone())),
                (None, _) => None,
            },
            sink,
            sink_titles: yes("SINK_TITLES", value("SINK_TITLES").as_deref())?,
            language: value("NOTICE_LANGUAGE")
                .map_or(Ok(Language::default()), |text| text.parse())
                .map_err(|error: UnknownLanguage| BadSetting::new("NOTICE_LANGUAGE", error.to_string()))?,
            extra_roots: value("CA_FILE").map_or(Ok(ExtraRoots::default()), |path| extra_roots(&path))?,
            log_level: value("LOG_LEVEL").map(|text| log_level(&text)).transpose()?,
            log_format: value("LOG_FORMAT").map_or(Ok(LogFormat::Text), |text| log_format(&text))?,
        })
    }
}

/// A file that is called like another setting's value would be made without a word.
fn state_file(text: &str) -> Result<StateAt, BadSetting> {
    match text.split_once(':') {
        Some((scheme, _)) if !scheme.contains('/') => {
            let why = format!(
                "`{text}` is neither a file nor dynamodb:TABLE: expected one of them, ./{text} if a file is called so"
            );
            Err(BadSetting::new("STATE", why))
        }
        _ => Ok(StateAt::File(text.into())),
    }
}

/// The entries of a list, each once, in the order given. A list that is too long for a setting (a Lambda's are 4 KB in all)
/// is in a file, `file:PATH`, an entry a line.
fn list<T>(name: &'static str, list: &str) -> Result<Vec<T>, BadSetting>
where
    T: FromStr<Err: Display> + Clone + Eq + Hash,
{
    let file = match list.trim().strip_prefix("file:") {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path);
            Some(text.map_err(|error| BadSetting::new(name, unreadable(path.as_ref(), &error)))?)
        }
    };
    let mut entries: Vec<T> = Vec::new();
    let mut known = HashSet::new();
    let texts = file.as_deref().unwrap_or(list).split([',', '\n']).map(str::trim);
    for text in texts.filter(|text| !text.is_empty()) {
        let entry: T = text
            .parse()
            .map_err(|error: T::Err| BadSetting::new(name, error.to_string()))?;
        if known.insert(entry.clone()) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn count(name: &'static str, text: &str) -> Result<u32, BadSetting> {
    let count = text.trim().parse().ok().filter(|&count| count > 0);
    count.ok_or_else(|| BadSetting::new(name, format!("`{text}` is no count: expected a whole number from 1 on")))
}

fn yes(name: &'static str, text: Option<&str>) -> Result<bool, BadSetting> {
    match text.map(str::trim) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(BadSetting::new(name, format!("`{other}` is neither true nor false"))),
    }
}

fn sink(text: &str) -> Result<SinkAt, BadSetting> {
    match text.trim().split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => Ok(SinkAt::Sqlite(path.into())),
        Some(("firehose", stream)) if !stream.is_empty() => Ok(SinkAt::Firehose(stream.to_owned())),
        _ => {
            let why = format!("`{text}` is no sink: expected sqlite:PATH or firehose:STREAM");
            Err(BadSetting::new("SINK", why))
        }
    }
}

fn warehouse(text: &str) -> Result<WarehouseAt, BadSetting> {
    let at = match text.trim().split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => Some(WarehouseAt::Sqlite(path.into())),
        Some(("athena", at)) => at.split_once('/').map(|(workgroup, database)| WarehouseAt::Athena {
            workgroup: workgroup.to_owned(),
            database: database.to_owned(),
        }),
        _ => None,
    };
    at.ok_or_else(|| {
        let why = format!("`{text}` is no warehouse: expected sqlite:PATH or athena:WORKGROUP/DATABASE");
        BadSetting::new("WAREHOUSE", why)
    })
}

/// A query is part of where a hook points, so it may be one here; a fragment never leaves a browser.
fn webhook_url(text: &str) -> Result<Url, BadSetting> {
    let url = Url::parse(text.trim()).ok();
    let good = |url: &Url| matches!(url.scheme(), "http" | "https") && url.fragment().is_none();
    url.filter(good).ok_or_else(|| {
        let why = "expected the URL that GitHub delivers to, such as https://bell.example.org/webhook";
        BadSetting::new("WEBHOOK_URL", why)
    })
}

/// Reads `90m`, `12h`, `3d`, `1h 30m`. A day has 24 hours.
///
/// # Errors
/// When it is no duration, or zero.
pub fn parse_duration(text: &str) -> Result<Duration, BadDuration> {
    let span: Option<Span> = text.trim().parse().ok();
    let duration = span
        .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok())
        .and_then(|duration| Duration::try_from(duration).ok());
    let duration = duration.filter(|duration| !duration.is_zero());
    duration.ok_or_else(|| BadDuration(text.to_owned()))
}

fn duration(name: &'static str, text: &str) -> Result<Duration, BadSetting> {
    parse_duration(text).map_err(|error| BadSetting::new(name, error.to_string()))
}

fn address(name: &'static str, text: &str) -> Result<SocketAddr, BadSetting> {
    text.trim().parse().map_err(|_| {
        BadSetting::new(
            name,
            format!("`{text}` is no address: expected one such as 127.0.0.1:8787"),
        )
    })
}

fn extra_roots(path: &str) -> Result<ExtraRoots, BadSetting> {
    let pem = std::fs::read(path).map_err(|error| BadSetting::new("CA_FILE", unreadable(path.as_ref(), &error)))?;
    ExtraRoots::from_pem(&pem).map_err(|error| BadSetting::new("CA_FILE", format!("{path} is not usable: {error}")))
}

fn log_level(text: &str) -> Result<LevelFilter, BadSetting> {
    match text.trim().to_ascii_lowercase().as_str() {
        "error" => Ok(LevelFilter::ERROR),
        "warn" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        _ => Err(BadSetting::new(
            "LOG_LEVEL",
            format!("`{text}` is no level: expected error, warn or info"),
        )),
    }
}

fn log_format(text: &str) -> Result<LogFormat, BadSetting> {
    match text.trim().to_ascii_lowercase().as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(BadSetting::new(
            "LOG_FORMAT",
            format!("`{text}` is no format: expected text or json"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use copr::Project;

    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Settings, BadSetting> {
        let settings: Vec<(String, String)> = settings.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        Settings::read(|name| {
            let found = settings.iter().find(|(setting, _)| setting == name);
            found.map(|(_, value)| value.clone())
        })
    }

    #[test]
    fn nothing_set_is_a_file_beside_us_and_the_console() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.state, StateAt::File("copperbell.db".into()));
        assert_eq!(settings.secrets, None);
        assert_eq!(settings.watch.poll_failures, 3);
        assert_eq!(settings.watch.remind_after, None);
        assert!(settings.watch.projects.is_empty());
    }

    #[test]
    fn everything_set_is_read() {
        let settings = read(&[
            ("STATE", "dynamodb:bells"),
            ("SECRETS", "aws:copperbell/prod"),
            (
                "COPR_PROJECTS",
                "alice/demo, @group/kernel,alice/demo, alice/demo:pr:12",
            ),
            ("REMIND_AFTER", "3d"),
            ("POLL_FAILURES", "5"),
            ("LOG_LEVEL", "INFO"),
            ("LOG_FORMAT", "json"),
        ])
        .unwrap();
        assert_eq!(settings.state, StateAt::Dynamodb("bells".to_owned()));
        assert_eq!(settings.secrets, Some(SecretsAt::Aws("copperbell/prod".to_owned())));
        let names: Vec<_> = settings.watch.projects.iter().map(Project::to_string).collect();
        assert_eq!(names, ["alice/demo", "@group/kernel", "alice/demo:pr:12"]);
        assert_eq!(settings.watch.remind_after, Some(Duration::from_hours(72)));
        assert_eq!(settings.watch.poll_failures, 5);
        assert_eq!(settings.log_level, Some(LevelFilter::INFO));
        assert_eq!(settings.log_format, LogFormat::Json);
    }

    #[test]
    fn a_long_list_is_read_from_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "alice/demo\n@group/kernel\n\nalice/demo\n").unwrap();
        let settings = read(&[("COPR_PROJECTS", &format!("file:{}", file.path().display()))]).unwrap();
        let names: Vec<_> = settings.watch.projects.iter().map(Project::to_string).collect();
        assert_eq!(names, ["alice/demo", "@group/kernel"]);
    }

    #[test]
    fn every_mistake_is_one_sentence_that_names_its_setting() {
        let mistakes = [
            ("STATE", "dynamodb:"),
            ("STATE", "sqlite:bell.db"),
            ("SECRETS", "aws:"),
            ("COPR_PROJECTS", "foo"),
            ("COPR_PROJECTS", "file:no/such/file"),
            ("COPR_URL", "ftp://copr.example"),
            ("COPR_IGNORE", "kernel"),
            ("REMIND_AFTER", "soon"),
            ("REMIND_AFTER", "-3d"),
            ("REMIND_AFTER", "0s"),
            ("POLL_FAILURES", "0"),
            ("GITHUB_HOOKS", "acme/app"),
            ("GITHUB_API_URL", "github.com"),
            ("WEBHOOK_URL", "bell.example.org"),
            ("REDELIVER_EVENTS", "Issues"),
            ("REDELIVER_HORIZON", "3 days ago"),
            ("REDELIVER_ATTEMPTS", "many"),
            ("LISTEN", "8787"),
            ("EVERY", "often"),
            ("ALLOW_SHA1", "yes"),
            ("NOTICE_LANGUAGE", "de"),
            ("CA_FILE", "no/such/file"),
            ("CA_FILE", "Cargo.toml"),
            ("LOG_LEVEL", "loud"),
            ("LOG_FORMAT", "xml"),
        ];
        let sentences = mistakes.map(|mistake| read(&[mistake]).unwrap_err().to_string());
        insta::assert_snapshot!(sentences.join("\n"), @"
        STATE: expected a table's name after `dynamodb:`
        STATE: `sqlite:bell.db` is neither a file nor dynamodb:TABLE: expected one of them, ./sqlite:bell.db if a file is called so
        SECRETS: expected a secret's name or ARN after `aws:`
        COPR_PROJECTS: `foo` is no Copr project: expected owner/name, @group/name or owner/name:pr:12
        COPR_PROJECTS: cannot read no/such/file: there is no such file: make it, or say where it is (No such file or directory (os error 2))
        COPR_URL: expected an http:// or https:// URL without user, query and fragment, its host in ASCII, such as https://copr.fedorainfracloud.org
        COPR_IGNORE: `kernel` is no pattern of the form package/chroot, such as `*/fedora-rawhide-*` or `kernel-*/*`
        REMIND_AFTER: `soon` is no duration: expected one such as 90m, 12h or 3d
        REMIND_AFTER: `-3d` is no duration: expected one such as 90m, 12h or 3d
        REMIND_AFTER: `0s` is no duration: expected one such as 90m, 12h or 3d
        POLL_FAILURES: `0` is no count: expected a whole number from 1 on
        GITHUB_HOOKS: `acme/app` is no hook: expected app, repo:owner/name:123 or org:name:456
        GITHUB_API_URL: expected an http:// or https:// URL without user, query and fragment, its host in ASCII, such as https://api.github.com or https://HOST/api/v3
        WEBHOOK_URL: expected the URL that GitHub delivers to, such as https://bell.example.org/webhook
        REDELIVER_EVENTS: `Issues` is no pattern of events, such as `issues.*`, `push` or `!check_run`
        REDELIVER_HORIZON: `3 days ago` is no duration: expected one such as 90m, 12h or 3d
        REDELIVER_ATTEMPTS: `many` is no count: expected a whole number from 1 on
        LISTEN: `8787` is no address: expected one such as 127.0.0.1:8787
        EVERY: `often` is no duration: expected one such as 90m, 12h or 3d
        ALLOW_SHA1: `yes` is neither true nor false
        NOTICE_LANGUAGE: `de` is no language that notices are written in: expected en, zh or ru
        CA_FILE: cannot read no/such/file: there is no such file: make it, or say where it is (No such file or directory (os error 2))
        CA_FILE: Cargo.toml is not usable: it is not PEM with certificates, expected `-----BEGIN CERTIFICATE-----` in it
        LOG_LEVEL: `loud` is no level: expected error, warn or info
        LOG_FORMAT: `xml` is no format: expected text or json
        ");
    }
}
