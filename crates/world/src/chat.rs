//! Chats that take messages through a webhook: Slack, Feishu, Discord, Teams and whatever takes generic JSON.

use std::collections::VecDeque;
use std::future;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{self, State};
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::server::{Server, lock, reset, status_code};

/// Feishu takes bodies up to this size.
const FEISHU_MAX: usize = 20 * 1024;

/// Teams takes cards up to this size, as JSON inside JSON.
const TEAMS_MAX: usize = 28 * 1024;

/// How far may a Feishu timestamp be from the present, in seconds?
const FEISHU_HOUR: u64 = 3600;

/// A chat with one webhook. It shows what is valid and refuses the rest in the real chat's words, unless it was told
/// to answer otherwise.
pub struct Chat {
    server: Server,
    scheme: &'static str,
    path: &'static str,
    shared: Arc<Mutex<Room>>,
}

/// A message that came.
#[derive(Clone, Debug)]
pub struct Message {
    /// All headers of the request.
    pub headers: HeaderMap,
    /// The body; a text, where it is no JSON.
    pub body: Value,
    /// When it came.
    pub at: Instant,
    /// What it met other than the real chat's answer.
    pub fault: Option<ChatAnswer>,
}

/// What happens to a message other than what the real chat would do.
#[derive(Clone, Debug)]
pub enum ChatAnswer {
    /// The message is refused with this answer.
    Status {
        /// HTTP status.
        status: u16,
        /// Header names and values.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: String,
    },
    /// The message is not read and never answered.
    Hang,
    /// The message is not read; the connection is closed.
    Reset,
    /// A valid message is taken, then the connection is closed: the answer is lost.
    TakenThenReset,
    /// A valid message is taken and never answered.
    TakenThenHang,
    /// A valid message is taken and answered 200 with what no chat says.
    Garbage,
}

/// What is called after a message was taken and before it is answered.
type Hook = Arc<dyn Fn(usize) + Send + Sync>;

/// What says how a message is answered, by its number.
type Chooser = Arc<dyn Fn(usize) -> Option<ChatAnswer> + Send + Sync>;

struct Room {
    kind: Kind,
    /// Seconds since the epoch.
    now: Option<i64>,
    next: VecDeque<ChatAnswer>,
    chooser: Option<Chooser>,
    always: Option<ChatAnswer>,
    attempts: usize,
    messages: Vec<Message>,
    refused: Vec<Message>,
    hook: Option<Hook>,
}

#[derive(Clone)]
enum Kind {
    Slack,
    Feishu { secret: Option<String> },
    Discord,
    Teams,
    Json,
}

impl Chat {
    /// A Slack incoming webhook.
    ///
    /// # Panics
    /// When this machine has no free port.
    pub async fn slack() -> Self {
        Self::start("slack", "/services/T0/B0/secret", Kind::Slack).await
    }

    /// A Feishu bot; with a secret, it wants its messages signed.
    ///
    /// # Panics
    /// When this machine has no free port.
    pub async fn feishu(secret: Option<&str>) -> Self {
        let secret = secret.map(str::to_owned);
        let path = "/open-apis/bot/v2/hook/secret";
        Self::start("feishu", path, Kind::Feishu { secret }).await
    }

    /// A Discord webhook.
    ///
    /// # Panics
    /// When this machine has no free port.
    pub async fn discord() -> Self {
        Self::start("discord", "/api/webhooks/1/secret", Kind::Discord).await
    }

    /// A Teams workflow that posts cards. It says 202 to a card that is too long or none, which is then not shown: it
    /// is among the [`refused`](Self::refused).
    ///
    /// # Panics
    /// When this machine has no free port.
    pub async fn teams() -> Self {
        let path = "/workflows/secret/triggers/manual/paths/invoke";
        Self::start("teams", path, Kind::Teams).await
    }

