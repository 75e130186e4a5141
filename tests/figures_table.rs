//! What README.md says of speed and costs is what `bench/run` measured last: `bench/results.json`.
//!
//! After a measurement, `COPPERBELL_WRITE=1 cargo test --workspace --test figures_table` writes it anew.

#![expect(unreachable_pub, reason = "a test is no library")]

mod written;

use serde_json::Value;

use written::{file, readme_has};

/// Who is compared, as the results and as readers call them.
const BESIDE: [(&str, &str); 4] = [
    ("copperbell", "Copperbell"),
    ("node", "Node 20"),
    ("python", "Python 3.11"),
    ("hello", "Rust that only says ok"),
];

fn results() -> Value {
    serde_json::from_str(&std::fs::read_to_string(file("bench/results.json")).unwrap()).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a figure is a number")
}

/// Two digits, and whole from 10 on.
fn short(value: f64) -> String {
    let with_commas = |whole: String| {
        let (thousands, rest) = whole.split_at(whole.len().saturating_sub(3));
        if thousands.is_empty() {
            rest.to_owned()
        } else {
            format!("{thousands},{rest}")
        }
    };
    match value {
        ..0.01 => format!("{value:.4}"),
        ..1.0 => format!("{value:.2}"),
        ..9.95 => format!("{value:.1}"),
        _ => with_commas(format!("{value:.0}")),
    }
}

fn row(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().collect();
    format!("| {} |\n", cells.join(" | "))
}

fn head(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().collect();
    let rule = "---|".repeat(cells.len());
    format!("{}|{rule}\n", row(cells))
}

fn speed(results: &Value) -> String {
    let lines = [
        ("cold start until it has rung, CPU ms", "webhook", "cold_cpu_ms"),
        ("first delivery after init, ms", "webhook", "first_ms"),
        ("the same at 128 MB", "webhook_at_128_mb", "first_ms"),
        ("each one after that, median ms", "webhook", "warm_p50_ms"),
        ("the same at 128 MB", "webhook_at_128_mb", "warm_p50_ms"),
        ("memory at most, MB", "webhook", "rss_mb"),
    ];
    let names = BESIDE.iter().map(|(_, name)| (*name).to_owned());
    let mut table = head([String::new()].into_iter().chain(names));
    for (what, part, figure) in lines {
        let figures = BESIDE.map(|(key, _)| short(number(&results[part][key]["median"][figure])));
        table += &row([what.to_owned()].into_iter().chain(figures));
    }
    table
}

fn costs(results: &Value) -> String {
    let months = results["months"].as_array().unwrap();
    let a_day = [("100", 100.0), ("10,000", 10_000.0), ("10,000,000", 10_000_000.0)];
    let month = |candidate: &str, events: f64| {
        let is_it =
            |month: &&Value| month["candidate"] == candidate && (number(&month["events_a_day"]) - events).abs() < 1.0;
        months.iter().find(is_it).expect("every month was computed")
    };
    let names = a_day.map(|(name, _)| format!("{name} a day"));
    let mut table = head(["USD a month".to_owned()].into_iter().chain(names));
    for (key, name) in &BESIDE[..3] {
        let usd = a_day.map(|(_, events)| short(number(&month(key, events)["lambda"])));
        table += &row([format!("Lambda, {name}")].into_iter().chain(usd));
    }
    let around = a_day.map(|(_, events)| short(number(&month("copperbell", events)["around"])));
    table + &row(["table and API, the same for all".to_owned()].into_iter().chain(around))
}

#[test]
fn the_readme_has_the_figures_that_were_measured() {
    let results = results();
    readme_has("figures", &format!("{}\n{}", speed(&results), costs(&results)));
}

#[test]
fn figures_are_as_long_as_they_are_sure() {
    let table = [
        (0.0009, "0.0009"),
        (0.09, "0.09"),
        (2.0462, "2.0"),
        (9.96, "10"),
        (370.5, "370"),
        (2512.5, "2,512"),
    ];
    for (value, expected) in table {
        assert_eq!(short(value), expected, "{value}");
    }
}
