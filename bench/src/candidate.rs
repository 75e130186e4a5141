//! Who is compared, and what each of them is started with.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::stand_ins::StandIns;

/// What GitHub signs with.
pub(crate) const WEBHOOK_SECRET: &str = "It's a Secret to Everybody";

/// One way to do the job.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    pub(crate) command: Vec<String>,
    /// What is deployed: a binary or a bundle.
    pub(crate) artifact: PathBuf,
    /// It says ok to everything and asks nobody.
    pub(crate) is_floor: bool,
}

/// Where what is compared was built to.
pub(crate) struct Built<'a> {
    /// `target/release`.
    pub(crate) release: &'a Path,
    /// The peers' bundles and the interpreter that has the Python one's libraries.
    pub(crate) peers: &'a Path,
}

impl Built<'_> {
    /// Those that take a delivery.
    pub(crate) fn webhooks(&self) -> Vec<Candidate> {
        vec![
            self.binary("copperbell", "copperbell-webhook", false),
            self.binary("hello", "copperbell-bench-hello", true),
            self.node("node", "webhook.cjs"),
            self.node("node, secret at init", "webhook-early.cjs"),
            self.python(),
        ]
    }

    /// Those that look at a project and a hook.
    pub(crate) fn watches(&self) -> Vec<Candidate> {
        vec![
            self.binary("copperbell", "copperbell-watch", false),
            self.node("node", "watch.cjs"),
        ]
    }

    fn binary(&self, name: &'static str, binary: &str, is_floor: bool) -> Candidate {
        let artifact = self.release.join(binary);
        let command = vec![artifact.display().to_string()];
        Candidate {
            name,
            command,
            artifact,
            is_floor,
        }
    }

    fn node(&self, name: &'static str, bundle: &str) -> Candidate {
        let artifact = self.peers.join("node").join(bundle);
        let command = vec!["node".to_owned(), artifact.display().to_string()];
        Candidate {
            name,
            command,
            artifact,
            is_floor: false,
        }
    }

    fn python(&self) -> Candidate {
        let home = self.peers.join("python");
        let python = home.join("venv/bin/python").display().to_string();
        let command = [&python, "-m", "awslambdaric", "webhook.handler"]
            .map(str::to_owned)
            .to_vec();
        Candidate {
            name: "python",
            command,
            artifact: home.join("webhook.py"),
            is_floor: false,
        }
    }
}

/// What Lambda sets, and the settings of all candidates.
pub(crate) fn environment(stand_ins: &StandIns, runtime_api: &str, python_path: &Path) -> Vec<(String, String)> {
    let ca_file = stand_ins.ca_file.display().to_string();
    let url = |service| stand_ins.url(service);
    [
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("HOME", "/tmp".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE".to_owned()),
        (
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        ),
        ("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEXAMPLETOKEN".to_owned()),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", "copperbell".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/03/01/[$LATEST]1a2b3c".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/copperbell".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", url("dynamodb")),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url("secretsmanager")),
        ("CA_FILE", ca_file.clone()),
        ("NODE_NO_WARNINGS", "1".to_owned()),
        ("NODE_EXTRA_CA_CERTS", ca_file.clone()),
        ("AWS_CA_BUNDLE", ca_file.clone()),
        ("SSL_CERT_FILE", ca_file),
        ("PYTHONPATH", python_path.display().to_string()),
        ("LAMBDA_TASK_ROOT", python_path.display().to_string()),
        ("STATE", "dynamodb:copperbell".to_owned()),
        ("SECRETS", "aws:copperbell".to_owned()),
        ("COPR_URL", url("copr")),
        ("COPR_PROJECTS", "alice/demo".to_owned()),
        ("GITHUB_API_URL", format!("{}/api/v3", url("github"))),
        ("GITHUB_HOOKS", "repo:acme/app:123".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// The secrets document: one channel, and an App's key, as whoever has deliveries redelivered has one.
pub(crate) fn secret(stand_ins: &StandIns, app_key: &str) -> Value {
    json!({
        "github_webhook_secret": WEBHOOK_SECRET,
        "github_app": {"id": 12345, "private_key": app_key},
        "github_token": "github_pat_bench",
        "channels": [{
            "name": "team",
            "url": format!("slack+{}/services/T0/B0/secret", stand_ins.url("slack")),
            "events": ["issues.*", "copr.*", "redelivery.*"],
        }],
    })
}
