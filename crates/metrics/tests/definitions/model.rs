//! Random histories, told in any order and several times, against a reckoning that is too simple to be wrong.

use std::collections::BTreeMap;

use copperbell_metrics::{Day, Figure, Group, IssueRecord, Measure, Week};
use fastrand::Rng;

use crate::story::{DAY, Issue, NOW, START, all, from_history, report};

const WEEK: i64 = 7 * DAY;
const LABELS: [&str; 2] = ["bug", "docs"];

/// What became of one issue, in seconds after the start.
#[derive(Debug, Default)]
struct Truth {
    created: i64,
    responded: Option<i64>,
    closes: Vec<i64>,
    reason: Option<&'static str>,
    /// From when to when it was open; the last is open-ended if it is open.
    spells: Vec<(i64, Option<i64>)>,
    left: bool,
    /// How long it was open with each label.
    in_label: BTreeMap<&'static str, i64>,
}

impl Truth {
    fn is_open(&self) -> bool {
        self.spells.last().is_some_and(|(_, to)| to.is_none())
    }

    fn last_close(&self) -> Option<i64> {
        let closed = !self.left && !self.is_open();
        self.closes.last().copied().filter(|_| closed)
    }
}

/// Makes up an issue and reckons along.
fn made_up(rng: &mut Rng, number: i64) -> (Issue, Truth) {
    let created = rng.i64(0..20 * DAY);
    let mut truth = Truth {
        created,
        spells: vec![(created, None)],
        ..Truth::default()
    };
    let mut issue = Issue::opened(number, created);
    let mut worn: Vec<&str> = Vec::new();
    let mut at = created;
    let mut deletable: Option<i64> = None;
    let mut first_by_bob: Vec<i64> = Vec::new();
    for _ in 0..rng.usize(0..14) {
        let before = at;
        at += if rng.bool() {
            rng.i64(1..15)
        } else {
            rng.i64(1..4 * DAY)
        };
        if truth.is_open() {
            for label in &worn {
                *truth.in_label.entry(label).or_default() += at - before;
            }
        }
        issue = match rng.usize(0..9) {
            0 => issue.comment(at, "alice"),
            1 => issue.comment(at, "ci[bot]"),
            2 => issue.comment_of_nobody(at),
            3 => {
                first_by_bob.push(at);
                deletable = Some(at);
                issue.comment(at, "bob")
            }
            4 => match deletable.take() {
                Some(made) => {
                    first_by_bob.retain(|comment| *comment != made);
                    issue.comment_deleted(made, at)
                }
                None => issue.event("pinned", at),
            },
            5 | 6 if truth.is_open() => {
                let reason = [Some("completed"), Some("not_planned"), Some("duplicate"), None][rng.usize(0..4)];
                truth.reason = reason;
                truth.closes.push(at);
                truth.spells.last_mut().unwrap().1 = Some(at);
                issue.closed_as(at, reason)
            }
            5 | 6 => {
                truth.spells.push((at, None));
                issue.reopened(at)
            }
            _ => {
                let label = LABELS[rng.usize(0..2)];
                if let Some(place) = worn.iter().position(|other| *other == label) {
                    worn.remove(place);
                    issue.unlabeled(label, at)
                } else {
                    worn.push(label);
                    issue.labeled(label, at)
                }
            }
        };
    }
    if rng.usize(0..8) == 0 {
        let before = at;
        at += rng.i64(1..DAY);
        if truth.is_open() {
            for label in &worn {
                *truth.in_label.entry(label).or_default() += at - before;
            }
            truth.spells.last_mut().unwrap().1 = Some(at);
        }
        truth.left = true;
        issue = issue.event(["deleted", "transferred"][rng.usize(0..2)], at);
    } else if truth.is_open() {
        for label in &worn {
            *truth.in_label.entry(label).or_default() += NOW - at;
        }
    }
    truth.responded = first_by_bob.first().copied();
    (issue, truth)
}

/// Tells some of it again: sent again, under another name, or by a backfill; and all in any order.
fn told(rng: &mut Rng, issues: &[Issue]) -> Vec<IssueRecord> {
    let mut rows = Vec::new();
    for (place, row) in issues.iter().flat_map(|issue| &issue.rows).enumerate() {
        let mut again = row.clone();
        again.received_s += rng.i64(0..DAY);
        match rng.usize(0..4) {
            0 => rows.push(again),
            1 => {
                again.delivery_id = format!("replay-{place}");
                rows.push(again);
            }
            2 => rows.push(from_history(row, rng.i64(-3..4))),
            _ => {}
        }
        rows.push(row.clone());
    }
    rng.shuffle(&mut rows);
    rows
}

