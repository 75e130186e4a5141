//! The client against a stand-in of GitHub, over real HTTP.

// The name that the rest of the workspace knows the crate by.
extern crate copperbell_github as github;

mod credentials;
mod errors;
mod histories;
mod questions;
mod site;