    /// Something that takes any JSON.
    ///
    /// # Panics
    /// When this machine has no free port.
    pub async fn json() -> Self {
        Self::start("json", "/hooks/secret", Kind::Json).await
    }

    async fn start(scheme: &'static str, path: &'static str, kind: Kind) -> Self {
        let shared = Arc::new(Mutex::new(Room {
            kind,
            now: None,
            next: VecDeque::new(),
            chooser: None,
            always: None,
            attempts: 0,
            messages: Vec::new(),
            refused: Vec::new(),
            hook: None,
        }));
        let app = Router::new().route(path, post(take)).with_state(Arc::clone(&shared));
        Self {
            server: Server::start(app).await,
            scheme,
            path,
            shared,
        }
    }

    /// The channel's URL as the settings spell it: `slack+http://127.0.0.1:PORT/services/…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}+{}{}", self.scheme, self.server.url(), self.path)
    }

    /// What people see: the messages taken so far, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        lock(&self.shared).messages.clone()
    }

    /// The same without the first `count` of them.
    #[must_use]
    pub fn messages_after(&self, count: usize) -> Vec<Message> {
        lock(&self.shared).messages.iter().skip(count).cloned().collect()
    }

    /// The titles of [`messages`](Self::messages): the first thing people read.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let room = lock(&self.shared);
        let titles = room.messages.iter().map(|message| {
            let title = match room.kind {
                Kind::Slack => &message.body["text"],
                Kind::Feishu { .. } => &message.body["card"]["header"]["title"]["content"],
                Kind::Discord => {
                    let embed = &message.body["embeds"][0]["title"];
                    return unescaped(embed.as_str().unwrap_or_default());
                }
                Kind::Teams => &teams_card(&message.body)["body"][0]["items"][0]["inlines"][0]["text"],
                Kind::Json => &message.body["title"],
            };
            title.as_str().unwrap_or_default().to_owned()
        });
        titles.collect()
    }

    /// The messages that were read and refused, in order.
    #[must_use]
    pub fn refused(&self) -> Vec<Message> {
        lock(&self.shared).refused.clone()
    }

    /// How many messages came, those included that were not read.
    #[must_use]
    pub fn attempts(&self) -> usize {
        lock(&self.shared).attempts
    }

    /// Answers the next messages like this, one each.
    pub fn answer_next(&self, answers: Vec<ChatAnswer>) {
        lock(&self.shared).next.extend(answers);
    }

    /// Asks `chooser` how to answer each message (the first that ever came is 1), after those of
    /// [`answer_next`](Self::answer_next).
    pub fn answer_by(&self, chooser: impl Fn(usize) -> Option<ChatAnswer> + Send + Sync + 'static) {
        lock(&self.shared).chooser = Some(Arc::new(chooser));
    }

    /// Answers all messages like this after those of [`answer_next`](Self::answer_next); `None` is well again.
    pub fn answer_always(&self, answer: Option<ChatAnswer>) {
        lock(&self.shared).always = answer;
    }

    /// Calls `hook` with the number of messages taken so far (the first is 1), after a message was taken and before
    /// it is answered.
    pub fn on_message(&self, hook: Box<dyn Fn(usize) + Send + Sync>) {
        lock(&self.shared).hook = Some(hook.into());
    }

    /// Sets Feishu's clock, in seconds since the epoch. Until then it takes any timestamp.
    pub fn set_now(&self, seconds: i64) {
        lock(&self.shared).now = Some(seconds);
    }
}

