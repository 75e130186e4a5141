//! Who may ask: the App by its JSON web token, everybody else by a token.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use super::answer::{Answer, refusal};
use super::{GitHub, time};
use crate::server::lock;

/// The public half of [`GitHub::APP_KEY`]: PKCS #1, DER.
const APP_PUBLIC_KEY: &[u8] = include_bytes!("../../data/github/test-app-public-key.der");

/// For how long can the App sign ahead, in seconds?
const JWT_LIFE: i64 = 10 * 60;

/// How long is an installation's token good, in milliseconds?
const TOKEN_LIFE: i64 = 60 * 60 * 1000;

/// What a token may do with webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Nothing.
    None,
    /// Look at them and their deliveries.
    Read,
    /// Redeliver and ping, too.
    Redeliver,
}

#[derive(Clone, Default)]
pub(super) struct Accounts {
    tokens: HashMap<String, Token>,
    /// By account, in lower case.
    installations: HashMap<String, Installation>,
}

#[derive(Clone)]
enum Token {
    Personal(Rights),
    Installation { account: String, expires_at: i64 },
}

#[derive(Clone, Copy)]
struct Installation {
    id: u64,
    rights: Rights,
}

/// Who asks.
pub(super) struct Caller {
    /// Under what name are its requests counted?
    pub(super) name: String,
    kind: CallerKind,
}

enum CallerKind {
    App,
    Person(Rights),
    Installation { account: String, rights: Rights },
}

impl GitHub {
    /// From now on this personal access token has these rights to every hook but the App's.
    pub fn set_token(&self, token: &str, rights: Rights) {
        let mut site = lock(&self.shared.site);
        site.accounts.tokens.insert(token.to_owned(), Token::Personal(rights));
    }

    /// From now on this token is nobody's.
    pub fn revoke_token(&self, token: &str) {
        lock(&self.shared.site).accounts.tokens.remove(token);
    }

    /// Installs the App on an account, with these rights to its hooks. Each installation has another id.
    pub fn install(&self, account: &str, rights: Rights) {
        let mut site = lock(&self.shared.site);
        let id = site.give_id();
        let installation = Installation { id, rights };
        site.accounts
            .installations
            .insert(account.to_ascii_lowercase(), installation);
    }

    /// Takes the App from an account; tokens of that installation are good no longer.
    pub fn uninstall(&self, account: &str) {
        let account = account.to_ascii_lowercase();
        let accounts = &mut lock(&self.shared.site).accounts;
        accounts.installations.remove(&account);
        accounts.tokens.retain(|_, token| !token.is_of(&account));
    }
}

impl Token {
    fn is_of(&self, of: &str) -> bool {
        matches!(self, Self::Installation { account, .. } if account == of)
    }
}

impl Accounts {
    /// The id of the App's installation on an account.
    pub(super) fn installation(&self, account: &str) -> Option<u64> {
        Some(self.installations.get(&account.to_ascii_lowercase())?.id)
    }

    /// Makes `token` one of an installation, and returns until when it is good.
    pub(super) fn add_installation_token(&mut self, id: &str, token: &str, now: i64) -> Option<i64> {
        let mut installations = self.installations.iter();
        let (account, _) = installations.find(|(_, installation)| installation.id.to_string() == id)?;
        let expires_at = now + TOKEN_LIFE;
        let account = account.clone();
        self.tokens
            .insert(token.to_owned(), Token::Installation { account, expires_at });
        Some(expires_at)
    }

    /// The holder of a token.
    pub(super) fn holder(&self, bearer: Option<&str>, now: i64) -> Result<Caller, Answer> {
        let Some(bearer) = bearer else {
            return Err(refusal(401, "Requires authentication"));
        };
        let kind = match self.tokens.get(bearer) {
            Some(&Token::Personal(rights)) => Some(CallerKind::Person(rights)),
            Some(Token::Installation { account, expires_at }) if now < *expires_at => {
                let installation = self.installations.get(account);
                installation.map(|installation| CallerKind::Installation {
                    account: account.clone(),
                    rights: installation.rights,
                })
            }
            _ => None,
        };
        let kind = kind.ok_or_else(|| refusal(401, "Bad credentials"))?;
        let name = match &kind {
            CallerKind::Installation { account, .. } => format!("installation {account}"),
            _ => bearer.to_owned(),
        };
        Ok(Caller { name, kind })
    }
}