fn figure(measure: Measure, group: Option<&str>, mut times: Vec<i64>) -> Option<Figure> {
    times.sort_unstable();
    let n = times.len();
    let rank = |tenths: usize| times[(n * tenths).div_ceil(10) - 1];
    let count = i64::try_from(n).unwrap();
    (n > 0).then(|| Figure {
        measure,
        group: group.map(str::to_owned),
        n: count,
        mean_s: times.iter().sum::<i64>() / count,
        p50_s: rank(5),
        p90_s: rank(9),
    })
}

fn figures(truths: &[Truth]) -> Vec<Figure> {
    let close = |truth: &Truth, reason: &str| {
        let is_so = truth.reason.unwrap_or("completed") == reason;
        truth.last_close().filter(|_| is_so).map(|at| at - truth.created)
    };
    let open = |truth: &Truth| {
        let spells = truth.spells.iter().filter_map(|(from, to)| Some((*to)? - from));
        truth.last_close().map(|_| spells.sum())
    };
    let of =
        |measure, time: &dyn Fn(&Truth) -> Option<i64>| figure(measure, None, truths.iter().filter_map(time).collect());
    let all = [
        of(Measure::FirstResponse, &|truth| Some(truth.responded? - truth.created)),
        of(Measure::Close, &|truth| close(truth, "completed")),
        of(Measure::CloseNotPlanned, &|truth| close(truth, "not_planned")),
        of(Measure::CloseDuplicate, &|truth| close(truth, "duplicate")),
        of(Measure::FirstClose, &|truth| {
            Some(truth.closes.first()? - truth.created)
        }),
        of(Measure::Open, &open),
        of(Measure::Age, &|truth| truth.is_open().then_some(NOW - truth.created)),
    ];
    all.into_iter().flatten().collect()
}

fn in_label(truths: &[Truth]) -> Vec<Figure> {
    let of = |label: &'static str| {
        let times = truths.iter().filter_map(|truth| truth.in_label.get(label).copied());
        figure(Measure::Open, Some(label), times.filter(|time| *time > 0).collect())
    };
    LABELS.into_iter().filter_map(of).collect()
}

fn count(truths: &[Truth], is_so: impl Fn(&Truth) -> bool) -> i64 {
    i64::try_from(truths.iter().filter(|truth| is_so(truth)).count()).unwrap()
}

fn days(truths: &[Truth]) -> Vec<Day> {
    let first = truths.iter().map(|truth| truth.created / DAY).min().unwrap();
    let day = |day: i64| {
        let end = (day + 1) * DAY;
        // What begins at an end belongs to the next day, and what ends at it has not ended.
        let is_open = |truth: &&Truth| {
            let mut spells = truth.spells.iter();
            spells.any(|(from, to)| *from < end && to.is_none_or(|to| to >= end))
        };
        let open: Vec<_> = truths.iter().filter(is_open).collect();
        let n = i64::try_from(open.len()).unwrap();
        let ages: i64 = open.iter().map(|truth| end - truth.created).sum();
        Day {
            day_s: START + day * DAY,
            open: n,
            mean_age_s: if n == 0 { 0 } else { ages / n },
        }
    };
    (first..NOW / DAY).map(day).collect()
}

fn weeks(truths: &[Truth]) -> Vec<Week> {
    let first = truths.iter().map(|truth| truth.created / WEEK).min().unwrap();
    let week = |week: i64| Week {
        week_s: START + week * WEEK,
        opened: count(truths, |truth| truth.created / WEEK == week),
        closed: count(truths, |truth| truth.last_close().is_some_and(|at| at / WEEK == week)),
    };
    (first..=(NOW - 1) / WEEK).map(week).collect()
}

#[tokio::test]
async fn any_history_told_anyhow_gives_what_a_simple_reckoning_gives() {
    for seed in 0..30 {
        let mut rng = Rng::with_seed(seed);
        let made_up = (1..20).map(|number| made_up(&mut rng, number));
        let (issues, truths): (Vec<_>, Vec<_>) = made_up.unzip();
        let mut report = report(&all(), &told(&mut rng, &issues)).await;
        report.figures.sort_by_key(|figure| figure.measure);
        report.in_label.sort_by(|one, other| one.group.cmp(&other.group));
        assert_eq!(report.figures, figures(&truths), "seed {seed}");
        assert_eq!(report.in_label, in_label(&truths), "seed {seed}");
        assert_eq!(report.days, days(&truths), "seed {seed}");
        assert_eq!(report.weeks, weeks(&truths), "seed {seed}");
        let group = Group {
            group: None,
            opened: count(&truths, |_| true),
            closed: count(&truths, |truth| truth.last_close().is_some()),
            reopened: count(&truths, |truth| truth.last_close().is_some() && truth.closes.len() > 1),
            open: count(&truths, Truth::is_open),
        };
        assert_eq!(report.groups, [group], "seed {seed}");
    }
}
