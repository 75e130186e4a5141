//! A GitHub App: its private key, and the JWT it signs with that to say who it is.

use std::fmt;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use crate::error::ApiError;

/// How long before now does a JWT begin, in seconds? Our clock may be ahead of GitHub's.
const BEFORE: i64 = 60;

/// How long after now does a JWT end, in seconds? GitHub takes 10 minutes at most by its own clock.
const AFTER: i64 = 9 * 60;

/// What a GitHub App signs with, good for nothing else, and never shown.
///
/// To check that a key is sound takes as long as to sign with it, so that waits for the first JWT: the webhook has none to
/// sign, and its cold start is a fiftieth shorter.
pub struct AppKey {
    id: u64,
    form: Form,
    der: SecretSlice<u8>,
    key: OnceLock<Result<RsaKeyPair, String>>,
}

/// What a PEM says that it holds.
enum Form {
    Pkcs1,
    Pkcs8,
}

/// Why a text is no App's private key. No sentence holds anything of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Nothing in it is a key in PEM, or it is encrypted.
    #[error(
        "the App's private key cannot be read as PEM: expected the file that GitHub gives, unencrypted and with its \
         line breaks, which begins with `-----BEGIN RSA PRIVATE KEY-----`"
    )]
    NotPem,
    /// A public key, a certificate, a key of another algorithm.
    #[error("the App's private key is PEM of something else: expected `-----BEGIN RSA PRIVATE KEY-----`")]
    NotPrivateRsa,
}

impl AppKey {
    /// The key of the App with this id. `private_key` is PEM, PKCS#1 as GitHub gives it or PKCS#8; its line breaks may
    /// be written `\n`, as they are where a key went through an environment variable.
    ///
    /// # Errors
    /// When it is not PEM, or says that it is something else.
    pub fn new(id: u64, private_key: &SecretString) -> Result<Self, BadKey> {
        let pem = SecretString::from(private_key.expose_secret().replace("\\n", "\n"));
        let section = <(SectionKind, Vec<u8>)>::from_pem_slice(pem.expose_secret().as_bytes());
        let (kind, der) = section.map_err(|_| BadKey::NotPem)?;
        let der = SecretSlice::from(der);
        let form = match kind {
            SectionKind::RsaPrivateKey => Form::Pkcs1,
            SectionKind::PrivateKey => Form::Pkcs8,
            _ => return Err(BadKey::NotPrivateRsa),
        };
        Ok(Self {
            id,
            form,
            der,
            key: OnceLock::new(),
        })
    }

    fn key(&self) -> Result<&RsaKeyPair, ApiError> {
        let read = || {
            let der = self.der.expose_secret();
            let key = match self.form {
                Form::Pkcs1 => RsaKeyPair::from_der(der),
                Form::Pkcs8 => RsaKeyPair::from_pkcs8(der),
            };
            key.map_err(|rejected| rejected.to_string())
        };
        let key = self.key.get_or_init(read).as_ref();
        key.map_err(|why| ApiError::CannotSign(why.clone()))
    }

