//! What holds whatever comes from outside. The fuzz targets try the same on inputs of their own.

use std::array;

use bytes::Bytes;
use github::{
    AuthenticBody, AuthenticJson, Comment, Event, IssueLink, Label, NotJson, ParseError, Refused, Repository, User,
    Was, WebhookSecret, sign, verify,
};
use http::header::{CONTENT_TYPE, LINK};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use ring::hmac;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use url::form_urlencoded;

// It is private, so its source is taken in.
#[path = "../../src/link.rs"]
mod link;

/// A signature holds if and only if `ring`, which is not what makes or checks it otherwise, comes to the same tag.
///
/// The lines of an input: `sha1` if that is allowed; the secrets; the values of `X-Hub-Signature-256` and of
/// `X-Hub-Signature`; the rest is the body. A tab is between two secrets and two values, `{256:0}` and `{1:0}` stand for
/// the right tags of the first secret.
pub(crate) fn signature(input: &[u8]) {
    let mut lines = input.splitn(5, |byte| *byte == b'\n');
    let [allow, secrets, sha256, sha1, body] = array::from_fn(|_| lines.next().unwrap_or_default());
    let allow_sha1 = allow == b"sha1";
    let texts: Vec<_> = fields(secrets).into_iter().filter(|text| !text.is_empty()).collect();
    let secrets: Vec<_> = texts.iter().map(|text| secret(text)).collect();
    let tag = |algorithm, text: &str| hex(hmac::sign(&hmac::Key::new(algorithm, text.as_bytes()), body).as_ref());
    let tag256 = |text: &String| tag(hmac::HMAC_SHA256, text);
    let tag1 = |text: &String| tag(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, text);

    let mut headers = HeaderMap::new();
    let mut values = [fields(sha256), fields(sha1)];
    for (name, values) in ["x-hub-signature-256", "x-hub-signature"].into_iter().zip(&mut values) {
        for value in values {
            for (at, text) in texts.iter().enumerate().take(9) {
                *value = value.replace(&format!("{{256:{at}}}"), &tag256(text));
                *value = value.replace(&format!("{{1:{at}}}"), &tag1(text));
            }
            let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else {
                return;
            };
            headers.append(name, value);
        }
    }

    let [sha256, sha1] = &values;
    let expected = || {
        let sha256 = written_tag(sha256, "sha256=", 64)?;
        if sha256.is_none() && !allow_sha1 {
            return Err(Refused::Missing);
        }
        let sha1 = written_tag(sha1, "sha1=", 40)?;
        if sha256.is_none() && sha1.is_none() {
            return Err(Refused::Missing);
        }
        let holds =
            |text: &String| sha256.is_none_or(|tag| tag == tag256(text)) && sha1.is_none_or(|tag| tag == tag1(text));
        texts.iter().any(holds).then_some(()).ok_or(Refused::Wrong)
    };
    let verdict = verify(&secrets, &headers, Bytes::copy_from_slice(body), allow_sha1);
    assert_eq!(verdict.as_ref().map(|_| ()).map_err(|refused| *refused), expected());
    if let Ok(authentic) = verdict {
        assert_eq!(authentic.bytes(), body);
    }
    for (text, secret) in texts.iter().zip(&secrets) {
        assert_eq!(sign(secret, body), format!("sha256={}", tag256(text)));
    }
}

/// The tag in the one value of a header, if there is a value.
fn written_tag<'a>(values: &'a [String], algorithm: &str, digits: usize) -> Result<Option<&'a str>, Refused> {
    match values {
        [] => Ok(None),
        [value] => {
            let tag = value.strip_prefix(algorithm).filter(|tag| tag.len() == digits);
            let tag = tag.filter(|tag| tag.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')));
            tag.map(Some).ok_or(Refused::Malformed)
        }
        _ => Err(Refused::Malformed),
    }
}

