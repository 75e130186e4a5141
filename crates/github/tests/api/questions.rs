use std::time::Duration;

use github::{ApiUrl, AppKey, Credentials, Event, GitHub, HookSetup, Rate};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use world::Outcome;

use crate::site::{ISSUE, ORGANIZATION, REPOSITORY, Site, TIMEOUT, TOKEN, app, hook};

#[tokio::test]
async fn the_log_of_every_hook_is_read() {
    let site = Site::start().await;
    for (name, github) in [
        ("app", site.as_app()),
        (REPOSITORY, site.as_app()),
        (REPOSITORY, site.as_person()),
        (ORGANIZATION, site.as_app()),
        (ORGANIZATION, site.as_person()),
    ] {
        let first = site.fail(name);
        site.outbound.clock.advance(Duration::from_secs(1));
        let guid = site.world.deliveries(name)[0].guid.clone();
        let again = world::Event::new("issues", &ISSUE).guid(&guid).redelivery();
        let second = site.world.record(name, again, Outcome::answered(200)).id;

        let page = github
            .deliveries(&site.outbound, &hook(name), None, TIMEOUT)
            .await
            .unwrap();
        assert_eq!(page.next, None);
        let [newest, oldest] = &page.records[..2] else {
            panic!("{page:?}");
        };
        assert_eq!((newest.id, oldest.id), (second, first));
        assert!(first > 1 << 53 && second > 1 << 53);
        assert_eq!(newest.guid, guid);
        assert_eq!(
            (newest.event.as_str(), newest.action.as_deref()),
            ("issues", Some("edited"))
        );
        assert_eq!((newest.redelivery, oldest.redelivery), (true, false));
        assert_eq!((newest.succeeded(), oldest.succeeded()), (true, false));
        assert_eq!(newest.delivered_at, site.outbound.clock.now());
        assert_eq!(
            (oldest.status.as_str(), oldest.status_code),
            ("Invalid HTTP Response: 500", 500)
        );
    }
}

#[tokio::test]
async fn every_page_is_read_and_no_link_is_followed() {
    let site = Site::start().await;
    let github = site.as_person();
    let (name, repository) = (REPOSITORY, hook(REPOSITORY));
    let mut expected: Vec<u64> = Vec::new();
    for _ in 0..250 {
        site.outbound.clock.advance(Duration::from_secs(1));
        expected.insert(0, site.fail(name));
    }
    // Nobody is there: a client that followed a link would fail.
    for base in [None, Some("http://127.0.0.1:1/api"), Some("https://elsewhere.example")] {
        site.world.set_link_base(base);
        let (mut read, mut pages, mut cursor) = (Vec::new(), Vec::new(), None);
        loop {
            let page = github
                .deliveries(&site.outbound, &repository, cursor.as_deref(), TIMEOUT)
                .await;
            let page = page.unwrap();
            pages.push(page.records.len());
            read.extend(page.records.iter().map(|record| record.id));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            assert!(
                cursor.as_ref().is_some_and(|cursor| !cursor.contains('/')),
                "{cursor:?}"
            );
        }
        assert_eq!(pages, [100, 100, 50]);
        assert_eq!(read, expected);
    }
}

#[tokio::test]
async fn an_empty_log_is_a_page() {
    let site = Site::start().await;
    let page = site
        .as_person()
        .deliveries(&site.outbound, &hook(ORGANIZATION), None, TIMEOUT)
        .await
        .unwrap();
    assert_eq!((page.records.len(), page.next), (0, None));
}

#[tokio::test]
async fn a_delivery_is_pulled_with_its_payload() {
    let site = Site::start().await;
    let github = site.as_app();
    for name in ["app", REPOSITORY, ORGANIZATION] {
        let id = site.fail(name);
        let unsigned = world::Event::new("issues", &ISSUE).unsigned();
        let unsigned = site.world.record(name, unsigned, Outcome::refused());

        let pulled = github.delivery(&site.outbound, &hook(name), id, TIMEOUT).await.unwrap();
        assert!(pulled.hook_signed);
        assert_eq!(pulled.guid, site.world.deliveries(name)[0].guid);
        let event = Event::parse(&pulled.event, &pulled.json).unwrap();
        assert_eq!(
            event.subject().unwrap().to_string(),
            "issues.edited 186853002 444500041"
        );

        let pulled = github
            .delivery(&site.outbound, &hook(name), unsigned.id, TIMEOUT)
            .await
            .unwrap();
        assert_eq!((pulled.hook_signed, pulled.guid), (false, unsigned.guid));
    }
}

