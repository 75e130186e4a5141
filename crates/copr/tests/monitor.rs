//! The monitor's parser on recorded answers, cut and broken in every way.

use std::borrow::Cow;
use std::fmt::Write;

use copperbell_copr::{BuildState, MonitorParser, Package, PollError};
use proptest::prelude::*;
use serde::Deserialize;

const WHOLE: [&str; 7] = [
    include_str!("data/waiting.json"),
    include_str!("data/starting-running.json"),
    include_str!("data/mixed-failed.json"),
    include_str!("data/mixed-failed-all-fields.json"),
    include_str!("data/rebuild-waiting-hides-failed.json"),
    include_str!("data/one-chroot-recovered.json"),
    include_str!("data/group-project.json"),
];
const TRUNCATED: &str = include_str!("data/truncated-stream.json");

/// What a parser told its sink, and its verdict.
#[derive(Debug, PartialEq)]
struct Read {
    packages: Vec<String>,
    verdict: Result<usize, PollError>,
}

fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut packages = Vec::new();
    let mut chunks = chunks.into_iter();
    let fed = chunks.try_fold(MonitorParser::new(), |parser, chunk| {
        parser.feed(chunk, |package| packages.push(show(&package)))
    });
    let verdict = fed.and_then(MonitorParser::finish);
    Read { packages, verdict }
}

fn read_whole(body: &[u8]) -> Read {
    read([body])
}

fn show(package: &Package<'_>) -> String {
    format!("{package:?}")
}

/// What any JSON parser makes of the whole body at once.
fn reference(body: &[u8]) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Monitor<'a> {
        output: String,
        #[serde(borrow)]
        packages: Vec<Package<'a>>,
    }
    let monitor: Monitor<'_> = serde_json::from_slice(body).ok()?;
    (monitor.output == "ok").then(|| monitor.packages.iter().map(show).collect())
}

#[test]
fn a_recorded_monitor_is_read() {
    let mut lines = String::new();
    let mut note = |package: Package<'_>| {
        for chroot in package.chroots {
            let version = chroot.version.as_deref().unwrap_or("-");
            let (name, state, id) = (&package.name, chroot.state, chroot.build_id);
            writeln!(lines, "{name:<12} {:<21} {state:<9} {id} {version}", chroot.name).unwrap();
        }
    };
    let body = include_bytes!("data/rebuild-waiting-hides-failed.json");
    let parser = MonitorParser::new().feed(body, &mut note).unwrap();
    assert_eq!(parser.finish(), Ok(4));
    insta::assert_snapshot!(lines, @"
    alpha        fedora-42-x86_64      succeeded 4 1.0-1
    alpha        fedora-43-x86_64      succeeded 4 1.0-1
    alpha        fedora-43-aarch64     succeeded 4 1.0-1
    alpha        fedora-rawhide-x86_64 succeeded 4 1.0-1
    beta         fedora-43-x86_64      waiting   8 -
    beta         fedora-42-x86_64      succeeded 5 2.3-1
    beta         fedora-43-aarch64     failed    5 2.3-1
    beta         fedora-rawhide-x86_64 succeeded 5 2.3-1
    gamma-libs   fedora-42-x86_64      failed    6 -
    gamma-libs   fedora-43-x86_64      failed    6 -
    gamma-libs   fedora-43-aarch64     failed    6 -
    gamma-libs   fedora-rawhide-x86_64 failed    6 -
    python-delta fedora-42-x86_64      succeeded 7 0.9-1
    python-delta fedora-43-x86_64      succeeded 7 0.9-1
    python-delta fedora-43-aarch64     skipped   7 0.9-1
    python-delta fedora-rawhide-x86_64 succeeded 7 0.9-1
    ");
}

#[test]
fn log_addresses_are_read_where_there_are_any() {
    let mut logs = Vec::new();
    let mut note = |package: Package<'_>| {
        for chroot in package.chroots {
            logs.push((chroot.state, chroot.log_url.map(Cow::into_owned)));
        }
    };
    let body = include_bytes!("data/starting-running.json");
    MonitorParser::new().feed(body, &mut note).unwrap().finish().unwrap();
    let log = "http://127.0.0.1:5056/results/alice/demo/fedora-43-x86_64/00000004-alpha/builder-live.log";
    let expected = [
        (BuildState::Starting, None),
        (BuildState::Running, Some(log.to_owned())),
        (BuildState::Pending, None),
        (BuildState::Pending, None),
    ];
    assert_eq!(logs, expected);
}