async fn take(State(shared): State<Arc<Mutex<Room>>>, request: extract::Request) -> Response {
    let at = Instant::now();
    let (next, chooser, number, always, kind, now) = {
        let mut room = lock(&shared);
        room.attempts += 1;
        let next = room.next.pop_front();
        let (chooser, always) = (room.chooser.clone(), room.always.clone());
        (next, chooser, room.attempts, always, room.kind.clone(), room.now)
    };
    let chosen = || chooser.and_then(|chooser| chooser(number));
    let planned = next.or_else(chosen).or(always);
    match planned {
        Some(ChatAnswer::Hang) => return future::pending().await,
        Some(ChatAnswer::Reset) => return reset(),
        _ => {}
    }
    let (parts, body) = request.into_parts();
    let waits = parts
        .uri
        .query()
        .is_some_and(|query| query.split('&').any(|pair| pair == "wait=true"));
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return reset();
    };
    let message = Message {
        headers: parts.headers,
        body: serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into()),
        at,
        fault: planned.clone(),
    };
    let refusal = match &planned {
        Some(ChatAnswer::Status { status, headers, body }) => Some(made_up(*status, headers, body)),
        _ => kind.refusal(&message, bytes.len(), now),
    };
    if let Some(refusal) = refusal {
        lock(&shared).refused.push(message);
        return refusal;
    }
    let (number, hook) = {
        let mut room = lock(&shared);
        room.messages.push(message);
        (room.messages.len(), room.hook.clone())
    };
    if let Some(hook) = hook {
        hook(number);
    }
    match planned {
        Some(ChatAnswer::TakenThenReset) => reset(),
        Some(ChatAnswer::TakenThenHang) => future::pending().await,
        Some(ChatAnswer::Garbage) => Html("<html><body>It works!</body></html>").into_response(),
        _ => kind.thanks(waits),
    }
}

