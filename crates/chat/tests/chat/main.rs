//! What the crate promises to those who use it: the words, how they are shown, and what becomes of them.

// The name that the rest of the workspace knows the crate by.
extern crate copperbell_chat as chat;

mod any;
mod bodies;
mod issues;
mod issues_in_chats;
mod languages;
mod opened_issue;
mod redelivery;
mod redelivery_in_chats;
mod samples;
mod sending;
mod shown;
mod stored;
mod wording;
