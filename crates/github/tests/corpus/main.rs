//! What was once found interesting by the fuzzer, tried again.

// The name that the rest of the workspace knows the crate by.
extern crate copperbell_github as github;

#[path = "../../../../fuzz/replay.rs"]
mod replay;

mod properties;

use std::time::Duration;

use github::{ApiUrl, Credentials, GitHub};
use http::header::LINK;
use outbound::Outbound;
use replay::replay;
use tokio::runtime;
use world::{GitHubAnswer, Rights};

#[test]
fn a_signature_holds_if_and_only_if_the_tag_is_right() {
    replay("signature", properties::signature);
}

#[test]
fn a_form_wraps_what_the_url_standard_says() {
    replay("form", properties::form);
}

#[test]
fn an_event_says_what_its_document_says() {
    replay("payload", properties::payload);
}

#[test]
fn the_cursor_is_what_another_reader_of_link_finds() {
    replay("link", properties::link);
}

#[test]
fn whatever_a_link_says_the_next_page_is_asked_for_where_the_last_one_was() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(world::GitHub::start(|| 0));
    world.set_token("ghp_hush", Rights::Redeliver);
    let credentials = Credentials {
        app: None,
        token: Some("ghp_hush".into()),
    };
    let github = GitHub::new(ApiUrl::new(&world.url()).unwrap(), credentials);
    let (outbound, hook) = (Outbound::new(), "repo:acme/anvil:1".parse().unwrap());
    let page = |cursor: Option<&str>| {
        let page = github.deliveries(&outbound, &hook, cursor, Duration::from_mins(1));
        runtime.block_on(page)
    };
    let answer = |headers| GitHubAnswer::Status {
        status: 200,
        headers,
        body: "[]".to_owned(),
    };
    replay("link", |input| {
        let Some(headers) = properties::links(input) else {
            return;
        };
        let values = headers
            .get_all(LINK)
            .iter()
            .map(|value| value.to_str().map(str::to_owned));
        let Ok(values) = values.collect::<Result<Vec<_>, _>>() else {
            return;
        };
        let links = values.into_iter().map(|value| ("link", value)).collect();
        world.answer_next(vec![answer(links), answer(Vec::new())]);
        let asked = world.requests().len();
        let next = page(None).ok().and_then(|page| page.next);
        let expected = next.as_deref().map(|cursor| [("per_page", "100"), ("cursor", cursor)]);
        page(next.as_deref()).unwrap();
        let requests = world.requests().split_off(asked);
        assert_eq!(requests.len(), 2);
        for request in &requests {
            assert_eq!(request.path, "/repos/acme/anvil/hooks/1/deliveries");
        }
        if let Some(expected) = expected {
            let query = requests[1].query.iter().map(|(name, value)| (&**name, &**value));
            assert!(query.eq(expected));
        }
    });
}