fn made_up(status: u16, headers: &[(&'static str, String)], body: &str) -> Response {
    let mut response = (status_code(status), body.to_owned()).into_response();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

impl Kind {
    /// What the real chat says to a message it does not take.
    fn refusal(&self, message: &Message, length: usize, now: Option<i64>) -> Option<Response> {
        match self {
            Self::Slack => slack_error(message).map(|word| (StatusCode::BAD_REQUEST, word).into_response()),
            Self::Feishu { secret } => {
                let error = feishu_error(&message.body, length, secret.as_deref(), now);
                error.map(|(code, msg)| feishu_answer(code, msg))
            }
            Self::Discord => discord_error(message).map(|(code, text)| {
                let json = [(CONTENT_TYPE, "application/json")];
                let body = json!({ "message": text, "code": code });
                (StatusCode::BAD_REQUEST, json, body.to_string()).into_response()
            }),
            Self::Teams if !message.body.is_object() => {
                let error =
                    json!({ "code": "TriggerInputSchemaMismatch", "message": "Invalid type. Expected Object." });
                Some((StatusCode::BAD_REQUEST, json!({ "error": error }).to_string()).into_response())
            }
            Self::Teams => {
                let shown = length_inside_json(&message.body) <= TEAMS_MAX && teams_card(&message.body).is_object();
                (!shown).then(|| StatusCode::ACCEPTED.into_response())
            }
            Self::Json if message.body.is_object() => None,
            Self::Json => Some(StatusCode::BAD_REQUEST.into_response()),
        }
    }

    /// What the real chat says to a message it took. `waits` is whether it was asked for the message.
    fn thanks(&self, waits: bool) -> Response {
        match self {
            Self::Slack => Html("ok").into_response(),
            Self::Feishu { .. } => feishu_answer(0, "success"),
            Self::Discord if waits => {
                let json = [(CONTENT_TYPE, "application/json")];
                let made = json!({ "id": "1284511010203040506", "type": 0, "content": "" });
                (json, made.to_string()).into_response()
            }
            Self::Discord | Self::Json => StatusCode::NO_CONTENT.into_response(),
            Self::Teams => StatusCode::ACCEPTED.into_response(),
        }
    }
}

/// Slack's word for what is wrong with a message, the limits of its blocks included:
/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>,
/// <https://docs.slack.dev/reference/block-kit/blocks>.
fn slack_error(message: &Message) -> Option<&'static str> {
    let content_type = message.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes)?;
    let blocks = message.body["blocks"].as_array().map_or(&[][..], Vec::as_slice);
    let too_long = |block: &Value| {
        let max = match block["type"].as_str() {
            Some("header") => 150,
            Some("section") => 3000,
            _ => usize::MAX,
        };
        let text = block["text"]["text"].as_str().unwrap_or_default();
        text.chars().count() > max
    };
    if !content_type.starts_with(b"application/json") || !message.body.is_object() {
        Some("invalid_payload")
    } else if blocks.len() > 50 || blocks.iter().any(too_long) {
        Some("invalid_blocks")
    } else if message.body["text"].as_str().is_none_or(str::is_empty) {
        Some("no_text")
    } else {
        None
    }
}

/// Feishu's code and words for what is wrong with a message:
/// <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>.
fn feishu_error(body: &Value, length: usize, secret: Option<&str>, now: Option<i64>) -> Option<(u16, &'static str)> {
    if !body.is_object() || length > FEISHU_MAX {
        return Some((9499, "Bad Request"));
    }
    if body["msg_type"].as_str().is_none() {
        return Some((19002, "params error, msg_type need"));
    }
    let secret = secret?;
    let timestamp = body["timestamp"].as_str().unwrap_or_default();
    let signed = body["sign"].as_str() == Some(&feishu_sign(timestamp, secret));
    let in_time = timestamp
        .parse::<i64>()
        .is_ok_and(|seconds| now.is_none_or(|now| now.abs_diff(seconds) <= FEISHU_HOUR));
    let refused = "sign match fail or timestamp is not within one hour from current time";
    (!signed || !in_time).then_some((19021, refused))
}

/// The key is `timestamp\nsecret` and the signed message is empty.
fn feishu_sign(timestamp: &str, secret: &str) -> String {
    let key = format!("{timestamp}\n{secret}");
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any size");
    BASE64.encode(mac.finalize().into_bytes())
}

/// Feishu answers 200 to everything; the code says how it went.
fn feishu_answer(code: u16, msg: &str) -> Response {
    let mut body = json!({"code": code, "msg": msg, "data": {}});
    if code == 0 {
        body["StatusCode"] = json!(0);
        body["StatusMessage"] = json!("success");
    }
    let json = [(CONTENT_TYPE, "application/json; charset=utf-8")];
    (json, body.to_string()).into_response()
}

/// Discord's code and words for what is wrong with a message:
/// <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>.
fn discord_error(message: &Message) -> Option<(u32, &'static str)> {
    const BAD_FORM: (u32, &str) = (50035, "Invalid Form Body");
    let content_type = message.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes)?;
    if !content_type.starts_with(b"application/json") || !message.body.is_object() {
        return Some((50109, "The request body contains invalid JSON."));
    }
    let content = message.body["content"].as_str().unwrap_or_default();
    let embeds = message.body["embeds"].as_array().map_or(&[][..], Vec::as_slice);
    if content.is_empty() && embeds.is_empty() {
        return Some((50006, "Cannot send an empty message"));
    }
    let mut all = 0;
    let mut too_long = |text: &Value, max: usize| {
        let length = text.as_str().unwrap_or_default().encode_utf16().count();
        all += length;
        length > max
    };
    let bad = embeds.iter().any(|embed| {
        let fields = embed["fields"].as_array().map_or(&[][..], Vec::as_slice);
        let empty = |text: &Value| text.as_str().is_none_or(|text| text.trim().is_empty());
        let bad_field = |field: &Value| {
            empty(&field["name"])
                || empty(&field["value"])
                || too_long(&field["name"], 256)
                || too_long(&field["value"], 1024)
        };
        let url = embed["url"].as_str().unwrap_or("https:");
        fields.len() > 25
            || fields.iter().any(bad_field)
            || too_long(&embed["title"], 256)
            || too_long(&embed["description"], 4096)
            || too_long(&embed["footer"]["text"], 2048)
            || !(url.starts_with("https:") || url.starts_with("http:"))
            || embed["color"].as_u64().is_some_and(|colour| colour > 0x00ff_ffff)
    });
    let bad = bad || embeds.len() > 10 || content.encode_utf16().count() > 2000 || all > 6000;
    bad.then_some(BAD_FORM)
}