impl Caller {
    /// The App, by its JSON web token:
    /// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>.
    pub(super) fn app(bearer: Option<&str>, now: i64) -> Result<Self, Answer> {
        let unreadable = || refusal(401, "A JSON web token could not be decoded");
        let claims = bearer.and_then(claims).ok_or_else(unreadable)?;
        match wrong_claim(&claims, time::seconds(now)) {
            Some(wrong) => Err(refusal(401, wrong)),
            None if !is_our_app(&claims["iss"]) => Err(refusal(404, "Integration not found")),
            None => Ok(Self {
                name: "the App".to_owned(),
                kind: CallerKind::App,
            }),
        }
    }

    /// Why not, if the caller may not look at the hooks of this account, or change something there.
    pub(super) fn refused(&self, account: &str, change: bool) -> Option<Answer> {
        let (rights, hidden, who) = match &self.kind {
            CallerKind::App => return None,
            CallerKind::Person(rights) => (*rights, *rights == Rights::None, "personal access token"),
            CallerKind::Installation { account: own, rights } => (*rights, own != account, "integration"),
        };
        let allowed = match rights {
            Rights::None => false,
            Rights::Read => !change,
            Rights::Redeliver => true,
        };
        if hidden {
            Some(refusal(404, "Not Found"))
        } else if !allowed {
            Some(refusal(403, &format!("Resource not accessible by {who}")))
        } else {
            None
        }
    }
}

/// The claims of a token that the App signed.
fn claims(token: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let decode = |part: &str| BASE64URL.decode(part).ok();
    let parse = |part: &str| serde_json::from_slice::<Value>(&decode(part)?).ok();
    if parse(header)?["alg"] != "RS256" {
        return None;
    }
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, APP_PUBLIC_KEY);
    key.verify(signed.as_bytes(), &decode(signature)?).ok()?;
    parse(claims)
}

/// GitHub's words for what is wrong with the times in a token. `now` is in seconds.
fn wrong_claim(claims: &Value, now: i64) -> Option<&'static str> {
    if claims["exp"].is_null() {
        Some("Missing 'expiration' claim ('exp') in assertion")
    } else if claims["exp"].as_i64().is_none_or(|exp| exp <= now) {
        Some(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the \
             assertion expires",
        )
    } else if claims["exp"].as_i64().is_some_and(|exp| exp > now + JWT_LIFE) {
        Some("'Expiration time' claim ('exp') is too far in the future")
    } else if claims["iat"].is_null() {
        Some("Missing 'issued at' claim ('iat') in assertion")
    } else if claims["iat"].as_i64().is_none_or(|iat| iat > now) {
        Some("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
    } else if claims["iss"].is_null() {
        Some("Missing 'issuer' claim ('iss') in assertion")
    } else {
        None
    }
}

