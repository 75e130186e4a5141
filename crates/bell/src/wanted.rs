//! Which deliveries are worth getting back.

use wildmatch::WildMatch;

/// Patterns of events: `issues.*`, `push`, `!check_run`. One without an action means all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    only: Vec<WildMatch>,
    not: Vec<WildMatch>,
}

/// A pattern that is none.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no pattern of events, such as `issues.*`, `push` or `!check_run`")]
pub struct BadEvents(String);

impl Wanted {
    /// Reads a comma-separated list of patterns. Where all of them say what is not wanted, everything else is.
    ///
    /// # Errors
    /// When one of them has another form.
    pub fn parse(list: &str) -> Result<Self, BadEvents> {
        let (mut only, mut not) = (Vec::new(), Vec::new());
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (list, pattern) = match entry.strip_prefix('!') {
                Some(pattern) => (&mut not, pattern),
                None => (&mut only, entry),
            };
            let of_names = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.*?".contains(c);
            if pattern.is_empty() || !pattern.chars().all(of_names) {
                return Err(BadEvents(entry.to_owned()));
            }
            list.push(WildMatch::new(pattern));
        }
        Ok(Self { only, not })
    }

    /// Is a delivery of this event worth getting back?
    #[must_use]
    pub fn matches(&self, event: &str, action: Option<&str>) -> bool {
        let full = action.map(|action| format!("{event}.{action}"));
        let any = |patterns: &[WildMatch]| {
            let mut names = [Some(event), full.as_deref()].into_iter().flatten();
            names.any(|name| patterns.iter().any(|pattern| pattern.matches(name)))
        };
        !any(&self.not) && (self.only.is_empty() || any(&self.only))
    }
}

impl Default for Wanted {
    /// All but pings.
    fn default() -> Self {
        Self {
            only: Vec::new(),
            not: vec![WildMatch::new("ping")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_events_or_their_actions() {
        for (list, event, action, wanted) in [
            ("issues", "issues", Some("opened"), true),
            ("issues.*", "issues", Some("opened"), true),
            ("issues.opened", "issues", Some("opened"), true),
            ("issues.opened", "issues", Some("closed"), false),
            ("issues.*,push", "push", None, true),
            ("issues.*,push", "ping", None, false),
            ("!ping,!check_*", "push", None, true),
            ("!ping,!check_*", "check_run", Some("created"), false),
            ("issues,!issues.labeled", "issues", Some("labeled"), false),
            ("*", "ping", None, true),
        ] {
            let patterns = Wanted::parse(list).unwrap();
            assert_eq!(patterns.matches(event, action), wanted, "{list}: {event} {action:?}");
        }
        assert!(!Wanted::default().matches("ping", None) && Wanted::default().matches("push", None));
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        for bad in ["Issues", "issues opened", "!", "issues/opened"] {
            assert!(Wanted::parse(bad).unwrap_err().to_string().contains(bad));
        }
    }
}
