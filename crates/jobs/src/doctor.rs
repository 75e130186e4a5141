//! The doctor: each part of the bell tried for real, and what to do about those that do not work.

use std::time::Duration;

use bell::watch::Watch;
use bytes::Bytes;
use chat::{Fact, Notice, Verdict};
use copr::{POLL_TIMEOUT, Project};
use github::{ApiError, HookRef};
use jiff::{SignedDuration, Timestamp};
use metrics::{Question, Row, Select, Warehouse};
use state::key;
use url::Url;

use crate::context::{Bell, Context};
use crate::deliver::SEND_TIMEOUT;
use crate::hook::REQUEST_TIMEOUT;
use crate::receive::Keys;
use crate::report::LastRun;

/// How long ago may the last pass have been?
const RECENT: SignedDuration = SignedDuration::from_hours(2);

/// How long may our own listener take to refuse what is not signed?
const LISTENER_TIMEOUT: Duration = Duration::from_secs(10);

/// What was found of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The part.
    pub part: String,
    /// It works.
    pub well: bool,
    /// What was seen, or what to do.
    pub said: String,
}

/// Tries each part, and tells what it found of each as soon as it knows. With `ring`, every channel gets a test notice. True
/// when all is well.
pub async fn examine(
    context: &Context,
    keys: &Keys,
    watch: &Watch,
    ring: bool,
    mut on_finding: impl FnMut(Finding),
) -> bool {
    let mut all_well = true;
    let mut found = |part: &str, said: Result<String, String>| {
        all_well &= said.is_ok();
        on_finding(Finding {
            part: part.to_owned(),
            well: said.is_ok(),
            said: said.unwrap_or_else(|said| said),
        });
    };
    found("state", last_run(context).await);
    if keys.secrets.is_empty() {
        let needed = watch.redelivery.webhook_url.is_some();
        let said = if needed {
            "github_webhook_secret is missing: every webhook is answered 503"
        } else {
            "there is no github_webhook_secret, so no webhook is taken"
        };
        found(
            "secrets",
            if needed {
                Err(said.to_owned())
            } else {
                Ok(said.to_owned())
            },
        );
    } else {
        found("secrets", Ok("there is a secret to verify webhooks with".to_owned()));
    }
    for project in &watch.projects {
        found(&project.to_string(), look_at_project(context, watch, project).await);
    }
    for hook in &watch.redelivery.hooks {
        found(&hook.to_string(), look_at_hook(context, watch, hook).await);
    }
    if let Some(url) = &watch.redelivery.webhook_url {
        found("listener", look_at_listener(context, url).await);
    }
    if let Some(warehouse) = &context.records.warehouse {
        found("records", look_at_records(warehouse.as_ref()).await);
    }
    for bell in &context.bells {
        let said = if ring {
            ring_at(context, bell).await
        } else {
            Ok("not tried: --ring sends it a test notice".to_owned())
        };
        found(&format!("channel {}", bell.channel.name), said);
    }
    all_well
}

async fn last_run(context: &Context) -> Result<String, String> {
    let last = context.table.get::<LastRun>(&key::last_run()).await;
    let now = context.outbound.clock.now();
    match last.map_err(|error| error.to_string())?.map(|stored| stored.doc) {
        None => Ok("the table can be read; no pass was made yet".to_owned()),
        Some(last) if now.duration_since(last.ended) > RECENT => Err(format!(
            "the last pass ended at {}: is the schedule running?",
            second(last.ended)
        )),
        Some(LastRun {
            complete: false,
            why_not,
            ended,
            ..
        }) => Err(format!(
            "the last pass, at {}, was not complete: {}",
            second(ended),
            why_not.unwrap_or_default()
        )),
        Some(last) => Ok(format!("the last pass, at {}, was complete", second(last.ended))),
    }
}

fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

async fn look_at_project(context: &Context, watch: &Watch, project: &Project) -> Result<String, String> {
    let polled = watch.copr.monitor(&context.outbound, project, POLL_TIMEOUT, |_| {});
    let packages = polled.await.map_err(|error| error.to_string())?;
    let plural = if packages == 1 { "" } else { "s" };
    Ok(format!("Copr has it: {packages} package{plural}"))
}

