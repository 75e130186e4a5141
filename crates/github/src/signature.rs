//! Signatures of webhooks: whether a body is GitHub's, decided before a byte of it is parsed.

use std::fmt;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha1::Sha1;
use sha2::Sha256;

/// The secret of a webhook, good for nothing but to check a signature with, and never shown.
#[derive(Clone)]
pub struct WebhookSecret(SecretSlice<u8>);

/// A secret without a character: everybody can sign with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret must not be empty")]
pub struct EmptySecret;

/// A body that GitHub sent: its bytes as they came, which were signed with one of our secrets.
#[derive(Clone)]
pub struct AuthenticBody(Bytes);

/// Why a request is refused, for counting. No sentence holds anything of the request or of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    /// There is no signature, or only a SHA-1 one and that is not allowed.
    #[error("the request has no signature that counts")]
    Missing,
    /// A signature is given twice, or not as GitHub writes it.
    #[error("a signature of the request is not of GitHub's form")]
    Malformed,
    /// A signature is not of this body and one of our secrets.
    #[error("a signature of the request does not hold")]
    Wrong,
}

/// Checks the signatures of a body over its raw bytes, in constant time.
///
/// `X-Hub-Signature-256` must hold. `X-Hub-Signature` (SHA-1) must hold as well wherever it is beside the other, and
/// alone counts only with `allow_sha1`. Both must hold with the same one of `secrets`, the current and the previous; an
/// empty slice refuses everything.
///
/// # Errors
/// When there is no signature that counts, or one is malformed or wrong.
pub fn verify(
    secrets: &[WebhookSecret],
    headers: &HeaderMap,
    body: Bytes,
    allow_sha1: bool,
) -> Result<AuthenticBody, Refused> {
    let sha256 = signature::<32>(headers, "x-hub-signature-256", b"sha256=")?;
    if sha256.is_none() && !allow_sha1 {
        return Err(Refused::Missing);
    }
    let sha1 = signature::<20>(headers, "x-hub-signature", b"sha1=")?;
    if sha256.is_none() && sha1.is_none() {
        return Err(Refused::Missing);
    }
    let signed_with = |WebhookSecret(secret): &WebhookSecret| {
        let secret = secret.expose_secret();
        sha256.is_none_or(|tag| holds::<Hmac<Sha256>>(secret, &body, &tag))
            && sha1.is_none_or(|tag| holds::<Hmac<Sha1>>(secret, &body, &tag))
    };
    if secrets.iter().any(signed_with) {
        Ok(AuthenticBody(body))
    } else {
        Err(Refused::Wrong)
    }
}

/// The signature in a header, if there is one: `<algorithm>=` and the tag in lower-case hexadecimal digits.
fn signature<const N: usize>(headers: &HeaderMap, name: &str, algorithm: &[u8]) -> Result<Option<[u8; N]>, Refused> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let digits = value.as_bytes().strip_prefix(algorithm);
    match (digits.and_then(from_lower_hex), values.next()) {
        (Some(tag), None) => Ok(Some(tag)),
        _ => Err(Refused::Malformed),
    }
}

fn from_lower_hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    let pairs: &[[u8; 2]; N] = pairs.try_into().ok()?;
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// The value of `X-Hub-Signature-256` for a body, as GitHub makes it.
#[must_use]
pub fn sign(secret: &WebhookSecret, body: &[u8]) -> String {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.0.expose_secret()) else {
        // HMAC takes keys of every length.
        return String::new();
    };
    let tag = Bytes::copy_from_slice(&mac.chain_update(body).finalize().into_bytes());
    format!("sha256={tag:x}")
}

/// Is this the whole tag of the body? The comparison takes as long for a wrong tag as for the right one.
fn holds<M: Mac + KeyInit>(key: &[u8], body: &[u8], tag: &[u8]) -> bool {
    // HMAC takes a key of any length; if it ever refused one, nothing would hold.
    M::new_from_slice(key).is_ok_and(|mac| mac.chain_update(body).verify_slice(tag).is_ok())
}