#[tokio::test]
async fn a_payload_longer_than_a_page_of_the_log_may_be_is_pulled() {
    let site = Site::start().await;
    let mut long = ISSUE.clone();
    long["issue"]["body"] = "\u{1f514}\"\n".repeat(1 << 20).into();
    let id = site
        .world
        .record(REPOSITORY, world::Event::new("issues", &long), Outcome::timed_out())
        .id;
    let pulled = site
        .as_person()
        .delivery(&site.outbound, &hook(REPOSITORY), id, TIMEOUT)
        .await
        .unwrap();
    let event = Event::parse("issues", &pulled.json).unwrap();
    assert_eq!(
        event.act().unwrap().issue.body.as_deref(),
        long["issue"]["body"].as_str()
    );
}

#[tokio::test]
async fn a_delivery_is_delivered_again() {
    let site = Site::start().await;
    let github = site.as_app();
    for name in ["app", REPOSITORY, ORGANIZATION] {
        let id = site.fail(name);
        site.world.script(name, |_| Outcome::answered(202));
        github
            .redeliver(&site.outbound, &hook(name), id, TIMEOUT)
            .await
            .unwrap();
        let log = site.world.deliveries(name);
        let [first, second] = &log[..] else {
            panic!("{log:?}");
        };
        assert_eq!(first.guid, second.guid);
        assert_eq!((second.redelivery, second.outcome.is_success()), (true, true));
    }
}

