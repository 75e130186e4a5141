//! Where messages go: a channel as it is configured.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use url::{Host, Url};

/// Base64 as people paste it, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is expected where a channel's URL is none.
const A_URL: &str = "console:, or a URL of https, with slack+, feishu+, discord+, teams+, ntfy+ or json+ before it where \
                     its host does not tell";
/// What is expected where Teams' connectors were, which Microsoft has switched off.
const A_WORKFLOW: &str = "the URL of a Teams workflow (“Send webhook alerts to a channel”): the connectors of Office 365 \
                          are no more";
/// What is expected where a topic of ntfy's is meant.
const A_TOPIC: &str = "the URL of an ntfy topic, such as https://ntfy.sh/TOPIC, with 1 to 64 characters A-Z, a-z, 0-9, - \
                       and _ for the topic and nothing after it";

/// A channel: its URL and its secret are secrets, and never shown.
#[derive(Clone)]
pub struct Channel {
    /// What people call it: `[a-z0-9-]{1,32}`.
    pub name: String,
    /// Which chat it is.
    pub kind: Kind,
    /// Nothing for the console.
    http: Option<Http>,
    key: Option<SecretSlice<u8>>,
}

#[derive(Clone)]
struct Http {
    url: SecretString,
    origin: String,
    /// Of ntfy's: the server is told in the body, and the URL is its root.
    topic: Option<SecretString>,
}

/// The kinds of channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A Slack incoming webhook.
    Slack,
    /// A Feishu or Lark custom bot.
    Feishu,
    /// A Discord webhook.
    Discord,
    /// A Microsoft Teams channel or chat with a workflow that posts cards.
    Teams,
    /// A topic of an ntfy server.
    Ntfy,
    /// Any server that takes our JSON.
    Json,
    /// The terminal this program runs in.
    Console(Console),
}

/// The two streams of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Console {
    /// Standard output.
    Stdout,
    /// Standard error, for when standard output is a machine's.
    Stderr,
}

/// A channel that cannot be, in one sentence that names it and what was expected, and never its URL or secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("channel {name:?}: expected {expected}")]
pub struct BadChannel {
    name: String,
    expected: &'static str,
}

impl Channel {
    /// Reads a channel's settings.
    ///
    /// `url` says the kind by its host (`hooks.slack.com`; `open.feishu.cn` and `open.larksuite.com`; `discord.com` and
    /// `discordapp.com`; `*.api.powerplatform.com` and `*.logic.azure.com` for Teams; `ntfy.sh`; any other is generic
    /// JSON) or outright by a prefix (`slack+https://…`, `feishu+…`, `discord+…`, `teams+…`, `ntfy+…`, `json+…`);
    /// `console:` and `console:stderr` are the terminal. `secret` is the signing secret of a Feishu bot (any text) or of
    /// generic JSON (`whsec_<base64>` as Standard Webhooks serializes it), or an access token of ntfy's (`tk_…`). That
    /// names are unique is the caller's business.
    ///
    /// # Errors
    /// When the name has another form, the URL is none we would send a message to, or the secret is none of its kind.
    pub fn parse(name: &str, url: &str, secret: Option<SecretString>) -> Result<Self, BadChannel> {
        let bad = |expected| BadChannel {
            // A URL given for a name by mistake is still a secret.
            name: crate::plain::plain_cut(name.split('/').next().unwrap_or_default(), 32),
            expected,
        };
        let letters = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=32).contains(&name.len()) || !name.bytes().all(letters) {
            return Err(bad("a name of 1 to 32 characters a-z, 0-9 and -"));
        }
        let (kind, http) = match url {
            "console:" => (Kind::Console(Console::Stdout), None),
            "console:stderr" => (Kind::Console(Console::Stderr), None),
            _ => {
                let (kind, http) = parse_url(url).map_err(bad)?;
                (kind, Some(http))
            }
        };
        let key = secret
            .map(|secret| parse_secret(kind, secret.expose_secret()))
            .transpose()
            .map_err(bad)?;
        Ok(Self {
            name: name.to_owned(),
            kind,
            http,
            key,
        })
    }

    /// The root of the channel's host (`https://hooks.slack.com/`), which is no secret; nothing for the console.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.http.as_ref().map(|http| http.origin.as_str())
    }

    /// The URL messages are sent to; nothing for the console.
    pub(crate) fn url(&self) -> Option<&SecretString> {
        self.http.as_ref().map(|http| &http.url)
    }

    /// The topic a message is for; nothing but for ntfy.
    pub(crate) fn topic(&self) -> Option<&SecretString> {
        self.http.as_ref()?.topic.as_ref()
    }

    /// The bytes messages are signed with, or an access token.
    pub(crate) fn key(&self) -> Option<&SecretSlice<u8>> {
        self.key.as_ref()
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The kind and where to send; the error is what was expected.
fn parse_url(url: &str) -> Result<(Kind, Http), &'static str> {
    let (said, url) = match url.split_once('+') {
        Some(("slack", url)) => (Some(Kind::Slack), url),
        Some(("feishu", url)) => (Some(Kind::Feishu), url),
        Some(("discord", url)) => (Some(Kind::Discord), url),
        Some(("teams", url)) => (Some(Kind::Teams), url),
        Some(("ntfy", url)) => (Some(Kind::Ntfy), url),
        Some(("json", url)) => (Some(Kind::Json), url),
        _ => (None, url),
    };
    let url = Url::parse(url).map_err(|_| A_URL)?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return Err("https (http is for loopback hosts alone)"),
        _ => return Err(A_URL),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL without a user name and password");
    }
    let host = url.host_str().unwrap_or_default();
    if host.ends_with(".webhook.office.com") || host == "outlook.office.com" {
        return Err(A_WORKFLOW);
    }
    let kind = said.unwrap_or_else(|| kind_of(host));
    let (url, topic) = match kind {
        Kind::Discord => (with_answer(url), None),
        Kind::Ntfy => {
            let topic = parse_topic(&url).ok_or(A_TOPIC)?;
            let root = url.join("/").map_err(|_| A_TOPIC)?;
            (root, Some(topic))
        }
        _ => (url, None),
    };
    // What a URL may hold, a request may too, up to 64 KB.
    if url.as_str().parse::<http::Uri>().is_err() {
        return Err("a shorter URL");
    }
    let http = Http {
        origin: format!("{}/", url.origin().ascii_serialization()),
        url: String::from(url).into(),
        topic,
    };
    Ok((kind, http))
}