#[test]
fn every_way_of_cutting_the_stream_reads_the_same() {
    for body in WHOLE {
        let expected = Read {
            packages: reference(body.as_bytes()).unwrap(),
            verdict: Ok(body.matches(r#"{"name""#).count()),
        };
        for size in 1..=body.len() {
            assert_eq!(read(body.as_bytes().chunks(size)), expected, "{size}");
        }
    }
    let expected = read_whole(TRUNCATED.as_bytes());
    for size in [1, 2, 3, 7, 64, 459, 460, 461, 8192, TRUNCATED.len()] {
        assert_eq!(read(TRUNCATED.as_bytes().chunks(size)), expected, "{size}");
    }
}

#[test]
fn an_error_mid_stream_is_told_with_how_far_it_came() {
    let Read { packages, verdict } = read_whole(TRUNCATED.as_bytes());
    assert_eq!(verdict, Err(PollError::CutShort { packages: 199 }));
    assert_eq!(packages.len(), 199);
}

#[test]
fn a_monitor_cut_at_any_byte_is_an_error() {
    for body in &WHOLE[..3] {
        let body = body.trim_end().as_bytes();
        for end in 0..body.len() {
            let whole = read_whole(&body[..end]);
            let expected = match end {
                0 => PollError::Empty,
                _ => PollError::CutShort {
                    packages: whole.packages.len(),
                },
            };
            assert_eq!(whole.verdict, Err(expected), "{end}");
            assert_eq!(read(body[..end].chunks(1)), whole, "{end}");
        }
    }
}

#[test]
fn good_monitors_of_other_shapes_are_read() {
    let package = r#"{"name":"a","chroots":{"c":{"build_id":1}}}"#;
    let table = [
        (r#"{"output":"ok","packages":[]}"#.to_owned(), 0),
        ("\n{ \"packages\" :\t[\r\n ] , \"output\" : \"ok\" }\n ".to_owned(), 0),
        (format!(r#"{{"packages":[{package},{package}],"output":"ok"}}"#), 2),
        (
            format!(r#"{{"output":"ok","packages":[{package} , {package} ],"time":[{{"packages":[1]}}]}}"#),
            2,
        ),
        (
            format!(r#"{{"output":"ok","message":"\"packages\":[{{","packages":[{package}]}}"#),
            1,
        ),
        (
            format!(r#"{{"output":"ok","message":"packages","x\"packages":[1],"packages":[{package}]}}"#),
            1,
        ),
        (
            format!(r#"{{"output":"ok","message":{{"packages":[{package},{package}]}},"packages":[{package}]}}"#),
            1,
        ),
        (
            format!(r#"{{"output":"ok","\\":["packages"],"packages":[{package}]}}"#),
            1,
        ),
    ];
    for (body, packages) in table {
        let whole = read_whole(body.as_bytes());
        assert_eq!(whole.verdict, Ok(packages), "{body}");
        assert_eq!(Some(&whole.packages), reference(body.as_bytes()).as_ref(), "{body}");
        assert_eq!(read(body.as_bytes().chunks(1)), whole, "{body}");
    }
}

#[test]
fn names_with_braces_and_escapes_are_read_as_they_are_meant() {
    let body = r#"{"output":"ok","packages":[
        {"name":"}]}\"\\","chroots":{"{\u0022":{"build_id":1,"pkg_version":"\\\"}","odd":[[{"}":"]"}]]}}},
        {"name":"\ud83d\udd14 \u010daj","chroots":{}},{"name":"\\\\","chroots":{}}]}"#;
    for size in 1..body.len() {
        let mut names = Vec::new();
        let mut chunks = body.as_bytes().chunks(size);
        let parser = chunks.try_fold(MonitorParser::new(), |parser, chunk| {
            parser.feed(chunk, |package| {
                names.push(package.name.into_owned());
                for chroot in package.chroots {
                    names.push(chroot.name.into_owned());
                    names.push(chroot.version.unwrap().into_owned());
                }
            })
        });
        assert_eq!(parser.unwrap().finish(), Ok(3));
        assert_eq!(names, [r#"}]}"\"#, "{\"", r#"\"}"#, "🔔 čaj", r"\\"]);
    }
}

#[test]
fn what_is_no_good_monitor_is_told() {
    let table: [&[u8]; 27] = [
        b"",
        b" \n",
        b"<html><body>Sign in</body></html>",
        b"null",
        br#"["ok", {"packages":[]}, 0]"#,
        b"{",
        b"{}",
        br#"{"output":"ok"}"#,
        br#"{"output":"ok","packages":null}"#,
        br#"{"output":"ok","packages":{}}"#,
        br#"{"output":"ok","packag\u0065s":[]}"#,
        br#"{"output":"ok","data":{"packages":[]}}"#,
        br#"{"output":"ok","packages":[],"packages":[]}"#,
        br#"{"output":"ok","packages":[]}x"#,
        br#"{"output":"ok","packages":[]}{"output":"ok","packages":[]}"#,
        br#"{"output":"ok","packages":[],}"#,
        br#"{"output":"ok","packages":[,]}"#,
        br#"{"output":"ok","packages":[1]}"#,
        br#"{"output":"ok","packages":[{"name":"a","chroots":{}},]}"#,
        br#"{"output":"ok","packages":[{"name":"a","chroots":{}}{"name":"b","chroots":{}}]}"#,
        br#"{"output":"ok","packages":[{"name":"a","chroots":{}},{"name":"b","chroots":[}]}"#,
        b"{\"output\":\"ok\",\"packages\":[{\"name\":\"\xff\",\"chroots\":{}}]}",
        br#"{"output":"ok","packages":[{"name":"a","chroots":{"c":{"build_id":"evil\u001b[31m"}}}]}"#,
        br#"{"output":"notok","error":"no\n luck"}"#,
        br#"{"output":"notok","message":{"why": 1},"packages":[]}"#,
        br#"{"output":"soon","packages":[]}"#,
        br#"{"packages":[]}"#,
    ];
    let mut lines = String::new();
    for body in table {
        let whole = read_whole(body);
        assert_eq!(read(body.chunks(1)), whole);
        let error = whole.verdict.unwrap_err();
        writeln!(lines, "{}\n    {error}", String::from_utf8_lossy(body).trim()).unwrap();
    }
    insta::assert_snapshot!(lines, @r#"

        Copr answered 200 with an empty body

        Copr answered 200 with an empty body
    <html><body>Sign in</body></html>
        Copr answered 200 with something unreadable: it is no JSON object
    null
        Copr answered 200 with something unreadable: it is no JSON object
    ["ok", {"packages":[]}, 0]
        Copr answered 200 with something unreadable: it is no JSON object
    {
        Copr answered 200 and then broke off: an error on its side mid-stream
    {}
        Copr answered 200 but not `output: ok`: it has no `output`
    {"output":"ok"}
        Copr answered 200 with something unreadable: it has no list of packages
    {"output":"ok","packages":null}
        Copr answered 200 with something unreadable: it has no list of packages
    {"output":"ok","packages":{}}
        Copr answered 200 with something unreadable: it has no list of packages
    {"output":"ok","packag\u0065s":[]}
        Copr answered 200 with something unreadable: it has no list of packages
    {"output":"ok","data":{"packages":[]}}
        Copr answered 200 with something unreadable: it has no list of packages
    {"output":"ok","packages":[],"packages":[]}
        Copr answered 200 with something unreadable: duplicate field `packages` at line 1 column 38
    {"output":"ok","packages":[]}x
        Copr answered 200 with something unreadable: trailing characters at line 1 column 29
    {"output":"ok","packages":[]}{"output":"ok","packages":[]}
        Copr answered 200 with something unreadable: trailing characters at line 1 column 29
    {"output":"ok","packages":[],}
        Copr answered 200 with something unreadable: trailing comma at line 1 column 29
    {"output":"ok","packages":[,]}
        Copr answered 200 with something unreadable: package 1: the list of packages is broken here
    {"output":"ok","packages":[1]}
        Copr answered 200 with something unreadable: package 1: the list of packages is broken here
    {"output":"ok","packages":[{"name":"a","chroots":{}},]}
        Copr answered 200 with something unreadable: package 2: the list of packages is broken here
    {"output":"ok","packages":[{"name":"a","chroots":{}}{"name":"b","chroots":{}}]}
        Copr answered 200 with something unreadable: package 2: the list of packages is broken here
    {"output":"ok","packages":[{"name":"a","chroots":{}},{"name":"b","chroots":[}]}
        Copr answered 200 with something unreadable: package 2: invalid type: sequence, expected an object with a key for each chroot at line 1 column 22
    {"output":"ok","packages":[{"name":"�","chroots":{}}]}
        Copr answered 200 with something unreadable: package 1: invalid unicode code point at line 1 column 10
    {"output":"ok","packages":[{"name":"a","chroots":{"c":{"build_id":"evil\u001b[31m"}}}]}
        Copr answered 200 with something unreadable: package 1: invalid type: string "evil\u{1b}[31m", expected u64 at line 1 column 55
    {"output":"notok","error":"no\n luck"}
        Copr answered 200 but not `output: ok`: no luck
    {"output":"notok","message":{"why": 1},"packages":[]}
        Copr answered 200 but not `output: ok`: {"why":1}
    {"output":"soon","packages":[]}
        Copr answered 200 but not `output: ok`: soon
    {"packages":[]}
        Copr answered 200 but not `output: ok`: it has no `output`
    "#);
}

#[test]
fn a_package_nested_without_end_is_refused() {
    let body = format!(
        r#"{{"output":"ok","packages":[{{"name":"a","x":{}"#,
        "[".repeat(500_000)
    );
    assert!(read_whole(body.as_bytes()).verdict.is_err());
    let body = body.replace('[', r#"{"x":"#);
    assert!(read(body.as_bytes().chunks(4096)).verdict.is_err());
}

/// A recorded monitor with some bytes changed, doubled or left out.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::sample::select(&br#"{}[],:"\ 0n"#[..]);
    let change = (any::<prop::sample::Index>(), 0..4, bytes);
    (0..WHOLE.len(), prop::collection::vec(change, 1..4)).prop_map(|(body, changes)| {
        let mut body = WHOLE[body].as_bytes().to_vec();
        for (at, kind, byte) in changes {
            let at = at.index(body.len());
            match kind {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                2 if body.len() > 1 => drop(body.remove(at)),
                _ => body.truncate(at.max(1)),
            }
        }
        body
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body: Vec<u8>, size in 1_usize..64) {
        let whole = read_whole(&body);
        prop_assert!(whole.verdict.is_err());
        prop_assert!(read(body.chunks(size)).verdict.is_err());
        let head = br#"{"output": "ok","packages": ["#;
        let after_head = read([&head[..], &body[..]]);
        prop_assert!(after_head.verdict.is_err() || reference(&[head, &body[..]].concat()).is_some());
    }

    #[test]
    fn a_damaged_monitor_is_accepted_if_and_only_if_it_is_still_one(body in damaged(), size in 1_usize..600) {
        let whole = read_whole(&body);
        let good = whole.verdict.is_ok().then(|| whole.packages.clone());
        prop_assert_eq!(good, reference(&body));
        prop_assert_eq!(read(body.chunks(size)), whole);
    }

    #[test]
    fn any_names_and_versions_come_through(
        texts in prop::collection::vec((".*", ".*", prop::option::of(".*")), 0..8),
        size in 1_usize..64,
    ) {
        let packages = texts.iter().map(|(package, chroot, version)| {
            let fields = serde_json::json!({"build_id": 1, "state": "failed", "pkg_version": version});
            serde_json::json!({"name": package, "chroots": {chroot: fields}})
        });
        let body = serde_json::json!({"output": "ok", "packages": packages.collect::<Vec<_>>()}).to_string();
        let mut read = Vec::new();
        let parser = body.as_bytes().chunks(size).try_fold(MonitorParser::new(), |parser, chunk| {
            parser.feed(chunk, |package| {
                let chroot = &package.chroots[0];
                let version = chroot.version.as_deref().map(str::to_owned);
                read.push((package.name.to_string(), chroot.name.to_string(), version));
            })
        });
        prop_assert_eq!(parser.unwrap().finish(), Ok(texts.len()));
        prop_assert_eq!(read, texts);
    }
}
