//! What came of it all: `results.json` for machines and `results.md` for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde::Serialize;
use serde_json::Value;

use crate::candidate::Candidate;
use crate::cost::{Month, Units, months_table};
use crate::results::{Promise, short, table};
use crate::session::{count, mb};
use crate::{AllFigures, Places};

/// Who is measured.
const OURS: &str = "copperbell";

/// Everything.
#[derive(Serialize)]
pub(crate) struct Report {
    machine: BTreeMap<&'static str, String>,
    webhook: AllFigures,
    webhook_at_128_mb: AllFigures,
    quiet_pass: AllFigures,
    /// Bytes of what is deployed: as it is, and zipped.
    sizes: BTreeMap<String, [u64; 2]>,
    promises: Vec<Promise>,
    months: Vec<Month>,
    /// What `benches/micro.rs` and the tests of scale found.
    beside: BTreeMap<String, Value>,
    #[serde(skip)]
    out: std::path::PathBuf,
}

impl Report {
    pub(crate) fn new(
        webhook: AllFigures,
        held: AllFigures,
        quiet: AllFigures,
        webhooks: &[Candidate],
        watches: &[Candidate],
        places: &Places,
    ) -> anyhow::Result<Self> {
        let mut sizes = BTreeMap::new();
        for (job, candidates) in [("webhook", webhooks), ("watch", watches)] {
            for candidate in candidates {
                sizes.insert(
                    format!("{job}, {}", candidate.name),
                    size(&candidate.artifact, &places.peers)?,
                );
            }
        }
        let mut beside = BTreeMap::new();
        for name in ["micro", "redelivery"] {
            let text = std::fs::read_to_string(places.peers.join(format!("{name}.json")));
            if let Some(value) = text.ok().and_then(|text| serde_json::from_str(&text).ok()) {
                beside.insert(name.to_owned(), value);
            }
        }
        let mut promises = same_calls(&webhook);
        promises.extend(of_webhook(&webhook, &held));
        promises.extend(of_pass(&quiet));
        let binary = sizes["webhook, copperbell"][0];
        promises.push(Promise::at_most("webhook: stripped binary, MB", mb(binary), 4.8));
        promises.extend(of_micro(beside.get("micro")));
        let months = months(&webhook, &held);
        Ok(Self {
            machine: machine(),
            webhook,
            webhook_at_128_mb: held,
            quiet_pass: quiet,
            sizes,
            promises,
            months,
            beside,
            out: places.out.clone(),
        })
    }

    /// Writes both files, and shows the second.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        std::fs::write(
            self.out.join("results.json"),
            serde_json::to_string_pretty(self)? + "\n",
        )?;
        let text = self.markdown();
        std::fs::write(self.out.join("results.md"), &text)?;
        println!("{text}");
        Ok(())
    }

    fn markdown(&self) -> String {
        let mut text = String::from("<!-- Written by bench/run. -->\n\n");
        for (name, value) in &self.machine {
            let _ = writeln!(text, "- {name}: {value}");
        }
        text.push_str("\n## One delivery, verified, accepted and rung\n\n");
        text.push_str(&self.webhooks());
        text.push_str("\n## One quiet pass over one project and one hook\n\n");
        let columns = [
            "init_ms",
            "init_cpu_ms",
            "first_ms",
            "first_cpu_ms",
            "cold_cpu_ms",
            "rss_mb",
            "first_handshakes",
        ];
        let head = [
            "",
            "init ms",
            "CPU",
            "pass ms",
            "CPU",
            "CPU in all",
            "RSS MB",
            "handshakes in the pass",
        ];
        let rows = self
            .quiet_pass
            .iter()
            .map(|(name, figures)| row(name, columns.map(|column| figures.get(column))));
        text.push_str(&table(&head, rows));
        text.push_str("\n## Sizes\n\n");
        let rows = self.sizes.iter();
        let rows = rows.map(|(name, [bytes, zipped])| {
            vec![
                name.clone(),
                format!("{:.2}", mb(*bytes)),
                format!("{:.2}", mb(*zipped)),
            ]
        });
        text.push_str(&table(&["", "MB", "zipped"], rows));
        text.push_str("\n## What must hold\n\n");
        let rows = self.promises.iter().map(|promise| {
            let sign = if promise.at_least { "≥" } else { "≤" };
            vec![
                promise.what.clone(),
                precise(promise.measured),
                format!("{sign} {}", precise(promise.limit)),
                if promise.kept { "yes" } else { "**no**" }.to_owned(),
            ]
        });
        text.push_str(&table(&["", "measured", "limit", "holds"], rows));
        text.push_str("\n## A month at 128 MB\n\n");
        text.push_str(&months_table(&self.months));
        for (name, value) in &self.beside {
            let _ = writeln!(text, "\n## {name}\n");
            let rows = value.as_object().into_iter().flatten();
            text.push_str(&table(
                &["", ""],
                rows.map(|(name, value)| {
                    let value = value.as_f64().map_or_else(|| value.to_string(), short);
                    vec![name.clone(), value]
                }),
            ));
        }
        text
    }

    fn webhooks(&self) -> String {
        let columns = [
            "init_ms",
            "init_cpu_ms",
            "first_ms",
            "first_cpu_ms",
            "cold_cpu_ms",
            "warm_p50_ms",
            "warm_p99_ms",
            "warm_cpu_ms",
            "rss_mb",
        ];
        let titles = [
            "",
            "init ms",
            "CPU",
            "first ms",
            "CPU",
            "CPU in all",
            "warm p50 ms",
            "p99",
            "CPU",
            "RSS MB",
            "first ms at 128 MB",
            "warm p50 ms at 128 MB",
        ];
        let rows = self.webhook.iter().map(|(name, figures)| {
            let throttled = self.webhook_at_128_mb.get(name);
            let mut cells = row(name, columns.map(|column| figures.get(column)));
            let of = |column| throttled.map_or(f64::NAN, |throttled| throttled.get(column));
            cells.extend(["first_ms", "warm_p50_ms"].map(of).map(short));
            cells
        });
        table(&titles, rows)
    }
}

