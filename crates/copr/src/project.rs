//! A Copr project by name, as it is written in settings, shown to people and asked for at the API.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::words;

/// How long may a whole project name be? It is a part of database keys, which end at 1024 bytes.
const MAX_BYTES: usize = 512;

/// A project, `owner/name` or `@group/name`, or one of its directories, `owner/name:pr:12`. Copr tells upper from lower
/// case, so nothing is folded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Project {
    owner: String,
    name: String,
    /// What follows `name:` in the directory's name.
    directory: Option<String>,
}

/// Text that names no project.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no Copr project: expected owner/name, @group/name or owner/name:pr:12")]
pub struct BadProject(String);

impl Project {
    /// The owner as the API takes it: a user, or a group with its `@`.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The project's own name, without owner and directory.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directory as the API takes it: `name:pr:12`. The main directory has no name of its own.
    #[must_use]
    pub fn dirname(&self) -> Option<String> {
        let directory = self.directory.as_ref()?;
        Some(format!("{}:{directory}", self.name))
    }
}

impl FromStr for Project {
    type Err = BadProject;

    fn from_str(text: &str) -> Result<Self, BadProject> {
        let project = || {
            let (owner, path) = text.split_once('/')?;
            let (name, directory) = match path.split_once(':') {
                Some((name, directory)) => (name, Some(directory)),
                None => (path, None),
            };
            let good = text.len() <= MAX_BYTES
                && is_name(owner.strip_prefix('@').unwrap_or(owner))
                && is_name(name)
                && directory.is_none_or(|directory| directory.split(':').all(is_name));
            good.then(|| Self {
                owner: owner.to_owned(),
                name: name.to_owned(),
                directory: directory.map(str::to_owned),
            })
        };
        project().ok_or_else(|| BadProject(words(text)))
    }
}

/// Letters, digits, `_`, `-` and `.`, as Copr's own form has it; `.` and `..` would walk about in a URL.
fn is_name(text: &str) -> bool {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    !matches!(text, "" | "." | "..") && text.chars().all(good)
}

impl fmt::Display for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)?;
        match &self.directory {
            Some(directory) => write!(f, ":{directory}"),
            None => Ok(()),
        }
    }
}

impl TryFrom<String> for Project {
    type Error = BadProject;

    fn try_from(text: String) -> Result<Self, BadProject> {
        text.parse()
    }
}

impl From<Project> for String {
    fn from(project: Project) -> Self {
        project.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_read_and_written_alike() {
        let table = [
            ("alice/demo", "alice", "demo", None),
            ("Alice/Demo", "Alice", "Demo", None),
            ("@copr/copr-dev", "@copr", "copr-dev", None),
            ("a.b_c-d/gtk4.0", "a.b_c-d", "gtk4.0", None),
            ("alice/demo:pr:12", "alice", "demo", Some("demo:pr:12")),
            ("@g/demo:custom:x", "@g", "demo", Some("demo:custom:x")),
            ("alice/demo:suffix", "alice", "demo", Some("demo:suffix")),
            ("žofie/čaj", "žofie", "čaj", None),
        ];
        for (text, owner, name, dirname) in table {
            let project: Project = text.parse().unwrap();
            assert_eq!(
                (project.owner(), project.name(), project.dirname().as_deref()),
                (owner, name, dirname)
            );
            assert_eq!(project.to_string(), text);
            let json = serde_json::to_string(&project).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Project>(&json).unwrap(), project);
        }
    }

    #[test]
    fn what_is_no_project_is_refused() {
        let table = [
            "",
            "/",
            "foo",
            "foo/",
            "/foo",
            "@/foo",
            "@foo",
            "a/b/c",
            "a//b",
            "a/b/",
            " a/b",
            "a/b ",
            "a b/c",
            "a/b\n",
            "a/b\0",
            "a/b\u{7f}",
            "a/b\u{202e}",
            "a/b\\c",
            "a/..",
            "../b",
            "a/.",
            "@../b",
            "a/b:..",
            "a@b/c",
            "a/@b",
            "@@a/b",
            "a/b:",
            "a/:pr",
            "a/b::1",
            "a/b:pr:",
            "a/b:pr/1",
            "a:b/c",
            "a/b?c",
            "a/b#c",
            "a/b&c=d",
            "a/b%2f",
            "a/b,c/d",
            "a/b+c",
            "https://copr.example/a/b",
            "a/*",
        ];
        for text in table {
            assert!(text.parse::<Project>().is_err(), "{text:?}");
            assert!(serde_json::from_value::<Project>(text.into()).is_err());
        }
        let long = format!("a/{}", "b".repeat(MAX_BYTES));
        assert!(long.parse::<Project>().is_err());
    }

    #[test]
    fn a_refusal_says_what_was_expected() {
        let error = "foo\u{1b}[31m".parse::<Project>().unwrap_err();
        insta::assert_snapshot!(error, @"`foo [31m` is no Copr project: expected owner/name, @group/name or owner/name:pr:12");
    }

    #[test]
    fn projects_are_sorted_by_owner_then_name() {
        let mut projects = ["b/a", "a/b:pr:1", "a/b", "@z/z"].map(|text| text.parse::<Project>().unwrap());
        projects.sort();
        assert_eq!(
            projects.map(|project| project.to_string()),
            ["@z/z", "a/b", "a/b:pr:1", "b/a"]
        );
    }
}
