//! A message on its way: what leaves the process, and what becomes of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use chat::{Channel, Fact, Language, Verdict};
use outbound::{Answer, Call, Clock, End, Fault, FaultPoint, Outbound};
use secrecy::SecretString;

use crate::samples::{builds, notice, now};

const TIMEOUT: Duration = Duration::from_secs(5);

async fn send(outbound: &Outbound, channel: &Channel) -> Verdict {
    let notices = [notice(Fact::CoprBroken(builds("beta")))];
    let id = "1#copr.broken#alice/demo/beta/5";
    chat::send(outbound, channel, &notices, Language::En, id, TIMEOUT).await
}

fn channel(url: &str, secret: Option<&str>) -> Channel {
    Channel::parse("team", url, secret.map(SecretString::from)).expect("a channel")
}

/// A server on loopback that answers each request of one connection with `answer`, and the requests it had.
fn server(answer: &'static str, requests: usize) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let had = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut reader = BufReader::new(stream);
        let mut requests_had = Vec::new();
        for _ in 0..requests {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert_ne!(reader.read_line(&mut head).expect("a line"), 0);
            }
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
            reader.read_exact(&mut body).expect("a body");
            let empty = head.starts_with("HEAD");
            let answer = if empty {
                "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
            } else {
                answer
            };
            reader.get_mut().write_all(answer.as_bytes()).expect("answered");
            requests_had.push(head + &String::from_utf8(body).expect("text"));
        }
        requests_had
    });
    (format!("http://{address}/secret/path?token=sesame"), had)
}

