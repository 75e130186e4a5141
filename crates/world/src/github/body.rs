//! What the API shows of hooks, deliveries and the App.

use serde_json::{Map, Value, json};

use super::deliver::headers;
use super::hook::{Hook, Kind};
use super::log::Record;
use super::{GitHub, time};

/// The schema `hook-delivery-item`.
pub(super) fn item(record: &Record) -> Value {
    let event = &record.event;
    #[expect(clippy::cast_precision_loss, reason = "a duration is some seconds")]
    let duration = record.duration as f64 / 1000.0;
    json!({
        "id": record.id,
        "guid": &*record.guid,
        "delivered_at": time::iso(record.at),
        "redelivery": event.redelivery,
        "duration": duration,
        "status": record.outcome.status,
        "status_code": record.outcome.status_code,
        "event": &*event.name,
        "action": event.action.as_deref(),
        "installation_id": event.installation_id,
        "repository_id": event.repository_id,
        "throttled_at": null,
    })
}

/// The schema `hook-delivery`.
pub(super) fn delivery(hook: &Hook, record: &Record) -> Value {
    let mut delivery = item(record);
    let sent = headers(hook, record).into_iter();
    let sent: Map<String, Value> = sent.map(|(name, value)| (name.to_owned(), value.into())).collect();
    let payload: Value = serde_json::from_slice(&record.event.payload).unwrap_or_default();
    let (answered, answer) = record.response.clone().unzip();
    delivery["url"] = json!(&*record.url);
    delivery["request"] = json!({"headers": sent, "payload": payload});
    delivery["response"] = json!({"headers": answered, "payload": answer});
    delivery
}

/// The schema `webhook-config`. GitHub never shows a secret.
pub(super) fn config(hook: &Hook) -> Value {
    let mut config = json!({"content_type": "json", "insecure_ssl": "0", "url": &*hook.url});
    if hook.secret.is_some() {
        config["secret"] = json!("********");
    }
    config
}

/// The schemas `hook` and `org-hook`. `url` is the hook's in the API.
pub(super) fn hook(hook: &Hook, url: &str) -> Value {
    let mut shown = json!({
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": ["issue_comment", "issues"],
        "config": config(hook),
        "created_at": time::iso(hook.created_at),
        "updated_at": time::iso(hook.updated_at),
        "url": url,
        "ping_url": format!("{url}/pings"),
        "deliveries_url": format!("{url}/deliveries"),
    });
    if hook.kind == Kind::Organization {
        shown["type"] = json!("Organization");
        return shown;
    }
    shown["type"] = json!("Repository");
    shown["test_url"] = json!(format!("{url}/test"));
    shown["last_response"] = match hook.log.records().next_back().map(|last| &last.outcome) {
        None => json!({"code": null, "status": "unused", "message": null}),
        Some(last) => {
            let status = if last.is_success() { "active" } else { "misconfigured" };
            json!({"code": last.status_code, "status": status, "message": last.status})
        }
    };
    shown
}

/// The payload of a `ping`.
pub(super) fn ping(hook: &Hook, url: &str) -> Value {
    let mut ping = json!({"zen": "Speak like a human.", "hook_id": hook.id, "hook": self::hook(hook, url)});
    match hook.kind {
        Kind::App => {}
        Kind::Organization => ping["organization"] = json!({"login": hook.target, "id": 1}),
        Kind::Repository => {
            let page = format!("https://github.com/{}", hook.target);
            ping["repository"] = json!({"full_name": hook.target, "id": 1, "html_url": page, "private": false});
        }
    }
    ping
}

/// The schema `integration`.
pub(super) fn app() -> Value {
    json!({
        "id": GitHub::APP_ID,
        "slug": "copperbell",
        "node_id": "MDExOkludGVncmF0aW9uMTIzNDU=",
        "client_id": "Iv23liCopperbell",
        "owner": account("copperbell", "Organization"),
        "name": "Copperbell",
        "description": null,
        "external_url": "https://github.com/copperbell/copperbell",
        "html_url": "https://github.com/apps/copperbell",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "permissions": permissions(),
        "events": ["issue_comment", "issues"],
    })
}

/// The schema `installation`. `base` is the API's base URL.
pub(super) fn installation(id: u64, owner: &str, base: &str) -> Value {
    json!({
        "id": id,
        "account": account(owner, "Organization"),
        "repository_selection": "all",
        "access_tokens_url": format!("{base}/app/installations/{id}/access_tokens"),
        "repositories_url": format!("{base}/installation/repositories"),
        "html_url": format!("https://github.com/organizations/{owner}/settings/installations/{id}"),
        "app_id": GitHub::APP_ID,
        "app_slug": "copperbell",
        "target_id": 1,
        "target_type": "Organization",
        "permissions": permissions(),
        "events": ["issue_comment", "issues"],
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "single_file_name": null,
        "suspended_by": null,
        "suspended_at": null,
    })
}

/// The schema `installation-token`.
pub(super) fn installation_token(token: &str, expires_at: i64) -> Value {
    json!({
        "token": token,
        "expires_at": time::iso(expires_at),
        "permissions": permissions(),
        "repository_selection": "all",
    })
}

fn permissions() -> Value {
    json!({"metadata": "read", "organization_hooks": "write", "repository_hooks": "write"})
}

/// The schema `simple-user`.
pub(super) fn account(login: &str, kind: &str) -> Value {
    let api = format!("https://api.github.com/users/{login}");
    let mut account = json!({
        "login": login, "id": 1, "node_id": "MDQ6VXNlcjE=", "type": kind, "site_admin": false, "gravatar_id": "",
        "avatar_url": "https://avatars.githubusercontent.com/u/1", "html_url": format!("https://github.com/{login}"),
        "url": api, "gists_url": format!("{api}/gists{{/gist_id}}"), "events_url": format!("{api}/events{{/privacy}}"),
        "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
        "following_url": format!("{api}/following{{/other_user}}"),
    });
    for list in [
        "followers",
        "subscriptions",
        "organizations",
        "repos",
        "received_events",
    ] {
        let name = if list == "organizations" { "orgs" } else { list };
        account[format!("{list}_url")] = json!(format!("{api}/{name}"));
    }
    account
}
