//! The client against a server on the loopback that answers as Copr and what stands before it do.

use std::fmt::Write;
use std::time::Duration;

use copperbell_copr::{BadUrl, BuildState, Copr, DEFAULT_URL, LOOKUP_TIMEOUT, POLL_TIMEOUT, PollError, Project};
use outbound::{Clock, Fault, FaultPoint, Outbound};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server that takes one request and answers with exactly these bytes.
struct Server {
    copr: Copr,
    request: JoinHandle<String>,
}

async fn server(answer: String) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let request = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        // A client that has seen enough may hang up.
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
        String::from_utf8(request).unwrap()
    });
    let copr = Copr::new(&base).unwrap();
    Server { copr, request }
}

/// An answer as Copr streams it: no length, its end is the connection's.
fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{body}")
}

fn demo() -> Project {
    "alice/demo".parse().unwrap()
}

async fn monitor(copr: &Copr, outbound: &Outbound, project: &str) -> Result<(usize, Vec<String>), PollError> {
    let project: Project = project.parse().unwrap();
    let mut names = Vec::new();
    let packages = copr
        .monitor(outbound, &project, POLL_TIMEOUT, |package| {
            names.push(package.name.into_owned());
        })
        .await?;
    Ok((packages, names))
}

/// The error that an answer becomes.
async fn refused(answer: String) -> PollError {
    let server = server(answer).await;
    let error = monitor(&server.copr, &Outbound::new(), "alice/demo").await.unwrap_err();
    server.request.await.unwrap();
    error
}

async fn build_state(answer: String) -> Result<BuildState, PollError> {
    let server = server(answer).await;
    let state = server.copr.build_state(&Outbound::new(), 5, LOOKUP_TIMEOUT).await;
    server.request.await.unwrap();
    state
}