    /// A JSON Web Token that says who we are, for the next nine minutes:
    /// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>.
    /// It fails when the key is damaged.
    pub(crate) fn jwt(&self, now: Timestamp) -> Result<SecretString, ApiError> {
        let (id, now) = (self.id, now.as_second());
        let claims = format!(r#"{{"iat":{},"exp":{},"iss":{id}}}"#, now - BEFORE, now + AFTER);
        let mut jwt = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
        jwt.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut jwt);
        let key = self.key()?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), jwt.as_bytes(), &mut signature)
            .map_err(|_| ApiError::CannotSign("it does not sign".to_owned()))?;
        jwt.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut jwt);
        Ok(jwt.into())
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;

    // Made with `openssl` for these tests. They guard nothing.
    const PKCS1: &str = include_str!("../tests/data/keys/pkcs1.pem");
    const PKCS8: &str = include_str!("../tests/data/keys/pkcs8.pem");

    /// 2026-11-02T00:00:00Z.
    const NOW: i64 = 1_793_577_600;

    fn jwt(pem: &str, now: i64) -> String {
        let key = AppKey::new(12_345, &pem.into()).unwrap();
        let jwt = key.jwt(Timestamp::from_second(now).unwrap()).unwrap();
        jwt.expose_secret().to_owned()
    }

    #[test]
    fn a_jwt_is_what_openssl_signs_with_the_same_key() {
        // Signed by `openssl dgst -sha256 -sign`; RS256 signs the same alike each time.
        let expected = include_str!("../tests/data/keys/app.jwt").trim_end();
        assert_eq!(jwt(PKCS1, NOW), expected);
        assert_eq!(jwt(PKCS8, NOW), expected);
    }

    #[test]
    fn a_jwt_begins_a_minute_ago_and_ends_before_github_finds_it_too_long() {
        let jwt = jwt(PKCS1, NOW);
        let parts: Vec<_> = jwt
            .split('.')
            .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap())
            .collect();
        let [header, claims, signature] = &parts[..] else {
            panic!("{} parts", parts.len());
        };
        assert_eq!(str::from_utf8(header).unwrap(), r#"{"alg":"RS256","typ":"JWT"}"#);
        let claims = str::from_utf8(claims).unwrap();
        assert_eq!(claims, r#"{"iat":1793577540,"exp":1793578140,"iss":12345}"#);
        let key = AppKey::new(1, &PKCS1.into()).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.key().unwrap().public());
        let (signed, _) = jwt.rsplit_once('.').unwrap();
        assert_eq!(public.verify(signed.as_bytes(), signature), Ok(()));
    }

    #[test]
    fn line_breaks_may_be_others_or_written_out() {
        let expected = jwt(PKCS1, NOW);
        let forms = [
            PKCS1.replace('\n', "\\n"),
            PKCS1.replace('\n', "\r\n"),
            PKCS1.trim().to_owned(),
            format!("\n\n{PKCS1}\n"),
            format!("the key of the App:\n{PKCS1}"),
        ];
        for form in forms {
            assert_eq!(jwt(&form, NOW), expected, "{form}");
        }
    }

    #[test]
    fn what_is_no_app_key_is_said_without_a_letter_of_it() {
        let table = [
            ("", BadKey::NotPem),
            ("hush", BadKey::NotPem),
            ("-----BEGIN RSA PRIVATE KEY-----", BadKey::NotPem),
            (&PKCS1.replace('\n', " "), BadKey::NotPem),
            (&PKCS1[..PKCS1.len() / 2], BadKey::NotPem),
            (&PKCS1.replacen("MII", "M!I", 1), BadKey::NotPem),
            (include_str!("../tests/data/keys/encrypted.pem"), BadKey::NotPem),
            (include_str!("../tests/data/keys/rsa-public.pem"), BadKey::NotPem),
            (include_str!("../tests/data/keys/public.pem"), BadKey::NotPrivateRsa),
            (include_str!("../tests/data/keys/ec.pem"), BadKey::NotPrivateRsa),
        ];
        for (pem, expected) in table {
            assert_eq!(AppKey::new(1, &pem.into()).unwrap_err(), expected, "{pem}");
        }
        let sentences = [BadKey::NotPem, BadKey::NotPrivateRsa].map(|error| error.to_string());
        insta::assert_snapshot!(sentences.join("\n"), @"
        the App's private key cannot be read as PEM: expected the file that GitHub gives, unencrypted and with its line breaks, which begins with `-----BEGIN RSA PRIVATE KEY-----`
        the App's private key is PEM of something else: expected `-----BEGIN RSA PRIVATE KEY-----`
        ");
    }

    #[test]
    fn a_key_that_cannot_be_used_does_not_sign() {
        let table = [
            (include_str!("../tests/data/keys/ec-pkcs8.pem"), "WrongAlgorithm"),
            (include_str!("../tests/data/keys/short.pem"), "TooSmall"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nhushhush\n-----END RSA PRIVATE KEY-----",
                "InvalidEncoding",
            ),
            (&PKCS1.replace("RSA PRIVATE", "PRIVATE"), "InvalidEncoding"),
            (&PKCS8.replace("PRIVATE", "RSA PRIVATE"), "InvalidEncoding"),
            (include_str!("../tests/data/keys/damaged.pem"), "it does not sign"),
        ];
        for (pem, why) in table {
            let key = AppKey::new(1, &pem.into()).unwrap();
            let expected = ApiError::CannotSign(why.to_owned());
            assert_eq!(key.jwt(Timestamp::UNIX_EPOCH).unwrap_err(), expected, "{pem}");
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        let key = AppKey::new(12_345, &PKCS1.into()).unwrap();
        assert_eq!(format!("{key:?}"), "AppKey(…)");
    }
}
