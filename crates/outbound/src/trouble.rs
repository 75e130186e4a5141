//! What went wrong on the network, and what to do about it.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// The innermost cause says most (`Connection reset by peer (os error 104)`); where it is said for programmers, in words
/// for whoever must act. `None`: nothing caused it.
pub(crate) fn said(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let words = cause.to_string();
    if let Some(tls) = tls(cause) {
        return Some(of_tls(tls, words));
    }
    if words.starts_with("failed to lookup address information") {
        return Some(format!(
            "its host is not known: check how it is spelt, and whether this machine has DNS ({words})"
        ));
    }
    let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
    Some(match kind {
        Some(io::ErrorKind::ConnectionRefused) => {
            format!("nothing listens there: check the URL's host and port, and whether its server runs ({words})")
        }
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
            format!("there is no way there from here: check this machine's network ({words})")
        }
        _ => words,
    })
}

/// An `io::Error` that wraps another error shows it as itself, and only what caused that as its source.
fn tls<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    match cause.downcast_ref::<io::Error>() {
        Some(wrapping) => tls(wrapping.get_ref()?),
        None => cause.downcast_ref(),
    }
}

fn of_tls(error: &rustls::Error, words: String) -> String {
    match error {
        rustls::Error::InvalidMessage(_) => {
            format!("it speaks no TLS there: is the URL to begin with http://, or its port another? ({words})")
        }
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            format!("its certificate has expired, or this machine's clock is wrong ({words})")
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => format!("its certificate is another host's: check the URL ({words})"),
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => format!(
            "no authority that is trusted here vouches for its certificate: give the PEM file of its authority as CA_FILE \
             ({words})"
        ),
        rustls::Error::InvalidCertificate(_) => {
            format!("its certificate is none that a server may have: whoever runs it must make another ({words})")
        }
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use rustls::InvalidMessage;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("error sending request")]
    struct Outer(#[source] io::Error);

    #[test]
    fn what_a_person_can_do_something_about_is_said_in_words() {
        // As it comes: wrapped by the TLS stream, and again by the connector.
        let tls = |error: rustls::Error| io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error));
        let certificate = |error| tls(rustls::Error::InvalidCertificate(error));
        for (cause, expected) in [
            (
                io::Error::other("failed to lookup address information: Name or service not known"),
                "its host is not known: ",
            ),
            (
                tls(InvalidMessage::InvalidContentType.into()),
                "it speaks no TLS there: ",
            ),
            (
                certificate(CertificateError::UnknownIssuer),
                "no authority that is trusted here vouches",
            ),
            (
                certificate(CertificateError::Expired),
                "its certificate has expired, or ",
            ),
            (
                certificate(CertificateError::NotValidForName),
                "its certificate is another host's: ",
            ),
            (io::ErrorKind::ConnectionRefused.into(), "nothing listens there: "),
            (
                io::ErrorKind::NetworkUnreachable.into(),
                "there is no way there from here: ",
            ),
            (io::Error::other("another"), "another"),
        ] {
            let words = said(&Outer(cause)).unwrap();
            assert!(words.starts_with(expected), "{words}");
        }
        assert_eq!(said(&io::Error::other("alone")), None);
    }
}