/// What a form wraps is what the URL standard's own parser takes out of it, and no other body is a form.
///
/// The first line of an input has the content types, with a tab between two; the rest is the body.
pub(crate) fn form(input: &[u8]) {
    let (types, body) = first_line(input);
    let mut headers = HeaderMap::new();
    let types = fields(types);
    for content_type in &types {
        let Ok(value) = HeaderValue::from_str(content_type) else {
            return;
        };
        headers.append(CONTENT_TYPE, value);
    }
    let read = AuthenticJson::from_body(&authentic(body), &headers);
    let essence = match &types[..] {
        [one] => one.split(';').next().map(|essence| essence.trim_ascii().to_lowercase()),
        _ => None,
    };
    let expected = match essence.as_deref() {
        Some("application/json") => Ok(body.to_vec()),
        Some("application/x-www-form-urlencoded") => unwrapped(body).ok_or(NotJson::Form),
        _ => Err(NotJson::ContentType),
    };
    assert_eq!(read.as_ref().err(), expected.as_ref().err());
    let (Ok(read), Ok(expected)) = (read, expected) else {
        return;
    };
    assert_eq!(format!("{read:?}"), format!("AuthenticJson({} bytes)", expected.len()));
    let plain = json_of(&expected);
    for name in ["ping", "issues", "issue_comment"] {
        assert_eq!(Event::parse(name, &read), Event::parse(name, &plain));
    }

    // The bytes themselves are seen as a text of a payload.
    let wrapped = body.strip_prefix(b"payload=").unwrap_or(body);
    let wrapped = [br#"payload={"hook_id":1,"zen":""#, wrapped, br#""}"#].concat();
    if let Some(json) = unwrapped(&wrapped)
        && let Ok(Value::Object(ping)) = serde_json::from_slice(&json)
    {
        let read = AuthenticJson::from_body(&authentic(&wrapped), &form_type()).unwrap();
        if let Ok(Event::Ping(read)) = Event::parse("ping", &read) {
            assert_eq!(read.zen, ping["zen"].as_str().unwrap());
        }
    }
}

/// The bytes of the one field of a form, if its name is spelt as GitHub does.
fn unwrapped(form: &[u8]) -> Option<Vec<u8>> {
    let value = form.strip_prefix(b"payload=")?;
    if form.contains(&b'&') {
        return None;
    }
    let digit = |at: usize| value.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut bytes, mut at) = (Vec::new(), 0);
    while let Some(byte) = value.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap());
                at += 2;
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(*byte),
        }
        at += 1;
    }
    let standard: Vec<_> = form_urlencoded::parse(form).collect();
    assert_eq!(standard, [("payload".into(), String::from_utf8_lossy(&bytes))]);
    Some(bytes)
}

