//! What people read of a report, and that nobody else writes it.

use metrics::{By, IssueReport, Measure};
use proptest::prelude::*;

use super::sample::{empty, small, with};
use super::{chart, csv, html, markdown, table};

fn page(report: &IssueReport) -> String {
    html::page(report, &report.figures)
}

fn csv_text(report: &IssueReport) -> String {
    String::from_utf8(csv::csv(report).unwrap()).unwrap()
}

/// The part of a page from one text to the next other.
fn part<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let start = page.find(from).unwrap();
    let end = page[start..].find(to).unwrap();
    &page[start..start + end]
}

#[test]
fn a_report_for_the_terminal_is_tables() {
    insta::assert_snapshot!(table::table(&small()), @"
    Issues of all repositories
    2026-10-19 to 2026-11-02 12:00 UTC, 15 days
    4 open now. This week 1 new and 0 closed, the week before 4 and 5.

    OPENED AND CLOSED BY REPOSITORY
     repository  opened  closed  closure ratio  reopened  open now
     acme/app         8       5           63 %         1         3
     acme/lib         0       1              –         0         0

    TIMES BY REPOSITORY
     time              repository  n   mean         p50    p90
     first response    acme/app    6    5 h  3 h 20 min    1 d
     close, completed  acme/app    4    3 d     1 d 4 h    9 d
     close, completed  acme/lib    1  200 d       200 d  200 d
     age of the open   acme/app    3   40 d         9 d  100 d

    TIME IN LABEL
     label       n  mean  p50  p90
     bug         4   2 d  1 d  5 d
     needs info  1   0 s  0 s  0 s

    OLDEST OPEN ISSUES
     issue        age    response          assignee  labels           title
     acme/app#12  100 d  after 3 h 20 min  alice     bug, needs info  Crash at start
     acme/app#40  1 min  none yet          –         –                –
    ");
}

#[test]
fn a_report_of_all_needs_no_groups_and_one_of_nothing_is_a_sentence() {
    let mut report = small();
    report.asked.by = By::All;
    report.groups.truncate(1);
    report.figures.truncate(1);
    report.in_label.clear();
    report.oldest.truncate(1);
    report.oldest[0].title = None;
    insta::assert_snapshot!(table::table(&report), @"
    Issues of all repositories
    2026-10-19 to 2026-11-02 12:00 UTC, 15 days
    4 open now. This week 1 new and 0 closed, the week before 4 and 5.

    OPENED AND CLOSED
     group  opened  closed  closure ratio  reopened  open now
     all         8       5           63 %         1         3

    TIMES
     time             n  mean  p50    p90
     age of the open  3  40 d  9 d  100 d

    OLDEST OPEN ISSUES
     issue        age    response          assignee  labels
     acme/app#12  100 d  after 3 h 20 min  alice     bug, needs info
    ");
    insta::assert_snapshot!(table::table(&empty()), @"
    Issues of all repositories
    2026-10-19 to 2026-11-02 12:00 UTC, 15 days

    No issue was opened, closed or answered in this time, and none is open.
    ");
}

#[test]
fn a_report_in_markdown_is_tables_with_links() {
    insta::assert_snapshot!(markdown::markdown(&small()), @"
    # Issues of all repositories

    2026-10-19 to 2026-11-02 12:00 UTC, 15 days

    4 open now. This week 1 new and 0 closed, the week before 4 and 5.

    ## Opened and closed by repository

    | repository | opened | closed | closure ratio | reopened | open now |
    | --- | ---: | ---: | ---: | ---: | ---: |
    | acme/app | 8 | 5 | 63 % | 1 | 3 |
    | acme/lib | 0 | 1 | – | 0 | 0 |

    ## Times by repository

    | time | repository | n | mean | p50 | p90 |
    | --- | --- | ---: | ---: | ---: | ---: |
    | first response | acme/app | 6 | 5 h | 3 h 20 min | 1 d |
    | close, completed | acme/app | 4 | 3 d | 1 d 4 h | 9 d |
    | close, completed | acme/lib | 1 | 200 d | 200 d | 200 d |
    | age of the open | acme/app | 3 | 40 d | 9 d | 100 d |

    ## Time in label

    | label | n | mean | p50 | p90 |
    | --- | ---: | ---: | ---: | ---: |
    | bug | 4 | 2 d | 1 d | 5 d |
    | needs info | 1 | 0 s | 0 s | 0 s |

    ## Oldest open issues

    | issue | age | response | assignee | labels | title |
    | --- | --- | --- | --- | --- | --- |
    | [acme/app#&#8203;12](https://github.com/acme/app/issues/12) | 100 d | after 3 h 20 min | alice | bug, needs info | Crash at start |
    | [acme/app#&#8203;40](https://github.com/acme/app/issues/40) | 1 min | none yet | – | – | – |
    ");
}

#[test]
fn a_report_in_csv_has_a_line_for_each_number() {
    let mut report = small();
    report.groups.truncate(1);
    report.figures.truncate(1);
    report.in_label.truncate(1);
    report.days.truncate(2);
    report.weeks.truncate(1);
    report.trends.truncate(1);
    report.oldest.truncate(1);
    insta::assert_snapshot!(csv_text(&report), @"
    part,measure,group,from,figure,value
    groups,,acme/app,,opened,8
    groups,,acme/app,,closed,5
    groups,,acme/app,,reopened,1
    groups,,acme/app,,open,3
    figures,age,acme/app,,n,3
    figures,age,acme/app,,mean_s,3456000
    figures,age,acme/app,,p50_s,777600
    figures,age,acme/app,,p90_s,8640000
    in_label,open,bug,,n,4
    in_label,open,bug,,mean_s,172800
    in_label,open,bug,,p50_s,86400
    in_label,open,bug,,p90_s,432000
    days,,,2026-10-19,open,2
    days,,,2026-10-19,mean_age_s,0
    days,,,2026-10-20,open,3
    days,,,2026-10-20,mean_age_s,86400
    weeks,,,2026-10-19,opened,3
    weeks,,,2026-10-19,closed,1
    trends,first_response,,2026-10-19,n,3
    trends,first_response,,2026-10-19,p50_s,10800
    trends,first_response,,2026-10-19,p90_s,72000
    oldest,age,acme/app#12,2026-07-25,age_s,8640000
    ");
}

#[test]
fn a_page_may_load_nothing_and_run_nothing() {
    let page = page(&small());
    insta::assert_snapshot!(part(&page, "<meta charset", "<style>"), @r#"<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer"><title>Issues of all repositories</title><link rel="icon" href="data:,">"#);
    for banned in [
        "<script",
        "javascript:",
        "@import",
        "url(",
        " src=",
        " on",
        "<iframe",
        "<form",
    ] {
        let found = page.match_indices(banned);
        let attributes = found.filter(|(at, _)| page[..*at].rfind('<') > page[..*at].rfind('>'));
        assert_eq!(attributes.count(), 0, "{banned}");
    }
    let links = page.match_indices("href=\"").map(|(at, _)| &page[at + 6..at + 14]);
    for link in links {
        assert!(link.starts_with("https://") || link.starts_with("data:,"), "{link}");
    }
}

#[test]
fn a_page_tells_at_a_glance_and_names_the_oldest() {
    let page = page(&small());
    insta::assert_snapshot!(part(&page, "<dl", "</dl>"), @r#"<dl class="tiles"><div class="tile"><dt>Open now</dt><dd class="value">4</dd><dd class="quiet">14 d old on the mean</dd></div><div class="tile"><dt>New this week</dt><dd class="value">1</dd><dd class="quiet">4 in the week before</dd></div><div class="tile"><dt>Closed this week</dt><dd class="value">0</dd><dd class="quiet">5 in the week before</dd></div><div class="tile"><dt>First response</dt><dd class="value">3 h 20 min</dd><dd class="quiet">half of 6 (p50); 9 in 10 within 1 d (p90)</dd></div><div class="tile"><dt>Close, completed</dt><dd class="value">1 d 4 h</dd><dd class="quiet">half of 4 (p50); 9 in 10 within 9 d (p90)</dd></div>"#);
    insta::assert_snapshot!(part(&page, "<ol", "</ol>"), @r#"<ol><li><div class="age">100 d</div><div class="issue"><p class="name"><a href="https://github.com/acme/app/issues/12"><bdi>Crash at start</bdi></a></p><p class="quiet"><span><bdi>acme/app#12</bdi></span><span>response: after 3 h 20 min</span><span>assigned to <bdi>alice</bdi></span></p><ul class="labels" aria-label="labels"><li><bdi>bug</bdi></li><li><bdi>needs info</bdi></li></ul></div></li><li><div class="age">1 min</div><div class="issue"><p class="name"><a href="https://github.com/acme/app/issues/40"><bdi>acme/app#40</bdi></a></p><p class="quiet"><span class="unanswered">response: none yet</span><span>assigned to nobody</span></p></div></li>"#);
    insta::assert_snapshot!(part(&page, "<footer", "</footer>"), @r#"<footer class="quiet"><p>Weeks begin on Monday; days, weeks and months are UTC. First response: the first comment of somebody other than the author who is no bot, nor one of <bdi>acme-helper</bdi>. Close: from opening to the last close, of issues closed as completed. p50: half of the issues took no longer. p90: nine of ten took no longer.</p>"#);
}

#[test]
fn a_chart_has_axes_a_line_and_words_for_those_who_do_not_see_it() {
    let mut report = small();
    report.trends.retain(|trend| trend.measure == Measure::FirstResponse);
    let chart = chart::times(&report, Measure::FirstResponse, "response").unwrap();
    insta::assert_snapshot!(chart.into_string().replace("><", ">\n<"), @r#"
    <svg class="chart" role="img" aria-labelledby="response-title response-told" width="100%" height="220">
    <title id="response-title">Time to first response, week by week</title>
    <desc id="response-told">Week of 2026-10-19: half within 3 h, nine of ten within 20 h, of 3. Week of 2026-10-26: half within 1 h, nine of ten within 6 h, of 3.</desc>
    <line class="grid" x1="0" x2="100%" y1="220.0" y2="220.0">
    </line>
    <text class="mark" x="-10" y="224.0" text-anchor="end">1 h</text>
    <line class="grid" x1="0" x2="100%" y1="96.0" y2="96.0">
    </line>
    <text class="mark" x="-10" y="100.0" text-anchor="end">6 h</text>
    <line class="grid" x1="0" x2="100%" y1="0.0" y2="0.0">
    </line>
    <text class="mark" x="-10" y="4.0" text-anchor="end">1 d</text>
    <line class="tick" x1="0.00%" x2="0.00%" y1="220" y2="225">
    </line>
    <text class="mark" x="0.00%" y="241" text-anchor="start">19 Oct</text>
    <line class="tick" x1="33.33%" x2="33.33%" y1="220" y2="225">
    </line>
    <text class="mark wide" x="33.33%" y="241" text-anchor="middle">26 Oct</text>
    <line class="tick" x1="66.67%" x2="66.67%" y1="220" y2="225">
    </line>
    <text class="mark" x="66.67%" y="241" text-anchor="middle">2 Nov</text>
    <line class="tick" x1="100.00%" x2="100.00%" y1="220" y2="225">
    </line>
    <text class="mark wide" x="100.00%" y="241" text-anchor="end">9 Nov</text>
    <svg class="plot" viewBox="0 0 100 220" preserveAspectRatio="none" width="100%" height="220">
    <path class="line p90" d="M16.67 12.6L50.00 96.0">
    </path>
    </svg>
    <circle class="dot p90" cx="16.67%" cy="12.6" r="3">
    </circle>
    <circle class="dot p90" cx="50.00%" cy="96.0" r="3">
    </circle>
    <svg class="plot" viewBox="0 0 100 220" preserveAspectRatio="none" width="100%" height="220">
    <path class="line p50" d="M16.67 143.9L50.00 220.0">
    </path>
    </svg>
    <circle class="dot p50" cx="16.67%" cy="143.9" r="3">
    </circle>
    <circle class="dot p50" cx="50.00%" cy="220.0" r="3">
    </circle>
    <rect class="spot" x="0.00%" width="33.33%" y="0" height="220">
    <title>Week of 2026-10-19: half within 3 h, nine of ten within 20 h, of 3</title>
    </rect>
    <rect class="spot" x="33.33%" width="33.33%" y="0" height="220">
    <title>Week of 2026-10-26: half within 1 h, nine of ten within 6 h, of 3</title>
    </rect>
    </svg>
    "#);
}

#[test]
fn a_single_week_or_day_is_drawn_and_nothing_is_a_sentence() {
    let mut report = small();
    report.days.truncate(1);
    report.weeks.truncate(1);
    assert!(chart::backlog(&report).unwrap().into_string().contains("<circle"));
    assert!(
        chart::flow(&report)
            .unwrap()
            .into_string()
            .contains("<rect class=\"bar opened\"")
    );
    let close = chart::times(&report, Measure::Close, "close").unwrap().into_string();
    assert_eq!(close.matches("<circle").count(), 2);
    let empty = page(&empty());
    assert!(!empty.contains("<svg"));
    assert_eq!(empty.matches("Nothing was measured in this time.").count(), 4);
    assert!(empty.contains("No issue is open."));
}

#[test]
fn weeks_without_a_measured_time_break_the_line() {
    let mut report = small();
    let mut later = report.trends[1].clone();
    later.week_s += 14 * super::words::DAY;
    report.trends.push(later);
    let chart = chart::times(&report, Measure::FirstResponse, "response").unwrap();
    let chart = chart.into_string();
    let path = part(&chart, "<path class=\"line p50\"", "</path>");
    assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
}

/// What somebody may call an issue or a label who means no good.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "</style></title></table><!--",
    "=cmd|' /C calc'!A0",
    "@SUM(1+9)*cmd",
    "\u{1b}[31m\u{1b}]0;title\u{7}red\u{9b}2J",
    "\u{202e}gpj.exe\u{2066}",
    "| a | b |\n|---|---|\n# heading",
    "[x](javascript:alert(1)) ![](https://e.example/x) <https://e.example>",
    "javascript:alert(1)",
    "a,b;\"c\"\r\nd",
];

#[test]
fn nothing_hostile_comes_through() {
    for text in HOSTILE {
        unharmed(text).unwrap();
        unharmed(&format!("x{text}")).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_at_all_comes_through(text in "\\PC*|[<>&\"'=+@|\\-\\[\\]()`\\\\\\r\\n\\t a]{1,12}|.{0,20}") {
        unharmed(&text)?;
    }
}

/// With any text in every place, each format has the structure that it has with a harmless one.
fn unharmed(text: &str) -> Result<(), TestCaseError> {
    // What shows nothing is left out, so it has another structure.
    let text = &format!("{text}x");
    let (report, harmless) = (with(text), with("x"));
    let tags = |page: &str| -> Vec<String> {
        let starts = page.match_indices('<');
        starts
            .map(|(at, _)| page[at..].split([' ', '>']).next().unwrap_or_default().to_owned())
            .collect()
    };
    let shown = page(&report);
    prop_assert_eq!(tags(&shown), tags(&page(&harmless)));
    prop_assert_eq!(shown.matches('"').count(), page(&harmless).matches('"').count());
    prop_assert!(!shown.contains("href=\"java"));

    let invisible = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2066}\u{200b}\u{feff}".contains(c);
    let shown = table::table(&report);
    prop_assert!(!shown.contains(invisible), "{shown:?}");
    prop_assert_eq!(shown.lines().count(), table::table(&harmless).lines().count());

    let shown = markdown::markdown(&report);
    prop_assert!(!shown.contains(invisible), "{shown:?}");
    let bars = |text: &str| -> Vec<usize> {
        // An escaped backslash escapes nothing.
        let lines = text.lines().map(|line| line.replace("\\\\", "").replace("\\|", ""));
        lines.map(|line| line.matches('|').count()).collect()
    };
    prop_assert_eq!(bars(&shown), bars(&markdown::markdown(&harmless)));
    prop_assert!(!shown.contains('<'), "{shown}");

    let shown = csv_text(&report);
    let read = |text: &str| -> Vec<Vec<String>> {
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        let lines = reader.records().map(|line| line.unwrap());
        lines.map(|line| line.iter().map(str::to_owned).collect()).collect()
    };
    let cells = read(&shown);
    prop_assert_eq!(cells.len(), read(&csv_text(&harmless)).len());
    for cell in cells.iter().flatten() {
        let number = cell.parse::<i64>().is_ok();
        prop_assert!(number || !cell.starts_with(['=', '+', '-', '@']), "{cell:?}");
        prop_assert!(!cell.contains(invisible), "{cell:?}");
    }
    Ok(())
}
