//! How a hook wraps its JSON: a hook's content type is `json` (the body is it) or `form` (it is in the field `payload`).

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode;

use crate::signature::AuthenticBody;

/// The JSON that GitHub sent, not parsed yet and so maybe none.
#[derive(Clone)]
pub struct AuthenticJson(Bytes);

/// Why there is no JSON to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotJson {
    /// The content type is none that a hook can have.
    #[error("the content type is neither application/json nor application/x-www-form-urlencoded")]
    ContentType,
    /// The form is not one field `payload`.
    #[error("the form is not one field `payload`")]
    Form,
}

impl AuthenticJson {
    /// Takes the JSON out of a body, as the content type among the request's headers says. It is copied once at most:
    /// out of a form.
    ///
    /// # Errors
    /// When the content type is another, missing or given twice, or the form is not one field `payload`.
    pub fn from_body(body: &AuthenticBody, headers: &HeaderMap) -> Result<Self, NotJson> {
        let mut types = headers.get_all(CONTENT_TYPE).iter();
        let (Some(content_type), None) = (types.next(), types.next()) else {
            return Err(NotJson::ContentType);
        };
        let essence = content_type.as_bytes().split(|byte| *byte == b';').next();
        let essence = essence.unwrap_or_default().trim_ascii();
        let is = |name: &[u8]| essence.eq_ignore_ascii_case(name);
        if is(b"application/json") {
            Ok(Self(body.bytes().clone()))
        } else if is(b"application/x-www-form-urlencoded") {
            let json = payload(body.bytes()).ok_or(NotJson::Form)?;
            Ok(Self(json.into()))
        } else {
            Err(NotJson::ContentType)
        }
    }

    /// A payload that GitHub's own API gave us over TLS.
    pub(crate) fn pulled(payload: Bytes) -> Self {
        Self(payload)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for AuthenticJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthenticJson({} bytes)", self.0.len())
    }
}

/// The value of the one field of a form, decoded: `+` is a space, `%` and two digits a byte.
fn payload(form: &[u8]) -> Option<Vec<u8>> {
    let value = form.strip_prefix(b"payload=")?;
    if value.contains(&b'&') {
        return None;
    }
    let mut json = Vec::with_capacity(value.len());
    for (index, words) in value.split(|byte| *byte == b'+').enumerate() {
        if index > 0 {
            json.push(b' ');
        }
        json.extend(percent_decode(words));
    }
    Some(json)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;
    use crate::signature::tests::authentic;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn json(body: &AuthenticBody, types: &[&'static str]) -> Result<AuthenticJson, NotJson> {
        let mut headers = HeaderMap::new();
        for content_type in types {
            headers.append(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        AuthenticJson::from_body(body, &headers)
    }

    #[test]
    fn the_content_type_says_where_the_json_is() {
        let form = authentic(b"payload=%7B%22zen%22%3A%22a+%2B+b%22%7D");
        let table: [(&[&str], Result<&str, NotJson>); 15] = [
            (&["application/json"], Ok("payload=%7B%22zen%22%3A%22a+%2B+b%22%7D")),
            (
                &["application/json; charset=utf-8"],
                Ok("payload=%7B%22zen%22%3A%22a+%2B+b%22%7D"),
            ),
            (
                &["Application/JSON ;charset=UTF-8"],
                Ok("payload=%7B%22zen%22%3A%22a+%2B+b%22%7D"),
            ),
            (&[FORM], Ok(r#"{"zen":"a + b"}"#)),
            (
                &["APPLICATION/x-www-form-urlencoded;charset=utf-8"],
                Ok(r#"{"zen":"a + b"}"#),
            ),
            (&[], Err(NotJson::ContentType)),
            (&[""], Err(NotJson::ContentType)),
            (&[";"], Err(NotJson::ContentType)),
            (&["text/plain"], Err(NotJson::ContentType)),
            (&["text/json"], Err(NotJson::ContentType)),
            (&["application/jsonl"], Err(NotJson::ContentType)),
            (&["application/json, application/json"], Err(NotJson::ContentType)),
            (&["application/json", "application/json"], Err(NotJson::ContentType)),
            (&["application/json", FORM], Err(NotJson::ContentType)),
            (&["multipart/form-data; boundary=x"], Err(NotJson::ContentType)),
        ];
        for (types, expected) in table {
            let read = json(&form, types);
            let read = read.as_ref().map(|json| str::from_utf8(json.as_bytes()).unwrap());
            assert_eq!(read, expected.as_ref().copied(), "{types:?}");
        }
    }

    #[test]
    fn json_is_not_copied_and_not_shown() {
        let body = authentic(b"{\"hush\": 1}");
        let json = json(&body, &["application/json"]).unwrap();
        assert_eq!(json.as_bytes().as_ptr(), body.bytes().as_ptr());
        assert_eq!(format!("{json:?}"), "AuthenticJson(11 bytes)");
    }

    #[test]
    fn a_form_is_one_field_called_payload() {
        let table: [(&[u8], Option<&[u8]>); 15] = [
            (b"payload=", Some(b"")),
            (b"payload={}", Some(b"{}")),
            (b"payload=a=b", Some(b"a=b")),
            (b"payload=+%20%2B%26%3d%25", Some(b"  +&=%")),
            (b"payload=%f0%9f%94%94", Some("🔔".as_bytes())),
            (b"payload=%ff%00", Some(b"\xff\0")),
            (b"payload=%", Some(b"%")),
            (b"payload=%2", Some(b"%2")),
            (b"payload=%zz%2g", Some(b"%zz%2g")),
            (b"", None),
            (b"payload", None),
            (b"Payload={}", None),
            (b"a=1&payload={}", None),
            (b"payload={}&a=1", None),
            (b"payload={}&payload={}", None),
        ];
        for (form, expected) in table {
            let read = payload(form);
            assert_eq!(read.as_deref(), expected, "{}", String::from_utf8_lossy(form));
            assert_eq!(
                json(&authentic(form), &[FORM]).err(),
                expected.is_none().then_some(NotJson::Form)
            );
        }
    }

    proptest! {
        #[test]
        fn what_a_form_wraps_comes_out_again(text in any::<String>(), plus: bool) {
            let mut form = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string();
            if plus {
                form = form.replace("%20", "+");
            }
            let read = payload(format!("payload={form}").as_bytes());
            prop_assert_eq!(read, Some(text.into_bytes()));
        }
    }
}
