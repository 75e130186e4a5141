//! The house as it is built: which crate may lean on which.

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Every arrow between our crates, tests' own left out. Decisions (`bell`) know only data types; clients and state know
/// only the way out; the stand-ins and the engine are for the standalone binary and for tests.
const ARROWS: [(&str, &[&str]); 16] = [
    (
        "copperbell",
        &[
            "boot", "chat", "embedded", "github", "jobs", "metrics", "outbound", "state", "world",
        ],
    ),
    (
        "copperbell-watch",
        &["boot", "github", "jobs", "metrics", "outbound", "state"],
    ),
    (
        "copperbell-webhook",
        &["boot", "github", "jobs", "metrics", "outbound", "state"],
    ),
    ("boot", &["bell", "chat", "copr", "github", "outbound", "state"]),
    (
        "jobs",
        &["bell", "chat", "copr", "github", "metrics", "outbound", "state"],
    ),
    ("bell", &["chat", "copr", "github"]),
    ("chat", &["outbound"]),
    ("copr", &["outbound"]),
    ("github", &["outbound"]),
    ("state", &["outbound"]),
    ("metrics", &["github", "outbound"]),
    ("embedded", &["metrics", "outbound"]),
    ("world", &["embedded", "metrics"]),
    ("outbound", &[]),
    ("bench", &["world"]),
    ("bench-hello", &[]),
];

#[test]
fn every_arrow_between_crates_is_one_that_was_decided() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let decided: BTreeMap<_, _> = ARROWS.into_iter().collect();
    let room = |name: &str| match name {
        "copperbell" | "copperbell-watch" | "copperbell-webhook" => name.to_owned(),
        _ => name.trim_start_matches("copperbell-").to_owned(),
    };
    let mut found = BTreeMap::new();
    for package in &metadata.packages {
        let normal = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal);
        let mut ours: Vec<_> = normal
            .filter(|dependency| dependency.name.starts_with("copperbell"))
            .map(|dependency| room(&dependency.name))
            .collect();
        ours.sort_unstable();
        found.insert(room(&package.name), ours);
    }
    let decided: BTreeMap<String, Vec<String>> = decided
        .into_iter()
        .map(|(from, to)| (from.to_owned(), to.iter().map(|&to| to.to_owned()).collect()))
        .collect();
    assert_eq!(found, decided);
}

#[test]
fn nothing_in_a_lambda_brings_a_second_tls_or_http_stack_or_the_engine() {
    let metadata = MetadataCommand::new().exec().unwrap();
    let resolve = metadata.resolve.as_ref().unwrap();
    let lambdas = metadata.packages.iter();
    let lambdas = lambdas.filter(|package| package.manifest_path.as_str().contains("/functions/"));
    let mut reached: Vec<_> = lambdas.map(|lambda| lambda.id.clone()).collect();
    assert_eq!(reached.len(), 2);
    let mut at = 0;
    while let Some(id) = reached.get(at).cloned() {
        at += 1;
        let node = resolve.nodes.iter().find(|node| node.id == id).unwrap();
        for dependency in &node.deps {
            let normal = dependency
                .dep_kinds
                .iter()
                .any(|kind| kind.kind == DependencyKind::Normal);
            if normal && !reached.contains(&dependency.pkg) {
                reached.push(dependency.pkg.clone());
            }
        }
    }
    for package in metadata.packages.iter().filter(|package| reached.contains(&package.id)) {
        let name = package.name.as_str();
        let banned = [
            "aws-lc-rs",
            "aws-lc-sys",
            "openssl",
            "native-tls",
            "regex",
            "rusqlite",
            "copperbell-world",
        ];
        assert!(!banned.contains(&name), "{name}");
        assert!(
            name != "hyper" || package.version.major >= 1,
            "hyper {}",
            package.version
        );
    }
}
