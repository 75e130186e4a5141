//! Charts as SVG within a page: they take their colours from it, grow with it, and need no script.
//!
//! A plot is as wide as its place and [`HEIGHT`] pixels high, so its places are percent across and pixels down, and its
//! words keep their size. The words of the axes stand outside of it, in room that the page leaves.

use maud::{Markup, html};
use metrics::{Day, IssueReport, Measure, Trend, Week};

use super::ticks;
use super::words::{self, DAY, WEEK};

/// How high a plot is, in pixels.
const HEIGHT: i64 = 220;

/// The backlog shows what it was on so many days at most when one points at them; more would be too narrow to hit.
const SPOTS: usize = 120;

/// Above so many points, a line shows only those of its points that no line touches.
const DOTTED: usize = 32;

/// Two points that are no further apart are joined.
const JOINED_S: i64 = WEEK;

/// A place to draw in.
struct Plot {
    from_s: i64,
    to_s: i64,
    scale: Scale,
    /// Values on the vertical axis and their names, the least first.
    marks: Vec<(i64, String)>,
}

/// How values go up.
#[derive(Clone, Copy)]
enum Scale {
    /// From 0, as much as they are: for what is counted.
    Even,
    /// By how many times they are longer: minutes and months are to be seen side by side.
    Logarithmic,
}

impl Plot {
    /// Whole weeks from the first of which anything is known, so that all charts of a page have the same axis.
    fn new(report: &IssueReport, scale: Scale, marks: Vec<(i64, String)>) -> Self {
        let since_s = words::monday(report.asked.since_s);
        Self {
            from_s: report.weeks.first().map_or(since_s, |week| week.week_s),
            to_s: words::monday(report.asked.until_s.saturating_sub(1)).saturating_add(WEEK),
            scale,
            marks,
        }
    }

    /// Percent from the left.
    fn x(&self, at_s: i64) -> f64 {
        let whole = self.to_s.saturating_sub(self.from_s);
        100.0 * ratio(at_s.saturating_sub(self.from_s), whole).clamp(0.0, 1.0)
    }

    /// Pixels from above.
    fn y(&self, value: i64) -> f64 {
        let bottom = self.marks.first().map_or(0, |(value, _)| *value);
        let top = self.marks.last().map_or(1, |(value, _)| *value);
        let up = match self.scale {
            Scale::Even => ratio(value, top),
            Scale::Logarithmic => ratio(value.max(bottom), bottom).ln() / ratio(top, bottom).ln(),
        };
        ratio(HEIGHT, 1) * (1.0 - up.clamp(0.0, 1.0))
    }

    /// The chart: its axes, what is drawn, and over it the spots that say what was then.
    fn chart(&self, name: &str, title: &str, told: &str, drawn: &Markup, spots: &[Spot]) -> Markup {
        let dates = ticks::dates(self.from_s, self.to_s);
        html! {
            svg class="chart" role="img" aria-labelledby={ (name) "-title " (name) "-told" } width="100%" height=(HEIGHT) {
                title id={ (name) "-title" } { (title) }
                desc id={ (name) "-told" } { (told) }
                @for (value, mark) in &self.marks {
                    line class="grid" x1="0" x2="100%" y1=(px(self.y(*value))) y2=(px(self.y(*value))) {}
                    text class="mark" x="-10" y=(px(self.y(*value) + 4.0)) text-anchor="end" { (mark) }
                }
                @for (at, (second, mark)) in dates.iter().enumerate() {
                    @let x = self.x(*second);
                    line class="tick" x1=(percent(x)) x2=(percent(x)) y1=(HEIGHT) y2=(HEIGHT + 5) {}
                    text class={ "mark" @if at % 2 == 1 { " wide" } } x=(percent(x)) y=(HEIGHT + 21) text-anchor=(anchor(x)) {
                        (mark)
                    }
                }
                (drawn)
                @for spot in spots {
                    @let (left, right) = (self.x(spot.from_s), self.x(spot.to_s));
                    rect class="spot" x=(percent(left)) width=(percent(right - left)) y="0" height=(HEIGHT) {
                        title { (spot.told) }
                    }
                }
            }
        }
    }

