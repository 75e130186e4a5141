//! Every setting there is: the one place that `--help`, the README's table and `.env.example` are made of.

/// A setting: an environment variable, or a flag of the same name in lower case with dashes.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// `COPR_PROJECTS`.
    pub name: &'static str,
    /// What to write there: `LIST`, `URL`, ….
    pub value: &'static str,
    /// What it is for; what is to be written as it stands is between backticks.
    pub help: &'static str,
    /// What holds without it: a value between backticks, or words.
    pub default: &'static str,
    /// A value that somebody may well set.
    pub example: &'static str,
}

/// Every setting there is.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "STATE",
        value: "WHERE",
        help: "Where to remember: a file, or `dynamodb:TABLE`",
        default: "`copperbell.db`",
        example: "/var/lib/copperbell/copperbell.db",
    },
    Setting {
        name: "SECRETS",
        value: "WHERE",
        help: "The JSON document with the channels and all that is secret: a file, or `aws:ID`",
        default: "none: ring on the terminal",
        example: "secrets.json",
    },
    Setting {
        name: "COPR_PROJECTS",
        value: "LIST",
        help: "Projects to watch: `owner/name`, `@group/name`, `owner/name:pr:12`; comma-separated, or `file:PATH` with \
               one a line",
        default: "none",
        example: "@copr/copr,alice/demo",
    },
    Setting {
        name: "COPR_URL",
        value: "URL",
        help: "Another Copr instance",
        default: "`https://copr.fedorainfracloud.org`",
        example: "https://copr.example.org",
    },
    Setting {
        name: "COPR_IGNORE",
        value: "LIST",
        help: "What not to watch, comma-separated patterns of package/chroot: `*/fedora-rawhide-*`, `kernel-*/*`",
        default: "none",
        example: "*/fedora-rawhide-*,kernel-*/*",
    },
    Setting {
        name: "REMIND_AFTER",
        value: "DURATION",
        help: "Ring again for what still fails after this long, such as `12h` or `3d`",
        default: "never",
        example: "3d",
    },
    Setting {
        name: "POLL_FAILURES",
        value: "N",
        help: "Ring when this many polls of a project failed in a row",
        default: "`3`",
        example: "5",
    },
    Setting {
        name: "GITHUB_HOOKS",
        value: "LIST",
        help: "Hooks whose lost deliveries to get back: `app`, `repo:owner/name:123`, `org:name:456`; comma-separated, \
               or `file:PATH` with one a line",
        default: "none",
        example: "repo:acme/app:123",
    },
    Setting {
        name: "GITHUB_API_URL",
        value: "URL",
        help: "Another GitHub than github.com: `https://HOST/api/v3`",
        default: "`https://api.github.com`",
        example: "https://github.example.org/api/v3",
    },
    Setting {
        name: "WEBHOOK_URL",
        value: "URL",
        help: "Where GitHub reaches our own listener; a hook that delivers there is also pulled from and pinged",
        default: "none",
        example: "https://bell.example.org/webhook",
    },
    Setting {
        name: "REDELIVER_EVENTS",
        value: "LIST",
        help: "Which deliveries to get back, comma-separated: `issues.*`, `push`, or `!check_run` for all but that",
        default: "all but `ping`",
        example: "issues.*,issue_comment.*",
    },
    Setting {
        name: "REDELIVER_HORIZON",
        value: "DURATION",
        help: "How long GitHub redelivers: `7d` on an Enterprise Server",
        default: "`3d`",
        example: "7d",
    },
    Setting {
        name: "REDELIVER_ATTEMPTS",
        value: "N",
        help: "Give a delivery up after so many redeliveries that failed",
        default: "`12`",
        example: "6",
    },
    Setting {
        name: "LISTEN",
        value: "ADDRESS",
        help: "Where `serve` takes webhooks: `POST /webhook`, `GET /healthz`, nothing else",
        default: "`127.0.0.1:8787`",
        example: "0.0.0.0:8787",
    },
    Setting {
        name: "STATUS_LISTEN",
        value: "ADDRESS",
        help: "Where `serve` shows how things stand: a page at `/`, and `/metrics`, `/status.json`, `/healthz`; asked by \
               an IP address or as localhost alone",
        default: "`127.0.0.1:8788`",
        example: "127.0.0.1:9788",
    },
    Setting {
        name: "EVERY",
        value: "DURATION",
        help: "How often `serve` runs a pass",
        default: "`10m`",
        example: "5m",
    },
    Setting {
        name: "ALLOW_SHA1",
        value: "BOOL",
        help: "`true`: believe a webhook that is signed with SHA-1 alone",
        default: "`false`",
        example: "true",
    },
    Setting {
        name: "SINK",
        value: "WHERE",
        help: "Where to keep a record of each issue event: `sqlite:PATH`, or `firehose:STREAM`",
        default: "nowhere",
        example: "sqlite:issues.db",
    },
    Setting {
        name: "SINK_TITLES",
        value: "BOOL",
        help: "`true`: keep the titles of issues in the records",
        default: "`false`",
        example: "true",
    },
    Setting {
        name: "WAREHOUSE",
        value: "WHERE",
        help: "Where to ask about the records: `sqlite:PATH`, or `athena:WORKGROUP/DATABASE`",
        default: "a `sqlite:` SINK",
        example: "athena:copperbell/copperbell",
    },
    Setting {
        name: "REPORT_EVERY",
        value: "DURATION",
        help: "Ring with the figures of the issues this often, such as `7d`",
        default: "never",
        example: "7d",
    },
    Setting {
        name: "REPORT_IGNORE",
        value: "LIST",
        help: "Logins whose comments are no response, comma-separated, besides those of bots",
        default: "none",
        example: "alice,acme-helper",
    },
    Setting {
        name: "NOTICE_LANGUAGE",
        value: "LANGUAGE",
        help: "What notices are written in: `en`, `zh` or `ru`",
        default: "`en`",
        example: "zh",
    },
    Setting {
        name: "CA_FILE",
        value: "PATH",
        help: "A PEM file of authorities to trust besides the public ones: those of an Enterprise Server or a proxy of \
               one's own",
        default: "none",
        example: "/etc/ssl/certs/company.pem",
    },
    Setting {
        name: "LOG_LEVEL",
        value: "LEVEL",
        help: "What to log on stderr: `error`, `warn` or `info`",
        default: "`error`; of `serve` and in Lambda: `info`",
        example: "warn",
    },
    Setting {
        name: "LOG_FORMAT",
        value: "FORMAT",
        help: "How the program logs: `text` for people, `json` for collectors, an object a line (Lambdas log JSON always)",
        default: "`text`",
        example: "json",
    },
];
