//! A repository, as it is written on the command line, and what the API tells of it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use outbound::Outbound;
use serde::Deserialize;

use crate::ask::read;
use crate::client::GitHub;
use crate::error::{ApiError, words};
use crate::hook::name;
use crate::limits::Rate;
use crate::question::Question;

/// A repository by its name. Text form: `owner/name`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RepositoryRef {
    owner: String,
    name: String,
}

/// Text that names no repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no repository: expected owner/name")]
pub struct BadRepository(String);

/// What the API tells of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RepositoryInfo {
    /// Stays the same when it is renamed or moved.
    pub id: u64,
    /// `owner/name`, as its owner writes it.
    pub full_name: String,
    /// Can there be issues?
    pub has_issues: bool,
}

impl RepositoryRef {
    /// Where the API has what is of it, as the segments of a path.
    pub(crate) fn path(&self, rest: &[&str]) -> Vec<String> {
        let repository = ["repos", &self.owner, &self.name];
        let segments = repository.iter().chain(rest);
        segments.map(|&segment| segment.to_owned()).collect()
    }
}

impl FromStr for RepositoryRef {
    type Err = BadRepository;

    fn from_str(text: &str) -> Result<Self, BadRepository> {
        let parts = text.split_once('/');
        let repository = parts.and_then(|(owner, repository)| {
            Some(Self {
                owner: name(owner)?,
                name: name(repository)?,
            })
        });
        repository.ok_or_else(|| BadRepository(words(text)))
    }
}

impl fmt::Display for RepositoryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl GitHub {
    /// Reads what a repository is: <https://docs.github.com/en/rest/repos/repos#get-a-repository>.
    ///
    /// # Errors
    /// [`ApiError::Redirect`] when it is called otherwise now, [`ApiError::NotFound`] when there is none that we may see;
    /// else whenever the answer is anything but a repository.
    pub async fn repository(
        &self,
        outbound: &Outbound,
        repository: &RepositoryRef,
        timeout: Duration,
    ) -> Result<(RepositoryInfo, Rate), ApiError> {
        let question = Question::Repository;
        let url = self.api.join(&repository.path(&[]));
        let installation = Some(repository.path(&["installation"]));
        let answer = self.ask(outbound, installation, question, &url, timeout).await?;
        Ok((read(question, &answer.body)?, Rate::of(&answer.headers)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_read_and_has_its_place_at_the_api() {
        for (text, written) in [("acme/anvil", "acme/anvil"), ("Acme/.Git-Hub_1", "acme/.git-hub_1")] {
            let repository: RepositoryRef = text.parse().unwrap();
            assert_eq!(repository.to_string(), written);
            assert_eq!(
                repository.path(&["issues"]).join("/"),
                format!("repos/{written}/issues")
            );
        }
    }

    #[test]
    fn what_names_no_repository_is_said() {
        for text in [
            "", "acme", "acme/", "/anvil", "a/b/c", "../anvil", "acme/..", "acme/a?b", "acme/%2e", " a/b", "á/b",
        ] {
            assert_eq!(text.parse::<RepositoryRef>(), Err(BadRepository(words(text))), "{text}");
        }
        let error = "https://github.com/a\u{1b}/b".parse::<RepositoryRef>().unwrap_err();
        insta::assert_snapshot!(error, @"`https://github.com/a /b` is no repository: expected owner/name");
    }
}
