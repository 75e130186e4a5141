//! The states of a build in a chroot, and what each of them proves.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The state of a build, of one chroot or as a whole, in Copr's own words (`StatusEnum` of copr-common).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuildState {
    /// It broke.
    Failed,
    /// It was built.
    Succeeded,
    /// Somebody stopped it. The monitor never says so, only the build itself does.
    Canceled,
    /// It is being built.
    Running,
    /// It waits for a builder.
    Pending,
    /// This version was there already, or the chroot is not for this package.
    Skipped,
    /// A builder has it and is not ready yet.
    Starting,
    /// Its source is on the way to dist-git.
    Importing,
    /// It was copied, built, from another project.
    Forked,
    /// It waits for something else to finish.
    Waiting,
    /// Copr itself does not know.
    Unknown,
    /// A word this version does not know, or none at all: Copr's list grows.
    #[serde(other)]
    Other,
}

impl BuildState {
    /// Is the package broken in this chroot?
    #[must_use]
    pub fn is_failure(self) -> bool {
        self == Self::Failed
    }

    /// Is the package proven to be well in this chroot?
    #[must_use]
    pub fn is_proof(self) -> bool {
        matches!(self, Self::Succeeded | Self::Forked)
    }

    /// Is the outcome still open? The monitor says so for ever of a canceled build.
    #[must_use]
    pub fn is_unfinished(self) -> bool {
        matches!(
            self,
            Self::Running | Self::Pending | Self::Starting | Self::Importing | Self::Waiting
        )
    }

    /// Copr's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
            Self::Running => "running",
            Self::Pending => "pending",
            Self::Skipped => "skipped",
            Self::Starting => "starting",
            Self::Importing => "importing",
            Self::Forked => "forked",
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for BuildState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_means_one_thing() {
        // Copr's word; failure, proof, unfinished. Neither of them is neutral.
        let table = [
            ("failed", BuildState::Failed, [true, false, false]),
            ("succeeded", BuildState::Succeeded, [false, true, false]),
            ("forked", BuildState::Forked, [false, true, false]),
            ("running", BuildState::Running, [false, false, true]),
            ("pending", BuildState::Pending, [false, false, true]),
            ("starting", BuildState::Starting, [false, false, true]),
            ("importing", BuildState::Importing, [false, false, true]),
            ("waiting", BuildState::Waiting, [false, false, true]),
            ("canceled", BuildState::Canceled, [false, false, false]),
            ("skipped", BuildState::Skipped, [false, false, false]),
            ("unknown", BuildState::Unknown, [false, false, false]),
            ("other", BuildState::Other, [false, false, false]),
        ];
        for (word, state, meaning) in table {
            assert_eq!(serde_json::from_value::<BuildState>(word.into()).unwrap(), state);
            assert_eq!(serde_json::to_value(state).unwrap(), word);
            assert_eq!(state.to_string(), word);
            assert_eq!(
                [state.is_failure(), state.is_proof(), state.is_unfinished()],
                meaning,
                "{word}"
            );
        }
    }

    #[test]
    fn a_state_nobody_has_heard_of_is_neutral() {
        for word in ["exploded", "", "FAILED", "failed ", "\u{1f514}"] {
            let state: BuildState = serde_json::from_value(word.into()).unwrap();
            assert_eq!(state, BuildState::Other, "{word}");
        }
    }
}