#[tokio::test]
async fn a_monitor_is_asked_for_and_read() {
    let server = server(answer("200 OK", include_str!("data/mixed-failed.json"))).await;
    let read = monitor(&server.copr, &Outbound::new(), "alice/demo").await.unwrap();
    let names = ["alpha", "beta", "gamma-libs", "python-delta"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(read, (4, names));
    let request = server.request.await.unwrap();
    let mut lines: Vec<_> = request.lines().filter(|line| !line.starts_with("host:")).collect();
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n").trim(), @"
    GET /api_3/monitor?ownername=alice&projectname=demo&additional_fields%5B%5D=url_build_log HTTP/1.1
    accept: application/json
    user-agent: copperbell/0.1.0 (+https://github.com/copperbell/copperbell)
    ");
}

#[tokio::test]
async fn names_are_encoded_in_the_request() {
    let table = [
        ("@copr/copr-dev", "ownername=%40copr&projectname=copr-dev"),
        (
            "alice/demo:pr:12",
            "ownername=alice&projectname=demo&project_dirname=demo%3Apr%3A12",
        ),
        ("a_b.c/ž", "ownername=a_b.c&projectname=%C5%BE"),
    ];
    for (project, query) in table {
        let server = server(answer("200 OK", r#"{"output":"ok","packages":[]}"#)).await;
        let read = monitor(&server.copr, &Outbound::new(), project).await;
        assert_eq!(read, Ok((0, vec![])));
        let request = server.request.await.unwrap();
        let expected = format!("GET /api_3/monitor?{query}&additional_fields%5B%5D=url_build_log HTTP/1.1");
        assert_eq!(request.lines().next(), Some(expected.as_str()));
    }
}

#[tokio::test]
async fn a_body_in_chunks_is_read_and_its_missing_end_is_told() {
    let chunked = |body: &str, end: &str| {
        let (a, b) = body.split_at(300);
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        format!("{head}{:x}\r\n{a}\r\n{:x}\r\n{b}\r\n{end}", a.len(), b.len())
    };
    let body = include_str!("data/mixed-failed.json");
    let whole = server(chunked(body, "0\r\n\r\n")).await;
    let (packages, _) = monitor(&whole.copr, &Outbound::new(), "alice/demo").await.unwrap();
    assert_eq!(packages, 4);
    let error = refused(chunked(body, "")).await;
    assert!(matches!(error, PollError::BrokenOff { packages: 4, .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_listening_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let copr = Copr::new(&base).unwrap();
    let error = monitor(&copr, &Outbound::new(), "alice/demo").await.unwrap_err();
    let start = format!("no connection to {base}/: nothing listens there: ");
    assert!(error.to_string().starts_with(&start), "{error}");
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_is_broken_off() {
    let error = refused(String::new()).await;
    insta::assert_snapshot!(error, @"the connection to Copr broke: connection closed before message completed");
}

#[tokio::test]
async fn no_answer_in_time_is_told_with_the_time() {
    let copr = Copr::new("http://127.0.0.1:1").unwrap();
    let outbound = Outbound::with(Clock::default(), FaultPoint::failing(0, Fault::TimedOut));
    let error = monitor(&copr, &outbound, "alice/demo").await.unwrap_err();
    insta::assert_snapshot!(error, @"Copr did not finish its answer within 60 s");
    let outbound = Outbound::with(Clock::default(), FaultPoint::failing(0, Fault::TimedOut));
    let short = Duration::from_millis(1500);
    let error = copr.monitor(&outbound, &demo(), short, |_| ()).await.unwrap_err();
    insta::assert_snapshot!(error, @"Copr did not finish its answer within 1.5 s");
}

#[tokio::test]
async fn every_answer_that_is_no_monitor_says_who_must_act() {
    let html = "<html><body><h1>502 Bad Gateway</h1></body></html>";
    let redirect = |to: &str| format!("HTTP/1.1 301 Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    let long = format!(r#"{{"error": "{}\u0007"}}"#, "long ".repeat(100));
    let table = [
        answer("200 OK", ""),
        answer("200 OK", include_str!("data/truncated-stream.json")),
        answer("200 OK", r#"{"output":"notok","error":"The database is away."}"#),
        answer("200 OK", html),
        "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"output\": \"ok\", \"packages\": [".to_owned(),
        answer("404 NOT FOUND", include_str!("data/unknown-project.json")),
        answer("404 NOT FOUND", include_str!("data/unknown-group.json")),
        answer("400 BAD REQUEST", include_str!("data/bad-field.json")),
        answer("500 INTERNAL SERVER ERROR", include_str!("data/server-error.json")),
        answer("500 INTERNAL SERVER ERROR", &long),
        answer("429 TOO MANY REQUESTS", r#"{"error": {"limit": 5}}"#),
        answer("502 Bad Gateway", html),
        answer("503 Service Unavailable", html),
        answer("504 Gateway Timeout", ""),
        answer("403 Forbidden", html),
        answer("404 Not Found", html),
        answer("204 No Content", ""),
        redirect("https://copr.example.org/api_3/monitor?ownername=alice"),
        redirect("http://user:secret@copr.example.org:8080"),
        redirect("/login"),
        redirect("http://"),
        "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
    ];
    let mut lines = String::new();
    for answer in table {
        writeln!(lines, "{}", refused(answer).await).unwrap();
    }
    insta::assert_snapshot!(lines, @r#"
    Copr answered 200 with an empty body
    Copr answered 200 and then broke off after 199 packages: an error on its side mid-stream
    Copr answered 200 but not `output: ok`: The database is away.
    Copr answered 200 with something unreadable: it is no JSON object
    the connection to Copr broke: end of file before message length reached
    Copr answered 404: Project alice/nope does not exist. Check the spelling: upper and lower case differ.
    Copr answered 404: Group nogroup does not exist. Check the spelling: upper and lower case differ.
    Copr did not understand the request (400): Wrong additional_fields argument(s): wrong1
    Copr answered 500: Request wasn't successful, there is probably a bug in the Copr code.
    Copr answered 500: long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long …
    Copr answered 429: {"limit":5}
    the proxy before Copr answered 502
    the proxy before Copr answered 503
    the proxy before Copr answered 504
    the server answered 403 without a word from Copr: check that COPR_URL leads to one
    the server answered 404 without a word from Copr: check that COPR_URL leads to one
    the server answered 204 without a word from Copr: check that COPR_URL leads to one
    the server answered 301 and points to https://copr.example.org: set COPR_URL to where Copr is now
    the server answered 301 and points to http://copr.example.org:8080: set COPR_URL to where Copr is now
    the server answered 301 and points to /login: set COPR_URL to where Copr is now
    the server answered 301 and points to nowhere: set COPR_URL to where Copr is now
    the server answered 302 and points to nowhere: set COPR_URL to where Copr is now
    "#);
}

#[tokio::test]
async fn a_build_is_looked_up() {
    let server = server(answer("200 OK", include_str!("data/build.json"))).await;
    let state = server.copr.build_state(&Outbound::new(), 5, LOOKUP_TIMEOUT).await;
    assert_eq!(state, Ok(BuildState::Failed));
    let request = server.request.await.unwrap();
    assert!(request.starts_with("GET /api_3/build/5 HTTP/1.1\r\n"), "{request}");

    let canceled = include_str!("data/build.json").replace("failed", "canceled");
    assert_eq!(build_state(answer("200 OK", &canceled)).await, Ok(BuildState::Canceled));
    let new = answer("200 OK", r#"{"state": "dreaming"}"#);
    assert_eq!(build_state(new).await, Ok(BuildState::Other));
}

#[tokio::test]
async fn a_build_that_cannot_be_looked_up_says_why() {
    let table = [
        answer("404 NOT FOUND", include_str!("data/unknown-build.json")),
        answer("500 INTERNAL SERVER ERROR", include_str!("data/server-error.json")),
        answer("200 OK", ""),
        answer("200 OK", r#"{"id": 5, "#),
        answer("200 OK", r#"{"id": 5}"#),
        answer("200 OK", &" ".repeat((1 << 20) + 1)),
    ];
    let mut lines = String::new();
    for answer in table {
        writeln!(lines, "{}", build_state(answer).await.unwrap_err()).unwrap();
    }
    insta::assert_snapshot!(lines, @"
    Copr answered 404: Build 99999 does not exist.
    Copr answered 500: Request wasn't successful, there is probably a bug in the Copr code.
    Copr answered 200 with an empty body
    Copr answered 200 with something unreadable: EOF while parsing a value at line 1 column 10
    Copr answered 200 with something unreadable: missing field `state` at line 1 column 9
    Copr answered 200 with something unreadable: the answer is longer than 1048576 bytes
    ");
}

#[tokio::test]
async fn each_question_is_one_call_named_without_its_details() {
    let faults = FaultPoint::planned(|number, _| match number {
        0 => Some(Fault::Refused),
        1 => Some(Fault::AnswerLost),
        _ => None,
    });
    let outbound = Outbound::with(Clock::default(), faults.clone());
    let copr = Copr::new("http://127.0.0.1:1").unwrap();
    let error = monitor(&copr, &outbound, "alice/demo").await.unwrap_err();
    assert!(matches!(error, PollError::NoConnection { .. }), "{error:?}");
    let error = copr.build_state(&outbound, 5, LOOKUP_TIMEOUT).await.unwrap_err();
    assert!(matches!(error, PollError::BrokenOff { packages: 0, .. }), "{error:?}");
    let calls = faults.calls();
    let calls: Vec<_> = calls.iter().map(|call| (call.service, call.what.as_str())).collect();
    assert_eq!(calls, [("copr", "GET /api_3/monitor"), ("copr", "GET /api_3/build")]);
}

#[tokio::test]
async fn a_path_before_the_api_is_kept() {
    for slash in ["", "/"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/my/copr{slash}", listener.local_addr().unwrap());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut start = vec![0; "GET /my/copr/api_3/build/7 ".len()];
            stream.read_exact(&mut start).await.unwrap();
            String::from_utf8(start).unwrap()
        });
        let copr = Copr::new(&base).unwrap();
        assert!(copr.build_state(&Outbound::new(), 7, LOOKUP_TIMEOUT).await.is_err());
        assert_eq!(asked.await.unwrap(), "GET /my/copr/api_3/build/7 ");
    }
}

#[test]
fn pages_are_where_copr_has_them() {
    let table = [
        (
            "https://copr.fedorainfracloud.org",
            "alice/demo",
            "/coprs/alice/demo/monitor/",
        ),
        (
            "https://copr.fedorainfracloud.org/",
            "@copr/copr-dev",
            "/coprs/g/copr/copr-dev/monitor/",
        ),
        (
            "https://copr.fedorainfracloud.org",
            "alice/demo:pr:12",
            "/coprs/alice/demo/monitor/",
        ),
        (
            "https://copr.fedorainfracloud.org",
            "alice/ž",
            "/coprs/alice/%C5%BE/monitor/",
        ),
    ];
    for (base, project, page) in table {
        let copr = Copr::new(base).unwrap();
        let page = format!("https://copr.fedorainfracloud.org{page}");
        assert_eq!(copr.project_page(&project.parse().unwrap()), page);
        assert_eq!(copr.build_page(7), "https://copr.fedorainfracloud.org/coprs/build/7");
    }
    let copr = Copr::new("http://[::1]:8080/my/copr/").unwrap();
    assert_eq!(
        copr.build_page(u64::MAX),
        "http://[::1]:8080/my/copr/coprs/build/18446744073709551615"
    );
}

#[test]
fn an_address_where_no_copr_can_be_is_refused_without_repeating_it() {
    let table = [
        "",
        "copr.fedorainfracloud.org",
        "ftp://copr.example",
        "file:///etc/passwd",
        "https://",
        "https://:80",
        "//x",
        "https://alice:secret@copr.example",
        "https://alice@copr.example",
        "https://copr.example/?a=b",
        "https://copr.example/#x",
        "https://copr example",
        "data:,x",
    ];
    for base in table {
        assert_eq!(Copr::new(base).unwrap_err(), BadUrl, "{base}");
    }
    assert!(Copr::new(DEFAULT_URL).is_ok());
    insta::assert_snapshot!(BadUrl, @"expected an http:// or https:// URL without user, query and fragment, its host in ASCII, such as https://copr.fedorainfracloud.org");
}
