//! Reads the monitor from the stream: package by package, in bounded memory, and strictly to its end.
//!
//! The answer is one object, `{"output": "ok", "message": …, "packages": [ … ]}`. What stands in the array is cut out and
//! parsed one by one; the rest, with a `0` for the array, is small, kept, and parsed at the end. So both are checked by
//! `serde_json`, and together they are valid if and only if the whole is.

use std::fmt::Display;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::error::{PollError, words};
use crate::monitor::Package;

/// How long may one package be, in bytes? A hundred chroots with their logs are 26 KB.
const PACKAGE_CAP: usize = 1 << 20;

/// How long may everything besides the packages be, in bytes? It is a hundred.
const ENVELOPE_CAP: usize = 64 << 10;

/// A monitor on its way in. A parser that failed is gone.
#[derive(Debug, Default)]
pub struct MonitorParser {
    place: Place,
    scan: Scan,
    /// What was read besides the packages.
    envelope: Vec<u8>,
    /// The beginning of a package whose end has not come yet.
    begun: Vec<u8>,
    /// The array of packages was met.
    met: bool,
    packages: usize,
}

/// Where the next byte stands.
#[derive(Clone, Copy, Debug, Default)]
enum Place {
    /// Before or after the array of packages.
    #[default]
    Envelope,
    /// In the array, between packages.
    Between(Next),
    /// In a package, or at its first byte.
    Package,
}

/// What may come next in the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    PackageOrEnd,
    CommaOrEnd,
    Package,
}

impl MonitorParser {
    /// A parser that waits for the first byte.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many packages were read so far.
    #[must_use]
    pub fn packages(&self) -> usize {
        self.packages
    }

    /// Reads on, and calls `on_package` with each package that is complete. What it is told counts only once
    /// [`finish`](Self::finish) has said that all of it is good.
    ///
    /// # Errors
    /// [`PollError::Unreadable`] as soon as nothing that follows could make a monitor of it.
    pub fn feed(mut self, mut chunk: &[u8], mut on_package: impl FnMut(Package<'_>)) -> Result<Self, PollError> {
        while !chunk.is_empty() {
            let read = match self.place {
                Place::Envelope => self.envelope(chunk)?,
                Place::Between(next) => self.between(chunk, next)?,
                Place::Package => self.package(chunk, &mut on_package)?,
            };
            chunk = &chunk[read..];
        }
        Ok(self)
    }

    /// The end of the body: is it the end of a good monitor? Returns the number of its packages.
    ///
    /// # Errors
    /// [`PollError::Empty`], [`PollError::CutShort`], [`PollError::Unreadable`] or [`PollError::NotOk`].
    pub fn finish(self) -> Result<usize, PollError> {
        let cut_short = PollError::CutShort {
            packages: self.packages,
        };
        match self.place {
            Place::Envelope if self.envelope.is_empty() => return Err(PollError::Empty),
            Place::Envelope => (),
            Place::Between(_) => return Err(cut_short),
            Place::Package => {
                return Err(match serde_json::from_slice::<Package<'_>>(&self.begun) {
                    Err(error) if !error.is_eof() => self.unreadable_package(error),
                    _ => cut_short,
                });
            }
        }
        let envelope: Envelope = serde_json::from_slice(&self.envelope)
            .map_err(|error| if error.is_eof() { cut_short } else { unreadable(error) })?;
        if envelope.output.as_deref() != Some("ok") {
            return Err(PollError::NotOk(envelope.said()));
        }
        if !self.met {
            return Err(unreadable("it has no list of packages"));
        }
        Ok(self.packages)
    }

    /// Reads what is not in the array, up to the array's `[`.
    fn envelope(&mut self, chunk: &[u8]) -> Result<usize, PollError> {
        for (at, &byte) in chunk.iter().enumerate() {
            if self.envelope.is_empty() && byte != b'{' {
                if is_space(byte) {
                    continue;
                }
                return Err(unreadable("it is no JSON object"));
            }
            if byte == b'[' && self.is_at_packages() {
                self.met = true;
                self.envelope.push(b'0');
                self.place = Place::Between(Next::PackageOrEnd);
                return Ok(at + 1);
            }
            if self.envelope.len() == ENVELOPE_CAP {
                return Err(unreadable("it holds too much besides its packages"));
            }
            self.scan.step(byte);
            self.envelope.push(byte);
        }
        Ok(chunk.len())
    }

