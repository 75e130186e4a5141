//! What a Copr instance (project `alice/demo`, four chroots) really answered, byte for byte.
//!
//! Beside each monitor body in `data/copr/` lies a `.meta.json` with the request, the status and the headers.

/// One package, one build, nothing built yet: versions are null.
pub const WAITING: &[u8] = include_bytes!("../data/copr/02-waiting.json");

/// Chroots starting, running and pending; only a running one has a log.
pub const STARTING_RUNNING: &[u8] = include_bytes!("../data/copr/04-starting-running.json");

/// Four packages: `alpha` is well, `beta` fails in two chroots, `gamma-libs` has a broken source package,
/// `python-delta` is skipped in one chroot.
pub const MIXED_FAILED: &[u8] = include_bytes!("../data/copr/05-mixed-failed.json");

/// The same with build logs.
pub const MIXED_FAILED_ALL_FIELDS: &[u8] = include_bytes!("../data/copr/06-mixed-failed-all-fields.json");

/// The same while one failing chroot of `beta` is built anew: its failure is no longer seen, its place has moved.
pub const REBUILD_WAITING_HIDES_FAILED: &[u8] = include_bytes!("../data/copr/07-rebuild-waiting-hides-failed.json");

/// The same after that build succeeded: `beta` fails in one chroot.
pub const ONE_CHROOT_RECOVERED: &[u8] = include_bytes!("../data/copr/09-one-chroot-recovered.json");

/// `@demo/grp`: one package that fails everywhere, with build logs.
pub const GROUP_PROJECT: &[u8] = include_bytes!("../data/copr/20-group-project.json");

/// A server error in the middle of a stream: status 200, and the JSON just ends after 199 packages.
pub const TRUNCATED_STREAM: &[u8] = include_bytes!("../data/copr/50-truncated-stream.json");

/// 404 for `alice/nope`.
pub const UNKNOWN_PROJECT: &[u8] = include_bytes!("../data/copr/90-unknown-project.json");

/// 404 for `@nogroup/demo`.
pub const UNKNOWN_GROUP: &[u8] = include_bytes!("../data/copr/92-unknown-group.json");

/// 400 for the additional field `wrong1`.
pub const BAD_FIELD: &[u8] = include_bytes!("../data/copr/94-bad-field.json");

/// The chroots of build 5, as `{"path", "status", "body"}`.
pub const BUILD_CHROOTS: &[u8] = include_bytes!("../data/copr/other-0.json");

/// Build 5, as `{"path", "status", "body"}`.
pub const BUILD: &[u8] = include_bytes!("../data/copr/other-1.json");

/// A 500 of Copr's own, as `{"path", "status", "body"}`.
pub const INTERNAL_ERROR: &[u8] = include_bytes!("../data/copr/other-2.json");

/// 404 for build 99999, as `{"path", "status", "body"}`.
pub const UNKNOWN_BUILD: &[u8] = include_bytes!("../data/copr/other-7.json");