#[tokio::test]
async fn a_message_arrives_on_the_connection_that_was_warmed_for_it() {
    let (url, had) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 2);
    let channel = channel(&format!("slack+{url}"), None);
    let outbound = Outbound::with(Clock::simulated(now()), FaultPoint::counting());
    chat::warm(&outbound, &channel).await;
    assert_eq!(send(&outbound, &channel).await, Verdict::Taken);

    let had = had.join().expect("the server");
    assert!(had[0].starts_with("HEAD / HTTP/1.1\r\n"), "{}", had[0]);
    assert!(!had[0].contains("sesame"));
    assert!(
        had[1].starts_with("POST /secret/path?token=sesame HTTP/1.1\r\n"),
        "{}",
        had[1]
    );
    assert!(had[1].contains("\r\ncontent-type: application/json\r\n"));
    assert!(had[1].contains(r#""text":"beta fails to build in alice/demo""#));
    let call = |what: &str| Call {
        service: "chat",
        what: what.to_owned(),
    };
    assert_eq!(outbound.faults.calls(), [call("HEAD / of team"), call("team")]);
}

#[tokio::test]
async fn discord_is_asked_for_the_message_it_made_and_teams_for_nothing() {
    for (kind, answer, asked) in [
        (
            "discord",
            "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"id\":\"12\"}",
            "POST /secret/path?token=sesame&wait=true HTTP/1.1\r\n",
        ),
        (
            "teams",
            "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n",
            "POST /secret/path?token=sesame HTTP/1.1\r\n",
        ),
    ] {
        let (url, had) = server(answer, 1);
        let channel = channel(&format!("{kind}+{url}"), None);
        let outbound = Outbound::with(Clock::simulated(now()), FaultPoint::none());
        assert_eq!(send(&outbound, &channel).await, Verdict::Taken, "{kind}");
        let had = had.join().expect("the server").concat();
        assert!(had.starts_with(asked), "{had}");
        assert!(had.contains("beta fails to build in alice/demo"), "{had}");
    }
}

#[tokio::test]
async fn ntfy_is_told_the_topic_in_the_body_at_its_root_with_the_token_in_a_header() {
    let taken = "HTTP/1.1 200 OK\r\ncontent-length: 31\r\n\r\n{\"id\":\"hwQ2\",\"event\":\"message\"}";
    for (secret, header) in [
        (
            Some("tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"),
            "\r\nauthorization: Bearer tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2\r\n",
        ),
        (None, ""),
    ] {
        let (url, had) = server(taken, 1);
        let root = url.split("/secret").next().expect("a root");
        let channel = channel(&format!("ntfy+{root}/our-builds"), secret);
        let outbound = Outbound::with(Clock::simulated(now()), FaultPoint::none());
        assert_eq!(send(&outbound, &channel).await, Verdict::Taken);
        let had = had.join().expect("the server").concat();
        assert!(had.starts_with("POST / HTTP/1.1\r\n"), "{had}");
        assert!(had.contains(header), "{had}");
        assert_eq!(had.contains("authorization"), secret.is_some(), "{had}");
        assert!(had.contains(r#""topic":"our-builds""#), "{had}");
    }
}

#[tokio::test]
async fn what_is_sent_is_in_the_language_asked_for() {
    for (language, expected) in [
        (Language::En, "beta fails to build in alice/demo"),
        (Language::Zh, "beta 构建失败（alice/demo）"),
        (Language::Ru, "beta: сборка сломалась (alice/demo)"),
    ] {
        let (url, had) = server("HTTP/1.1 204 No Content\r\n\r\n", 1);
        let outbound = Outbound::with(Clock::simulated(now()), FaultPoint::none());
        let notices = [notice(Fact::CoprBroken(builds("beta")))];
        let verdict = chat::send(&outbound, &channel(&url, None), &notices, language, "1", TIMEOUT).await;
        assert_eq!(verdict, Verdict::Taken);
        let had = had.join().expect("the server").concat();
        assert!(had.contains(expected), "{had}");
    }
}

#[tokio::test]
async fn json_is_signed_with_the_time_it_is_sent_at() {
    let (url, had) = server("HTTP/1.1 204 No Content\r\n\r\n", 1);
    let channel = channel(&url, Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    let outbound = Outbound::with(Clock::simulated(now()), FaultPoint::none());
    assert_eq!(send(&outbound, &channel).await, Verdict::Taken);
    let had = had.join().expect("the server").concat();
    assert!(
        had.contains(&format!("\r\nwebhook-timestamp: {}\r\n", now().as_second())),
        "{had}"
    );
    assert!(had.contains("\r\nwebhook-id: msg_"), "{had}");
    assert!(had.contains("\r\nwebhook-signature: v1,"), "{had}");
}

#[tokio::test]
async fn a_call_that_fails_is_a_failed_channel_that_did_not_answer() {
    for (fault, expected) in [
        (Fault::Refused, "could not connect: connection refused"),
        (Fault::TimedOut, "no answer in time"),
    ] {
        let outbound = Outbound::with(Clock::simulated(now()), FaultPoint::failing(0, fault));
        let channel = channel("https://hooks.slack.com/services/T0/B0/sesame", None);
        let Verdict::ChannelFailed {
            permanent: false,
            retry_after: None,
            answered: false,
            reason,
        } = send(&outbound, &channel).await
        else {
            panic!("another verdict");
        };
        assert_eq!(reason, expected);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_judged_by_what_came() {
    let answered = |reason: &str| Verdict::ChannelFailed {
        permanent: false,
        retry_after: None,
        answered: true,
        reason: reason.to_owned(),
    };
    let not_taken = "answered HTTP 200, but not that it took the message";
    for (url, status, body, expected) in [
        (
            "https://hooks.slack.com/services/T0/B0/x",
            200,
            "o",
            answered(not_taken),
        ),
        ("https://open.feishu.cn/x", 200, r#"{"code":0"#, answered(not_taken)),
        ("https://discord.com/x", 200, r#"{"id":"1"#, answered(not_taken)),
        ("https://discord.com/x", 204, "", Verdict::Taken),
        (
            "https://ntfy.sh/x",
            200,
            r#"{"id":"hwQ2","event":"mess"#,
            answered(not_taken),
        ),
        ("teams+https://example.com/x", 202, "", Verdict::Taken),
        ("https://example.com/x", 200, "whatever", Verdict::Taken),
        ("https://example.com/x", 500, "", answered("answered HTTP 500")),
    ] {
        let answer = Answer {
            status,
            headers: Vec::new(),
            body: Bytes::from(body),
            end: End::Broken,
        };
        let faults = FaultPoint::failing(0, Fault::Answered(answer));
        let outbound = Outbound::with(Clock::simulated(now()), faults);
        assert_eq!(send(&outbound, &channel(url, None)).await, expected, "{url} {status}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_read_no_further_than_it_takes() {
    let answer = Answer {
        status: 200,
        headers: Vec::new(),
        body: Bytes::from(vec![b'x'; 10_000_000]),
        end: End::Whole,
    };
    let outbound = Outbound::with(Clock::simulated(now()), FaultPoint::failing(0, Fault::Answered(answer)));
    let verdict = send(&outbound, &channel("https://example.com/x", None)).await;
    assert_eq!(verdict, Verdict::Taken);
}

#[tokio::test]
async fn the_console_has_nothing_to_warm() {
    let outbound = Outbound::with(Clock::simulated(now()), FaultPoint::counting());
    chat::warm(&outbound, &channel("console:stderr", None)).await;
    assert_eq!(send(&outbound, &channel("console:stderr", None)).await, Verdict::Taken);
    assert_eq!(outbound.faults.calls(), []);
}
