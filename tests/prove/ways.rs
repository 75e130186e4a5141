//! In which ways a call can fail: one table, by what kind of call it is. A call of a service that is not named here is
//! taken to be one that may change something over a network, so nobody has to remember it.

use bytes::Bytes;
use outbound::{Answer, Call, End, Fault};

/// A way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// Nobody listens.
    Refused,
    /// The connection is reset before the call has its effect.
    Reset,
    /// The same after its effect.
    Lost,
    /// No answer in time, and no effect.
    TimedOut,
    /// The same with its effect.
    Late,
    /// 500, and no effect.
    Broken,
    /// 500, and yet its effect: the table's own 500 leaves that open.
    BrokenAfter,
    /// 503 with a page of HTML, as a proxy says it.
    Unavailable,
    /// 429.
    Limited,
    /// 429 with `Retry-After`.
    LimitedFor,
    /// 403 and the hour's requests used up, as GitHub says it.
    UsedUp,
    /// 404.
    NotFound,
    /// 422.
    Invalid,
    /// 200 with what nobody can read, and no effect.
    Garbage,
    /// The same after its effect.
    GarbageAfter,
    /// Its effect, and a body that is cut off.
    Truncated,
    /// Its effect, and a body that comes byte by byte for longer than anybody waits.
    Dripping,
    /// The table throttles this request.
    Throttled,
    /// Another transaction is in the way.
    Conflict,
    /// The process dies before the call.
    DiesBefore,
    /// The process dies when the call had its effect.
    DiesAfter,
    /// The table throttles every request of this process from here on.
    ThrottledOn,
    /// The process is suspended before the call while others make whole passes, then goes on.
    Freezes,
    /// The clock jumps three hours ahead and stays there.
    Ahead,
    /// It jumps half an hour back.
    Back,
    /// It jumps a day back.
    FarBack,
    /// Its answer comes when the deadline is over.
    PastDeadline,
    /// It comes seven seconds before: too late to poll, not to send.
    NearDeadline,
}

/// What befalls the calls of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// One call fails.
    Fails,
    /// From one call on, the table throttles the process.
    Throttled,
    /// The process is suspended.
    Frozen,
    /// The clock jumps.
    Jumps,
    /// The deadline falls.
    Ends,
}

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The table is read.
    TableRead,
    /// Items are changed, each by itself.
    TableUpdate,
    /// Items are changed, all or none.
    TableTransaction,
    /// Something is asked over a network, and nothing changes.
    Question,
    /// GitHub is asked, and nothing changes there.
    GitHubQuestion,
    /// GitHub is told to do something.
    GitHubOrder,
    /// Something may change over a network.
    Order,
}

impl Kind {
    fn of(call: &Call) -> Self {
        let what = call.what.rsplit('.').next().unwrap_or_default();
        match (call.service, what) {
            ("dynamodb", "GetItem" | "Query" | "BatchGetItem" | "DescribeTable") => Self::TableRead,
            ("dynamodb", "TransactWriteItems") => Self::TableTransaction,
            ("dynamodb", _) => Self::TableUpdate,
            ("copr", _) | ("aws", "GetSecretValue") => Self::Question,
            ("github", what) if what.starts_with("GET") => Self::GitHubQuestion,
            ("github", _) => Self::GitHubOrder,
            _ => Self::Order,
        }
    }
}

/// The ways that make a difference to a call.
///
/// To the SDK, a refused connection is one that was reset, and 503 and 429 are 500; and a read that is reset or broken is
/// asked again like one that is late. A process that dies after it has only asked leaves what one leaves that dies before.
pub fn ways(fate: Fate, call: &Call) -> Vec<Way> {
    use Way::{
        Ahead, Back, Broken, BrokenAfter, Conflict, DiesAfter, DiesBefore, Dripping, FarBack, Freezes, Garbage,
        GarbageAfter, Invalid, Late, Limited, LimitedFor, Lost, NearDeadline, NotFound, PastDeadline, Refused, Reset,
        Throttled, ThrottledOn, TimedOut, Truncated, Unavailable, UsedUp,
    };
    match fate {
        Fate::Throttled if call.service == "dynamodb" => return vec![ThrottledOn],
        Fate::Throttled => return Vec::new(),
        Fate::Frozen => return vec![Freezes],
        Fate::Jumps => return vec![Ahead, Back, FarBack],
        Fate::Ends => return vec![PastDeadline, NearDeadline],
        Fate::Fails => {}
    }
    let table = [TimedOut, Throttled, Garbage, DiesBefore];
    let changed = [Reset, Broken, Lost, Late, BrokenAfter, GarbageAfter, DiesAfter];
    let network = [
        Refused,
        Reset,
        TimedOut,
        Broken,
        Unavailable,
        Limited,
        LimitedFor,
        Garbage,
        Truncated,
        Dripping,
        DiesBefore,
    ];
    let order = [Lost, Late, GarbageAfter, DiesAfter];
    let (first, more, own): (&[Way], &[Way], &[Way]) = match Kind::of(call) {
        Kind::TableRead => (&table, &[], &[]),
        Kind::TableUpdate => (&table, &changed, &[]),
        Kind::TableTransaction => (&table, &changed, &[Conflict]),
        Kind::Question => (&network, &[], &[]),
        Kind::GitHubQuestion => (&network, &[], &[UsedUp, NotFound]),
        Kind::GitHubOrder => (&network, &order, &[UsedUp, NotFound, Invalid]),
        Kind::Order => (&network, &order, &[]),
    };
    [first, more, own].concat()
}

