//! `copperbell serve`: the listener for GitHub's webhooks, the schedule and the deliverer, in one process.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use jobs::{ChannelReport, Limits, MAX_BODY, Pass, Received};
use outbound::{Clock, Deadline};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, watch};

use crate::bad_start::BadStart;
use crate::connect::Server;
use crate::output::print;
use crate::status_page::{self, Tally};

/// How much of bodies may be in flight at once? Beyond that GitHub is asked to come again.
const MAX_IN_FLIGHT: usize = 64 << 20;

/// By when is every request answered, from its first byte? GitHub waits 10 s.
const ANSWER_LIMIT: Duration = Duration::from_secs(8);

/// How long may one message to a chat take?
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// How long may what is under way take once the process is asked to end, and then the last messages?
const FAREWELL: Duration = Duration::from_secs(8);

/// How long does the deliverer sleep when nothing rests and nothing is new?
const LOOK_ANYWAY: Duration = Duration::from_mins(1);

/// And when something waits for a sender that has the channel: a process that was killed gives nothing back.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// And at least? What cannot be removed from the outbox must not be sent without a pause.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// How long may a pass take at least, however often one is due? A poll alone is not begun with less than ten seconds left.
const SHORTEST_PASS: Duration = Duration::from_mins(1);

/// Everybody's cron starts at :00 and :30. We start three minutes later.
const OFFSET: SignedDuration = SignedDuration::from_mins(3);

/// The process was asked to end: whatever works against a deadline stops.
static ENDING: AtomicBool = AtomicBool::new(false);

/// What the parts of the server share.
struct Shared {
    server: Arc<Server>,
    tally: Arc<Tally>,
    /// Rung when something was accepted, or waits.
    accepted: Notify,
    in_flight: Semaphore,
}

pub(crate) async fn run(server: Server) -> anyhow::Result<bool> {
    // Before anybody is told that we are here, and may ask us to go.
    let asked_to_end = asked_to_end()?;
    let webhooks = bind(server.listen, "LISTEN").await?;
    let status = bind(server.status_listen, "STATUS_LISTEN").await?;
    // Wrong secrets end the program here, with a sentence, and not with the first delivery.
    let loaded = server.loaded.get().await?;
    if loaded.keys.secrets.is_empty() {
        tracing::warn!("SECRETS has no github_webhook_secret, so every webhook is answered 503");
    }
    print(&format!(
        "Webhooks: POST http://{}/webhook\nStatus: http://{}/\n",
        webhooks.local_addr()?,
        status.local_addr()?
    ))?;
    let shared = Arc::new(Shared {
        server: Arc::new(server),
        tally: Arc::default(),
        accepted: Notify::new(),
        in_flight: Semaphore::new(MAX_IN_FLIGHT),
    });
    let (stop, stopped) = watch::channel(false);
    let (close, closed) = watch::channel(false);
    let doors = Router::new()
        .route("/webhook", post(webhook))
        .route("/healthz", get(async || "ok\n"))
        .with_state(shared.clone());
    let window = status_page::router(shared.server.clone(), shared.tally.clone());
    let doors = axum::serve(webhooks, doors).with_graceful_shutdown(told(closed.clone()));
    let window = axum::serve(status, window).with_graceful_shutdown(told(closed));
    let doors = tokio::spawn(doors.into_future());
    let window = tokio::spawn(window.into_future());
    let schedule = tokio::spawn(schedule(shared.clone(), stopped.clone()));
    let deliverer = tokio::spawn(deliverer(shared.clone(), stopped));

    asked_to_end.await;
    ENDING.store(true, Ordering::Relaxed);
    stop.send_replace(true);
    // The doors stay open meanwhile: what a pass has redelivered to us must not come in vain.
    schedule.await.context("Failed to end the schedule")?;
    deliverer.await.context("Failed to end the deliverer")?;
    // Requests that have begun are answered, then what they left is delivered as far as time allows.
    close.send_replace(true);
    let _ = tokio::time::timeout(ANSWER_LIMIT, doors).await;
    window.abort();
    let deadline = Deadline::at(now(&shared.server.clock) + FAREWELL);
    if let Ok(loaded) = shared.server.loaded.get().await {
        let limits = Limits {
            send_timeout: SEND_TIMEOUT,
            deadline,
        };
        let _ = tokio::time::timeout(FAREWELL, Box::pin(jobs::deliver(&loaded.context, limits))).await;
    }
    Ok(true)
}

async fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener, BadStart> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| {
        let what_to_do = match error.kind() {
            ErrorKind::AddrInUse => {
                "something listens there already, another `copperbell serve` perhaps: end it, or set another port"
            }
            ErrorKind::PermissionDenied => "ports below 1024 are for root: set one from 1024 on",
            ErrorKind::AddrNotAvailable => "this machine has no such address: 0.0.0.0 is all it has",
            _ => "set another address",
        };
        BadStart::new(&format!(
            "{setting}: cannot listen on {address} ({error}): {what_to_do}"
        ))
    })
}

fn now(clock: &Clock) -> Timestamp {
    clock.now()
}

async fn told(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// From now on Ctrl-C and SIGTERM end nothing by themselves; what is returned waits for one of them.
fn asked_to_end() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("Failed to listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("Failed to listen for Ctrl-C")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

async fn webhook(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let answer = Box::pin(take(&shared, request));
    let received = tokio::time::timeout(ANSWER_LIMIT, answer).await;
    let received = received.unwrap_or(Received::Unavailable);
    shared.tally.received(received);
    if received == Received::Accepted {
        shared.accepted.notify_one();
    }
    let status = StatusCode::from_u16(received.status()).unwrap_or_default();
    (status, received.body()).into_response()
}

/// Reads the body, within the caps, and takes the delivery. A signature that nobody knows makes us look for a newer
/// secret, once in a while.
async fn take(shared: &Shared, request: Request) -> Received {
    let (parts, body) = request.into_parts();
    let announced = announced_length(&parts.headers);
    if announced.is_some_and(|length| length > MAX_BODY) {
        return Received::TooLarge;
    }
    // A body of unknown length may grow to the cap.
    let room = u32::try_from(announced.unwrap_or(MAX_BODY)).unwrap_or(u32::MAX);
    let Ok(_room) = shared.in_flight.try_acquire_many(room) else {
        return Received::Unavailable;
    };
    let body = match read(body, announced).await {
        Ok(body) => body.freeze(),
        Err(received) => return received,
    };
    let Ok(loaded) = shared.server.loaded.get().await else {
        return Received::Unavailable;
    };
    let receipt = jobs::receive(&loaded.context, &loaded.keys, &parts.headers, body.clone()).await;
    if receipt.received != Received::Forged {
        return receipt.received;
    }
    match shared.server.loaded.newer(&loaded).await {
        Some(newer) => {
            let receipt = jobs::receive(&newer.context, &newer.keys, &parts.headers, body).await;
            receipt.received
        }
        None => receipt.received,
    }
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(body: Body, announced: Option<usize>) -> Result<BytesMut, Received> {
    let mut read = BytesMut::with_capacity(announced.unwrap_or_default());
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Received::Unreadable)?;
        if read.len() + piece.len() > MAX_BODY {
            return Err(Received::TooLarge);
        }
        read.extend_from_slice(&piece);
    }
    Ok(read)
}

/// Runs a pass at every tick.
async fn schedule(shared: Arc<Shared>, stopped: watch::Receiver<bool>) {
    let server = &shared.server;
    loop {
        let tick = next_tick(now(&server.clock), server.every);
        let wait = Duration::try_from(tick.duration_since(now(&server.clock))).unwrap_or_default();
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = told(stopped.clone()) => return,
        }
        let Ok(loaded) = server.loaded.get().await else {
            continue;
        };
        let deadline = Deadline::at(tick + server.every.max(SHORTEST_PASS)).or_when(&ENDING);
        let pass = Pass::new(tick, deadline);
        let run = jobs::run(&loaded.context, &server.watch, pass, |_| {});
        // A pass that is cut off goes on where it was with the next one.
        let Some(report) = unless_stopped(run, &stopped).await else {
            return;
        };
        shared.tally.passed(&report);
        // What a channel would not take from the pass is the deliverer's.
        shared.accepted.notify_one();
        if let Some(why_not) = report.why_not {
            tracing::error!("the pass of {tick} is not complete: {why_not}");
        }
    }
}

