//! Access to AWS with the credentials of the environment, as Lambda gives them: the whole chain of other sources costs
//! a cold start and is never asked there.

use aws_credential_types::Credentials;
use outbound::{Access, Outbound};

use crate::settings::BadSetting;

/// How to reach AWS's services over our one HTTP client; `value` gives an environment variable by its name.
///
/// # Errors
/// When there are no credentials, or no region.
pub fn access(outbound: &Outbound, value: impl Fn(&str) -> Option<String>) -> Result<Access, BadSetting> {
    let need = |name: &'static str| {
        let why = "it is not set; AWS needs AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        value(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| BadSetting::new(name, why))
    };
    Ok(Access {
        http_client: outbound::sdk_http_client(outbound),
        credentials: Credentials::from_keys(
            need("AWS_ACCESS_KEY_ID")?,
            need("AWS_SECRET_ACCESS_KEY")?,
            value("AWS_SESSION_TOKEN"),
        ),
        region: need("AWS_REGION")?,
        endpoint_url: value("AWS_ENDPOINT_URL"),
    })
}

/// How to reach one of them: at its own endpoint, where `AWS_ENDPOINT_URL_<SERVICE>` names one as it does for every AWS
/// SDK (`DYNAMODB`, `SECRETS_MANAGER`), else as [`access`] says.
///
/// # Errors
/// The same.
pub fn access_to(
    service: &str,
    outbound: &Outbound,
    value: impl Fn(&str) -> Option<String>,
) -> Result<Access, BadSetting> {
    let own = value(&format!("AWS_ENDPOINT_URL_{service}"));
    let access = access(outbound, value)?;
    Ok(Access {
        endpoint_url: own.or(access.endpoint_url),
        ..access
    })
}
