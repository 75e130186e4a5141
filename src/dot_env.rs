//! The settings in `.env`, in the working directory.

use std::collections::HashMap;

use boot::SETTINGS;

use crate::bad_start::BadStart;

/// How many letters may a name differ from a setting's to be meant for it?
const SLIPS: usize = 2;

/// Reads them, if there are any. A name that is a setting's but for a slip is not passed over: what it was to set would
/// silently not be set. Others may be other programs'.
pub(crate) fn read() -> Result<HashMap<String, String>, BadStart> {
    let text = match std::fs::read_to_string(".env") {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => {
            let said =
                format!(".env: it cannot be read ({error}): let this user read it, or start in another directory");
            return Err(BadStart::new(&said));
        }
    };
    parse(&text).map_err(|said| BadStart::new(&said))
}

fn parse(text: &str) -> Result<HashMap<String, String>, String> {
    let mut settings = HashMap::new();
    for line in dotenvy::from_read_iter(text.as_bytes()) {
        let (name, value) = line.map_err(|error| unreadable(text, &error))?;
        if let Some(meant) = meant(&name) {
            return Err(format!(".env: {name} is no setting: is {meant} meant?"));
        }
        settings.insert(name, value);
    }
    Ok(settings)
}

/// Which line it is, and nothing of what it holds.
fn unreadable(text: &str, error: &dotenvy::Error) -> String {
    let line = match error {
        dotenvy::Error::LineParse(line, _) => text
            .lines()
            .position(|other| line.starts_with(other) && !other.is_empty()),
        _ => None,
    };
    let which = line.map_or_else(|| "a line".to_owned(), |at| format!("line {}", at + 1));
    format!(".env: {which} is not NAME=value: put a # before a comment, and quotes around a value with spaces")
}

/// The variables of the environment that are no settings, and the settings that are perhaps meant. A short name may be
/// any program's.
pub(crate) fn misspelt_in_environment() -> Vec<(String, &'static str)> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let long = names.filter(|name| name.contains('_'));
    long.filter_map(|name| meant(&name).map(|meant| (name, meant)))
        .collect()
}

/// The setting that is meant by a name that is none.
fn meant(name: &str) -> Option<&'static str> {
    let mut names = SETTINGS.iter().map(|setting| setting.name);
    if names.clone().any(|setting| setting == name) {
        return None;
    }
    names.find(|setting| {
        let slips = if setting.len() > 6 { SLIPS } else { 1 };
        strsim::osa_distance(&name.to_ascii_uppercase().replace('-', "_"), setting) <= slips
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slip_is_told_and_another_programs_is_not() {
        for (name, expected) in [
            ("COPR_PROJECTS", None),
            ("COPR_PROJECT", Some("COPR_PROJECTS")),
            ("copr_projects", Some("COPR_PROJECTS")),
            ("COPR-PROJECTS", Some("COPR_PROJECTS")),
            ("SECRET", Some("SECRETS")),
            ("LISTENS", Some("LISTEN")),
            ("GITHUB_HOOK", Some("GITHUB_HOOKS")),
            ("AWS_REGION", None),
            ("GITHUB_TOKEN", None),
            ("DATABASE_URL", None),
            ("PATH", None),
            ("HOME", None),
        ] {
            assert_eq!(meant(name), expected, "{name}");
        }
    }

    #[test]
    fn a_line_that_is_none_is_told_by_its_number_alone() {
        let error = parse("# one\nSTATE=a.db\n\nHUSH HUSH\n").unwrap_err();
        assert!(error.starts_with(".env: line 4 is not NAME=value"), "{error}");
        assert!(!error.contains("HUSH"), "{error}");
        assert_eq!(parse("STATE=\"a b.db\" # where\n").unwrap()["STATE"], "a b.db");
    }
}