impl WebhookSecret {
    /// The secret as it was given to GitHub.
    ///
    /// # Errors
    /// When it is empty.
    pub fn new(secret: &SecretString) -> Result<Self, EmptySecret> {
        match secret.expose_secret().as_bytes() {
            [] => Err(EmptySecret),
            bytes => Ok(Self(bytes.to_vec().into())),
        }
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

impl AuthenticBody {
    /// The bytes as they came. Cloning them copies nothing.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for AuthenticBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthenticBody({} bytes)", self.0.len())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::slice;

    use http::HeaderValue;
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SHA256: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const SHA1: &str = "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59";

    fn secret(text: &str) -> WebhookSecret {
        WebhookSecret::new(&text.into()).unwrap()
    }

    fn sign(key: &str, body: &[u8]) -> [u8; 32] {
        let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.chain_update(body).finalize().into_bytes().into()
    }

    fn header(tag: &[u8]) -> String {
        tag.iter()
            .fold("sha256=".to_owned(), |header, byte| format!("{header}{byte:02x}"))
    }

    /// A body as it comes from GitHub.
    pub(crate) fn authentic(body: &[u8]) -> AuthenticBody {
        let headers = headers(&[("x-hub-signature-256", header(&sign(SECRET, body)).as_bytes())]);
        verify(&[secret(SECRET)], &headers, Bytes::copy_from_slice(body), false).unwrap()
    }

    fn headers(given: &[(&'static str, &[u8])]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    /// What comes of signatures: one of a kind, or none.
    fn verdict(
        secrets: &[WebhookSecret],
        sha256: &str,
        sha1: &str,
        body: &[u8],
        allow_sha1: bool,
    ) -> Result<(), Refused> {
        let mut given = Vec::new();
        for (name, value) in [("x-hub-signature-256", sha256), ("x-hub-signature", sha1)] {
            if !value.is_empty() {
                given.push((name, value.as_bytes()));
            }
        }
        verify(secrets, &headers(&given), Bytes::copy_from_slice(body), allow_sha1).map(|_| ())
    }

    #[test]
    fn githubs_own_example_holds() {
        let body = Bytes::from_static(BODY);
        let headers = headers(&[("x-hub-signature-256", SHA256.as_bytes())]);
        let authentic = verify(&[secret(SECRET)], &headers, body.clone(), false).unwrap();
        assert_eq!(authentic.bytes(), &body);
        assert_eq!(authentic.bytes().as_ptr(), body.as_ptr(), "nothing is copied");
    }

    #[test]
    fn sha1_counts_alone_where_it_is_allowed_and_always_beside_the_other() {
        use Refused::{Malformed, Missing, Wrong};
        let wrong256 = SHA256.replace("757", "857");
        let wrong1 = SHA1.replace("01d", "11d");
        // SHA-256, SHA-1; the verdict without and with `allow_sha1`.
        let table = [
            ("", "", Err(Missing), Err(Missing)),
            (SHA256, "", Ok(()), Ok(())),
            (SHA256, SHA1, Ok(()), Ok(())),
            (SHA256, &wrong1, Err(Wrong), Err(Wrong)),
            (SHA256, "sha1=", Err(Malformed), Err(Malformed)),
            (&wrong256, "", Err(Wrong), Err(Wrong)),
            (&wrong256, SHA1, Err(Wrong), Err(Wrong)),
            ("sha256=", SHA1, Err(Malformed), Err(Malformed)),
            ("", SHA1, Err(Missing), Ok(())),
            ("", &wrong1, Err(Missing), Err(Wrong)),
            ("", "sha1=", Err(Missing), Err(Malformed)),
        ];
        for (sha256, sha1, without, with) in table {
            let secrets = [secret(SECRET)];
            assert_eq!(verdict(&secrets, sha256, sha1, BODY, false), without, "{sha256} {sha1}");
            assert_eq!(verdict(&secrets, sha256, sha1, BODY, true), with, "{sha256} {sha1}");
        }
    }

    #[test]
    fn any_of_the_secrets_verifies_and_one_must_hold_for_both_signatures() {
        let other1 = "sha1=b68a4b81aeaeaf2723c6c7e996d7619fab88f577";
        let table: [(&[&str], &str, &str, _); 7] = [
            (&[SECRET], SHA256, SHA1, Ok(())),
            (&["new", SECRET], SHA256, SHA1, Ok(())),
            (&[SECRET, "old"], SHA256, SHA1, Ok(())),
            (&["new", "old"], SHA256, SHA1, Err(Refused::Wrong)),
            (&[], SHA256, SHA1, Err(Refused::Wrong)),
            (&["other"], "", other1, Ok(())),
            (&[SECRET, "other"], SHA256, other1, Err(Refused::Wrong)),
        ];
        for (secrets, sha256, sha1, expected) in table {
            let names = secrets;
            let secrets: Vec<_> = secrets.iter().map(|text| secret(text)).collect();
            assert_eq!(
                verdict(&secrets, sha256, sha1, BODY, true),
                expected,
                "{names:?} {sha1}"
            );
        }
    }

    #[test]
    fn a_header_of_another_form_is_refused() {
        let [sha256, sha1] = [SHA256, SHA1].map(|header| header.split_once('=').unwrap().1);
        let forms = |name: &str, good: &str| {
            vec![
                String::new(),
                " ".to_owned(),
                name.to_owned(),
                format!("{name}="),
                good.to_owned(),
                format!("={good}"),
                format!("{name}:{good}"),
                format!("{name} = {good}"),
                format!("{}={good}", name.to_uppercase()),
                format!("{name}={}", good.to_uppercase()),
                format!("{name}={}", good.replacen('e', "E", 1)),
                format!("{name}={}", &good[..good.len() - 1]),
                format!("{name}={}", &good[..good.len() - 2]),
                format!("{name}={good}0"),
                format!("{name}={good}00"),
                format!("{name}={good}{good}"),
                format!("{name}={}g", &good[..good.len() - 1]),
                format!("{name}={}é", &good[..good.len() - 2]),
                format!("{name}={}\u{ff10}", &good[..good.len() - 3]),
                format!("{name}={} ", &good[..good.len() - 1]),
                format!("{name}=0x{}", &good[2..]),
                format!("{name}=+{}", &good[1..]),
                format!(" {name}={good}"),
                format!("{name}={good} "),
                format!("{name}={good}\t"),
                format!("{name}={good},{name}={good}"),
                format!("{name}={good}, {name}={good}"),
                format!("\"{name}={good}\""),
                format!("{name}={name}={good}"),
            ]
        };
        let mut tables = vec![
            ("x-hub-signature-256", "sha256", sha256, forms("sha256", sha256)),
            ("x-hub-signature", "sha1", sha1, forms("sha1", sha1)),
        ];
        // One algorithm's signature in the other's header.
        tables[0].3.push(SHA1.to_owned());
        tables[0].3.push(format!("sha256={sha1}"));
        tables[1].3.push(SHA256.to_owned());
        tables[1].3.push(format!("sha1={sha256}"));
        for (header, name, good, forms) in tables {
            let verdict = |given: &[&[u8]]| {
                let given: Vec<_> = given.iter().map(|value| (header, *value)).collect();
                verify(&[secret(SECRET)], &headers(&given), Bytes::from_static(BODY), true).map(|_| ())
            };
            let good = format!("{name}={good}");
            assert_eq!(verdict(&[good.as_bytes()]), Ok(()));
            for form in &forms {
                assert_eq!(verdict(&[form.as_bytes()]), Err(Refused::Malformed), "{form:?}");
                assert_eq!(
                    verdict(&[good.as_bytes(), form.as_bytes()]),
                    Err(Refused::Malformed),
                    "{form:?}"
                );
                assert_eq!(
                    verdict(&[form.as_bytes(), good.as_bytes()]),
                    Err(Refused::Malformed),
                    "{form:?}"
                );
            }
            assert_eq!(verdict(&[good.as_bytes(), good.as_bytes()]), Err(Refused::Malformed));
            let no_text = [good.as_bytes(), b"\xff\xfe"].concat();
            assert_eq!(verdict(&[&no_text]), Err(Refused::Malformed));
        }
    }

    #[test]
    fn signatures_made_by_another_implementation_hold() {
        // Made with Python's `hmac.new(secret, body, hashlib.sha256).hexdigest()`, and sha1.
        let million = "a".repeat(1_000_000);
        let table = [
            (
                "k",
                &b""[..],
                "8bb990c40a7d61cb97597a942125025be50ac8beb74436e3735b98893a7f6620",
                "3a84a218ee6665209bb70e84525dd837645a1965",
            ),
            (
                "Schlüssel 🔑 ключ",
                r#"{"action":"opened","title":"naïve “quotes” 🔔"}"#.as_bytes(),
                "8fddc0570339ee2f2ecfec046b6885eb6e7ac4576f34d0387e68281bdb094ea4",
                "6cadb8a8e1fa8c0642d69dee926d02fa1b1359b6",
            ),
            (
                &"x".repeat(64),
                b"\x00\x01\xfe\xff\r\n",
                "b7acfcbb2dfaaa08d2d571a055ff80d9fbda2aebb7cec1abe772d569a10cb1f0",
                "666163b62ac980e2ac3a96ecc21b0f22013ff4b9",
            ),
            (
                &"x".repeat(65),
                b"payload=%7B%22zen%22%3A%22Keep+it+logically+awesome.%22%7D",
                "a49975d4e414bbfa225dcab77cb76e320215450c612cdb0b30b7c2cb32be0c2b",
                "735d610db41244400faab40fc3253e8ee370e741",
            ),
            (
                " spaced \n",
                million.as_bytes(),
                "26f968583d1a86d9807077d20b37a6786268028a86c19824d079f6d8a446ad79",
                "65118a8c564142a54ee172a24e5aea208b384bd9",
            ),
        ];
        for (text, body, sha256, sha1) in table {
            let (sha256, sha1) = (format!("sha256={sha256}"), format!("sha1={sha1}"));
            assert_eq!(verdict(&[secret(text)], &sha256, &sha1, body, false), Ok(()), "{text}");
            assert_eq!(verdict(&[secret(text)], "", &sha1, body, true), Ok(()), "{text}");
            let trimmed = text.trim();
            if trimmed != text {
                assert_eq!(
                    verdict(&[secret(trimmed)], &sha256, "", body, false),
                    Err(Refused::Wrong)
                );
            }
        }
    }

    #[test]
    fn wycheproofs_vectors_hold_and_a_shortened_tag_never_does() {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct File {
            number_of_tests: usize,
            test_groups: Vec<Group>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Group {
            tag_size: usize,
            tests: Vec<Vector>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Vector {
            tc_id: u32,
            key: String,
            msg: String,
            tag: String,
            result: String,
        }
        fn bytes(hex: &str) -> Vec<u8> {
            let pairs = hex.as_bytes().as_chunks::<2>().0;
            pairs.iter().map(|pair| from_lower_hex::<1>(pair).unwrap()[0]).collect()
        }
        type Holds = fn(&[u8], &[u8], &[u8]) -> bool;
        // Verbatim from Wycheproof, under the Apache License 2.0.
        let files: [(&str, usize, Holds); 2] = [
            (
                include_str!("../tests/data/wycheproof/hmac_sha1_test.json"),
                160,
                holds::<Hmac<Sha1>>,
            ),
            (
                include_str!("../tests/data/wycheproof/hmac_sha256_test.json"),
                256,
                holds::<Hmac<Sha256>>,
            ),
        ];
        for (file, whole, holds) in files {
            let file: File = serde_json::from_str(file).unwrap();
            let mut seen = [0, 0];
            for group in file.test_groups {
                for Vector {
                    tc_id,
                    key,
                    msg,
                    tag,
                    result,
                } in group.tests
                {
                    let expected = result == "valid" && group.tag_size == whole;
                    assert_eq!(
                        holds(&bytes(&key), &bytes(&msg), &bytes(&tag)),
                        expected,
                        "{whole} {tc_id}"
                    );
                    seen[usize::from(expected)] += 1;
                }
            }
            assert_eq!(seen[0] + seen[1], file.number_of_tests);
            assert!(seen.iter().all(|seen| *seen > 20), "{seen:?}");
        }
    }

    #[test]
    fn an_empty_secret_is_none() {
        assert_eq!(WebhookSecret::new(&"".into()).unwrap_err(), EmptySecret);
        assert!(WebhookSecret::new(&" ".into()).is_ok());
    }

    #[test]
    fn nothing_secret_is_shown() {
        let secret = secret("HUSH");
        let headers = headers(&[("x-hub-signature-256", b"sha256=HUSH")]);
        let refused = verify(slice::from_ref(&secret), &headers, Bytes::from_static(b"HUSH"), true).unwrap_err();
        let body = AuthenticBody(Bytes::from_static(b"HUSH"));
        let shown = format!("{secret:?} {body:?} {refused:?}: {refused}");
        insta::assert_snapshot!(shown, @"WebhookSecret(…) AuthenticBody(4 bytes) Malformed: a signature of the request is not of GitHub's form");
        insta::assert_snapshot!(format!("{}\n{}", Refused::Missing, Refused::Wrong), @"
        the request has no signature that counts
        a signature of the request does not hold
        ");
    }

    proptest! {
        #[test]
        fn no_changed_bit_of_body_or_signature_passes(
            key in "\\PC{1,80}",
            body in prop::collection::vec(any::<u8>(), 1..300),
            bit: prop::sample::Index,
        ) {
            let tag = sign(&key, &body);
            let signature = header(&tag);
            let secrets = [secret(&key)];
            prop_assert_eq!(verdict(&secrets, &signature, "", &body, false), Ok(()));

            let flip = |bytes: &[u8]| {
                let bit = bit.index(bytes.len() * 8);
                let mut bytes = bytes.to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                bytes
            };
            prop_assert_eq!(verdict(&secrets, &signature, "", &flip(&body), false), Err(Refused::Wrong));
            let other = header(&flip(&tag));
            prop_assert_eq!(verdict(&secrets, &other, "", &body, false), Err(Refused::Wrong));
            // A changed bit of the header's own text may make it malformed, or no header at all.
            if let Ok(value) = HeaderValue::from_bytes(&flip(signature.as_bytes())) {
                let mut headers = HeaderMap::new();
                headers.insert("x-hub-signature-256", value);
                prop_assert!(verify(&secrets, &headers, Bytes::from(body.clone()), true).is_err());
            }
        }
    }
}
