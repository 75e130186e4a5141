//! Sending: notices in, a verdict out. All but the call itself is decided elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use outbound::Outbound;
use secrecy::ExposeSecret;

use crate::channel::{Channel, Console, Kind};
use crate::message::Message;
use crate::notice::Notice;
use crate::plain::plain_cut;
use crate::show::{Post, console, discord, feishu, json, ntfy, slack, teams};
use crate::verdict::{Verdict, verdict};
use crate::words::{self, Language};

/// How much of an answer is read: many times what any chat says.
const MAX_ANSWER: usize = 64 * 1024;
/// How long may a connection take that is opened in advance?
const WARM_TIMEOUT: Duration = Duration::from_secs(2);

/// Says `notices` (one, or those of one [`Group`](crate::Group)) on a channel, within `timeout`. `id` names the
/// message, the same on each attempt.
pub async fn send(
    outbound: &Outbound,
    channel: &Channel,
    notices: &[Notice],
    language: Language,
    id: &str,
    timeout: Duration,
) -> Verdict {
    let now = outbound.clock.now();
    let message = words::message(notices, language, now);
    let post = match channel.kind {
        Kind::Slack => slack::show(&message),
        Kind::Feishu => feishu::show(&message, channel.key(), now),
        Kind::Discord => discord::show(&message),
        Kind::Teams => teams::show(&message),
        Kind::Ntfy => ntfy::show(&message, channel.topic().map_or("", |topic| topic.expose_secret())),
        Kind::Json => json::show(&message, notices, id, channel.key(), now),
        Kind::Console(stream) => return print(stream, &message),
    };
    let Some(request) = request(channel, post) else {
        return failed("the request could not be made");
    };
    let mut response = match outbound.send("chat", &channel.name, request, timeout).await {
        Ok(response) => response,
        Err(error) => return failed(&error.to_string()),
    };
    // An answer that breaks off is judged by what came of it: the status alone often decides.
    let mut body = Vec::new();
    while body.len() < MAX_ANSWER
        && let Ok(Some(chunk)) = response.chunk().await
    {
        body.extend_from_slice(&chunk);
    }
    let now = outbound.clock.now();
    verdict(channel.kind, response.status(), response.headers(), &body, now)
}

/// Opens the connection to a channel's host before there is anything to say, by its root page and never the secret one.
/// Whether that works is no matter. Does nothing for the console.
pub async fn warm(outbound: &Outbound, channel: &Channel) {
    let Some(origin) = channel.origin() else {
        return;
    };
    // HEAD: without a body to read, the connection goes back to the pool at once.
    let request = Request::head(origin).body(Bytes::new());
    if let Ok(request) = request {
        let what = format!("HEAD / of {}", channel.name);
        let _ = outbound.send("chat", &what, request, WARM_TIMEOUT).await;
    }
}

fn request(channel: &Channel, post: Post) -> Option<Request<Bytes>> {
    let url = channel.url()?.expose_secret();
    let mut request = Request::post(url).header(CONTENT_TYPE, "application/json");
    for (name, value) in post.headers {
        request = request.header(name, value);
    }
    if let Some(token) = channel.key().filter(|_| channel.kind == Kind::Ntfy) {
        let mut bearer = HeaderValue::from_bytes(&[b"Bearer ", token.expose_secret()].concat()).ok()?;
        bearer.set_sensitive(true);
        request = request.header(AUTHORIZATION, bearer);
    }
    request.body(Bytes::from(post.body)).ok()
}

fn print(stream: Console, message: &Message) -> Verdict {
    match stream {
        Console::Stdout => print_to(std::io::stdout().lock(), message),
        Console::Stderr => print_to(std::io::stderr().lock(), message),
    }
}

fn print_to(mut stream: impl Write + IsTerminal, message: &Message) -> Verdict {
    // <https://no-color.org>
    let colour = stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let shown = console::show(message, colour);
    match stream.write_all(shown.as_bytes()).and_then(|()| stream.flush()) {
        Ok(()) => Verdict::Taken,
        Err(error) => failed(&format!("could not write to the terminal: {error}")),
    }
}

fn failed(reason: &str) -> Verdict {
    Verdict::ChannelFailed {
        permanent: false,
        retry_after: None,
        answered: false,
        reason: plain_cut(reason, 200),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_cannot_be_written_is_a_failed_channel() {
        let message = Message {
            title: "hello".to_owned(),
            ..Message::default()
        };
        let file = tempfile::NamedTempFile::new().expect("a file");
        let read_only = std::fs::File::open(file.path()).expect("the file");
        let Verdict::ChannelFailed {
            permanent: false,
            answered: false,
            reason,
            ..
        } = print_to(read_only, &message)
        else {
            panic!("was written");
        };
        assert_eq!(
            reason,
            "could not write to the terminal: Bad file descriptor (os error 9)"
        );

        let writable = file.reopen().expect("the file");
        assert_eq!(print_to(writable, &message), Verdict::Taken);
        assert_eq!(std::fs::read_to_string(file.path()).expect("text"), "· hello\n");
    }
}
