use std::fmt::Write as _;
use std::time::Duration;

use github::{ApiError, ApiUrl, AppKey, Credentials, GitHub, Page};
use outbound::{Answer, Clock, End, Fault, FaultPoint, Outbound};
use world::{GitHubAnswer, Rights};

use crate::site::{ORGANIZATION, REPOSITORY, Site, TIMEOUT, TOKEN, app, hook};

const HTML: &str = "<html><body><h1>Unicorn!</h1></body></html>";

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> GitHubAnswer {
    GitHubAnswer::Status {
        status,
        headers: headers.iter().map(|&(name, value)| (name, value.to_owned())).collect(),
        body: body.to_owned(),
    }
}

/// What an answer to a question about the repository's log becomes.
async fn read(site: &Site, answer: GitHubAnswer) -> Result<Page, ApiError> {
    site.world.answer_next(vec![answer]);
    site.as_person()
        .deliveries(&site.outbound, &hook(REPOSITORY), None, TIMEOUT)
        .await
}

#[tokio::test]
async fn what_is_wrong_with_the_credentials_is_said() {
    let site = Site::start().await;
    let ask = async |name: &str, credentials| {
        let github = site.asked_with(credentials);
        let error = github
            .deliveries(&site.outbound, &hook(name), None, TIMEOUT)
            .await
            .unwrap_err();
        assert!(!error.is_about_the_delivery());
        error.to_string()
    };
    let by_app = |app| Credentials {
        app: Some(app),
        token: None,
    };
    let by_token = |token: &str| Credentials {
        app: None,
        token: Some(token.into()),
    };
    let key = |id, pem: &str| AppKey::new(id, &pem.into()).unwrap();
    let mut lines = vec![
        ask("app", by_token(TOKEN)).await,
        ask(REPOSITORY, Credentials::default()).await,
        ask(REPOSITORY, by_token("ghp_hush\n")).await,
        ask(REPOSITORY, by_token("ghp_other")).await,
        ask("app", by_app(key(12_345, include_str!("../data/keys/pkcs1.pem")))).await,
        ask("app", by_app(key(12_345, include_str!("../data/keys/damaged.pem")))).await,
        ask("app", by_app(key(1, world::GitHub::APP_KEY))).await,
        ask("repo:other/anvil:1", by_app(app())).await,
        ask("repo:acme/other:1", by_app(app())).await,
        ask("repo:acme/other:1", by_token(TOKEN)).await,
    ];
    site.world.set_token("ghp_reader", Rights::None);
    lines.push(ask(REPOSITORY, by_token("ghp_reader")).await);
    site.world.set_token("ghp_reader", Rights::Read);
    let github = site.asked_with(by_token("ghp_reader"));
    let error = github
        .ping(&site.outbound, &hook(ORGANIZATION), TIMEOUT)
        .await
        .unwrap_err();
    lines.push(error.to_string());
    site.world.answer_next(vec![answer(401, &[], "")]);
    lines.push(ask(REPOSITORY, by_token(TOKEN)).await);
    // The App lost its installation between two requests.
    let installation = answer(200, &[], r#"{"id": 5}"#);
    site.world.answer_next(vec![installation.clone()]);
    lines.push(ask(REPOSITORY, by_app(app())).await);
    let suspended = r#"{"message": "This installation has been suspended"}"#;
    site.world
        .answer_next(vec![installation.clone(), answer(403, &[], suspended)]);
    lines.push(ask(REPOSITORY, by_app(app())).await);
    let no_token = r#"{"token": "ghs_\u0000hush", "expires_at": "2026-11-01T09:00:00Z"}"#;
    site.world.answer_next(vec![installation, answer(201, &[], no_token)]);
    lines.push(ask(REPOSITORY, by_app(app())).await);
    insta::assert_snapshot!(lines.join("\n"), @r#"
    no credentials for this hook: put github_app into the secrets document
    no credentials for this hook: put github_token, or a github_app that is installed there, into the secrets document
    github_token has a character that no token has, such as a line break
    GitHub refused github_token (401): Bad credentials: it is wrong, expired or revoked
    GitHub does not know the App by its JWT: A JSON web token could not be decoded: check that the id and the private key of github_app belong together
    the App's private key is damaged, or no RSA key of 2048 to 4096 bits (it does not sign): generate another on the App's page
    GitHub does not know the App by its JWT: Integration not found: check that the id and the private key of github_app belong together
    the App is not installed there: install it on the account of the hook, or give a github_token
    GitHub answered 404: Not Found: there is no such hook, or the token may not see it
    GitHub answered 404: Not Found: there is no such hook, or the token may not see it
    GitHub answered 404: Not Found: there is no such hook, or the token may not see it
    GitHub forbids it (403): Resource not accessible by personal access token: a token needs admin:repo_hook or admin:org_hook, a fine-grained token or an App the permission "Webhooks", read and write
    GitHub refused github_token (401): no reason given: it is wrong, expired or revoked
    the App is not installed there: install it on the account of the hook, or give a github_token
    GitHub forbids it (403): This installation has been suspended: a token needs admin:repo_hook or admin:org_hook, a fine-grained token or an App the permission "Webhooks", read and write
    GitHub answered with something unreadable: its token is none
    "#);
}

#[tokio::test]
async fn a_wrong_clock_is_told_as_the_reason_that_the_app_is_refused() {
    let site = Site::start().await;
    let github = site.as_app();
    let mut lines = String::new();
    for (minutes, name) in [(10, "app"), (-10, "app"), (-10, REPOSITORY)] {
        let clock = Clock::simulated("2026-11-01T08:00:00Z".parse().unwrap());
        let skewed = clock.now() + jiff::SignedDuration::from_mins(minutes);
        let outbound = Outbound::with(Clock::simulated(skewed), FaultPoint::none());
        let error = github
            .deliveries(&outbound, &hook(name), None, TIMEOUT)
            .await
            .unwrap_err();
        assert_eq!(error, ApiError::ClockSkew { seconds: minutes * 60 });
        writeln!(lines, "{error}").unwrap();
    }
    insta::assert_snapshot!(lines, @"
    GitHub refused the App's JWT, and the clock of this machine is 600 s fast: set it right
    GitHub refused the App's JWT, and the clock of this machine is 600 s slow: set it right
    GitHub refused the App's JWT, and the clock of this machine is 600 s slow: set it right
    ");
}

#[tokio::test]
async fn a_clock_that_is_almost_right_is_no_reason() {
    let site = Site::start().await;
    let github = site.as_app();
    for seconds in [-59, 59] {
        let skewed = site.outbound.clock.now() + jiff::SignedDuration::from_secs(seconds);
        let outbound = Outbound::with(Clock::simulated(skewed), FaultPoint::none());
        github.deliveries(&outbound, &hook("app"), None, TIMEOUT).await.unwrap();
    }
}

#[tokio::test]
async fn a_network_that_fails_is_told() {
    let site = Site::start().await;
    let mut lines = String::new();
    let nobody = world::refuse();
    let credentials = Credentials {
        app: None,
        token: Some(TOKEN.into()),
    };
    let github = GitHub::new(ApiUrl::new(&nobody.url()).unwrap(), credentials);
    let error = github
        .deliveries(&site.outbound, &hook(REPOSITORY), None, TIMEOUT)
        .await
        .unwrap_err();
    writeln!(lines, "{}", error.to_string().replace(&nobody.url(), "http://NOBODY")).unwrap();

    let error = read(&site, GitHubAnswer::Reset).await.unwrap_err();
    writeln!(lines, "{error}").unwrap();

    let truncated = Fault::Answered(Answer {
        status: 200,
        headers: Vec::new(),
        body: "[{".into(),
        end: End::Broken,
    });
    for fault in [Fault::TimedOut, truncated] {
        let outbound = Outbound::with(site.outbound.clock.clone(), FaultPoint::failing(0, fault));
        let short = Duration::from_millis(1500);
        let error = site
            .as_person()
            .deliveries(&outbound, &hook(REPOSITORY), None, short)
            .await
            .unwrap_err();
        writeln!(lines, "{error}").unwrap();
    }
    insta::assert_snapshot!(lines, @"
    no connection to http://NOBODY/: nothing listens there: check the URL's host and port, and whether its server runs (Connection refused (os error 111))
    the connection to GitHub broke: connection closed before message completed
    GitHub did not finish its answer within 1.5 s
    the connection to GitHub broke: connection reset
    ");
}

#[tokio::test]
async fn every_answer_that_is_no_page_says_what_to_do() {
    let site = Site::start().await;
    let long = format!(r#"{{"message": "{}\u0007"}}"#, "long ".repeat(100));
    let reset = ("x-ratelimit-reset", "1793523600");
    let table = [
        answer(200, &[], ""),
        answer(200, &[], HTML),
        answer(200, &[], r#"{"message": "hello"}"#),
        answer(200, &[], r#"[{"id": 1}]"#),
        answer(
            200,
            &[("link", "<https://api.github.com/x?page=2>; rel=\"next\"")],
            "[]",
        ),
        answer(200, &[], &" ".repeat((4 << 20) + 1)),
        answer(202, &[], "{}"),
        answer(
            301,
            &[("location", "/repositories/1/hooks/2/deliveries?token=hush")],
            r#"{"message": "Moved"}"#,
        ),
        answer(302, &[("location", "https://me:hush@login.example.org/sso?a=hush")], ""),
        answer(400, &[], r#"{"message": "Problems parsing JSON"}"#),
        answer(
            403,
            &[("x-ratelimit-remaining", "0"), reset],
            r#"{"message": "API rate limit exceeded for user."}"#,
        ),
        answer(
            403,
            &[("retry-after", "90")],
            r#"{"message": "You have exceeded a secondary rate limit."}"#,
        ),
        answer(403, &[], r#"{"message": "You have exceeded a secondary rate limit."}"#),
        answer(429, &[], ""),
        answer(403, &[], HTML),
        answer(404, &[], HTML),
        answer(406, &[], r#"{"message": "Must accept 'application/json'"}"#),
        answer(410, &[], &long),
        answer(500, &[], r#"{"message": "Server Error"}"#),
        answer(502, &[], HTML),
        answer(503, &[], ""),
    ];
    let mut lines = String::new();
    for answer in table {
        let error = read(&site, answer).await.unwrap_err();
        assert!(!error.is_about_the_delivery(), "{error}");
        writeln!(lines, "{error}").unwrap();
    }
    insta::assert_snapshot!(lines, @"
    GitHub answered with something unreadable: EOF while parsing a value at line 1 column 0
    GitHub answered with something unreadable: expected value at line 1 column 1
    GitHub answered with something unreadable: invalid type: map, expected a sequence at line 1 column 0
    GitHub answered with something unreadable: missing field `guid` at line 1 column 10
    GitHub answered with something unreadable: its Link header gives no cursor of the next page
    GitHub answered with something unreadable: the answer is longer than 4194304 bytes
    the server answered 202 without a word from GitHub: check that GITHUB_API_URL leads to its API
    the server answered 301 and points to /repositories/1/hooks/2/deliveries: give the hook by its present name, or set GITHUB_API_URL
    the server answered 302 and points to https://login.example.org: give the hook by its present name, or set GITHUB_API_URL
    GitHub answered 400: Problems parsing JSON
    GitHub limits our requests until 2026-11-01 09:00:00Z
    GitHub limits our requests until 2026-11-01 08:01:30Z
    GitHub limits our requests
    GitHub limits our requests
    the server answered 403 without a word from GitHub: check that GITHUB_API_URL leads to its API
    the server answered 404 without a word from GitHub: check that GITHUB_API_URL leads to its API
    GitHub answered 406: Must accept 'application/json'
    GitHub answered 410: long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long …
    GitHub is not well: it answered 500
    GitHub is not well: it answered 502
    GitHub is not well: it answered 503
    ");
}

#[tokio::test]
async fn a_limit_says_until_when_to_rest() {
    let site = Site::start().await;
    let github = site.as_person();
    let ask = async || github.ping(&site.outbound, &hook(REPOSITORY), TIMEOUT).await;
    site.world.set_points_per_minute(7);
    ask().await.unwrap();
    let until = Some("2026-11-01T08:01:00Z".parse().unwrap());
    assert_eq!(ask().await, Err(ApiError::RateLimited { until }));
    site.world.set_requests_per_hour(1);
    let until = Some("2026-11-01T09:00:00Z".parse().unwrap());
    assert_eq!(ask().await, Err(ApiError::RateLimited { until }));
    site.outbound.clock.advance(Duration::from_hours(1));
    ask().await.unwrap();
}

#[tokio::test]
async fn a_cursor_that_github_does_not_take_is_told() {
    let site = Site::start().await;
    let github = site.as_person();
    for _ in 0..101 {
        site.fail(REPOSITORY);
    }
    let ask = async |cursor: Option<&str>| {
        github
            .deliveries(&site.outbound, &hook(REPOSITORY), cursor, TIMEOUT)
            .await
    };
    let cursor = ask(None).await.unwrap().next.unwrap();
    let bad = ApiError::BadCursor("Invalid cursor".to_owned());
    for status in [400, 422] {
        site.world.expire_cursors(status);
        assert_eq!(ask(Some(&cursor)).await, Err(bad.clone()));
        assert_eq!(ask(Some("garbage")).await, Err(bad.clone()));
    }
    insta::assert_snapshot!(bad, @"GitHub does not take the cursor of this reading: Invalid cursor");
}

#[tokio::test]
async fn what_concerns_one_delivery_alone_is_told_apart() {
    let site = Site::start().await;
    let github = site.as_person();
    let repository = hook(REPOSITORY);
    let id = site.fail(REPOSITORY);
    let pull = async |id| {
        github
            .delivery(&site.outbound, &repository, id, TIMEOUT)
            .await
            .map(|_| ())
            .unwrap_err()
    };
    let again = async |id| {
        github
            .redeliver(&site.outbound, &repository, id, TIMEOUT)
            .await
            .unwrap_err()
    };

    site.world.refuse_redelivery(&[id]);
    let mut errors = vec![again(id).await, again(id + 1).await, pull(id + 1).await];
    let listed = r#"{"message": "Validation Failed", "errors": [{"code": "custom", "message": "it is too old"}, "really", {"code": "x"}, 5]}"#;
    for (status, body) in [(422, listed), (400, ""), (404, "")] {
        site.world.answer_next(vec![answer(status, &[], body)]);
        errors.push(again(id).await);
    }
    for body in [
        r#"{"guid": "g", "event": "issues", "request": {"headers": null, "payload": null}}"#,
        r#"{"guid": "g", "event": "issues"}"#,
        r#"{"guid": "g", "event": "issues", "request": {"headers": {}, "payload": {"a": 1}"#,
    ] {
        site.world.answer_next(vec![answer(200, &[], body)]);
        errors.push(pull(id).await);
    }
    let mut lines = String::new();
    for error in errors {
        assert!(error.is_about_the_delivery(), "{error}");
        writeln!(lines, "{error}").unwrap();
    }
    insta::assert_snapshot!(lines, @"
    GitHub refuses this delivery: Validation Failed
    GitHub has no such delivery any more
    GitHub has no such delivery any more
    GitHub refuses this delivery: Validation Failed: it is too old: really: x
    GitHub refuses this delivery: no reason given
    GitHub has no such delivery any more
    GitHub's record of this delivery has no payload to read: it is null
    GitHub's record of this delivery has no payload to read: missing field `request` at line 1 column 32
    GitHub's record of this delivery has no payload to read: EOF while parsing an object at line 1 column 79
    ");

    for (status, body) in [
        (500, ""),
        (401, ""),
        (403, "{\"message\": \"No\"}"),
        (429, ""),
        (302, ""),
    ] {
        site.world.answer_next(vec![answer(status, &[], body); 2]);
        for error in [again(id).await, pull(id).await] {
            assert!(!error.is_about_the_delivery(), "{error}");
        }
    }
}

#[tokio::test]
async fn a_delivery_too_old_to_be_delivered_again_is_refused_and_then_gone() {
    let site = Site::start().await;
    let github = site.as_person();
    let id = site.fail(REPOSITORY);
    site.outbound.clock.advance(Duration::from_hours(73));
    let error = github
        .redeliver(&site.outbound, &hook(REPOSITORY), id, TIMEOUT)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        ApiError::Refused {
            said: "Validation Failed".to_owned()
        }
    );
    let error = github
        .delivery(&site.outbound, &hook(REPOSITORY), id, TIMEOUT)
        .await
        .unwrap_err();
    assert_eq!(error, ApiError::NoDelivery);
}

#[tokio::test]
async fn an_apps_hook_is_not_asked_for_a_ping() {
    let site = Site::start().await;
    let error = site
        .as_app()
        .ping(&site.outbound, &hook("app"), TIMEOUT)
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"the hook of an App cannot be pinged");
    assert_eq!(site.world.requests(), []);
}