#[tokio::test]
async fn how_a_hook_is_set_up_is_told() {
    let site = Site::start().await;
    let github = site.as_app();
    for name in ["app", REPOSITORY, ORGANIZATION] {
        let setup = |active, url: &str| HookSetup {
            active,
            url: url.to_owned(),
        };
        let read = github.hook(&site.outbound, &hook(name), TIMEOUT).await;
        assert_eq!(read, Ok(setup(true, "http://hooks.example/webhook")), "{name}");
        site.world.set_active(name, false);
        site.world.set_url(name, "https://other.example/hook?x=1");
        let read = github.hook(&site.outbound, &hook(name), TIMEOUT).await;
        assert_eq!(
            read,
            Ok(setup(name == "app", "https://other.example/hook?x=1")),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_hook_is_asked_for_a_ping() {
    let site = Site::start().await;
    for name in [REPOSITORY, ORGANIZATION] {
        site.as_person()
            .ping(&site.outbound, &hook(name), TIMEOUT)
            .await
            .unwrap();
        let log = site.world.deliveries(name);
        assert_eq!(
            log.iter().map(|delivery| delivery.event.as_str()).collect::<Vec<_>>(),
            ["ping"]
        );
    }
}

#[tokio::test]
async fn what_is_left_of_the_requests_is_told() {
    let site = Site::start().await;
    let github = site.as_person();
    let repository = hook(REPOSITORY);
    let id = site.fail(REPOSITORY);
    let rate = |remaining| Rate {
        limit: Some(5000),
        remaining: Some(remaining),
        reset: Some("2026-11-01T09:00:00Z".parse().unwrap()),
    };
    let page = github
        .deliveries(&site.outbound, &repository, None, TIMEOUT)
        .await
        .unwrap();
    assert_eq!(page.rate, rate(4999));
    assert_eq!(
        github.redeliver(&site.outbound, &repository, id, TIMEOUT).await,
        Ok(rate(4998))
    );
    assert_eq!(github.ping(&site.outbound, &repository, TIMEOUT).await, Ok(rate(4997)));
    site.world.unlimited();
    assert_eq!(
        github.ping(&site.outbound, &repository, TIMEOUT).await,
        Ok(Rate::default())
    );
}

#[tokio::test]
async fn an_enterprise_server_has_its_api_below_a_path() {
    let site = Site::start().await;
    let id = site.fail(REPOSITORY);
    for base in [site.world.enterprise_url(), format!("{}/", site.world.enterprise_url())] {
        let credentials = Credentials {
            app: Some(app()),
            token: None,
        };
        let github = GitHub::new(ApiUrl::new(&base).unwrap(), credentials);
        let page = github
            .deliveries(&site.outbound, &hook(REPOSITORY), None, TIMEOUT)
            .await
            .unwrap();
        assert_eq!(page.records[0].id, id);
    }
    let requests = site.world.requests();
    assert!(
        requests.iter().all(|request| request.path.starts_with("/api/v3/")),
        "{requests:?}"
    );
}

#[tokio::test]
async fn each_request_is_one_call_named_without_its_details() {
    let site = Site::start().await;
    let github = site.as_app();
    let (outbound, repository) = (&site.outbound, hook(REPOSITORY));
    let id = site.fail(REPOSITORY);
    github.deliveries(outbound, &repository, None, TIMEOUT).await.unwrap();
    github.delivery(outbound, &repository, id, TIMEOUT).await.unwrap();
    github.redeliver(outbound, &repository, id, TIMEOUT).await.unwrap();
    github.hook(outbound, &repository, TIMEOUT).await.unwrap();
    github.ping(outbound, &repository, TIMEOUT).await.unwrap();
    let calls = outbound.faults.calls();
    assert!(calls.iter().all(|call| call.service == "github"));
    let calls: Vec<_> = calls.iter().map(|call| call.what.as_str()).collect();
    insta::assert_snapshot!(calls.join("\n"), @"
    GET installation
    POST access_tokens
    GET deliveries
    GET delivery
    POST attempts
    GET hook
    POST pings
    ");
}

/// What the client sends to a server that takes one request and hangs up.
async fn request(github: impl AsyncFnOnce(&str)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        stream
            .write_all(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
            .await
            .unwrap();
        String::from_utf8(request).unwrap()
    });
    github(&base).await;
    let request = server.await.unwrap();
    let lines = request.trim().lines().filter(|line| !line.starts_with("host:"));
    // Of a JWT the beginning is enough.
    let mut lines: Vec<_> = lines.map(|line| &line[..line.len().min(110)]).collect();
    lines[1..].sort_unstable();
    lines.join("\n")
}

#[tokio::test]
async fn a_request_says_who_asks_and_for_which_version() {
    let site = Site::start().await;
    let asked = request(async |base| {
        let credentials = Credentials {
            app: None,
            token: Some(TOKEN.into()),
        };
        let github = GitHub::new(ApiUrl::new(base).unwrap(), credentials);
        let cursor = Some("v1_+&/é");
        github
            .deliveries(&site.outbound, &hook(REPOSITORY), cursor, TIMEOUT)
            .await
            .unwrap_err();
    });
    insta::assert_snapshot!(asked.await, @"
    GET /repos/acme/anvil/hooks/9007199254740993/deliveries?per_page=100&cursor=v1_%2B%26%2F%C3%A9 HTTP/1.1
    accept: application/vnd.github+json
    authorization: Bearer ghp_hush
    user-agent: copperbell/0.1.0 (+https://github.com/copperbell/copperbell)
    x-github-api-version: 2022-11-28
    ");

    let asked = request(async |base| {
        let credentials = Credentials {
            app: Some(AppKey::new(12_345, &include_str!("../data/keys/pkcs8.pem").into()).unwrap()),
            token: Some(TOKEN.into()),
        };
        let github = GitHub::new(ApiUrl::new(base).unwrap(), credentials);
        github
            .redeliver(&site.outbound, &hook("app"), 7, TIMEOUT)
            .await
            .unwrap_err();
    });
    insta::assert_snapshot!(asked.await, @"
    POST /app/hook/deliveries/7/attempts HTTP/1.1
    accept: application/vnd.github+json
    authorization: Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3OTM1MTk5NDAsImV4cCI6MTc5MzUyMDU0MCwiaXN
    content-length: 0
    user-agent: copperbell/0.1.0 (+https://github.com/copperbell/copperbell)
    x-github-api-version: 2022-11-28
    ");
}
