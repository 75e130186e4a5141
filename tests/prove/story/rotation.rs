//! The webhook's secret is rotated while deliveries come, whose records are streamed.

use std::cell::RefCell;
use std::time::Duration;

use boot::{Live, Source};
use jobs::{Context, Keys, Received, Watch};
use outbound::{Deadline, FaultPoint};
use serde_json::json;
use world::Aws;

use super::Scene;
use super::issue::{Sent, answer, issue as payload, secrets, sent};
use crate::invariants::{Told, must};
use crate::run::Run;
use crate::stage::{Stage, access};

const ID: &str = "copperbell";
const OLD: &str = "an old secret to forget";
const NEW: &str = "a new secret to learn";

pub async fn scene() -> Scene {
    let mut stage = Stage::new().await;
    stage.set("COPR_PROJECTS", "");
    stage.secrets["channels"].as_array_mut().unwrap().truncate(1);
    let aws = Aws::start().await;
    stage.set("SINK", "firehose:issues");
    stage.aws = Some(aws.url());
    Scene::Cloud(stage, aws)
}

pub async fn rotates(run: &Run<'_>, aws: &Aws) -> Result<Told, String> {
    let document = |secret: &str| json!({"github_webhook_secret": secret}).to_string();
    aws.set_secret(ID, &document(OLD), None);
    let signed = |guid, number, secret| Sent {
        secret: Some(secret),
        ..sent("issues", guid, &payload(number, "opened", &[]))
    };
    let all = [
        signed("guid-1", 1, OLD),
        // From here on it is rotated; GitHub learns of it one delivery later.
        signed("guid-2", 2, OLD),
        signed("guid-3", 3, NEW),
    ];
    let results = RefCell::new(Vec::new());
    let environment = async |context: Context, _: Watch, _: Deadline| {
        let live = live(&context, aws);
        for (at, sent) in all.iter().enumerate() {
            if at == 1 {
                aws.set_secret(ID, &document(NEW), Some(&document(OLD)));
            }
            // Nobody looks for a newer secret more often.
            run.stage.clock.advance(Duration::from_secs(11));
            let deadline = Deadline::at(run.stage.clock.now() + Duration::from_secs(8));
            let received = take(&live, &context, sent, deadline).await;
            results.borrow_mut().push(received);
        }
    };
    run.process(Duration::from_mins(5), environment).await;
    aws.set_secret(ID, &document(NEW), Some(&document(OLD)));
    let results = results.into_inner();
    for (at, sent) in all.iter().enumerate() {
        if results.get(at).is_some_and(|received| received.status() == 200) {
            continue;
        }
        run.later(1);
        let (context, _) = run.stage.process(FaultPoint::none());
        let received = Box::pin(take(&live(&context, aws), &context, sent, Deadline::NONE)).await;
        if received.status() != 200 {
            return Err(format!("{} came again, and is {received:?}", sent.guid));
        }
    }
    run.pass_and_mend().await;
    let mut secrets = secrets();
    secrets.extend([OLD, NEW].map(str::to_owned));
    Ok(Told {
        team: vec![
            must("1", "alice opened acme/app#1"),
            must("2", "alice opened acme/app#2"),
            must("3", "alice opened acme/app#3"),
        ],
        rpm: Vec::new(),
        records: Vec::new(),
        secrets,
        // One that meets the rotation is refused and taken at once.
        refused: None,
    })
}

/// The stream has the record of each delivery, some of them perhaps more than once.
pub fn check(aws: &Aws) -> Result<(), String> {
    let streamed = aws.stream();
    let missing = |guid: &&str| !streamed.iter().any(|record| record.contains(*guid));
    match ["guid-1", "guid-2", "guid-3"].iter().find(|guid| missing(guid)) {
        Some(guid) => Err(format!("no record of {guid}: {streamed:?}")),
        None => Ok(()),
    }
}

fn live(context: &Context, aws: &Aws) -> Live<Keys> {
    let access = access(&context.outbound, aws.url());
    let keys = |secrets: boot::Secrets| Keys {
        secrets: secrets.webhook,
        allow_sha1: false,
    };
    Live::new(Source::Aws(ID.to_owned(), access), context.outbound.clone(), keys)
}

/// As the function takes a delivery: a signature that nobody knows makes it look for a newer secret.
async fn take(live: &Live<Keys>, context: &Context, sent: &Sent, deadline: Deadline) -> Received {
    let Ok(keys) = live.get().await else {
        return Received::Unavailable;
    };
    let received = answer(context, &keys, sent, deadline).await;
    if received != Received::Forged {
        return received;
    }
    match live.newer(&keys).await {
        Some(keys) => answer(context, &keys, sent, deadline).await,
        None => received,
    }
}