impl Way {
    /// What befalls the call; nothing where it is the clock that a way moves.
    pub fn fault(self, call: &Call) -> Option<Fault> {
        let table = call.service == "dynamodb";
        let said = |status, header: Option<(&'static str, &str)>, body: &str, end| Answer {
            status,
            headers: header
                .into_iter()
                .map(|(name, value)| (name, value.to_owned()))
                .collect(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            end,
        };
        let error = |status, kind: &str| {
            let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}","message":"later"}}"#);
            said(status, None, &body, End::Whole)
        };
        let broken = || {
            if table {
                error(500, "InternalServerError")
            } else {
                said(500, None, "", End::Whole)
            }
        };
        let begun = r#"{"output": "ok"#;
        Some(match self {
            Self::Refused => Fault::Refused,
            Self::Reset => Fault::Reset,
            Self::Lost => Fault::AnswerLost,
            Self::TimedOut => Fault::TimedOut,
            Self::Late => Fault::AnswerLate,
            Self::Broken => Fault::Answered(broken()),
            Self::BrokenAfter => Fault::AnsweredAfter(broken()),
            Self::Unavailable => Fault::Answered(said(503, None, "<html>", End::Whole)),
            Self::Limited => Fault::Answered(said(429, None, "", End::Whole)),
            Self::LimitedFor => Fault::Answered(said(429, Some(("retry-after", "60")), "", End::Whole)),
            Self::UsedUp => {
                let mut answer = said(403, Some(("x-ratelimit-remaining", "0")), "", End::Whole);
                answer.headers.push(("x-ratelimit-reset", "1772442900".to_owned()));
                Fault::Answered(answer)
            }
            Self::NotFound => Fault::Answered(said(404, None, r#"{"message": "Not Found"}"#, End::Whole)),
            Self::Invalid => Fault::Answered(said(422, None, r#"{"message": "Validation Failed"}"#, End::Whole)),
            Self::Garbage => Fault::Answered(said(200, None, "garbage", End::Whole)),
            Self::GarbageAfter => Fault::AnsweredAfter(said(200, None, "garbage", End::Whole)),
            Self::Truncated => Fault::AnsweredAfter(said(200, None, begun, End::Broken)),
            Self::Dripping => Fault::AnsweredAfter(said(200, None, begun, End::Dripping)),
            Self::Throttled | Self::ThrottledOn => Fault::Answered(error(400, "ThrottlingException")),
            Self::Conflict => Fault::Answered(said(
                400,
                None,
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "Message":"conflict","CancellationReasons":[{"Code":"TransactionConflict"}]}"#,
                End::Whole,
            )),
            Self::DiesBefore => Fault::DiesBefore,
            Self::DiesAfter => Fault::DiesAfter,
            Self::Freezes => Fault::Freezes,
            Self::Ahead | Self::Back | Self::FarBack | Self::PastDeadline | Self::NearDeadline => return None,
        })
    }

    /// Does the call have its effect?
    pub fn has_effect(self) -> bool {
        matches!(
            self,
            Self::Lost
                | Self::Late
                | Self::BrokenAfter
                | Self::GarbageAfter
                | Self::Truncated
                | Self::Dripping
                | Self::DiesAfter
                | Self::Freezes
        ) || self.moves_the_clock()
    }

    /// Is it the clock that goes wrong, and not the call?
    pub fn moves_the_clock(self) -> bool {
        matches!(
            self,
            Self::Ahead | Self::Back | Self::FarBack | Self::PastDeadline | Self::NearDeadline
        )
    }
}
