//! How many requests GitHub still takes, as the headers of its answers say:
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

use crate::error::ApiError;

/// What is left of the requests of an hour. Without a limit there is none: a GitHub Enterprise Server may lift it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Requests in an hour.
    pub limit: Option<u64>,
    /// Requests left.
    pub remaining: Option<u64>,
    /// When they are all back, by GitHub's clock.
    pub reset: Option<Timestamp>,
}

impl Rate {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let reset = number(headers, "x-ratelimit-reset").and_then(|seconds| i64::try_from(seconds).ok());
        Self {
            limit: number(headers, "x-ratelimit-limit"),
            remaining: number(headers, "x-ratelimit-remaining"),
            reset: reset.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        }
    }
}

/// What a 403 or 429 means, if it is a limit on requests. A secondary limit may say so in words alone.
pub(crate) fn rate_limit(status: u16, headers: &HeaderMap, said: &str, now: Timestamp) -> Option<ApiError> {
    let said = said.to_lowercase();
    let rate = Rate::of(headers);
    let until = if let Some(wait) = number(headers, "retry-after") {
        now.checked_add(Duration::from_secs(wait)).ok()
    } else if rate.remaining == Some(0) {
        rate.reset
    } else if status == 429 || said.contains("rate limit") || said.contains("abuse") {
        None
    } else {
        return None;
    };
    Some(ApiError::RateLimited { until })
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const RESET: (&str, &str) = ("x-ratelimit-reset", "1793577600");
    const NONE_LEFT: (&str, &str) = ("x-ratelimit-remaining", "0");
    const SOME_LEFT: (&str, &str) = ("x-ratelimit-remaining", "17");

    fn headers(given: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = given.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        pairs.collect()
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_is_left_is_read_and_what_is_none_is_nothing() {
        let given = [("x-ratelimit-limit", "5000"), SOME_LEFT, RESET];
        let whole = Rate {
            limit: Some(5000),
            remaining: Some(17),
            reset: Some(second(1_793_577_600)),
        };
        assert_eq!(Rate::of(&headers(&given)), whole);
        assert_eq!(Rate::of(&headers(&[])), Rate::default());
        for odd in ["", "-1", "1.5", "many", "18446744073709551616"] {
            let given = given.map(|(name, _)| (name, odd));
            assert_eq!(Rate::of(&headers(&given)), Rate::default(), "{odd}");
        }
        let far = headers(&[("x-ratelimit-reset", "18446744073709551615")]);
        assert_eq!(Rate::of(&far), Rate::default());
    }

    #[test]
    fn a_limit_says_until_when_in_one_of_three_ways() {
        let limited = |status, given: &[_], said| {
            let limit = rate_limit(status, &headers(given), said, second(1000));
            let Some(ApiError::RateLimited { until }) = limit else {
                panic!("{limit:?}");
            };
            until.map(Timestamp::as_second)
        };
        let reset = Some(1_793_577_600);
        assert_eq!(limited(403, &[("retry-after", "60")], ""), Some(1060));
        assert_eq!(limited(429, &[("retry-after", "0"), NONE_LEFT, RESET], ""), Some(1000));
        assert_eq!(limited(403, &[("retry-after", "soon"), NONE_LEFT, RESET], ""), reset);
        assert_eq!(limited(403, &[NONE_LEFT, RESET], ""), reset);
        assert_eq!(limited(429, &[NONE_LEFT, RESET], ""), reset);
        // It does not say until when.
        assert_eq!(limited(403, &[("retry-after", "18446744073709551615")], ""), None);
        assert_eq!(limited(429, &[NONE_LEFT], ""), None);
        assert_eq!(limited(429, &[SOME_LEFT, RESET], ""), None);
        assert_eq!(limited(429, &[], ""), None);
        let secondary = "You have exceeded a secondary Rate Limit.";
        assert_eq!(limited(403, &[SOME_LEFT, RESET], secondary), None);
        let abuse = "You have triggered an abuse detection mechanism.";
        assert_eq!(limited(403, &[], abuse), None);
    }

    #[test]
    fn another_403_is_no_limit() {
        let forbidden = "Resource not accessible by integration";
        for said in [forbidden, ""] {
            assert_eq!(rate_limit(403, &headers(&[SOME_LEFT, RESET]), said, second(1000)), None);
            assert_eq!(rate_limit(403, &headers(&[]), said, second(1000)), None);
        }
    }
}