/// What an event says is what the whole document says in those places, however the document is written or wrapped.
///
/// The first line of an input is the event's name, the rest the body.
pub(crate) fn payload(input: &[u8]) {
    let (name, body) = first_line(input);
    let name = &*String::from_utf8_lossy(name);
    let json = json_of(body);
    let read = Event::parse(name, &json);
    if !["ping", "issues", "issue_comment"].contains(&name) {
        assert_eq!(read, Ok(Event::Other(name)));
        return;
    }

    let wrapped = format!("payload={}", percent_encode(body, NON_ALPHANUMERIC));
    let wrapped = AuthenticJson::from_body(&authentic(wrapped.as_bytes()), &form_type()).unwrap();
    assert_eq!(Event::parse(name, &wrapped), read);

    let well_formed = serde_json::from_slice::<IgnoredAny>(body).is_ok();
    let document = serde_json::from_slice::<Value>(body);
    match &read {
        Ok(event) => {
            assert!(well_formed);
            let end = body.trim_ascii_end().len();
            for end in [0, end / 2, end - 1] {
                let cut = json_of(&body[..end]);
                assert!(matches!(Event::parse(name, &cut), Err(ParseError::Unreadable { .. })));
            }
            let issues = Event::parse("issues", &json).is_ok();
            assert!(!issues || Event::parse("issue_comment", &json).is_err());
            // Where nobody looks, the document may have what is no text or number, and is not read.
            if let Ok(document) = &document
                && let Some(expected) = select(document, &shape(name))
            {
                assert_eq!(told(event), expected);
                let written = json_of(document.to_string().as_bytes());
                assert_eq!(Event::parse(name, &written).as_ref(), Ok(event));
            }
        }
        Err(ParseError::Unreadable { what, .. }) => {
            let data = what.starts_with("lacks");
            assert!(data || document.is_err(), "{what}");
        }
        Err(ParseError::Mismatch { event, .. }) => assert!(well_formed && *event == name),
    }

    // A field that this program does not know changes nothing.
    let text = body.trim_ascii_start();
    if let Some(rest) = text.strip_prefix(b"{")
        && document.is_ok()
        && !rest.trim_ascii_start().starts_with(b"}")
    {
        let known = [b"{".as_slice(), br#""of tomorrow":[{"action":"x"}],"#, rest].concat();
        let known = json_of(&known);
        match (Event::parse(name, &known), read) {
            (Err(ParseError::Unreadable { .. }), Err(ParseError::Unreadable { .. })) => (),
            (known, read) => assert_eq!(known, read),
        }
    }
}

/// What an event says, in the words of the document.
fn told(event: &Event<'_>) -> Value {
    let user = |user: &User<'_>| json!({"login": user.login, "id": user.id, "type": user.kind});
    let label = |label: &Label<'_>| json!({"name": label.name, "color": label.color});
    let time = |time: Timestamp| json!({"at": time.to_string()});
    let link = |link: &IssueLink<'_>| json!({"number": link.number, "html_url": link.html_url});
    let was = |was: &Was<'_>| json!({"from": was.from});
    let repository = |it: &Repository<'_>| json!({"id": it.id, "full_name": it.full_name, "html_url": it.html_url, "private": it.private});
    let comment = |it: &Comment<'_>| {
        json!({"id": it.id, "html_url": it.html_url, "body": it.body, "user": it.user.as_ref().map(user),
            "created_at": it.created_at.map(time), "author_association": it.author_association})
    };
    let mut all = match event {
        Event::Ping(ping) => {
            let hook = ping.hook.as_ref().map(|hook| {
                let config = hook.config.as_ref().map(|config| json!({"url": config.url}));
                json!({"type": hook.kind, "config": config})
            });
            let organization = ping.organization.as_ref();
            json!({"hook_id": ping.hook_id, "zen": ping.zen, "hook": hook,
                "repository": ping.repository.as_ref().map(repository),
                "organization": organization.map(|it| json!({"id": it.id, "login": it.login}))})
        }
        Event::Issues(issues) => json!({"label": issues.label.as_ref().map(label),
            "assignee": issues.assignee.as_ref().map(user),
            "milestone": issues.milestone.as_ref().map(|it| json!({"title": it.title})),
            "type": issues.kind.as_ref().map(|it| json!({"name": it.name}))}),
        Event::IssueComment(event) => json!({"comment": comment(&event.comment)}),
        Event::Other(_) => Value::Null,
    };
    if let (Some(act), Some(subject)) = (event.act(), event.subject()) {
        let issue = &act.issue;
        let (action, repository_id, issue_id) = (&act.action, act.repository.id, issue.id);
        let expected = format!("{}.{action} {repository_id} {issue_id}", subject.event);
        assert_eq!(subject.to_string(), expected);
        all["action"] = json!(action);
        all["repository"] = repository(&act.repository);
        all["sender"] = act.sender.as_ref().map(user).into();
        let organization = act.organization.as_ref();
        all["organization"] = organization.map(|it| json!({"id": it.id, "login": it.login})).into();
        all["installation"] = act.installation.map(|it| json!({"id": it.id})).into();
        let changes = act.changes.as_ref().map(|it| {
            json!({"title": it.title.as_ref().map(was), "body": it.body.as_ref().map(was),
                "new_issue": it.new_issue.as_ref().map(link), "old_issue": it.old_issue.as_ref().map(link),
                "new_repository": it.new_repository.as_ref().map(repository),
                "old_repository": it.old_repository.as_ref().map(repository)})
        });
        all["changes"] = changes.into();
        all["issue"] = json!({"id": issue.id, "number": issue.number, "title": issue.title,
            "html_url": issue.html_url, "state": issue.state, "state_reason": issue.state_reason,
            "user": issue.user.as_ref().map(user), "labels": issue.labels.iter().map(label).collect::<Vec<_>>(),
            "assignees": issue.assignees.iter().map(user).collect::<Vec<_>>(),
            "milestone": issue.milestone.as_ref().map(|it| json!({"title": it.title})),
            "type": issue.kind.as_ref().map(|it| json!({"name": it.name})), "body": issue.body,
            "created_at": issue.created_at.map(time), "updated_at": issue.updated_at.map(time),
            "closed_at": issue.closed_at.map(time), "author_association": issue.author_association,
            "comments": issue.comments, "pull_request": issue.is_pull_request});
    }
    all
}

