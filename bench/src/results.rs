//! Medians, what they must be, and the files that show them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::session::Session;

/// All sessions of one candidate.
#[derive(Clone, Default, Serialize)]
pub(crate) struct Figures {
    /// Median of each figure: ms, MB, counts.
    pub(crate) median: BTreeMap<&'static str, f64>,
    /// The quarter of the sessions that was best ended here, and the worst quarter began here.
    pub(crate) quartiles: BTreeMap<&'static str, [f64; 2]>,
    pub(crate) sessions: usize,
    /// What it asks for, in order: at init, for the first event, and for one after that.
    pub(crate) calls: BTreeMap<&'static str, Vec<String>>,
}

impl Figures {
    /// Of sessions, none of which is left out.
    pub(crate) fn of(sessions: &[Session]) -> Self {
        let mut all: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
        for session in sessions {
            for (name, value) in &session.figures {
                all.entry(name).or_default().push(*value);
            }
        }
        let mut figures = Self {
            sessions: sessions.len(),
            ..Self::default()
        };
        for (name, mut values) in all {
            figures
                .quartiles
                .insert(name, [quantile(&mut values, 0.25), quantile(&mut values, 0.75)]);
            figures.median.insert(name, quantile(&mut values, 0.5));
        }
        let mut warm: Vec<f64> = sessions
            .iter()
            .flat_map(|session| session.warm.iter().copied())
            .collect();
        if !warm.is_empty() {
            figures.median.insert("warm_p50_ms", quantile(&mut warm, 0.5));
            figures.median.insert("warm_p99_ms", quantile(&mut warm, 0.99));
        }
        if let Some(session) = sessions.last() {
            let per_event = session.warm_calls.calls.len() / session.warm.len().max(1);
            let warm = session.warm_calls.calls.iter().take(per_event).cloned().collect();
            figures.calls = BTreeMap::from([
                ("init", session.init_calls.calls.clone()),
                ("first", session.first_calls.calls.clone()),
                ("warm", warm),
            ]);
        }
        figures
    }

    /// A median; not a number where it was not measured.
    pub(crate) fn get(&self, name: &str) -> f64 {
        self.median.get(name).copied().unwrap_or(f64::NAN)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place among some thousand values"
)]
fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len().saturating_sub(1)) as f64 * share;
    values.get(place.round() as usize).copied().unwrap_or(f64::NAN)
}

/// Something that must hold.
#[derive(Serialize)]
pub(crate) struct Promise {
    pub(crate) what: String,
    pub(crate) measured: f64,
    /// At most this, or at least.
    pub(crate) limit: f64,
    pub(crate) at_least: bool,
    pub(crate) kept: bool,
}

impl Promise {
    pub(crate) fn at_most(what: &str, measured: f64, limit: f64) -> Self {
        let kept = measured <= limit;
        Self {
            what: what.to_owned(),
            measured,
            limit,
            at_least: false,
            kept,
        }
    }

    pub(crate) fn at_least(what: &str, measured: f64, limit: f64) -> Self {
        let kept = measured >= limit;
        Self {
            what: what.to_owned(),
            measured,
            limit,
            at_least: true,
            kept,
        }
    }
}

/// A table of Markdown.
pub(crate) fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// A number as people read it: two or three digits that count.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => "–".to_owned(),
        0.0 => "0".to_owned(),
        size if size < 1.0 => format!("{value:.2}"),
        size if size < 10.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let mut values = vec![5.0, 1.0, 4.0, 2.0, 3.0];
        assert!((quantile(&mut values, 0.5) - 3.0).abs() < 1e-9);
        assert!((quantile(&mut values, 0.99) - 5.0).abs() < 1e-9);
        assert!(quantile(&mut [], 0.5).is_nan());
    }
}
