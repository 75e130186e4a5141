//! What holds whatever Copr answers. The fuzz target tries the same on inputs of its own.

use std::fmt;

use copr::{MonitorParser, Package, PollError};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// What a parser told, and its verdict.
#[derive(Debug)]
struct Read {
    packages: Vec<String>,
    verdict: Result<usize, PollError>,
}

impl PartialEq for Read {
    /// The same packages and verdict. A number cut by a chunk's end may be quoted as far as it came where it is wrong.
    fn eq(&self, other: &Self) -> bool {
        let verdict = match (&self.verdict, &other.verdict) {
            (Err(PollError::Unreadable(_)), Err(PollError::Unreadable(_))) => true,
            (one, other) => one == other,
        };
        verdict && self.packages == other.packages
    }
}

/// A monitor is good if and only if a parser of the whole document finds it good, its packages are the same, however it
/// is cut into chunks, and nothing of a package is kept.
///
/// The bytes of an input's first line are the lengths of the chunks, again and again; the rest is the answer.
pub(crate) fn monitor(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (lengths, body) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let whole = read([body]);
    assert_eq!(read(body.chunks(1)), whole);
    if lengths.iter().any(|length| *length > 0) {
        assert_eq!(read(Chunks(lengths.iter().cycle(), body)), whole);
    }

    let reference = reference(body);
    match &whole.verdict {
        Ok(count) => {
            assert_eq!(*count, whole.packages.len());
            assert_eq!(Some(&whole.packages), reference.as_ref());
            let trimmed = body.trim_ascii_end();
            let (half, most) = (&body[..trimmed.len() / 2], &body[..trimmed.len() - 1]);
            assert!(read([half]).verdict.is_err() && read([most]).verdict.is_err());
        }
        // The name of the list is looked for as Copr writes it.
        Err(error) => assert!(reference.is_none() || has_another_spelling(body), "{error}"),
    }
    let words = whole
        .verdict
        .as_ref()
        .map_or_else(ToString::to_string, ToString::to_string);
    assert!(
        !words.contains(char::is_control) && words.chars().count() < 300,
        "{words}"
    );

    if let Some(package) = first_package(body) {
        nothing_is_kept_of(&package, lengths);
    }
}

/// After each of many packages a parser is what it was after the first.
fn nothing_is_kept_of(package: &str, lengths: &[u8]) {
    let mut parser = MonitorParser::new()
        .feed(br#"{"output":"ok","packages":["#, |_| ())
        .unwrap();
    let mut first = None;
    for number in 1..10 {
        let body = if number > 1 {
            format!(",{package}")
        } else {
            package.to_owned()
        };
        let lengths = if lengths.iter().any(|length| *length > 0) {
            lengths
        } else {
            &[255]
        };
        for chunk in Chunks(lengths.iter().cycle(), body.as_bytes()) {
            parser = parser.feed(chunk, |_| ()).unwrap();
        }
        assert_eq!(parser.packages(), number);
        let state = format!("{parser:?}").replace(&format!("packages: {number}"), "packages: N");
        assert_eq!(*first.get_or_insert(state.clone()), state);
    }
    assert_eq!(parser.feed(b"]}", |_| ()).unwrap().finish(), Ok(9));
}

fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut packages = Vec::new();
    let fed = chunks.into_iter().try_fold(MonitorParser::new(), |parser, chunk| {
        parser.feed(chunk, |package| packages.push(format!("{package:?}")))
    });
    let verdict = fed.and_then(MonitorParser::finish);
    Read { packages, verdict }
}

/// What is left of a text in chunks of these lengths.
struct Chunks<'a, L>(L, &'a [u8]);

impl<'a, L: Iterator<Item = &'a u8>> Iterator for Chunks<'a, L> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.1.is_empty() {
            return None;
        }
        let (chunk, rest) = self.1.split_at(self.1.len().min(usize::from(*self.0.next()?)));
        self.1 = rest;
        Some(chunk)
    }
}

/// The answer as a parser of the whole document reads it.
#[derive(serde::Deserialize)]
struct Monitor {
    output: String,
    packages: Vec<Shown>,
    #[serde(rename = "message")]
    _message: Option<Value>,
    #[serde(rename = "error")]
    _error: Option<Value>,
}

/// A package, shown. A list of its fields in their order is none, though serde would read that as well.
struct Shown(String);

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Shown;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let package = Package::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Shown(format!("{package:?}")))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

fn reference(body: &[u8]) -> Option<Vec<String>> {
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let monitor: Monitor = is_object.then(|| serde_json::from_slice(body).ok()).flatten()?;
    let packages = monitor.packages.into_iter().map(|package| package.0);
    (monitor.output == "ok").then(|| packages.collect())
}

/// The first package, if it is a good one.
fn first_package(body: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let package = document.get("packages")?.get(0)?.to_string();
    serde_json::from_str::<Shown>(&package).is_ok().then_some(package)
}

/// Is `"packages"` written with escapes?
fn has_another_spelling(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body);
    let mut plain = body.clone().into_owned();
    for letter in "packges".chars() {
        let code = format!("\\u{:04x}", u32::from(letter));
        for code in [code.to_uppercase().replace("\\U", "\\u"), code] {
            plain = plain.replace(&code, &letter.to_string());
        }
    }
    let count = |text: &str| text.matches(r#""packages""#).count();
    count(&plain) > count(&body)
}