async fn look_at_hook(context: &Context, watch: &Watch, hook: &HookRef) -> Result<String, String> {
    let Context { github, outbound, .. } = context;
    let setup = github.hook(outbound, hook, REQUEST_TIMEOUT).await;
    let setup = setup.map_err(|error| error.to_string())?;
    if !setup.active {
        return Err("it is not active: switch it on at GitHub".to_owned());
    }
    let log = github.deliveries(outbound, hook, None, REQUEST_TIMEOUT).await;
    let log = log.map_err(|error| error.to_string())?;
    let failed = log.records.iter().filter(|record| !record.succeeded()).count();
    // No delivery has this id: GitHub says so only to those who may redeliver.
    match github.redeliver(outbound, hook, 0, REQUEST_TIMEOUT).await {
        Ok(_) => {}
        Err(error) if error.is_about_the_delivery() => {}
        Err(ApiError::Forbidden(said)) => {
            return Err(format!(
                "its log can be read, but nothing redelivered ({said}): the token or App needs to write webhooks"
            ));
        }
        Err(error) => return Err(error.to_string()),
    }
    let here = if watch.redelivery.points_here(&setup.url) {
        "it points here"
    } else {
        "it points elsewhere"
    };
    let newest = log.records.iter().map(|record| record.delivered_at).max();
    let newest = newest.map_or("its log is empty".to_owned(), |newest| {
        let count = log.records.len();
        format!(
            "{failed} of its newest {count} deliveries failed, the last was at {}",
            second(newest)
        )
    });
    Ok(format!("{here}; {newest}"))
}

/// What is not signed must be refused: so it is a listener of ours, and GitHub's deliveries get there.
async fn look_at_listener(context: &Context, url: &Url) -> Result<String, String> {
    let request = http::Request::post(url.as_str()).body(Bytes::from_static(b"{}"));
    let request = request.map_err(|error| error.to_string())?;
    let answer = context
        .outbound
        .send("listener", "POST", request, LISTENER_TIMEOUT)
        .await;
    match answer.map(|answer| answer.status()) {
        Ok(401) => Ok("WEBHOOK_URL leads to a listener that refuses what is not signed".to_owned()),
        Ok(503) => Err("WEBHOOK_URL leads to a listener that has no secret, or no state, to work with".to_owned()),
        Ok(status) => Err(format!(
            "WEBHOOK_URL answered {status} to a request without a signature, not 401: is it Copperbell's?"
        )),
        Err(error) => Err(format!("WEBHOOK_URL: {error}")),
    }
}

async fn look_at_records(warehouse: &dyn Warehouse) -> Result<String, String> {
    let question = Question {
        views: Vec::new(),
        selects: vec![Select {
            name: "doctor",
            sql: "SELECT COUNT(*) FROM issue_events".to_owned(),
        }],
    };
    let mut count = None;
    let mut on_row = |_, row: Row| count = row.into_iter().next().flatten();
    let asked = warehouse.ask(&question, &mut on_row).await;
    asked.map_err(|error| error.to_string())?;
    Ok(format!(
        "{} answers: {} rows",
        warehouse.name(),
        count.unwrap_or_default()
    ))
}

async fn ring_at(context: &Context, bell: &Bell) -> Result<String, String> {
    let notice = Notice::new(context.outbound.clock.now(), Fact::Test);
    let id = format!("test-{:016x}", fastrand::u64(..));
    let Context { outbound, language, .. } = context;
    match chat::send(outbound, &bell.channel, &[notice], *language, &id, SEND_TIMEOUT).await {
        Verdict::Taken => Ok("it took a test notice".to_owned()),
        Verdict::MessageRefused { reason } => Err(format!("it refused a test notice: {reason}")),
        Verdict::ChannelFailed {
            permanent: true,
            reason,
            ..
        } => Err(format!(
            "it refuses, and time will not mend it: {reason}: check its URL and secret"
        )),
        Verdict::ChannelFailed { reason, .. } => Err(format!("it failed: {reason}")),
    }
}
