//! Where a GitHub has its API.

use url::Url;

/// The API of github.com. A GitHub Enterprise Server has its own at `https://HOST/api/v3`.
pub const DEFAULT_API_URL: &str = "https://api.github.com";

/// The base URL of a GitHub's REST API.
#[derive(Clone, Debug)]
pub struct ApiUrl(Url);

/// An address at which no GitHub API can be. It is not repeated: somebody may have put a password into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an http:// or https:// URL without user, query and fragment, its host in ASCII, such as {DEFAULT_API_URL} or \
     https://HOST/api/v3"
)]
pub struct BadUrl;

impl ApiUrl {
    /// The API at a base URL, which may have a path and a slash at its end.
    ///
    /// # Errors
    /// When it is no http or https URL, or holds a user, a query or a fragment.
    pub fn new(base: &str) -> Result<Self, BadUrl> {
        let base = Url::parse(base).map_err(|_| BadUrl)?;
        let good = matches!(base.scheme(), "http" | "https")
            && base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none();
        if good { Ok(Self(base)) } else { Err(BadUrl) }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address of what has this path below the base.
    pub(crate) fn join(&self, path: &[String]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// Where a redirect leads, in short: another server by its origin, this one by the path.
    pub(crate) fn whereto(&self, location: Option<&str>) -> String {
        match location.map(|location| self.0.join(location)) {
            Some(Ok(to)) if to.origin() == self.0.origin() => to.path().to_owned(),
            Some(Ok(to)) => to.origin().ascii_serialization(),
            _ => "nowhere".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_where_no_api_can_be_is_refused_without_repeating_it() {
        let table = [
            "",
            "api.github.com",
            "ftp://api.example",
            "file:///etc/passwd",
            "https://",
            "https://alice:hush@api.example",
            "https://alice@api.example",
            "https://api.example/?a=b",
            "https://api.example/#x",
            "data:,x",
        ];
        for base in table {
            assert_eq!(ApiUrl::new(base).unwrap_err(), BadUrl, "{base}");
        }
        insta::assert_snapshot!(BadUrl, @"expected an http:// or https:// URL without user, query and fragment, its host in ASCII, such as https://api.github.com or https://HOST/api/v3");
    }

    #[test]
    fn a_path_before_the_api_is_kept_and_segments_are_encoded() {
        let table = [
            (DEFAULT_API_URL, "https://api.github.com/app/a%2Fb%3Fc"),
            (
                "https://ghes.example/api/v3",
                "https://ghes.example/api/v3/app/a%2Fb%3Fc",
            ),
            ("http://[::1]:8080/api/v3/", "http://[::1]:8080/api/v3/app/a%2Fb%3Fc"),
        ];
        for (base, expected) in table {
            let api = ApiUrl::new(base).unwrap();
            let path = ["app", "a/b?c", ".."].map(str::to_owned);
            assert_eq!(api.join(&path).as_str(), expected);
        }
    }

    #[test]
    fn a_redirect_is_told_without_its_secrets() {
        let api = ApiUrl::new("https://ghes.example/api/v3").unwrap();
        let table = [
            (
                Some("https://ghes.example/api/v3/repositories/1/hooks?a=hush"),
                "/api/v3/repositories/1/hooks",
            ),
            (Some("/login"), "/login"),
            (Some("https://me:hush@other.example:444/x"), "https://other.example:444"),
            (Some("http://ghes.example/api/v3"), "http://ghes.example"),
            (Some("http://"), "nowhere"),
            (None, "nowhere"),
        ];
        for (location, expected) in table {
            assert_eq!(api.whereto(location), expected, "{location:?}");
        }
    }
}
