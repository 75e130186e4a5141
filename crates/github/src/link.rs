//! The cursor of the next page, out of the header `Link` (RFC 8288).

use http::HeaderMap;
use http::header::LINK;
use percent_encoding::percent_decode_str;

/// A `Link` that is not as GitHub writes it. Taken for "no next page", it would end a reading too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its Link header gives no cursor of the next page")]
pub(crate) struct BadLink;

/// The cursor of the link whose relation is `next`; nothing when there is no such link, as on the last page. Host and
/// path of the link do not matter: the next page is asked for where this one was.
pub(crate) fn next_cursor(headers: &HeaderMap) -> Result<Option<String>, BadLink> {
    next(headers)?.map(|target| cursor(target).ok_or(BadLink)).transpose()
}

/// Is there a next page? For lists whose pages are asked for by number.
pub(crate) fn has_next(headers: &HeaderMap) -> Result<bool, BadLink> {
    Ok(next(headers)?.is_some())
}

/// The target of the link whose relation is `next`.
fn next(headers: &HeaderMap) -> Result<Option<&str>, BadLink> {
    for links in headers.get_all(LINK) {
        let links = links.to_str().map_err(|_| BadLink)?;
        if let Some(target) = next_of(links)? {
            return Ok(Some(target));
        }
    }
    Ok(None)
}

/// The target of the link whose relation is `next`: `<https://…>; rel="next", <https://…>; rel="prev"`.
fn next_of(links: &str) -> Result<Option<&str>, BadLink> {
    let mut rest = links.trim();
    while !rest.is_empty() {
        let link = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let (target, mut after) = link.ok_or(BadLink)?;
        let mut is_next = false;
        while let Some(parameter) = after.trim_start().strip_prefix(';') {
            let end = parameter.find(['=', ';', ',']).unwrap_or(parameter.len());
            let (name, value) = parameter.split_at(end);
            let (value, rest) = match value.strip_prefix('=') {
                Some(value) => value_of(value.trim_start())?,
                None => ("", value),
            };
            is_next |= name.trim().eq_ignore_ascii_case("rel")
                && value
                    .split_whitespace()
                    .any(|relation| relation.eq_ignore_ascii_case("next"));
            after = rest;
        }
        if is_next {
            return Ok(Some(target));
        }
        rest = match after.trim_start() {
            "" => "",
            more => more.strip_prefix(',').ok_or(BadLink)?.trim_start(),
        };
    }
    Ok(None)
}

/// The value of a parameter, quoted or not, and what comes after it.
fn value_of(text: &str) -> Result<(&str, &str), BadLink> {
    let Some(quoted) = text.strip_prefix('"') else {
        return Ok(text.split_at(text.find([';', ',']).unwrap_or(text.len())));
    };
    let mut escaped = false;
    let end = quoted.find(|c| {
        let is_end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    });
    let end = end.ok_or(BadLink)?;
    Ok((&quoted[..end], &quoted[end + 1..]))
}

/// The cursor in the query of a link's target.
fn cursor(target: &str) -> Option<String> {
    let (target, _fragment) = target.split_once('#').unwrap_or((target, ""));
    let (_path, query) = target.split_once('?')?;
    let cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor="))?;
    let cursor = cursor.replace('+', " ");
    let cursor = percent_decode_str(&cursor).decode_utf8().ok()?;
    (!cursor.is_empty()).then(|| cursor.into_owned())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(links: &[&str]) -> Result<Option<String>, BadLink> {
        let mut headers = HeaderMap::new();
        for link in links {
            headers.append(LINK, HeaderValue::from_bytes(link.as_bytes()).unwrap());
        }
        next_cursor(&headers)
    }

    #[test]
    fn the_cursor_of_the_next_page_is_found() {
        let table: [(&[&str], &str); 14] = [
            (
                &[r#"<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_12077215967>; rel="next""#],
                "v1_12077215967",
            ),
            (
                &[r#"<https://a/b?cursor=prev>; rel="prev", <https://a/b?cursor=x>; rel="next""#],
                "x",
            ),
            (
                &[r#"<https://a/b?cursor=x>; rel="next", <https://a/b?cursor=prev>; rel="prev""#],
                "x",
            ),
            (
                &[
                    r#"<https://a/b?page=1>; rel="first""#,
                    r#"<https://a/b?cursor=x>; rel="next""#,
                ],
                "x",
            ),
            (&["<?cursor=x>;rel=next"], "x"),
            (&[r#"  <?cursor=x> ; title="a \", b; c>" ; REL = "last NEXT"  "#], "x"),
            (&[r#"<?cursor=x>; crossorigin; rel="next""#], "x"),
            (&["<?a=b,c;d&cursor=x>; rel=next"], "x"),
            (&["<?cursor=a%2Bb%3D%26+%2f%C5%BE#end>; rel=next"], "a+b=& /ž"),
            (&["<?cursor=x&cursor=y>; rel=next"], "x"),
            (&["<?xcursor=y&cursor=x>; rel=next"], "x"),
            (&["<https://elsewhere.example/?cursor=x>; rel=next"], "x"),
            (&["<?cursor=x>; rel=next, garbage"], "x"),
            (&["<?cursor=%>; rel=next"], "%"),
        ];
        for (links, expected) in table {
            assert_eq!(
                read(links).as_ref().map(Option::as_deref),
                Ok(Some(expected)),
                "{links:?}"
            );
        }
    }

    #[test]
    fn the_last_page_has_no_next() {
        let table: [&[&str]; 6] = [
            &[],
            &[""],
            &[r#"<https://a/b?cursor=x>; rel="prev""#],
            &["<https://a/b?cursor=x>"],
            &[r#"<?cursor=x>; rel="nextish"; title="rel=next""#],
            &["<?cursor=x>; rel=prev, <?cursor=y>; rel=first"],
        ];
        for links in table {
            assert_eq!(read(links), Ok(None), "{links:?}");
        }
    }

    #[test]
    fn a_link_that_cannot_be_read_is_no_last_page() {
        let table = [
            "https://a/b?cursor=x",
            "<https://a/b?cursor=x; rel=next",
            "<?cursor=x> rel=next",
            r#"<?cursor=x>; rel="next"#,
            r#"<?cursor=x>; rel="prev" x"#,
            "<?cursor=x>; rel=prev, x",
            "<https://a/b>; rel=next",
            "<https://a/b?page=2>; rel=next",
            "<?cursor=>; rel=next",
            "<?cursor=%ff>; rel=next",
            "<#?cursor=x>; rel=next",
            "é",
        ];
        for link in table {
            assert_eq!(read(&[link]), Err(BadLink), "{link}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(link in r#"[<>;,="\\ a%?&é]{0,40}|(<\?cursor=[^>]{0,9}>|; ?rel="?next"?|,| ){0,9}"#) {
            if let Ok(value) = HeaderValue::from_bytes(link.as_bytes()) {
                let _ = next_cursor(&HeaderMap::from_iter([(LINK, value)]));
            }
            let _ = next_of(&link);
        }

        #[test]
        fn every_cursor_comes_back(cursor in ".{1,30}") {
            let query = percent_encoding::utf8_percent_encode(&cursor, percent_encoding::NON_ALPHANUMERIC);
            let link = format!("<https://a/b?per_page=100&cursor={query}>; rel=\"next\"");
            prop_assert_eq!(read(&[&link]), Ok(Some(cursor)));
        }
    }
}