fn row<const N: usize>(name: &str, cells: [f64; N]) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(cells.map(short)).collect()
}

fn precise(value: f64) -> String {
    match value.abs() {
        size if size < 1.0 => format!("{value:.4}"),
        _ => format!("{value:.2}"),
    }
}

/// What our figure is of another's.
fn ratio(figures: &AllFigures, name: &str, other: &str) -> f64 {
    let of = |candidate: &str| figures.get(candidate).map_or(f64::NAN, |figures| figures.get(name));
    of(OURS) / of(other)
}

/// Peers make the calls that we make, whatever their order; what we ask only to open a connection is not counted.
fn same_calls(webhook: &AllFigures) -> Vec<Promise> {
    let sorted = |candidate: &str| {
        let calls = webhook.get(candidate).and_then(|figures| figures.calls.get("warm"));
        let mut calls = calls.cloned().unwrap_or_default();
        calls.sort_unstable();
        calls
    };
    let peers = ["node", "node, secret at init", "python"];
    let other = peers.iter().filter(|peer| sorted(peer) != sorted(OURS));
    vec![Promise::at_most(
        "webhook: peers that make other calls than we do",
        count(other.count()),
        0.0,
    )]
}

fn of_webhook(full: &AllFigures, held: &AllFigures) -> Vec<Promise> {
    let ours = |name| full.get(OURS).map_or(f64::NAN, |figures| figures.get(name));
    let mut promises = vec![
        Promise::at_most(
            "webhook: CPU from spawn to rung, of hello's",
            ratio(full, "cold_cpu_ms", "hello"),
            5.0,
        ),
        Promise::at_most(
            "webhook: CPU from spawn to rung, of Node's",
            ratio(full, "cold_cpu_ms", "node"),
            1.0 / 40.0,
        ),
        Promise::at_most(
            "webhook: first invocation after init, of hello's",
            ratio(full, "first_ms", "hello"),
            8.0,
        ),
        Promise::at_most(
            "webhook: first invocation after init, of Node's",
            ratio(full, "first_ms", "node"),
            1.0 / 25.0,
        ),
        Promise::at_most(
            "webhook: TLS handshakes in the first invocation",
            ours("first_handshakes"),
            0.0,
        ),
        Promise::at_most(
            "webhook: warm p50, of Node's",
            ratio(full, "warm_p50_ms", "node"),
            1.0 / 6.0,
        ),
        Promise::at_most("webhook: peak RSS, MB", ours("rss_mb"), 8.0),
        Promise::at_most("webhook: peak RSS, of Node's", ratio(full, "rss_mb", "node"), 0.1),
    ];
    if !held.is_empty() {
        let measured = ratio(held, "first_ms", "node");
        promises.push(Promise::at_most(
            "webhook at 128 MB: first invocation after init, of Node's",
            measured,
            1.0 / 150.0,
        ));
    }
    promises
}

