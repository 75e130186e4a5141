use std::time::Duration;

use github::{ApiError, Credentials};
use world::Rights;

use crate::site::{ORGANIZATION, REPOSITORY, Site, TIMEOUT, TOKEN, app, hook};

#[tokio::test]
async fn a_token_goes_before_the_app_except_for_the_apps_own_hook() {
    let site = Site::start().await;
    let github = site.asked_with(Credentials {
        app: Some(app()),
        token: Some(TOKEN.into()),
    });
    for name in ["app", REPOSITORY, ORGANIZATION] {
        github
            .deliveries(&site.outbound, &hook(name), None, TIMEOUT)
            .await
            .unwrap();
    }
    assert_eq!(site.asked("/installation"), 0);
    assert_eq!(site.asked("/access_tokens"), 0);
}

#[tokio::test]
async fn an_installations_token_is_kept_until_shortly_before_its_end() {
    let site = Site::start().await;
    let github = site.as_app();
    let ask = async |name| {
        github
            .deliveries(&site.outbound, &hook(name), None, TIMEOUT)
            .await
            .unwrap()
    };
    for _ in 0..3 {
        ask(REPOSITORY).await;
        ask(ORGANIZATION).await;
    }
    assert_eq!(site.asked("/access_tokens"), 2, "one for each hook");

    site.outbound.clock.advance(Duration::from_mins(54));
    ask(REPOSITORY).await;
    assert_eq!(site.asked("/access_tokens"), 2);

    site.outbound.clock.advance(Duration::from_mins(2));
    ask(REPOSITORY).await;
    assert_eq!(site.asked("/access_tokens"), 3);
    assert_eq!(site.asked("/installation"), 3);
}

#[tokio::test]
async fn a_token_that_github_no_longer_takes_is_not_used_again() {
    let site = Site::start().await;
    let github = site.as_app();
    let ask = async || github.hook(&site.outbound, &hook(REPOSITORY), TIMEOUT).await;
    ask().await.unwrap();
    site.world.uninstall("acme");
    site.world.install("acme", Rights::Redeliver);
    let error = ask().await.unwrap_err();
    insta::assert_snapshot!(error, @"GitHub no longer takes the token it gave the App (401): Bad credentials: the next attempt gets another");
    ask().await.unwrap();
}

#[tokio::test]
async fn a_token_that_may_not_is_not_used_again() {
    let site = Site::start().await;
    let github = site.as_app();
    let ping = async || github.ping(&site.outbound, &hook(REPOSITORY), TIMEOUT).await;
    site.world.install("acme", Rights::Read);
    let forbidden = ApiError::Forbidden("Resource not accessible by integration".to_owned());
    assert_eq!(ping().await, Err(forbidden.clone()));
    assert_eq!(ping().await, Err(forbidden));
    assert_eq!(site.asked("/access_tokens"), 2);
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let site = Site::start().await;
    let github = site.asked_with(Credentials {
        app: Some(app()),
        token: None,
    });
    github
        .deliveries(&site.outbound, &hook(REPOSITORY), None, TIMEOUT)
        .await
        .unwrap();
    let shown = format!("{github:?}");
    let (_api, shown) = shown.split_once("credentials: ").unwrap();
    insta::assert_snapshot!(shown, @r#"Credentials { app: Some(AppKey(…)), token: None }, tokens: Tokens(Mutex { data: {["repos", "acme", "anvil", "installation"]: AccessToken { token: SecretBox<str>([REDACTED]), expires_at: 2026-11-01T09:00:00Z }}, poisoned: false, .. }) }"#);
    let credentials = Credentials {
        app: None,
        token: Some(TOKEN.into()),
    };
    insta::assert_snapshot!(format!("{credentials:?}"), @"Credentials { app: None, token: Some(SecretBox<str>([REDACTED])) }");
}