fn kind_of(host: &str) -> Kind {
    match host {
        "hooks.slack.com" => Kind::Slack,
        "open.feishu.cn" | "open.larksuite.com" => Kind::Feishu,
        "ntfy.sh" => Kind::Ntfy,
        "discord.com" | "canary.discord.com" | "ptb.discord.com" | "discordapp.com" => Kind::Discord,
        _ if host.ends_with(".api.powerplatform.com") || host.ends_with(".logic.azure.com") => Kind::Teams,
        _ => Kind::Json,
    }
}

/// The topic of `https://ntfy.sh/TOPIC`, in the form the server wants it
/// (<https://github.com/binwiederhier/ntfy/blob/main/server/server.go>, `topicRegex`).
fn parse_topic(url: &Url) -> Option<SecretString> {
    let topic = url.path().strip_prefix('/')?;
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let good = (1..=64).contains(&topic.len()) && topic.bytes().all(letters);
    (good && url.query().is_none() && url.fragment().is_none()).then(|| topic.into())
}

/// Discord says what became of a message only where it is asked to wait for that.
fn with_answer(mut url: Url) -> Url {
    let pairs = url.query_pairs().into_owned();
    let others: Vec<_> = pairs.filter(|(name, _)| name != "wait").collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair("wait", "true");
    url
}