/// What people read of Discord's markdown: an escaped sign is the sign.
fn unescaped(text: &str) -> String {
    let mut shown = String::new();
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        let escaped = if sign == '\\' { signs.next() } else { None };
        shown.push(escaped.unwrap_or(sign));
    }
    shown
}

/// The Adaptive Card a workflow posts.
fn teams_card(body: &Value) -> &Value {
    let attachment = &body["attachments"][0];
    let is_card = attachment["contentType"] == "application/vnd.microsoft.card.adaptive";
    let card = &attachment["content"];
    if is_card && card["type"] == "AdaptiveCard" {
        card
    } else {
        &Value::Null
    }
}

fn length_inside_json(body: &Value) -> usize {
    json!(body.to_string()).to_string().len()
}

#[cfg(test)]
mod tests {
    use outbound::Error;

    use super::*;
    use crate::ask;

    async fn say(chat: &Chat, body: &Value) -> Result<(u16, String), Error> {
        send(chat, &body.to_string()).await
    }

    async fn send(chat: &Chat, body: &str) -> Result<(u16, String), Error> {
        let url = chat.url();
        let (_, url) = url.split_once('+').unwrap();
        let json = [("content-type", "application/json")];
        let answer = ask::post(url, &json, body.to_owned()).await?;
        Ok((answer.status(), ask::text(answer).await))
    }

    #[tokio::test]
    async fn slack_shows_what_has_a_text_and_refuses_the_rest() {
        let slack = Chat::slack().await;
        assert!(slack.url().starts_with("slack+http://127.0.0.1:"));
        let header = |length| json!({"type": "header", "text": {"text": "x".repeat(length)}});
        for (body, status, word) in [
            (json!({"text": "it broke"}), 200, "ok"),
            (json!({"text": "a list", "blocks": [header(150)]}), 200, "ok"),
            (
                json!({"text": "a list", "blocks": [header(151)]}),
                400,
                "invalid_blocks",
            ),
            (
                json!({"text": "a list", "blocks": vec![header(1); 51]}),
                400,
                "invalid_blocks",
            ),
            (json!({"blocks": [header(1)]}), 400, "no_text"),
            (json!("it broke"), 400, "invalid_payload"),
        ] {
            let answer = say(&slack, &body).await.unwrap();
            assert_eq!(answer, (status, word.to_owned()), "{body}");
        }
        assert_eq!(slack.texts(), ["it broke", "a list"]);
        assert_eq!(slack.attempts(), 6);
        assert_eq!(slack.refused()[3].body, "it broke");
        assert_eq!(slack.messages()[0].headers["user-agent"], outbound::USER_AGENT);
    }

