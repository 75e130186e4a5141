//! Every call that leaves the process: the one HTTP client, the AWS SDK's connector over it, the clock, and the
//! fault point through which all of them pass, so that a test can make any call fail by its number.

mod causes;
mod clock;
mod error;
mod fault;
mod http;
mod roots;
mod sdk;
mod trouble;

pub use causes::causes;
pub use clock::{Clock, Deadline};
pub use error::Error;
pub use fault::{Answer, Call, End, Fault, FaultPoint};
pub use http::{Outbound, Response};
pub use roots::{BadRoots, ExtraRoots};
pub use sdk::{Access, OwnUserAgent, SdkSleep, sdk_http_client};

/// How Copperbell names itself to every server, with a page where its operator can be found.
pub const USER_AGENT: &str = concat!(
    "copperbell/",
    env!("CARGO_PKG_VERSION"),
    " (+https://github.com/copperbell/copperbell)"
);
