//! What must ring, what rang, and whether that is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use world::{Chat, ChatAnswer, Message};

/// The channels: one of JSON that hears of everything, and two for people.
pub(crate) const ALL: usize = 0;
pub(crate) const CHANNELS: [(&str, &[&str]); 3] = [
    (
        "all",
        &["issues.*", "issue_comment.*", "copr.*", "redelivery.*", "copperbell.*"],
    ),
    ("team", &["issues.opened", "issues.closed", "copr.broken"]),
    ("rpm", &["issues.labeled", "issue_comment.created", "copr.recovered"]),
];

/// A process that is killed so soon after a chat took a message may not have written that down.
const UNRECORDED: Duration = Duration::from_secs(2);

/// What must ring and what rang.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<[Channel; CHANNELS.len()]>);

#[derive(Default)]
struct Channel {
    /// Facts and whom they are about.
    expected: BTreeMap<String, String>,
    rung: Vec<Rung>,
    heard: BTreeSet<String>,
}

/// One message that a chat took.
struct Rung {
    at: Instant,
    /// What the chat did instead of saying so.
    fault: Option<ChatAnswer>,
    /// Its facts, and when the JSON says that they were accepted.
    facts: Vec<(String, Option<Timestamp>)>,
}

/// What became of it all.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Facts expected, over all channels, and messages that were taken.
    pub(crate) facts: usize,
    pub(crate) messages: usize,
    /// Messages whose taking could not be known, or written down.
    pub(crate) chances: usize,
    /// Facts that rang again after one of these.
    pub(crate) again: usize,
    /// Facts that rang again without any.
    pub(crate) unexplained: Vec<String>,
    /// Other facts on the channel that hears of everything: when they were accepted, by event.
    pub(crate) others: BTreeMap<String, BTreeSet<Timestamp>>,
}

impl Verdict {
    /// How often another fact rang, however often each time.
    pub(crate) fn times(&self, event: &str) -> usize {
        self.others.get(event).map_or(0, BTreeSet::len)
    }
}

impl Ledger {
    /// From now on a fact must ring on every channel that hears of its event. No other has the same mark and event.
    pub(crate) fn expect(&self, event: &str, mark: &str, subject: &str) {
        let mut channels = self.0.lock().unwrap();
        for (channel, (_, events)) in CHANNELS.iter().enumerate() {
            if channel == ALL {
                let fact = format!("{event} {mark}");
                channels[channel].expected.insert(fact, subject.to_owned());
            } else if events.contains(&event) {
                channels[channel].expected.insert(mark.to_owned(), subject.to_owned());
            }
        }
    }

    /// Reads what the chats took since it was last read.
    pub(crate) fn read(&self, chats: &[Chat; CHANNELS.len()]) {
        let mut channels = self.0.lock().unwrap();
        for (at, chat) in chats.iter().enumerate() {
            let channel = &mut channels[at];
            for message in chat.messages_after(channel.rung.len()) {
                let facts = if at == ALL { facts(&message) } else { marks(&message) };
                channel.heard.extend(facts.iter().map(|(fact, _)| fact.clone()));
                channel.rung.push(Rung {
                    at: message.at,
                    fault: message.fault,
                    facts,
                });
            }
        }
    }

    pub(crate) fn has_rung(&self, channel: usize, fact: &str) -> bool {
        self.0.lock().unwrap()[channel].heard.contains(fact)
    }

    /// What should have rung and has not.
    pub(crate) fn missing(&self) -> Vec<String> {
        let channels = self.0.lock().unwrap();
        let missing = |(channel, (name, _)): (&Channel, &(&str, _))| {
            let facts = channel.expected.keys().filter(|fact| !channel.heard.contains(*fact));
            facts.map(|fact| format!("{name}: {fact}")).collect::<Vec<_>>()
        };
        channels.iter().zip(&CHANNELS).flat_map(missing).collect()
    }

    /// Judges everything that rang, of processes that were killed at these moments.
    pub(crate) fn judge(&self, kills: &[Instant]) -> Verdict {
        let channels = self.0.lock().unwrap();
        let mut verdict = Verdict::default();
        let everything = channels[ALL].rung.iter().flat_map(|rung| &rung.facts);
        let accepted: BTreeMap<&str, Timestamp> = everything
            .clone()
            .filter_map(|(fact, at)| Some((fact.as_str(), (*at)?)))
            .collect();
        for (fact, at) in everything.filter(|(fact, _)| !fact.contains(' ')) {
            let times = verdict.others.entry(fact.clone()).or_default();
            times.extend(*at);
        }
        for (channel, (name, _)) in channels.iter().zip(&CHANNELS) {
            verdict.facts += channel.expected.len();
            verdict.messages += channel.rung.len();
            channel.judge_repeats(name, kills, &mut verdict);
            channel.judge_order(name, &accepted);
        }
        verdict
    }
}

