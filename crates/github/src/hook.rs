//! A hook whose delivery log is watched, as it is written in settings and where the API has it.

use std::fmt;
use std::str::FromStr;

use crate::error::words;

/// A hook whose delivery log is watched. Text form: `app`, `repo:owner/name:123`, `org:name:456`. The number is the
/// hook's id, as in the address of its page at GitHub.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HookRef {
    /// The one hook of the App whose key we have.
    App,
    /// A repository's.
    Repository {
        /// A user or an organisation.
        owner: String,
        /// The repository's own name.
        name: String,
        /// The hook's id.
        id: u64,
    },
    /// An organisation's.
    Organization {
        /// The organisation.
        name: String,
        /// The hook's id.
        id: u64,
    },
}

/// Text that names no hook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no hook: expected app, repo:owner/name:123 or org:name:456")]
pub struct BadHook(String);

impl HookRef {
    /// Where the API has it, and what is of it, as the segments of a path.
    pub(crate) fn path(&self, rest: &[&str]) -> Vec<String> {
        let id;
        let hook = match self {
            Self::App => vec!["app", "hook"],
            Self::Repository {
                owner,
                name,
                id: number,
            } => {
                id = number.to_string();
                vec!["repos", owner, name, "hooks", &id]
            }
            Self::Organization { name, id: number } => {
                id = number.to_string();
                vec!["orgs", name, "hooks", &id]
            }
        };
        hook.iter().chain(rest).map(|&segment| segment.to_owned()).collect()
    }

    /// Where the API tells which installation of the App is the one there; nothing for the App's own hook, which is not
    /// of any installation.
    pub(crate) fn installation(&self) -> Option<Vec<String>> {
        let path = match self {
            Self::App => return None,
            Self::Repository { owner, name, .. } => vec!["repos", owner, name, "installation"],
            Self::Organization { name, .. } => vec!["orgs", name, "installation"],
        };
        Some(path.into_iter().map(str::to_owned).collect())
    }
}

impl FromStr for HookRef {
    type Err = BadHook;

    fn from_str(text: &str) -> Result<Self, BadHook> {
        let hook = || {
            let mut parts = text.split(':');
            let hook = match (parts.next()?, parts.next(), parts.next()) {
                ("app", None, None) => Self::App,
                ("repo", Some(path), Some(id)) => {
                    let (owner, repository) = path.split_once('/')?;
                    Self::Repository {
                        owner: name(owner)?,
                        name: name(repository)?,
                        id: number(id)?,
                    }
                }
                ("org", Some(organization), Some(id)) => Self::Organization {
                    name: name(organization)?,
                    id: number(id)?,
                },
                _ => return None,
            };
            parts.next().is_none().then_some(hook)
        };
        hook().ok_or_else(|| BadHook(words(text)))
    }
}

/// ASCII letters, digits, `-`, `_` and `.`, as GitHub has them; `.` and `..` would walk about in a URL.
pub(crate) fn name(text: &str) -> Option<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = !matches!(text, "" | "." | "..") && text.chars().all(good);
    // GitHub does not tell upper from lower case, and one thing must have one name.
    is_name.then(|| text.to_ascii_lowercase())
}

fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for HookRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App => f.write_str("app"),
            Self::Repository { owner, name, id } => write!(f, "repo:{owner}/{name}:{id}"),
            Self::Organization { name, id } => write!(f, "org:{name}:{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_hook_is_read_and_written_alike_and_has_its_place_at_the_api() {
        let table = [
            ("app", "app/hook"),
            ("repo:acme/anvil:123", "repos/acme/anvil/hooks/123"),
            ("repo:a-b_c/.d.e_f-:0", "repos/a-b_c/.d.e_f-/hooks/0"),
            ("org:acme:18446744073709551615", "orgs/acme/hooks/18446744073709551615"),
        ];
        for (text, path) in table {
            let hook: HookRef = text.parse().unwrap();
            assert_eq!(hook.to_string(), text);
            assert_eq!(hook.path(&[]).join("/"), path);
            assert_eq!(
                hook.path(&["deliveries", "7"]).join("/"),
                format!("{path}/deliveries/7")
            );
        }
    }

    #[test]
    fn what_names_no_hook_is_said() {
        let table = [
            "",
            "App",
            "app:",
            "app:1",
            "repo",
            "repo:",
            "repo:acme/anvil",
            "repo:acme/anvil:",
            "repo:acme/anvil:x",
            "repo:acme/anvil:+1",
            "repo:acme/anvil:-1",
            "repo:acme/anvil:18446744073709551616",
            "repo:acme/anvil:1:2",
            "repo:acme:1",
            "repo:/anvil:1",
            "repo:acme/:1",
            "repo:acme/a/b:1",
            "repo:../anvil:1",
            "repo:acme/..:1",
            "repo:acme/a?b:1",
            "repo:acme/%2e:1",
            "repo:ácme/anvil:1",
            "org:acme",
            "org::1",
            "org:acme/anvil:1",
            "org:.:1",
            " app",
            "org:acme: 1",
            "user:acme:1",
        ];
        for text in table {
            assert_eq!(text.parse::<HookRef>(), Err(BadHook(words(text))), "{text}");
        }
        let error = "repo:a\u{1b}/b".parse::<HookRef>().unwrap_err();
        insta::assert_snapshot!(error, @"`repo:a /b` is no hook: expected app, repo:owner/name:123 or org:name:456");
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_alike(text in "(app|repo|org)?:?[a./]{0,5}:?[0-9]{0,3}") {
            if let Ok(hook) = text.parse::<HookRef>() {
                let written = hook.to_string();
                prop_assert_eq!(written.parse::<HookRef>(), Ok(hook));
            }
        }
    }
}