    /// A line through points; those too far apart are not joined. A point that no line touches is a dot.
    fn line(&self, class: &str, points: &[(i64, i64)]) -> Markup {
        let joined = |at: usize| at > 0 && points[at].0.saturating_sub(points[at - 1].0) <= JOINED_S;
        let mut path = String::new();
        for (at, point) in points.iter().enumerate() {
            path += if joined(at) { "L" } else { "M" };
            path += &self.point(*point);
        }
        let alone = |at: usize| !joined(at) && (at + 1 == points.len() || !joined(at + 1));
        html! {
            (stretched(&html! { path class={ "line " (class) } d=(path) {} }))
            @for (at, point) in points.iter().enumerate() {
                @if points.len() <= DOTTED || alone(at) {
                    circle class={ "dot " (class) } cx=(percent(self.x(point.0))) cy=(px(self.y(point.1))) r="3" {}
                }
            }
        }
    }

    /// What is between a line and 0.
    fn area(&self, class: &str, points: &[(i64, i64)]) -> Markup {
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return html! {};
        };
        let corners = [&[(first.0, 0)], points, &[(last.0, 0)]].concat();
        let corners: Vec<_> = corners.into_iter().map(|corner| self.point(corner)).collect();
        let path = format!("M{}Z", corners.join("L"));
        stretched(&html! { path class={ "area " (class) } d=(path) {} })
    }

    fn point(&self, (at_s, value): (i64, i64)) -> String {
        format!("{:.2} {:.1}", self.x(at_s), self.y(value))
    }
}

/// What one reads when one points at a stretch of time.
struct Spot {
    from_s: i64,
    to_s: i64,
    told: String,
}

/// How many issues were open, day by day. Nothing without a day.
pub(crate) fn backlog(report: &IssueReport) -> Option<Markup> {
    let days = &report.days;
    let (first, last) = (days.first()?, days.last()?);
    let most = days.iter().max_by_key(|day| day.open)?;
    let marks = ticks::counts(most.open).into_iter();
    let plot = Plot::new(
        report,
        Scale::Even,
        marks.map(|count| (count, count.to_string())).collect(),
    );
    let end = |day: &Day| day.day_s.saturating_add(DAY).min(report.asked.until_s);
    let points: Vec<_> = days.iter().map(|day| (end(day), day.open)).collect();
    let together = days.len().div_ceil(SPOTS);
    let spots = days.chunks(together).filter_map(|days| {
        let (first, last) = (days.first()?, days.last()?);
        let (from_s, to_s) = (first.day_s, last.day_s.saturating_add(DAY));
        let (date, age) = (words::date(last.day_s), words::duration(last.mean_age_s));
        let told = format!("{date}: {} open, {age} old on the mean", last.open);
        Some(Spot { from_s, to_s, told })
    });
    let told = format!(
        "From {} open on {} to {} on {}; the most were {} on {}.",
        first.open,
        words::date(first.day_s),
        last.open,
        words::date(last.day_s),
        most.open,
        words::date(most.day_s)
    );
    let drawn = html! {
        (plot.area("backlog", &points))
        (plot.line("backlog", &points))
    };
    let spots: Vec<_> = spots.collect();
    Some(plot.chart("backlog", "Open issues, day by day", &told, &drawn, &spots))
}