impl Channel {
    fn judge_repeats(&self, name: &str, kills: &[Instant], verdict: &mut Verdict) {
        let mut rung: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, message) in self.rung.iter().enumerate() {
            for (fact, _) in &message.facts {
                rung.entry(fact).or_default().push(place);
            }
        }
        let is_chance: Vec<bool> = (0..self.rung.len()).map(|place| self.is_chance(place, kills)).collect();
        verdict.chances += is_chance.iter().filter(|chance| **chance).count();
        for (fact, places) in rung {
            if !fact.contains(' ') && name == CHANNELS[ALL].0 {
                continue;
            }
            assert!(
                self.expected.contains_key(fact),
                "{name}: {fact} was never to be heard there"
            );
            // All but the last time are to be explained.
            for &place in &places[..places.len() - 1] {
                if is_chance[place] {
                    verdict.again += 1;
                } else {
                    let nearest = kills
                        .iter()
                        .map(|kill| kill.saturating_duration_since(self.rung[place].at));
                    let nearest = nearest.filter(|before| !before.is_zero()).min();
                    let again = self.rung[places[places.len() - 1]].at - self.rung[place].at;
                    let story = format!("{name}: {fact}, {nearest:?} before a kill, again after {again:?}");
                    verdict.unexplained.push(story);
                }
            }
        }
    }

    /// Could it not be known, or not be written down, that this message was taken?
    fn is_chance(&self, place: usize, kills: &[Instant]) -> bool {
        let message = &self.rung[place];
        let before = place.checked_sub(1).map(|before| self.rung[before].at);
        let next = self.rung.get(place + 1).map(|next| next.at);
        let killed = |kill: &Instant| {
            let last_before = message.at <= *kill && next.is_none_or(|next| next > *kill);
            // It was on its way, and the chat read it when its sender was no more.
            let first_after = message.at > *kill && before.is_none_or(|before| before <= *kill);
            let apart = kill.saturating_duration_since(message.at) + message.at.saturating_duration_since(*kill);
            (last_before || first_after) && apart < UNRECORDED
        };
        message.fault.is_some() || kills.iter().any(killed)
    }

    /// What is about one subject rings first in the order in which it was accepted.
    fn judge_order(&self, name: &str, accepted: &BTreeMap<&str, Timestamp>) {
        let mut last: BTreeMap<&str, Timestamp> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (fact, _) in self.rung.iter().flat_map(|rung| &rung.facts) {
            let Some(subject) = self.expected.get(fact).filter(|_| seen.insert(fact)) else {
                continue;
            };
            // For people there is one event of Copr's on each channel, so nothing to put in order.
            let Some(at) = accepted.get(fact.as_str()).or_else(|| accepted_mark(accepted, fact)) else {
                continue;
            };
            if let Some(before) = last.insert(subject, *at) {
                assert!(before < *at, "{name}: {fact} of {subject} rang after what came later");
            }
        }
    }
}

/// When the issue event with this mark was accepted.
fn accepted_mark<'a>(accepted: &'a BTreeMap<&str, Timestamp>, mark: &str) -> Option<&'a Timestamp> {
    let events = [
        "issues.opened",
        "issues.labeled",
        "issue_comment.created",
        "issues.closed",
    ];
    events
        .iter()
        .find_map(|event| accepted.get(format!("{event} {mark}").as_str()))
}

/// The facts in a message of JSON, as `event mark` where it has one, and when they were accepted.
fn facts(message: &Message) -> Vec<(String, Option<Timestamp>)> {
    assert_eq!(message.body["more_notices"], Value::Null, "a message was cut");
    let notices = message.body["notices"].as_array().expect("notices");
    let fact = |notice: &Value| {
        let text = |name: &str| notice[name].as_str().unwrap_or_default().to_owned();
        let at = text("at").parse().ok();
        match (text("event").as_str(), text("package").as_str()) {
            ("issue", _) => (format!("{} {}", text("name"), text("title")), at),
            (event, "") => (event.to_owned(), at),
            (event, package) => (format!("{event} {package}"), at),
        }
    };
    notices.iter().map(fact).collect()
}

/// The marks in a message for people, in their order.
fn marks(message: &Message) -> Vec<(String, Option<Timestamp>)> {
    let body = message.body.to_string();
    let mut marks: Vec<(String, _)> = Vec::new();
    for word in body.split(|c: char| !c.is_ascii_alphanumeric()) {
        if is_mark(word) && !marks.iter().any(|(known, _)| known == word) {
            marks.push((word.to_owned(), None));
        }
    }
    assert!(
        !body.contains("… and "),
        "a list was cut, and what it hides cannot be counted: {body}"
    );
    marks
}

fn is_mark(word: &str) -> bool {
    let digits = word.strip_prefix(['k', 'p', 'f']);
    digits.is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}
