//! What a month on AWS costs, of the figures that were measured.

use serde::Serialize;

use crate::results::{Figures, short, table};

/// Prices in us-east-1, in USD, without any free tier, as listed since November 2024:
/// <https://aws.amazon.com/lambda/pricing/>, <https://aws.amazon.com/dynamodb/pricing/on-demand/>,
/// <https://aws.amazon.com/api-gateway/pricing/>.
const PER_GB_SECOND: f64 = 0.000_013_333_4; // arm64
const PER_INVOCATION: f64 = 0.20 / 1e6;
const PER_WRITE_UNIT: f64 = 0.625 / 1e6;
const PER_READ_UNIT: f64 = 0.125 / 1e6;
const PER_HTTP_API_CALL: f64 = 1.00 / 1e6;

/// The least memory that Lambda gives, in GB.
const MEMORY_GB: f64 = 0.125;

/// How long does an environment live without an event, in minutes? Nobody promises that; 5 to 15 were seen.
const IDLE_MINUTES: f64 = 7.0;

const DAYS: f64 = 30.0;

/// What an event costs that cannot be avoided by being fast.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Units {
    /// Of the table: a transaction's are double.
    pub(crate) writes: f64,
    pub(crate) reads: f64,
}

/// A month of one candidate, in USD.
#[derive(Serialize)]
pub(crate) struct Month {
    candidate: &'static str,
    events_a_day: f64,
    cold_share: f64,
    /// Processor and requests of Lambda's.
    lambda: f64,
    /// The table and the HTTP API, the same for all.
    around: f64,
}

/// With one environment that lives until it was idle for `IDLE_MINUTES`, events at random times.
fn cold_share(events_a_day: f64) -> f64 {
    (-events_a_day / (24.0 * 60.0) * IDLE_MINUTES).exp()
}

impl Month {
    /// Of figures at 128 MB: `full` has the init, which Lambda bills too and runs at full speed, `held` what comes after.
    pub(crate) fn of(candidate: &'static str, full: &Figures, held: &Figures, units: Units, events_a_day: f64) -> Self {
        let cold_share = cold_share(events_a_day);
        let cold = full.get("init_ms") + held.get("first_ms");
        // Lambda bills whole milliseconds.
        let ms = cold.ceil() * cold_share + held.get("warm_p50_ms").ceil() * (1.0 - cold_share);
        let events = events_a_day * DAYS;
        Self {
            candidate,
            events_a_day,
            cold_share,
            lambda: events * (ms / 1000.0 * MEMORY_GB * PER_GB_SECOND + PER_INVOCATION),
            around: events * (units.writes * PER_WRITE_UNIT + units.reads * PER_READ_UNIT + PER_HTTP_API_CALL),
        }
    }
}

/// The months, a row for each candidate.
pub(crate) fn months_table(months: &[Month]) -> String {
    let rows = months.iter().map(|month| {
        vec![
            month.candidate.to_owned(),
            format!("{:.0}", month.events_a_day),
            format!("{:.0} %", month.cold_share * 100.0),
            money(month.lambda),
            money(month.around),
        ]
    });
    table(
        &["", "events a day", "cold", "Lambda, USD a month", "table and HTTP API"],
        rows,
    )
}

fn money(usd: f64) -> String {
    if usd < 0.01 {
        format!("{usd:.4}")
    } else if usd < 10.0 {
        format!("{usd:.2}")
    } else {
        short(usd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_events_are_mostly_cold_and_many_never() {
        assert!(cold_share(100.0) > 0.6);
        assert!(cold_share(10_000.0) < 1e-9);
    }
}
