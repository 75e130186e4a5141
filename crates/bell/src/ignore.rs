//! Which packages and chroots are none of our business.

use wildmatch::WildMatch;

/// Globs of the form `package/chroot`: `*/fedora-rawhide-*`, `kernel-*/*`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ignore(Vec<(WildMatch, WildMatch)>);

/// A glob that is none.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no pattern of the form package/chroot, such as `*/fedora-rawhide-*` or `kernel-*/*`")]
pub struct BadPattern(String);

impl Ignore {
    /// Reads a comma-separated list of patterns.
    ///
    /// # Errors
    /// When one of them is not `package/chroot`.
    pub fn parse(list: &str) -> Result<Self, BadPattern> {
        let patterns = list.split(',').map(str::trim).filter(|p| !p.is_empty());
        patterns
            .map(|pattern| match pattern.split_once('/') {
                Some((package, chroot)) if !package.is_empty() && !chroot.is_empty() && !chroot.contains('/') => {
                    Ok((WildMatch::new(package), WildMatch::new(chroot)))
                }
                _ => Err(BadPattern(pattern.to_owned())),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Is this chroot of this package ignored?
    #[must_use]
    pub fn matches(&self, package: &str, chroot: &str) -> bool {
        self.0
            .iter()
            .any(|(packages, chroots)| packages.matches(package) && chroots.matches(chroot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_package_and_chroot_each() {
        let ignore = Ignore::parse("*/fedora-rawhide-*, kernel-*/*").unwrap();
        for (package, chroot, ignored) in [
            ("beta", "fedora-rawhide-x86_64", true),
            ("beta", "fedora-43-x86_64", false),
            ("kernel-rt", "fedora-43-x86_64", true),
            ("kernel", "fedora-43-x86_64", false),
        ] {
            assert_eq!(ignore.matches(package, chroot), ignored, "{package}/{chroot}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        for bad in ["kernel", "/x", "a/", "a/b/c"] {
            assert!(Ignore::parse(bad).unwrap_err().to_string().contains(bad));
        }
        assert_eq!(Ignore::parse("").unwrap(), Ignore::default());
    }
}