    #[test]
    fn feishu_signs_as_documented() {
        let sign = feishu_sign("1599360473", "demo");
        assert_eq!(sign, "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
    }

    #[tokio::test]
    async fn feishu_shows_what_is_signed_in_time_and_says_200_to_the_rest() {
        let feishu = Chat::feishu(Some("demo")).await;
        let header = json!({"title": {"tag": "plain_text", "content": "it broke"}});
        let mut card = json!({"msg_type": "interactive", "card": {"header": header}});
        let code = async |body: &str| {
            let (status, body) = send(&feishu, body).await.unwrap();
            assert_eq!(status, 200);
            serde_json::from_str::<Value>(&body).unwrap()["code"].clone()
        };
        assert_eq!(code(&card.to_string()).await, 19021);
        card["timestamp"] = json!("1599360473");
        card["sign"] = json!("l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
        assert_eq!(code(&card.to_string()).await, 0);
        feishu.set_now(1_599_360_473 + 3600);
        assert_eq!(code(&card.to_string()).await, 0);
        feishu.set_now(1_599_360_473 + 3601);
        assert_eq!(code(&card.to_string()).await, 19021);
        assert_eq!(code("{").await, 9499);
        card["card"]["elements"] = json!(["x".repeat(20 * 1024)]);
        assert_eq!(code(&card.to_string()).await, 9499);
        assert_eq!(code("{}").await, 19002);
        assert_eq!(feishu.texts(), ["it broke", "it broke"]);
    }

    #[tokio::test]
    async fn generic_json_is_taken_without_a_word() {
        let chat = Chat::json().await;
        let answer = say(&chat, &json!({"title": "it broke"})).await.unwrap();
        assert_eq!(answer, (204, String::new()));
        assert_eq!(send(&chat, "{").await.unwrap().0, 400);
        assert_eq!(chat.texts(), ["it broke"]);
    }

    #[tokio::test]
    async fn discord_shows_what_is_within_its_limits_and_answers_with_it_where_asked() {
        let discord = Chat::discord().await;
        assert!(discord.url().starts_with("discord+http://127.0.0.1:"));
        let embed = |key: &str, length| json!({"embeds": [{ (key): "x".repeat(length) }]});
        let field = |value: &str| json!({"embeds": [{"fields": [{"name": "labels", "value": value}]}]});
        let long =
            json!({"embeds": [embed("description", 4096)["embeds"][0], embed("description", 1905)["embeds"][0]]});
        for (body, status, code) in [
            (json!({"embeds": [{"title": r"it \*broke\* \\o/"}]}), 204, None),
            (json!({"content": "x".repeat(2000)}), 204, None),
            (embed("description", 4096), 204, None),
            (field("bug"), 204, None),
            (json!({"content": "x".repeat(2001)}), 400, Some(50035)),
            (embed("title", 257), 400, Some(50035)),
            (embed("description", 4097), 400, Some(50035)),
            (long, 400, Some(50035)),
            (field(" "), 400, Some(50035)),
            (
                json!({"embeds": [{"title": "x", "url": "javascript:"}]}),
                400,
                Some(50035),
            ),
            (json!({"embeds": []}), 400, Some(50006)),
            (json!("it broke"), 400, Some(50109)),
        ] {
            let (answered, text) = say(&discord, &body).await.unwrap();
            let error: Value = serde_json::from_str(&text).unwrap_or_default();
            assert_eq!((answered, error["code"].as_u64()), (status, code), "{body}");
        }
        assert_eq!(discord.texts(), [r"it *broke* \o/", "", "", ""]);
        assert_eq!((discord.refused().len(), discord.attempts()), (8, 12));

        let url = format!("{}?thread_id=2&wait=true", discord.url());
        let (_, url) = url.split_once('+').unwrap();
        let json = [("content-type", "application/json")];
        let answer = ask::post(url, &json, r#"{"content":"hello"}"#).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(ask::text(answer).await.contains(r#""id":""#));
    }

    #[tokio::test]
    async fn teams_says_it_has_what_it_does_not_show() {
        let teams = Chat::teams().await;
        assert!(teams.url().starts_with("teams+http://127.0.0.1:"));
        let card = |title: &str| {
            let run = json!({"type": "TextRun", "text": title});
            let block = json!({"type": "RichTextBlock", "inlines": [run]});
            let body = json!([{"type": "Container", "items": [block]}]);
            let content = json!({"type": "AdaptiveCard", "version": "1.4", "body": body});
            json!({"attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}]})
        };
        for (body, status) in [
            (card("it broke"), 202),
            (card(&"\"".repeat(8_000)), 202),
            (json!({"text": "it broke"}), 202),
            (json!("it broke"), 400),
        ] {
            assert_eq!(say(&teams, &body).await.unwrap().0, status);
        }
        assert_eq!(teams.texts(), ["it broke"]);
        assert_eq!((teams.refused().len(), teams.attempts()), (3, 4));
    }

    #[tokio::test]
    async fn answers_are_made_up_one_by_one_and_then_always() {
        let chat = Chat::json().await;
        let status = |status| ChatAnswer::Status {
            status,
            headers: vec![("retry-after", "30".to_owned())],
            body: "later".to_owned(),
        };
        chat.answer_next(vec![status(429), ChatAnswer::Reset]);
        chat.answer_always(Some(status(500)));
        let mut answers = Vec::new();
        for n in 0..3 {
            answers.push(say(&chat, &json!({"title": n.to_string()})).await);
        }
        chat.answer_always(None);
        answers.push(say(&chat, &json!({"title": "well"})).await);
        let refused = |status| Ok((status, "later".to_owned()));
        let [first, second, third, fourth] = <[_; 4]>::try_from(answers).unwrap();
        assert_eq!(first.map_err(drop), refused(429));
        assert!(matches!(second, Err(Error::Broken(_))), "{second:?}");
        assert_eq!(third.map_err(drop), refused(500));
        assert_eq!(fourth.unwrap().0, 204);
        assert_eq!(chat.texts(), ["well"]);
        assert_eq!((chat.refused().len(), chat.attempts()), (2, 4));
    }

    #[tokio::test]
    async fn a_message_is_taken_though_its_answer_is_lost_or_garbage() {
        let slack = Chat::slack().await;
        slack.answer_next(vec![ChatAnswer::TakenThenReset, ChatAnswer::Garbage]);
        let lost = say(&slack, &json!({"text": "one"})).await;
        assert!(matches!(lost, Err(Error::Broken(_))), "{lost:?}");
        let (status, garbage) = say(&slack, &json!({"text": "two"})).await.unwrap();
        assert_eq!((status, garbage.contains("html")), (200, true));
        assert_eq!(slack.texts(), ["one", "two"]);
    }

    #[tokio::test]
    async fn a_chooser_answers_by_number_and_each_message_says_what_it_met() {
        let chat = Chat::json().await;
        chat.answer_by(|number| match number {
            1 => Some(ChatAnswer::TakenThenReset),
            3 => Some(ChatAnswer::TakenThenHang),
            _ => None,
        });
        let mut answered = Vec::new();
        for n in 1..=2 {
            answered.push(say(&chat, &json!({"title": n.to_string()})).await.is_ok());
        }
        assert_eq!(answered, [false, true]);
        let hung = async { say(&chat, &json!({"title": "3"})).await };
        let taken = async {
            while chat.messages().len() < 3 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            answer = hung => panic!("{answer:?}"),
            () = taken => {}
        }
        let faults: Vec<_> = chat
            .messages_after(1)
            .into_iter()
            .map(|message| message.fault)
            .collect();
        assert!(
            matches!(faults[..], [None, Some(ChatAnswer::TakenThenHang)]),
            "{faults:?}"
        );
    }

    #[tokio::test]
    async fn the_hook_runs_after_a_message_is_taken_and_before_it_is_answered() {
        let slack = Arc::new(Chat::slack().await);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (weak, numbers) = (Arc::downgrade(&slack), Arc::clone(&seen));
        slack.on_message(Box::new(move |number| {
            let taken = weak.upgrade().map(|slack| slack.messages().len());
            lock(&numbers).push((number, taken));
        }));
        say(&slack, &json!({"text": "one"})).await.unwrap();
        assert_eq!(*lock(&seen), [(1, Some(1))]);
        say(&slack, &json!({"no": "text"})).await.unwrap();
        say(&slack, &json!({"text": "two"})).await.unwrap();
        assert_eq!(*lock(&seen), [(1, Some(1)), (2, Some(2))]);
    }

    #[tokio::test]
    async fn the_root_of_a_chat_is_no_attempt() {
        let slack = Chat::slack().await;
        let answer = ask::get(&slack.server.url()).await.unwrap();
        assert_eq!((answer.status(), slack.attempts()), (404, 0));
    }
}
