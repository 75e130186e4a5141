//! Parts of files that are written by a test, so that they say what the code or a measurement says.

use std::path::{Path, PathBuf};

pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares a file with what it should be; with `COPPERBELL_WRITE` set, makes it so.
pub fn is(name: &str, expected: &str) {
    let found = std::fs::read_to_string(file(name)).unwrap_or_default();
    if found != expected && std::env::var_os("COPPERBELL_WRITE").is_some() {
        std::fs::write(file(name), expected).unwrap();
        return;
    }
    assert!(
        found == expected,
        "{name} is not what it should be: see the head of this test's file"
    );
}

/// The same with what is between `<!-- name -->` and `<!-- /name -->` in README.md.
pub fn readme_has(name: &str, expected: &str) {
    let readme = std::fs::read_to_string(file("README.md")).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let (before, rest) = readme.split_once(&begin).expect("README.md has where it begins");
    let (_, after) = rest.split_once(&end).expect("README.md has where it ends");
    is("README.md", &format!("{before}{begin}{expected}{end}{after}"));
}
