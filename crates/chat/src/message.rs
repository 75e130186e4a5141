//! A message in words, before a chat's own markup: what every channel shows in its way.

use crate::words::Language;

/// How bad it is: the colour of a card, the sign before a title.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Something broke.
    Bad,
    /// Something is well again.
    Good,
    /// Somebody should look, nothing is lost.
    Warning,
    /// For information.
    #[default]
    Neutral,
}

/// One message for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// How bad it is.
    pub tone: Tone,
    /// One line: what happened. It is all a phone's lock screen shows.
    pub title: String,
    /// Where to look at it.
    pub link: Option<Link>,
    /// What there is to say, a line each.
    pub lines: Vec<Line>,
    /// The lines somebody wrote, shown as theirs: text from outside.
    pub quote: Vec<String>,
    /// What else is known, for the small print.
    pub details: Vec<Detail>,
    /// What it is written in, for the words that only a channel knows it needs.
    pub language: Language,
}

/// One thing of the small print: "labels" and "bug, crash".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// What it is.
    pub name: &'static str,
    /// Never empty; text from outside.
    pub value: String,
}

/// One line of a message.
pub type Line = Vec<Span>;

/// A piece of a line. Text from outside is shown as it is: it never becomes a mention, markup or another link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Plain text.
    Text(String),
    /// Text that the eye should find.
    Strong(String),
    /// A link of ours.
    Link(Link),
}

/// A link of ours: `url` is http or https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What to click on.
    pub text: String,
    /// Where it leads.
    pub url: String,
}