/// Where in a document an event finds what it says: objects with their fields, `[…]` a list without its nulls, 0 a
/// value, 1 a time, 2 whether there is anything.
fn shape(name: &str) -> Value {
    let user = json!({"login": 0, "id": 0, "type": 0});
    let label = json!({"name": 0, "color": 0});
    let repository = json!({"id": 0, "full_name": 0, "html_url": 0, "private": 0});
    let organization = json!({"id": 0, "login": 0});
    let (title, kind) = (json!({"title": 0}), json!({"name": 0}));
    if name == "ping" {
        return json!({"hook_id": 0, "zen": 0, "hook": {"type": 0, "config": {"url": 0}}, "repository": repository,
            "organization": organization});
    }
    let link = json!({"number": 0, "html_url": 0});
    let mut shape = json!({"action": 0, "repository": repository, "sender": user, "organization": organization,
        "installation": {"id": 0},
        "changes": {"title": {"from": 0}, "body": {"from": 0}, "new_issue": link, "old_issue": link,
            "new_repository": repository, "old_repository": repository},
        "issue": {"id": 0, "number": 0, "title": 0, "html_url": 0, "state": 0, "state_reason": 0, "user": user,
            "labels": [label], "assignees": [user], "milestone": title, "type": kind, "body": 0, "created_at": 1,
            "updated_at": 1, "closed_at": 1, "author_association": 0, "comments": 0, "pull_request": 2}});
    if name == "issues" {
        shape["label"] = label;
        shape["assignee"] = user;
        shape["milestone"] = title;
        shape["type"] = kind;
    } else {
        shape["comment"] = json!({"id": 0, "html_url": 0, "body": 0, "user": user, "created_at": 1,
            "author_association": 0});
    }
    shape
}

/// What a document has in the places of a shape. Nothing where it has a list for an object, which serde reads as the
/// object's fields in their order.
fn select(document: &Value, shape: &Value) -> Option<Value> {
    Some(match (document, shape) {
        (_, Value::Number(kind)) if kind.as_u64() == Some(2) => json!(!document.is_null()),
        (Value::Null, Value::Array(_)) => json!([]),
        (Value::Null, _) => Value::Null,
        (Value::Object(document), Value::Object(shape)) => {
            let fields = shape.iter().map(|(name, shape)| {
                let field = document.get(name).unwrap_or(&Value::Null);
                Some((name.clone(), select(field, shape)?))
            });
            Value::Object(fields.collect::<Option<_>>()?)
        }
        (_, Value::Object(_)) => return None,
        (Value::Array(items), Value::Array(shapes)) => {
            let items = items.iter().filter(|item| !item.is_null());
            Value::Array(items.map(|item| select(item, &shapes[0])).collect::<Option<_>>()?)
        }
        (Value::String(time), Value::Number(kind)) if kind.as_u64() == Some(1) => {
            json!({"at": time.parse::<Timestamp>().unwrap().to_string()})
        }
        (value, _) => value.clone(),
    })
}

