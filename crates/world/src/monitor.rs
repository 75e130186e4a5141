//! Monitor bodies in Copr's own format, made in code.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

/// One chroot of a package: its name (`fedora-43-x86_64`), state (`failed`), build id, and version (`2.3-1`; none
/// before there is a source package).
pub type Chroot<'a> = (&'a str, &'a str, u64, Option<&'a str>);

/// The answer begins with this, `\n` included.
pub(crate) const HEAD: &str =
    "{\"output\": \"ok\",\"message\": \"Project monitor request successful\",\"packages\": [\n";

/// Packages are parted by this.
pub(crate) const COMMA: &str = ",\n";

/// The answer ends with this.
pub(crate) const TAIL: &str = "]}";

/// Builds a monitor body with build logs, byte for byte as Copr writes it: packages sorted, chroots as they come.
pub struct Monitor {
    project: String,
    packages: BTreeMap<String, String>,
}

impl Monitor {
    /// A project without packages; `project` (`alice/demo`, `@demo/grp`) is part of the logs' URLs.
    #[must_use]
    pub fn new(project: &str) -> Self {
        Self {
            project: project.to_owned(),
            packages: BTreeMap::new(),
        }
    }

    /// Adds a package, or replaces the one of that name.
    #[must_use]
    pub fn package<'a>(mut self, name: &str, chroots: impl IntoIterator<Item = Chroot<'a>>) -> Self {
        let json = package(&self.project, name, chroots);
        self.packages.insert(name.to_owned(), json);
        self
    }

    /// The body.
    #[must_use]
    pub fn json(&self) -> String {
        let packages: Vec<&str> = self.packages.values().map(String::as_str).collect();
        format!("{HEAD}{}{TAIL}", packages.join(COMMA))
    }
}

/// One element of `packages`.
pub(crate) fn package<'a>(project: &str, name: &str, chroots: impl IntoIterator<Item = Chroot<'a>>) -> String {
    let mut json = format!("{{\"name\": {}, \"chroots\": {{", json!(name));
    for (at, (chroot, state, build_id, version)) in chroots.into_iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        let log = log_file(state, version).map(|file| {
            let results = "https://download.copr.fedorainfracloud.org/results";
            format!("{results}/{project}/{chroot}/{build_id:08}-{name}/{file}")
        });
        let _ = write!(
            json,
            "{comma}{}: {{\"state\": {}, \"status\": {}, \"build_id\": {build_id}, \"url_build_log\": {}, \
             \"pkg_version\": {}}}",
            json!(chroot),
            json!(state),
            json!(status(state)),
            json!(log),
            json!(version),
        );
    }
    json.push_str("}}");
    json
}

/// A build has a log once it runs, packed once it ended; a source package that could not be built has none.
fn log_file(state: &str, version: Option<&str>) -> Option<&'static str> {
    version?;
    match state {
        "running" => Some("builder-live.log"),
        "failed" | "succeeded" | "canceled" | "importing" => Some("builder-live.log.gz"),
        _ => None,
    }
}

/// Copr's number of a state; null for a state that Copr may have one day.
fn status(state: &str) -> Option<u16> {
    Some(match state {
        "failed" => 0,
        "succeeded" => 1,
        "canceled" => 2,
        "running" => 3,
        "pending" => 4,
        "skipped" => 5,
        "starting" => 6,
        "importing" => 7,
        "forked" => 8,
        "waiting" => 9,
        "unknown" => 1000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::recorded;

    const CHROOTS: [&str; 4] = [
        "fedora-42-x86_64",
        "fedora-43-x86_64",
        "fedora-43-aarch64",
        "fedora-rawhide-x86_64",
    ];

    fn with_the_real_host(recorded: &[u8]) -> String {
        String::from_utf8_lossy(recorded)
            .replace("http://127.0.0.1:5056/", "https://download.copr.fedorainfracloud.org/")
    }

    #[test]
    fn a_body_is_byte_for_byte_what_copr_writes() {
        let made = Monitor::new("@demo/grp")
            .package("alpha", CHROOTS.map(|chroot| (chroot, "failed", 9, Some("1.0-1"))))
            .json();
        assert_eq!(made, with_the_real_host(recorded::GROUP_PROJECT));
    }

    #[test]
    fn every_state_has_the_number_and_the_log_that_copr_gives_it() {
        let bodies = [recorded::STARTING_RUNNING, recorded::MIXED_FAILED_ALL_FIELDS];
        for body in bodies {
            let mut recorded: Value = serde_json::from_str(&with_the_real_host(body)).unwrap();
            let mut monitor = Monitor::new("alice/demo");
            for package in recorded["packages"].as_array_mut().unwrap() {
                let name = package["name"].as_str().unwrap().to_owned();
                let chroots = package["chroots"].as_object_mut().unwrap();
                for chroot in chroots.values_mut() {
                    chroot.as_object_mut().unwrap().remove("url_backend_log");
                }
                let chroots = chroots.iter().map(|(chroot_name, chroot)| {
                    let state = chroot["state"].as_str().unwrap();
                    let build_id = chroot["build_id"].as_u64().unwrap();
                    (chroot_name.as_str(), state, build_id, chroot["pkg_version"].as_str())
                });
                monitor = monitor.package(&name, chroots);
            }
            let made: Value = serde_json::from_str(&monitor.json()).unwrap();
            assert_eq!(made, recorded);
        }
    }

    #[test]
    fn packages_are_sorted_and_chroots_are_not() {
        let made = Monitor::new("alice/demo")
            .package("beta", [("z", "running", 2, Some("1-1")), ("a", "odd", 2, Some("1-1"))])
            .package("alpha", [])
            .json();
        let places = ["\"alpha\"", "\"beta\"", "\"z\"", "\"a\""].map(|text| made.find(text));
        assert!(places.is_sorted() && places[0].is_some(), "{made}");
        assert!(made.contains(r#""state": "odd", "status": null"#), "{made}");
    }
}
