//! What a monitor shows of a package, as far as a decision needs it.

use std::collections::BTreeMap;

use copr::BuildState;

use crate::ignore::Ignore;

/// One package of a monitor, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The chroots that are watched, by name.
    pub chroots: BTreeMap<String, SeenChroot>,
}

/// One watched chroot of a monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenChroot {
    /// What Copr says.
    pub state: BuildState,
    /// Of which build.
    pub build_id: u64,
    /// Its version.
    pub version: Option<String>,
    /// Its log.
    pub log_url: Option<String>,
}

impl Seen {
    /// Keeps of a monitor's package what a decision needs, without what is ignored.
    #[must_use]
    pub fn of(package: &copr::Package<'_>, ignore: &Ignore) -> Self {
        let watched = package
            .chroots
            .iter()
            .filter(|chroot| !ignore.matches(&package.name, &chroot.name));
        let chroots = watched.map(|chroot| {
            let seen = SeenChroot {
                state: chroot.state,
                build_id: chroot.build_id,
                version: chroot.version.as_deref().map(str::to_owned),
                log_url: chroot.log_url.as_deref().map(str::to_owned),
            };
            (chroot.name.to_string(), seen)
        });
        Self {
            chroots: chroots.collect(),
        }
    }

    /// Does a watched chroot fail?
    #[must_use]
    pub fn fails(&self) -> bool {
        self.chroots.values().any(|chroot| chroot.state.is_failure())
    }

    /// Every chroot failed with one build that got no version and no log: the source package itself is broken.
    pub(crate) fn is_source_failure(&self) -> bool {
        let mut chroots = self.chroots.values();
        let Some(first) = chroots.next() else {
            return false;
        };
        let like_first = |chroot: &SeenChroot| {
            chroot.state.is_failure()
                && chroot.build_id == first.build_id
                && chroot.version.is_none()
                && chroot.log_url.is_none()
        };
        like_first(first) && chroots.all(like_first)
    }
}