/// The cursor of the next page is what a second reader of RFC 8288 finds, and comes back from a link made of it.
///
/// Each line of an input is a header.
pub(crate) fn link(input: &[u8]) {
    let Some(headers) = links(input) else {
        return;
    };
    let read = link::next_cursor(&headers);
    assert_eq!(read, expected_cursor(&headers).map_err(|()| link::BadLink));
    if let Ok(cursor) = &read {
        assert_eq!(link::has_next(&headers), Ok(cursor.is_some()));
    }

    let mut behind = HeaderMap::new();
    behind.append(
        LINK,
        HeaderValue::from_static(r#"<https://a/b?cursor=before>; rel="prev""#),
    );
    behind.extend(headers);
    assert_eq!(link::next_cursor(&behind), read);
    if let Ok(Some(cursor)) = &read {
        behind.append(LINK, HeaderValue::from_static("garbage"));
        assert_eq!(link::next_cursor(&behind), read);
        let cursor = percent_encode(cursor.as_bytes(), NON_ALPHANUMERIC);
        let again = format!("<https://elsewhere.example/x?per_page=100&cursor={cursor}>; rel=\"next\"");
        let again = links(again.as_bytes()).unwrap();
        assert_eq!(link::next_cursor(&again), read);
    }
}

/// The headers in the lines of an input, if that is what they can be.
pub(crate) fn links(input: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        headers.append(LINK, HeaderValue::from_bytes(line).ok()?);
    }
    Some(headers)
}

/// The same as a reader that looks at one character after the other.
fn expected_cursor(headers: &HeaderMap) -> Result<Option<String>, ()> {
    for header in headers.get_all(LINK) {
        let header = header.to_str().map_err(|_| ())?.trim();
        let mut at = 0;
        let skip = |at: &mut usize| *at += header[*at..].len() - header[*at..].trim_start().len();
        let until = |at: &mut usize, ends: &str| {
            let start = *at;
            while header[*at..].chars().next().is_some_and(|c| !ends.contains(c)) {
                *at += 1;
            }
            &header[start..*at]
        };
        let one = |at: &mut usize, wanted: char| {
            let is_it = header[*at..].starts_with(wanted);
            *at += usize::from(is_it);
            is_it
        };
        while at < header.len() {
            if !one(&mut at, '<') {
                return Err(());
            }
            let target = until(&mut at, ">");
            if !one(&mut at, '>') {
                return Err(());
            }
            let mut is_next = false;
            skip(&mut at);
            while one(&mut at, ';') {
                let name = until(&mut at, "=;,").trim().to_lowercase();
                let mut value = String::new();
                if one(&mut at, '=') {
                    skip(&mut at);
                    if one(&mut at, '"') {
                        loop {
                            value += until(&mut at, "\"\\");
                            if one(&mut at, '"') {
                                break;
                            }
                            // A backslash and what it escapes, or the end.
                            value += header.get(at..at + 2).ok_or(())?;
                            at += 2;
                        }
                    } else {
                        value += until(&mut at, ";,");
                    }
                }
                let is_relation = value.to_lowercase().split_whitespace().any(|word| word == "next");
                is_next |= name == "rel" && is_relation;
                skip(&mut at);
            }
            if is_next {
                return cursor_of(target).map(Some).ok_or(());
            }
            if at < header.len() && !one(&mut at, ',') {
                return Err(());
            }
            skip(&mut at);
        }
    }
    Ok(None)
}

/// The first field `cursor` of a target's query, as the URL standard reads it.
fn cursor_of(target: &str) -> Option<String> {
    let target = target.split('#').next()?;
    let (_, query) = target.split_once('?')?;
    let cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor="))?;
    let cursor = unwrapped(format!("payload={cursor}").as_bytes())?;
    String::from_utf8(cursor).ok().filter(|cursor| !cursor.is_empty())
}

fn first_line(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}

/// What is between tabs; nothing in an empty line.
fn fields(line: &[u8]) -> Vec<String> {
    if line.is_empty() {
        return Vec::new();
    }
    let fields = line.split(|byte| *byte == b'\t');
    fields
        .map(|field| String::from_utf8_lossy(field).into_owned())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    format!("{:x}", Bytes::copy_from_slice(bytes))
}

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret::new(&text.into()).unwrap()
}

/// A body that GitHub signed.
fn authentic(body: &[u8]) -> AuthenticBody {
    let secret = secret("It's a Secret to Everybody");
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature-256", sign(&secret, body).parse().unwrap());
    verify(&[secret], &headers, Bytes::copy_from_slice(body), false).unwrap()
}

fn json_of(body: &[u8]) -> AuthenticJson {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    AuthenticJson::from_body(&authentic(body), &headers).unwrap()
}

fn form_type() -> HeaderMap {
    HeaderMap::from_iter([(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    )])
}