/// How many issues were opened and closed, week by week. Nothing without a week.
pub(crate) fn flow(report: &IssueReport) -> Option<Markup> {
    let weeks = &report.weeks;
    let (first, last) = (weeks.first()?, weeks.last()?);
    let most = weeks.iter().map(|week| week.opened.max(week.closed)).max()?;
    let marks = ticks::counts(most).into_iter();
    let plot = Plot::new(
        report,
        Scale::Even,
        marks.map(|count| (count, count.to_string())).collect(),
    );
    // Of a week, a tenth is free on each side.
    let bar = |class: &str, week: &Week, from: i64, value: i64| {
        let (left, right) = (week.week_s + from * WEEK / 10, week.week_s + (from + 4) * WEEK / 10);
        let (left, right, top) = (plot.x(left), plot.x(right), plot.y(value));
        html! {
            rect class={ "bar " (class) } x=(percent(left)) width=(percent(right - left)) y=(px(top))
                height=(px(plot.y(0) - top)) {}
        }
    };
    let drawn = html! {
        @for week in weeks {
            (bar("opened", week, 1, week.opened))
            (bar("closed", week, 5, week.closed))
        }
    };
    let spots = weeks.iter().map(|week| Spot {
        from_s: week.week_s,
        to_s: week.week_s + WEEK,
        told: format!("{}: {} new, {} closed", week_of(week.week_s), week.opened, week.closed),
    });
    let (opened, closed) = weeks.iter().fold((0, 0), |(opened, closed), week| {
        (opened + week.opened, closed + week.closed)
    });
    let told = format!(
        "{opened} new and {closed} closed from the week of {} to that of {}; at most {most} in a week.",
        words::date(first.week_s),
        words::date(last.week_s)
    );
    let spots: Vec<_> = spots.collect();
    Some(plot.chart("flow", "New and closed issues, week by week", &told, &drawn, &spots))
}

/// How long issues took, week by week. Nothing where nothing was measured.
pub(crate) fn times(report: &IssueReport, measure: Measure, name: &str) -> Option<Markup> {
    let trends = report.trends.iter().filter(|trend| trend.measure == measure);
    let mut trends: Vec<&Trend> = trends.collect();
    trends.sort_by_key(|trend| trend.week_s);
    let (first, last) = (trends.first()?, trends.last()?);
    let times = || trends.iter().flat_map(|trend| [trend.p50_s, trend.p90_s]);
    let marks = ticks::durations(times().min()?, times().max()?).into_iter();
    let plot = Plot::new(
        report,
        Scale::Logarithmic,
        marks.map(|mark| (mark, words::duration(mark))).collect(),
    );
    let middle = |trend: &Trend| trend.week_s + WEEK / 2;
    let half: Vec<_> = trends.iter().map(|trend| (middle(trend), trend.p50_s)).collect();
    let nine: Vec<_> = trends.iter().map(|trend| (middle(trend), trend.p90_s)).collect();
    let drawn = html! { (plot.line("p90", &nine)) (plot.line("p50", &half)) };
    let within = |trend: &Trend| {
        let (half, nine) = (words::duration(trend.p50_s), words::duration(trend.p90_s));
        format!("half within {half}, nine of ten within {nine}, of {}", trend.n)
    };
    let spots = trends.iter().map(|trend| Spot {
        from_s: trend.week_s,
        to_s: trend.week_s + WEEK,
        told: format!("{}: {}", week_of(trend.week_s), within(trend)),
    });
    let spots: Vec<_> = spots.collect();
    let told = format!(
        "{}: {}. {}: {}.",
        week_of(first.week_s),
        within(first),
        week_of(last.week_s),
        within(last)
    );
    let title = format!("Time to {}, week by week", words::measure(measure));
    Some(plot.chart(name, &title, &told, &drawn, &spots))
}

fn week_of(week_s: i64) -> String {
    format!("Week of {}", words::date(week_s))
}

/// Shapes in percent across and pixels down, drawn as wide as the plot; lines keep their width.
fn stretched(shapes: &Markup) -> Markup {
    html! {
        svg class="plot" viewBox={ "0 0 100 " (HEIGHT) } preserveAspectRatio="none" width="100%" height=(HEIGHT) { (shapes) }
    }
}

/// Words at an edge stay within the plot.
fn anchor(x: f64) -> &'static str {
    match x {
        ..4.0 => "start",
        96.0.. => "end",
        _ => "middle",
    }
}

fn percent(x: f64) -> String {
    format!("{x:.2}%")
}

fn px(y: f64) -> String {
    format!("{y:.1}")
}

#[expect(clippy::cast_precision_loss, reason = "a pixel is coarser than what is lost")]
fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole.max(1) as f64
}
