//! How issues fare, for people: one report in many formats. All but `destination` is pure.

pub(crate) mod chart;
pub(crate) mod csv;
pub(crate) mod destination;
pub(crate) mod html;
pub(crate) mod markdown;
pub(crate) mod sections;
pub(crate) mod table;
mod ticks;
pub(crate) mod words;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