/// The next tick after `now`: every `every`, at an odd minute.
fn next_tick(now: Timestamp, every: Duration) -> Timestamp {
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1000);
    let offset = i64::try_from(OFFSET.as_millis()).unwrap_or_default();
    let passed = (now.as_millisecond() - offset).div_euclid(every);
    let next = passed.saturating_add(1).saturating_mul(every).saturating_add(offset);
    Timestamp::from_millisecond(next).unwrap_or(Timestamp::MAX)
}

/// Sends what was accepted at once, and what rests when its rest is over.
async fn deliverer(shared: Arc<Shared>, stopped: watch::Receiver<bool>) {
    loop {
        let mut wait = LOOK_ANYWAY;
        if let Ok(loaded) = shared.server.loaded.get().await {
            let limits = Limits {
                send_timeout: SEND_TIMEOUT,
                deadline: Deadline::NONE.or_when(&ENDING),
            };
            let Some(channels) = unless_stopped(jobs::deliver(&loaded.context, limits), &stopped).await else {
                return;
            };
            shared.tally.delivered(&channels);
            let now = now(&shared.server.clock);
            let waits = channels.iter().filter_map(|channel| look_in(channel, now));
            wait = waits.min().unwrap_or(LOOK_ANYWAY).clamp(SHORTEST_WAIT, LOOK_ANYWAY);
        }
        tokio::select! {
            () = shared.accepted.notified() => {}
            () = tokio::time::sleep(wait) => {}
            () = told(stopped.clone()) => return,
        }
    }
}

/// When is a channel to be looked at again, if nothing new is accepted for it?
fn look_in(channel: &ChannelReport, now: Timestamp) -> Option<Duration> {
    let rest = channel.rest_until.map(|until| until.duration_since(now));
    let rest = rest.map(|rest| Duration::try_from(rest).unwrap_or_default());
    rest.or((channel.waiting > 0).then_some(LOOK_AGAIN))
}

/// Does something to its end. Once the process is asked to end there is only little time left for it, and `None` comes
/// of it: a message that is cut off comes twice, and a lease that is not given back keeps the next process waiting.
async fn unless_stopped<T>(work: impl Future<Output = T>, stopped: &watch::Receiver<bool>) -> Option<T> {
    let mut work = Box::pin(work);
    tokio::select! {
        done = &mut work => return Some(done),
        () = told(stopped.clone()) => {}
    }
    let _ = tokio::time::timeout(FAREWELL, work).await;
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_come_at_an_odd_minute_and_one_after_another() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (now, every, next) in [
            ("2026-03-02T09:00:00Z", Duration::from_mins(10), "2026-03-02T09:03:00Z"),
            ("2026-03-02T09:03:00Z", Duration::from_mins(10), "2026-03-02T09:13:00Z"),
            ("2026-03-02T09:02:59Z", Duration::from_hours(1), "2026-03-02T09:03:00Z"),
            ("2026-03-02T09:03:00Z", Duration::from_hours(1), "2026-03-02T10:03:00Z"),
        ] {
            assert_eq!(next_tick(at(now), every), at(next), "{now} {every:?}");
        }
    }

    #[test]
    fn a_channel_is_looked_at_when_its_rest_is_over_or_soon_where_something_waits() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let later = now + Duration::from_secs(3);
        let earlier = now - Duration::from_secs(3);
        for (waiting, rest_until, wait) in [
            (0, None, None),
            (1, None, Some(LOOK_AGAIN)),
            (1, Some(later), Some(Duration::from_secs(3))),
            (1, Some(earlier), Some(Duration::ZERO)),
        ] {
            let channel = ChannelReport {
                waiting,
                rest_until,
                ..ChannelReport::default()
            };
            assert_eq!(look_in(&channel, now), wait, "{waiting} {rest_until:?}");
        }
    }

    #[tokio::test]
    async fn what_is_under_way_is_finished_when_the_process_is_asked_to_end() {
        let (stop, stopped) = watch::channel(false);
        assert_eq!(unless_stopped(async { 1 }, &stopped).await, Some(1));
        stop.send_replace(true);
        let done = std::cell::Cell::new(false);
        let work = async {
            tokio::task::yield_now().await;
            done.set(true);
        };
        assert_eq!(unless_stopped(work, &stopped).await, None);
        assert!(done.get());
    }
}
