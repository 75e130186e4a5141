//! The records of issue events on their way to the sink: directly with the delivery, and what that lost, with a pass.

use std::time::Duration;

use github::Event;
use jiff::Timestamp;
use metrics::{Arrival, IssueRecord, MOST_BYTES, MOST_RECORDS, Sink, SinkError};
use outbound::{Deadline, causes};
use serde::Serialize;
use state::{Error, Write, key};

use crate::context::Context;

/// The sink's name in the outbox. No channel can have it.
const OUTBOX: &str = "sink:";

/// How long may a record keep its delivery waiting? A pass sends what the sink did not take until then.
const DIRECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long may one batch take?
pub(crate) const BATCH_TIMEOUT: Duration = Duration::from_secs(10);

/// How many waiting records does a pass count?
const COUNTED: usize = 10_000;

/// What became of the records that waited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SinkReport {
    /// Taken by the sink.
    pub sent: usize,
    /// Still waiting.
    pub waiting: usize,
    /// When the oldest of them was accepted.
    pub oldest: Option<Timestamp>,
    /// Why the sink did not take them.
    pub error: Option<String>,
}

/// The record of a delivery that is being accepted.
pub(crate) struct Recording {
    record: String,
    guid: String,
    offered: bool,
    taken: bool,
}

impl Recording {
    /// Of an event, where records are kept.
    pub(crate) fn new(
        context: &Context,
        guid: &str,
        event: &Event<'_>,
        body_digest: Option<&str>,
        at: Timestamp,
    ) -> Option<Self> {
        context.records.sink.as_ref()?;
        let arrival = Arrival {
            delivery_id: guid,
            body_digest,
            at,
            titles: context.records.titles,
        };
        let record = IssueRecord::of(event, arrival)?.to_json();
        Some(Self {
            record,
            guid: guid.to_owned(),
            offered: false,
            taken: false,
        })
    }

    /// Offers the record to the sink, once: a repetition is no harm, so this may come before the delivery is accepted.
    pub(crate) async fn offer(&mut self, context: &Context) {
        let Some(sink) = context.records.sink.as_ref().filter(|_| !self.offered) else {
            return;
        };
        self.offered = true;
        match put(sink.as_ref(), &[&self.record], DIRECT_TIMEOUT).await {
            Ok(left) => self.taken = left.is_empty(),
            Err(error) => tracing::warn!(guid = self.guid, error, "the record waits in the outbox"),
        }
    }

    /// What the accepting transaction carries: the record, if the sink did not take it.
    pub(crate) fn left(&self, now: Timestamp) -> Option<Write> {
        let id = key::notice_id(now, &self.guid);
        (!self.taken).then(|| Write::enqueue(OUTBOX, &id, &self.record))
    }
}

/// Sends the records that wait, oldest first, until the sink refuses or the time is over. Two passes at once send some
/// twice, which is no harm.
///
/// # Errors
/// When the table cannot be reached.
pub(crate) async fn send_waiting(context: &Context, deadline: Deadline) -> Result<Option<SinkReport>, Error> {
    let Some(sink) = &context.records.sink else {
        return Ok(None);
    };
    let mut report = SinkReport::default();
    loop {
        let waiting = context.table.waiting(OUTBOX, COUNTED).await?;
        report.waiting = waiting.len();
        report.oldest = waiting.first().and_then(|oldest| key::accepted_at(&oldest.id));
        if waiting.is_empty() {
            return Ok(Some(report));
        }
        for batch in batches(&waiting, |waiting| waiting.notice.len()) {
            if !deadline.leaves(context.outbound.clock.now(), BATCH_TIMEOUT) {
                return Ok(Some(report));
            }
            let records: Vec<&str> = batch.iter().map(|waiting| waiting.notice.as_str()).collect();
            let left = match put(sink.as_ref(), &records, BATCH_TIMEOUT).await {
                Ok(left) => left,
                Err(error) => {
                    tracing::error!(error, waiting = report.waiting, "the records wait for their sink");
                    report.error = Some(error);
                    return Ok(Some(report));
                }
            };
            let taken = batch.iter().enumerate().filter(|(place, _)| !left.contains(place));
            let taken: Vec<&str> = taken.map(|(_, waiting)| waiting.id.as_str()).collect();
            context.table.remove_sent(OUTBOX, &taken).await?;
            report.sent += taken.len();
            report.waiting -= taken.len();
            if !left.is_empty() {
                let error = format!("the sink did not take {} of {}", left.len(), batch.len());
                tracing::error!(error, waiting = report.waiting, "the records wait for their sink");
                report.error = Some(error);
                return Ok(Some(report));
            }
        }
    }
}

/// How many records wait, as far as they are counted.
pub(crate) async fn waiting(context: &Context) -> Result<usize, Error> {
    Ok(context.table.waiting(OUTBOX, COUNTED).await?.len())
}

/// Puts a batch, and returns the places of those that were not taken.
pub(crate) async fn put(sink: &dyn Sink, records: &[&str], limit: Duration) -> Result<Vec<usize>, String> {
    match tokio::time::timeout(limit, sink.put(records)).await {
        Ok(put) => put.map_err(|error: SinkError| causes(&error)),
        Err(_) => Err(format!("the sink took longer than {} s", limit.as_secs())),
    }
}

/// As many items to a batch as the sink takes.
pub(crate) fn batches<T>(items: &[T], bytes: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut batches = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (at, item) in items.iter().enumerate() {
        let more = bytes(item);
        if at > start && (at - start == MOST_RECORDS || size + more > MOST_BYTES) {
            batches.push(&items[start..at]);
            (start, size) = (at, 0);
        }
        size += more;
    }
    if start < items.len() {
        batches.push(&items[start..]);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_no_larger_than_the_sink_takes() {
        let lengths = |sizes: &[usize]| -> Vec<usize> {
            let batches = batches(sizes, |size| *size);
            batches.iter().map(|batch| batch.len()).collect()
        };
        assert_eq!(lengths(&[]), Vec::<usize>::new());
        assert_eq!(lengths(&[1; 500]), [500]);
        assert_eq!(lengths(&[1; 1001]), [500, 500, 1]);
        assert_eq!(lengths(&[3 << 20, 1 << 20, 1]), [2, 1]);
        assert_eq!(lengths(&[5 << 20, 1]), [1, 1]);
    }
}
