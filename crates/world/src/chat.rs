//! Chats that take messages through a webhook: Slack, Feishu, Discord, Teams, ntfy and whatever takes generic JSON. What
//! each shows, refuses and says is in a file of its own.

mod discord;
mod feishu;
mod generic;
mod ntfy;
mod slack;
mod teams;

use std::collections::VecDeque;
use std::future;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{self, State};
use axum::http::HeaderMap;
use axum::http::header::{HeaderName, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;

use crate::server::{Server, lock, reset, status_code};

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

#[derive(Clone)]
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
    Ntfy { token: Option<String> },
    Json,
}

/// What a chat was like at a moment.
pub struct ChatMemory(Room);

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

    /// A topic of an ntfy server; with a token, it is reserved for whoever has that.
    ///
    /// # Panics
    /// When this machine has no free port.
    pub async fn ntfy(token: Option<&str>) -> Self {
        let token = token.map(str::to_owned);
        Self::start("ntfy", "/", Kind::Ntfy { token }).await
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
        // ntfy's topic is in the URL that people know, and is posted to the root.
        let topic = if self.scheme == "ntfy" { ntfy::TOPIC } else { "" };
        format!("{}+{}{}{topic}", self.scheme, self.server.url(), self.path)
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
            let body = &message.body;
            let title = match room.kind {
                Kind::Slack => slack::title(body),
                Kind::Feishu { .. } => feishu::title(body),
                Kind::Discord => return discord::title(body),
                Kind::Teams => teams::title(body),
                Kind::Ntfy { .. } => ntfy::title(body),
                Kind::Json => generic::title(body),
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

    /// All that it knows now.
    #[must_use]
    pub fn remember(&self) -> ChatMemory {
        ChatMemory(lock(&self.shared).clone())
    }

    /// Is like another chat of its kind was.
    pub fn recall(&self, memory: &ChatMemory) {
        lock(&self.shared).clone_from(&memory.0);
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
    let thanks = kind.thanks(&message, waits);
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
        _ => thanks,
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
            Self::Slack => slack::refusal(message),
            Self::Feishu { secret } => feishu::refusal(message, length, secret.as_deref(), now),
            Self::Discord => discord::refusal(message),
            Self::Teams => teams::refusal(message),
            Self::Ntfy { token } => ntfy::refusal(message, length, token.as_deref()),
            Self::Json => generic::refusal(message),
        }
    }

    /// What the real chat says to a message it took. `waits` is whether it was asked for the message.
    fn thanks(&self, message: &Message, waits: bool) -> Response {
        match self {
            Self::Slack => slack::thanks(),
            Self::Feishu { .. } => feishu::thanks(),
            Self::Discord => discord::thanks(waits),
            Self::Teams => teams::thanks(),
            Self::Ntfy { .. } => ntfy::thanks(&message.body),
            Self::Json => generic::thanks(),
        }
    }
}

#[cfg(test)]
mod tests {
    use outbound::Error;
    use serde_json::json;

    use super::*;
    use crate::ask;

    pub(super) async fn say(chat: &Chat, body: &Value) -> Result<(u16, String), Error> {
        send(chat, &body.to_string()).await
    }

    pub(super) async fn send(chat: &Chat, body: &str) -> Result<(u16, String), Error> {
        let url = chat.url();
        let (_, url) = url.split_once('+').unwrap();
        let json = [("content-type", "application/json")];
        let answer = ask::post(url, &json, body.to_owned()).await?;
        Ok((answer.status(), ask::text(answer).await))
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
