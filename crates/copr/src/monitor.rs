//! One package of the monitor, as it is read.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};

use crate::state::BuildState;

/// A package and its newest build in every chroot. It borrows from the piece of the answer it stands in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Package<'a> {
    /// Its name, from outside.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The chroots in Copr's order, which means nothing.
    #[serde(borrow, deserialize_with = "chroots")]
    pub chroots: Vec<Chroot<'a>>,
}

/// The newest build of a package in one chroot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chroot<'a> {
    /// `fedora-43-x86_64`.
    pub name: Cow<'a, str>,
    /// How the build is doing.
    pub state: BuildState,
    /// The build; chroots of one package can have different ones. Every chroot the monitor lists has one.
    pub build_id: u64,
    /// Version and release, from outside; none before there is a source package.
    pub version: Option<Cow<'a, str>>,
    /// Where its log is, from outside; none for waiting, skipped and source failures.
    pub log_url: Option<Cow<'a, str>>,
}

/// A chroot as the API has it. `status` is the same as `state` in a number, and may be null.
#[derive(serde::Deserialize)]
struct Fields<'a> {
    state: Option<BuildState>,
    build_id: u64,
    #[serde(borrow)]
    pkg_version: Option<Text<'a>>,
    #[serde(borrow)]
    url_build_log: Option<Text<'a>>,
}

/// A string that borrows where it can: serde does not see a `Cow` inside an `Option`.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn chroots<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Chroot<'de>>, D::Error> {
    struct Chroots;

    impl<'de> Visitor<'de> for Chroots {
        type Value = Vec<Chroot<'de>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object with a key for each chroot")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut chroots = Vec::new();
            while let Some((Text(name), fields)) = map.next_entry::<_, Fields<'de>>()? {
                chroots.push(Chroot {
                    name,
                    state: fields.state.unwrap_or(BuildState::Other),
                    build_id: fields.build_id,
                    version: fields.pkg_version.map(|text| text.0),
                    log_url: fields.url_build_log.map(|text| text.0),
                });
            }
            Ok(chroots)
        }
    }

    deserializer.deserialize_map(Chroots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_borrows_what_has_no_escapes() {
        let json = r#"{"name": "alpha", "chroots": {"fedora-43-x86_64": {"state": "failed", "status": 0, "build_id": 4,
            "url_build_log": "http://x/log", "url_backend_log": null, "pkg_version": "1.0-1", "new": [{"deep": {}}]}}}"#;
        let package: Package<'_> = serde_json::from_str(json).unwrap();
        let Package {
            name: Cow::Borrowed("alpha"),
            chroots,
        } = package
        else {
            panic!("{package:?}")
        };
        assert!(matches!(
            chroots[..],
            [Chroot {
                name: Cow::Borrowed("fedora-43-x86_64"),
                state: BuildState::Failed,
                build_id: 4,
                version: Some(Cow::Borrowed("1.0-1")),
                log_url: Some(Cow::Borrowed("http://x/log")),
            }]
        ));
    }

    #[test]
    fn what_may_be_null_or_missing_is_none() {
        let json = r#"{"name": "\u03b1\"{", "chroots": {
            "a": {"state": null, "status": null, "build_id": 18446744073709551615, "pkg_version": null,
                "url_build_log": null},
            "b\u002dc": {"build_id": 0}}}"#;
        let package: Package<'_> = serde_json::from_str(json).unwrap();
        let chroot = |name, build_id| Chroot {
            name: Cow::Borrowed(name),
            state: BuildState::Other,
            build_id,
            version: None,
            log_url: None,
        };
        assert_eq!(package.name, "α\"{");
        assert_eq!(package.chroots, [chroot("a", u64::MAX), chroot("b-c", 0)]);
    }

    #[test]
    fn a_package_of_another_shape_is_an_error() {
        let table = [
            "{}",
            r#"{"name": "a"}"#,
            r#"{"chroots": {}}"#,
            r#"{"name": null, "chroots": {}}"#,
            r#"{"name": "a", "chroots": null}"#,
            r#"{"name": "a", "chroots": []}"#,
            r#"{"name": "a", "chroots": {"c": null}}"#,
            r#"{"name": "a", "chroots": {"c": {"state": "failed"}}}"#,
            r#"{"name": "a", "chroots": {"c": {"build_id": -1}}}"#,
            r#"{"name": "a", "chroots": {"c": {"build_id": 1.5}}}"#,
            r#"{"name": "a", "chroots": {"c": {"build_id": 1, "state": 0}}}"#,
        ];
        for json in table {
            assert!(serde_json::from_str::<Package<'_>>(json).is_err(), "{json}");
        }
    }
}