fn of_pass(quiet: &AllFigures) -> Vec<Promise> {
    let measured = ratio(quiet, "cold_cpu_ms", "node");
    vec![Promise::at_most(
        "watch: CPU of a quiet pass, of Node's",
        measured,
        1.0 / 30.0,
    )]
}

fn of_micro(micro: Option<&Value>) -> Vec<Promise> {
    let Some(micro) = micro else {
        return Vec::new();
    };
    let of = |name: &str| micro[name].as_f64().unwrap_or(f64::NAN);
    vec![
        Promise::at_least(
            "signature check at 25 MB, of the bare hash's speed",
            of("signature at 25 MB, of the bare hash's speed"),
            0.9,
        ),
        Promise::at_most(
            "monitor of 400,000 chroots: MB above idle",
            of("monitor, MB above idle"),
            16.0,
        ),
        Promise::at_most(
            "monitor of 400,000 chroots: time, of Node's JSON.parse",
            of("monitor, time of Node's JSON.parse"),
            1.0,
        ),
    ]
}

fn months(full: &AllFigures, held: &AllFigures) -> Vec<Month> {
    let mut months = Vec::new();
    for events in [100.0, 10_000.0, 10_000_000.0] {
        for name in [OURS, "node", "python"] {
            let (Some(of_full), Some(of_held)) = (full.get(name), held.get(name)) else {
                continue;
            };
            months.push(Month::of(
                name,
                of_full,
                of_held,
                units(&full[OURS].calls["warm"]),
                events,
            ));
        }
    }
    months
}

/// Of the calls of one event, whose items are all below 1 KB: a transaction's writes count double, and a strongly consistent
/// read is one unit.
fn units(calls: &[String]) -> Units {
    let mut units = Units {
        writes: 0.0,
        reads: 0.0,
    };
    for call in calls {
        match call.as_str() {
            "dynamodb.TransactWriteItems" => units.writes += 4.0 * 2.0,
            "dynamodb.UpdateItem" | "dynamodb.BatchWriteItem" | "dynamodb.PutItem" => units.writes += 1.0,
            "dynamodb.BatchGetItem" => units.reads += 3.0,
            "dynamodb.GetItem" | "dynamodb.Query" => units.reads += 1.0,
            _ => {}
        }
    }
    units
}

fn machine() -> BTreeMap<&'static str, String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let cpu = cpus.lines().find_map(|line| line.strip_prefix("model name"));
    // Not those that this process may run on, which is one.
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        output
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
            .unwrap_or_default()
    };
    BTreeMap::from([
        (
            "processor",
            format!(
                "{} × {cores}",
                cpu.unwrap_or_default().trim_start_matches([' ', '\t', ':'])
            ),
        ),
        ("kernel", read("/proc/sys/kernel/osrelease").trim().to_owned()),
        ("node", said("node", "--version")),
        ("python", said("python3", "--version")),
        ("rustc", said("rustc", "--version")),
        ("load before", read("/proc/loadavg").trim().to_owned()),
    ])
}

/// Bytes of a file, and of it zipped.
fn size(artifact: &Path, home: &Path) -> anyhow::Result<[u64; 2]> {
    let zipped = home.join("size.zip");
    let _ = std::fs::remove_file(&zipped);
    let zip = Command::new("zip")
        .args(["-q", "-9", "-j"])
        .arg(&zipped)
        .arg(artifact)
        .status();
    let zipped = if zip.is_ok_and(|status| status.success()) {
        std::fs::metadata(&zipped)?.len()
    } else {
        0
    };
    Ok([std::fs::metadata(artifact)?.len(), zipped])
}

impl Report {
    /// Does everything hold that must?
    pub(crate) fn holds(&self) -> bool {
        self.promises.iter().all(|promise| promise.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Figures;

    #[test]
    fn a_transaction_counts_double() {
        let calls = ["dynamodb.Query", "dynamodb.TransactWriteItems", "slack POST"].map(str::to_owned);
        let units = units(&calls);
        assert_eq!(format!("{units:?}"), "Units { writes: 8.0, reads: 1.0 }");
    }

    #[test]
    fn who_was_not_measured_keeps_no_promise() {
        let promise = Promise::at_most(
            "webhook",
            ratio(&BTreeMap::<_, Figures>::new(), "first_ms", "node"),
            1.0,
        );
        assert!(!promise.kept);
    }
}