/// The issuer is the App's id, as a number or a text.
fn is_our_app(issuer: &Value) -> bool {
    issuer.as_u64() == Some(GitHub::APP_ID) || issuer.as_str() == Some(&GitHub::APP_ID.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::client::{HOOK, MINUTE, MORNING, TOKEN, ask, jwt, sign, start};
    use super::super::{Event, Outcome};
    use super::*;

    async fn message(github: &GitHub, method: &str, path: &str, bearer: &str) -> (u16, String) {
        let answer = ask(github, method, path, bearer).await.unwrap();
        (answer.status, answer.message().to_owned())
    }

    #[tokio::test]
    async fn the_app_must_show_that_it_is_and_that_it_is_now() {
        let (github, _) = start().await;
        let now = MORNING / 1000;
        let claims = |iat: Value, exp: Value, iss: Value| sign(&json!({"iat": iat, "exp": exp, "iss": iss}));
        let good = |iss| claims(json!(now), json!(now + 600), json!(iss));
        assert_eq!(ask(&github, "GET", "/app", &good("12345")).await.unwrap().status, 200);
        let undecoded = "A JSON web token could not be decoded";
        for (token, status, expected) in [
            (TOKEN.to_owned(), 401, undecoded),
            (format!("{}A", good("12345")), 401, undecoded),
            (good("12346"), 404, "Integration not found"),
            (
                claims(json!(now), json!(now + 601), json!(12345)),
                401,
                "'Expiration time' claim ('exp') is too far in the future",
            ),
            (
                claims(json!(now - 60), json!(now), json!(12345)),
                401,
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the \
                 assertion expires",
            ),
            (
                claims(json!(now + 1), json!(now + 60), json!(12345)),
                401,
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            ),
        ] {
            let answer = message(&github, "GET", "/app", &token).await;
            assert_eq!(answer, (status, expected.to_owned()));
        }
    }

    #[tokio::test]
    async fn a_token_may_do_what_it_has_rights_to() {
        let (github, _) = start().await;
        let event = Event::new("issues", &json!({}));
        let id = github.record(HOOK, event, Outcome::refused()).id;
        github.script(HOOK, |_| Outcome::answered(200));
        let log = "/repos/Acme/Demo/hooks/7/deliveries";
        let attempts = format!("{log}/{id}/attempts");
        for (rights, read, redelivered) in [
            (Rights::None, 404, 404),
            (Rights::Read, 200, 403),
            (Rights::Redeliver, 200, 202),
        ] {
            github.set_token("ghp_one", rights);
            assert_eq!(message(&github, "GET", log, "ghp_one").await.0, read);
            let (status, said) = message(&github, "POST", &attempts, "ghp_one").await;
            assert_eq!(status, redelivered);
            assert_eq!(
                status == 403,
                said == "Resource not accessible by personal access token"
            );
        }
        github.revoke_token("ghp_one");
        let refused = (401, "Bad credentials".to_owned());
        assert_eq!(message(&github, "GET", log, "ghp_one").await, refused);
        assert_eq!(message(&github, "GET", log, &jwt(MORNING)).await, refused);
        github.remove_hook(HOOK);
        let gone = (404, "Not Found".to_owned());
        assert_eq!(message(&github, "GET", log, TOKEN).await, gone);
    }

    #[tokio::test]
    async fn an_installation_s_token_is_good_for_an_hour_and_for_its_account() {
        let (github, clock) = start().await;
        github.add_hook("org:other:1", "https://bell.example/webhook", None);
        github.install("Acme", Rights::Read);
        let app = jwt(MORNING);
        let found = ask(&github, "GET", "/repos/acme/demo/installation", &app)
            .await
            .unwrap();
        let path = format!("/app/installations/{}/access_tokens", found.body["id"]);
        let made = ask(&github, "POST", &path, &app).await.unwrap();
        assert_eq!(
            (made.status, &made.body["expires_at"]),
            (201, &json!("2026-11-01T09:00:00Z"))
        );
        let token = made.body["token"].as_str().unwrap();

        let hook = "/repos/acme/demo/hooks/7";
        assert_eq!(message(&github, "GET", hook, token).await.0, 200);
        assert_eq!(message(&github, "GET", "/orgs/other/hooks/1", token).await.0, 404);
        let refused = (403, "Resource not accessible by integration".to_owned());
        assert_eq!(message(&github, "POST", &format!("{hook}/pings"), token).await, refused);
        clock.advance(60 * MINUTE);
        assert_eq!(message(&github, "GET", hook, token).await.0, 401);

        github.uninstall("acme");
        let app = jwt(MORNING + 60 * MINUTE);
        assert_eq!(
            message(&github, "GET", "/repos/acme/demo/installation", &app).await.0,
            404
        );
        assert_eq!(message(&github, "POST", &path, &app).await.0, 404);
    }
}