    /// Does `"packages":` of the outermost object stand right before? A second one is left for serde to refuse. Where
    /// this is deceived, the envelope is not JSON either.
    fn is_at_packages(&self) -> bool {
        let key = || {
            let before = self.envelope.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
            before.strip_suffix(br#""packages""#)
        };
        !self.met && self.scan.depth == 1 && !self.scan.string && key().is_some_and(|before| !before.ends_with(br"\"))
    }

    /// Reads up to the next package's `{` (and leaves it) or over the array's `]`.
    fn between(&mut self, chunk: &[u8], mut next: Next) -> Result<usize, PollError> {
        for (at, &byte) in chunk.iter().enumerate() {
            match (byte, next) {
                (b',', Next::CommaOrEnd) => next = Next::Package,
                (b'{', Next::PackageOrEnd | Next::Package) => {
                    self.place = Place::Package;
                    return Ok(at);
                }
                (b']', Next::PackageOrEnd | Next::CommaOrEnd) => {
                    self.place = Place::Envelope;
                    return Ok(at + 1);
                }
                _ if is_space(byte) => (),
                _ => return Err(self.unreadable_package("the list of packages is broken here")),
            }
        }
        self.place = Place::Between(next);
        Ok(chunk.len())
    }

    /// Reads a package, or as much of it as there is.
    fn package(&mut self, chunk: &[u8], on_package: &mut impl FnMut(Package<'_>)) -> Result<usize, PollError> {
        if self.begun.is_empty() {
            // Nearly every package lies in one chunk: it is parsed where it is, without first looking for its end.
            let enough = &chunk[..chunk.len().min(PACKAGE_CAP)];
            let mut packages = serde_json::Deserializer::from_slice(enough).into_iter();
            match packages.next() {
                Some(Ok(package)) => {
                    on_package(package);
                    self.package_ends();
                    return Ok(packages.byte_offset());
                }
                Some(Err(error)) if !error.is_eof() => return Err(self.unreadable_package(error)),
                _ => (),
            }
        }
        let end = self.scan.end_of_package(chunk);
        let read = end.unwrap_or(chunk.len());
        if self.begun.len() + read > PACKAGE_CAP {
            return Err(self.unreadable_package("it is longer than 1 MiB"));
        }
        self.begun.extend_from_slice(&chunk[..read]);
        if end.is_some() {
            let package = serde_json::from_slice(&self.begun).map_err(|error| self.unreadable_package(error))?;
            on_package(package);
            self.begun.clear();
            self.package_ends();
        }
        Ok(read)
    }

    fn package_ends(&mut self) {
        self.packages += 1;
        self.place = Place::Between(Next::CommaOrEnd);
    }

    fn unreadable_package(&self, why: impl Display) -> PollError {
        unreadable(format_args!("package {}: {why}", self.packages + 1))
    }
}

/// As much of JSON's grammar as it takes to find the end of an object.
#[derive(Debug, Default)]
struct Scan {
    /// Objects that are open.
    depth: usize,
    /// In a string.
    string: bool,
    /// After a backslash in a string.
    escape: bool,
}

impl Scan {
    fn step(&mut self, byte: u8) {
        match byte {
            _ if self.escape => self.escape = false,
            b'\\' if self.string => self.escape = true,
            b'"' => self.string = !self.string,
            b'{' if !self.string => self.depth += 1,
            b'}' if !self.string => self.depth = self.depth.saturating_sub(1),
            _ => (),
        }
    }

    /// Steps to the end of a package, which is where only the outermost object is open again.
    fn end_of_package(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, &byte) in bytes.iter().enumerate() {
            self.step(byte);
            if byte == b'}' && !self.string && self.depth == 1 {
                return Some(at + 1);
            }
        }
        None
    }
}

/// The answer without its packages.
#[derive(Deserialize)]
struct Envelope {
    output: Option<String>,
    message: Option<Value>,
    error: Option<Value>,
    /// Named here so that serde refuses a second one.
    #[serde(rename = "packages")]
    _packages: Option<IgnoredAny>,
}

impl Envelope {
    /// Copr's words for what is wrong, or its `output`.
    fn said(&self) -> String {
        match (&self.error, &self.message, &self.output) {
            (Some(said), ..) | (None, Some(said), _) => crate::error::said(said),
            (None, None, Some(output)) => words(output),
            (None, None, None) => "it has no `output`".to_owned(),
        }
    }
}

fn unreadable(why: impl Display) -> PollError {
    PollError::Unreadable(words(&why.to_string()))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"{"output": "ok","message": "Project monitor request successful","packages": ["#;

    #[test]
    fn memory_stays_bounded_however_many_packages_come() {
        let chroots = ["42-x86_64", "43-x86_64", "43-aarch64", "rawhide-x86_64"].map(|chroot| {
            format!(
                r#""fedora-{chroot}": {{"state": "succeeded", "status": 1, "build_id": 14, "pkg_version": "1.2-4"}}"#
            )
        });
        let chroots = chroots.join(", ");
        let mut parser = MonitorParser::new();
        let mut body = HEAD.as_bytes().to_vec();
        let mut most = 0;
        for number in 0..100_000 {
            let comma = if number == 0 { "" } else { "," };
            let package = format!(r#"{comma}{{"name": "package-{number}", "chroots": {{{chroots}}}}}"#);
            body.extend_from_slice(package.as_bytes());
            while body.len() > 5000 {
                parser = parser.feed(&body[..5000], |_| ()).unwrap();
                body.drain(..5000);
                most = most.max(parser.begun.capacity() + parser.envelope.capacity());
            }
        }
        body.extend_from_slice(b"]}");
        let parser = parser.feed(&body, |_| ()).unwrap();
        assert_eq!(parser.finish(), Ok(100_000));
        assert!(most < 4096, "{most}");
    }

    #[test]
    fn a_package_without_end_is_refused_and_not_held() {
        let package = |length: usize| {
            let frame = r#"{"chroots": {}, "name": ""}"#;
            let name = "x".repeat(length - frame.len());
            format!(r#"{{"chroots": {{}}, "name": "{name}"}}"#)
        };
        let table = [
            (PACKAGE_CAP, Ok(1)),
            (PACKAGE_CAP + 1, Err("package 1: it is longer than 1 MiB")),
        ];
        for (length, expected) in table {
            let body = format!("{HEAD}{}]}}", package(length));
            for size in [1000, 4096, PACKAGE_CAP, body.len()] {
                let mut most = 0;
                let fed = body
                    .as_bytes()
                    .chunks(size)
                    .try_fold(MonitorParser::new(), |parser, chunk| {
                        most = most.max(parser.begun.capacity());
                        parser.feed(chunk, |_| ())
                    });
                let expected = expected.map_err(|why| PollError::Unreadable(why.to_owned()));
                assert_eq!(fed.and_then(MonitorParser::finish), expected, "{size}");
                assert!(most <= 2 * PACKAGE_CAP, "{most}");
            }
        }
    }

    #[test]
    fn an_answer_without_packages_and_end_is_refused_and_not_held() {
        let mut parser = MonitorParser::new().feed(b" {", |_| ()).unwrap();
        let mut fed = 0;
        let error = loop {
            fed += 1000;
            match parser.feed(&[b'['; 1000], |_| ()) {
                Ok(next) => parser = next,
                Err(error) => break error,
            }
            assert!(fed <= ENVELOPE_CAP);
        };
        let expected = "it holds too much besides its packages";
        assert_eq!(error, PollError::Unreadable(expected.to_owned()));
    }
}