/// The bytes to sign with; the error is what was expected.
fn parse_secret(kind: Kind, secret: &str) -> Result<SecretSlice<u8>, &'static str> {
    match kind {
        Kind::Slack => Err("no secret: a Slack webhook signs nothing"),
        Kind::Discord => Err("no secret: a Discord webhook signs nothing"),
        Kind::Teams => Err("no secret: a Teams workflow checks no signature"),
        Kind::Console(_) => Err("no secret: the console signs nothing"),
        Kind::Ntfy => {
            // It is sent in a header.
            let good = secret.starts_with("tk_") && secret.bytes().all(|b| b.is_ascii_graphic());
            good.then(|| SecretSlice::from(secret.as_bytes().to_vec()))
                .ok_or("an access token of ntfy's, which begins with tk_")
        }
        Kind::Feishu if secret.is_empty() => Err("the bot's signing secret, or no secret at all"),
        Kind::Feishu => Ok(secret.as_bytes().to_vec().into()),
        // Standard Webhooks: 24 to 64 random bytes.
        Kind::Json => secret
            .strip_prefix("whsec_")
            .and_then(|text| BASE64.decode(text).ok())
            .filter(|key| (24..=64).contains(&key.len()))
            .map(SecretSlice::from)
            .ok_or("a secret of whsec_ and 24 to 64 bytes in base64, as Standard Webhooks has them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_kind_is_read_off_the_url() {
        for (url, kind, origin) in [
            (
                "https://hooks.slack.com/services/T0/B0/x",
                Kind::Slack,
                Some("https://hooks.slack.com/"),
            ),
            (
                "https://open.feishu.cn/open-apis/bot/v2/hook/x",
                Kind::Feishu,
                Some("https://open.feishu.cn/"),
            ),
            (
                "https://OPEN.larksuite.com/open-apis/bot/v2/hook/x",
                Kind::Feishu,
                Some("https://open.larksuite.com/"),
            ),
            (
                "https://hooks.slack.com.evil.example/x",
                Kind::Json,
                Some("https://hooks.slack.com.evil.example/"),
            ),
            (
                "https://example.com:8443/hook?a=b+c",
                Kind::Json,
                Some("https://example.com:8443/"),
            ),
            (
                "slack+https://mattermost.example/hooks/x",
                Kind::Slack,
                Some("https://mattermost.example/"),
            ),
            (
                "slack+http://127.0.0.1:4000/x",
                Kind::Slack,
                Some("http://127.0.0.1:4000/"),
            ),
            (
                "feishu+http://127.9.9.9:4000/x",
                Kind::Feishu,
                Some("http://127.9.9.9:4000/"),
            ),
            ("json+http://[::1]:4000/x", Kind::Json, Some("http://[::1]:4000/")),
            ("http://localhost:4000/x", Kind::Json, Some("http://localhost:4000/")),
            (
                "https://discord.com/api/webhooks/1/x",
                Kind::Discord,
                Some("https://discord.com/"),
            ),
            (
                "https://ptb.discord.com/api/webhooks/1/x",
                Kind::Discord,
                Some("https://ptb.discord.com/"),
            ),
            (
                "https://discordapp.com/api/webhooks/1/x",
                Kind::Discord,
                Some("https://discordapp.com/"),
            ),
            (
                "discord+http://127.0.0.1:4000/x",
                Kind::Discord,
                Some("http://127.0.0.1:4000/"),
            ),
            (
                "https://prod-12.westeurope.logic.azure.com:443/workflows/0/triggers/manual/paths/invoke?sig=x",
                Kind::Teams,
                Some("https://prod-12.westeurope.logic.azure.com/"),
            ),
            (
                "https://default0.ae.environment.api.powerplatform.com:443/powerautomate/automations/direct/x?sig=x",
                Kind::Teams,
                Some("https://default0.ae.environment.api.powerplatform.com/"),
            ),
            (
                "https://logic.azure.com.evil.example/x",
                Kind::Json,
                Some("https://logic.azure.com.evil.example/"),
            ),
            (
                "teams+https://relay.example/x",
                Kind::Teams,
                Some("https://relay.example/"),
            ),
            ("console:", Kind::Console(Console::Stdout), None),
            ("console:stderr", Kind::Console(Console::Stderr), None),
        ] {
            let channel = Channel::parse("team", url, None).expect(url);
            assert_eq!(channel.kind, kind, "{url}");
            assert_eq!(channel.origin(), origin, "{url}");
        }
    }

    #[test]
    fn discord_is_asked_to_answer_with_the_message() {
        for (url, asked) in [
            ("https://discord.com/api/webhooks/1/x", "?wait=true"),
            ("https://discord.com/api/webhooks/1/x?wait=false", "?wait=true"),
            (
                "https://discord.com/api/webhooks/1/x?thread_id=2&wait=1&a=%26",
                "?thread_id=2&a=%26&wait=true",
            ),
        ] {
            let channel = Channel::parse("team", url, None).expect(url);
            let url = channel.url().expect("a URL").expose_secret();
            assert_eq!(url, &format!("https://discord.com/api/webhooks/1/x{asked}"));
        }
    }

    #[test]
    fn a_topic_is_told_apart_from_its_server() {
        for (url, kind, origin) in [
            ("https://ntfy.sh/our-builds", Kind::Ntfy, "https://ntfy.sh/"),
            (
                "ntfy+http://127.0.0.1:2586/our_builds",
                Kind::Ntfy,
                "http://127.0.0.1:2586/",
            ),
            (
                "https://ntfy.sh.evil.example/x",
                Kind::Json,
                "https://ntfy.sh.evil.example/",
            ),
        ] {
            let channel = Channel::parse("phone", url, None).expect(url);
            assert_eq!((channel.kind, channel.origin()), (kind, Some(origin)), "{url}");
        }
        let channel = Channel::parse("phone", "ntfy+https://push.example:8443/Our_builds-1", None).expect("valid");
        assert_eq!(
            channel.url().expect("a URL").expose_secret(),
            "https://push.example:8443/"
        );
        assert_eq!(channel.topic().expect("a topic").expose_secret(), "Our_builds-1");
        let other = Channel::parse("team", "https://example.com/x", None).expect("valid");
        assert!(other.topic().is_none());
    }

    fn mistake(name: &str, url: &str, secret: Option<&str>) -> String {
        let parsed = Channel::parse(name, url, secret.map(SecretString::from));
        let error = parsed.expect_err("a mistake");
        assert!(!format!("{error:?}").contains("sesame"));
        error.to_string()
    }

    #[test]
    fn a_name_of_another_form_is_a_mistake_even_if_it_is_a_url() {
        for (name, shown) in [
            ("", ""),
            ("Team", "Team"),
            ("two words", "two words"),
            ("a-name-that-is-thirty-three-long-", "a-name-that-is-thirty-three-lon…"),
            ("https://hooks.slack.com/services/T0/B0/sesame", "https:"),
        ] {
            let expected = format!("channel {shown:?}: expected a name of 1 to 32 characters a-z, 0-9 and -");
            assert_eq!(mistake(name, "https://example.com/", None), expected);
        }
    }

    #[test]
    fn a_mistaken_url_is_one_sentence_that_names_the_channel_and_not_the_url() {
        let long = format!("https://example.com/sesame{}", "x".repeat(70_000));
        let too_long = format!("ntfy+https://example.com/sesame{}", "x".repeat(59));
        let http = "https (http is for loopback hosts alone)";
        for (url, expected) in [
            ("sesame", A_URL),
            ("", A_URL),
            ("console:sesame", A_URL),
            ("irc+https://example.com/sesame", A_URL),
            ("slack+console:", A_URL),
            ("file:///sesame", A_URL),
            ("http://example.com/sesame", http),
            ("http://127.0.0.1.example.com/sesame", http),
            (
                "https://me:sesame@example.com/",
                "a URL without a user name and password",
            ),
            (&long, "a shorter URL"),
            ("https://acme.webhook.office.com/webhookb2/sesame", A_WORKFLOW),
            ("teams+https://outlook.office.com/webhook/sesame", A_WORKFLOW),
            ("https://ntfy.sh/", A_TOPIC),
            ("https://ntfy.sh/sesame/json", A_TOPIC),
            ("https://ntfy.sh/sesame?auth=x", A_TOPIC),
            ("https://ntfy.sh/ses%61me", A_TOPIC),
            (&too_long, A_TOPIC),
        ] {
            let expected = format!(r#"channel "team": expected {expected}"#);
            assert_eq!(mistake("team", url, None), expected);
        }
    }

    #[test]
    fn a_mistaken_secret_is_one_sentence_that_does_not_tell_it() {
        let whsec = "a secret of whsec_ and 24 to 64 bytes in base64, as Standard Webhooks has them";
        let token = "an access token of ntfy's, which begins with tk_";
        for (url, secret, expected) in [
            (
                "https://hooks.slack.com/x",
                "sesame",
                "no secret: a Slack webhook signs nothing",
            ),
            (
                "https://discord.com/api/webhooks/1/x",
                "sesame",
                "no secret: a Discord webhook signs nothing",
            ),
            (
                "teams+https://example.com/x",
                "sesame",
                "no secret: a Teams workflow checks no signature",
            ),
            ("console:", "sesame", "no secret: the console signs nothing"),
            (
                "https://open.feishu.cn/x",
                "",
                "the bot's signing secret, or no secret at all",
            ),
            ("https://example.com/x", "sesame", whsec),
            ("https://example.com/x", "whsec_sesame!", whsec),
            ("https://example.com/x", "whsec_c2VzYW1l", whsec),
            ("https://ntfy.sh/x", "sesame", token),
            ("https://ntfy.sh/x", "", token),
            ("https://ntfy.sh/x", "tk_sesame\r\nX-Evil: 1", token),
        ] {
            let expected = format!(r#"channel "team": expected {expected}"#);
            assert_eq!(mistake("team", url, Some(secret)), expected);
        }
    }

    #[test]
    fn a_secret_of_the_right_kind_is_taken() {
        for (url, secret) in [
            ("https://open.feishu.cn/x", "demo"),
            ("https://ntfy.sh/x", "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"),
            ("https://example.com/x", WHSEC),
            ("https://example.com/x", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ] {
            let channel = Channel::parse("team", url, Some(secret.into())).expect(url);
            assert!(channel.key().is_some());
        }
    }

    #[test]
    fn debug_shows_the_name_and_the_kind_alone() {
        let channel = Channel::parse("team", "https://example.com/sesame", Some(WHSEC.into())).expect("valid");
        assert_eq!(format!("{channel:?}"), r#"Channel { name: "team", kind: Json, .. }"#);
    }
}
