//! Authorities that are trusted besides the public ones: a company's own, for its GitHub or its proxy.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Authorities of our own. The default: none.
#[derive(Clone, Debug, Default)]
pub struct ExtraRoots(Option<Arc<RootCertStore>>);

/// Why a text gives no authorities.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BadRoots {
    /// There is no certificate in it, or a part of it is not PEM.
    #[error("it is not PEM with certificates, expected `-----BEGIN CERTIFICATE-----` in it")]
    NotPem,
    /// A certificate that is none, or none of an authority.
    #[error("certificate {place} in it cannot be used: {why}")]
    Unusable {
        /// Which one, from 1 on.
        place: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl ExtraRoots {
    /// The certificates in a PEM file.
    ///
    /// # Errors
    /// When there is none, or one cannot be used.
    pub fn from_pem(pem: &[u8]) -> Result<Self, BadRoots> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| BadRoots::NotPem)?;
            let place = roots.len() + 1;
            let added = roots.add(certificate);
            added.map_err(|error| BadRoots::Unusable {
                place,
                why: error.to_string(),
            })?;
        }
        if roots.is_empty() {
            return Err(BadRoots::NotPem);
        }
        Ok(Self(Some(Arc::new(roots))))
    }

    /// The public authorities and these.
    pub(crate) fn and_public(&self) -> RootCertStore {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        if let Self(Some(extra)) = self {
            roots.roots.extend_from_slice(&extra.roots);
        }
        roots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_no_authority_is_said() {
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        for text in ["", "hello", cut] {
            let error = ExtraRoots::from_pem(text.as_bytes()).unwrap_err();
            assert!(matches!(error, BadRoots::NotPem), "{text}: {error}");
        }
        let no_certificate = format!("{cut}-----END CERTIFICATE-----\n");
        let error = ExtraRoots::from_pem(no_certificate.as_bytes()).unwrap_err();
        assert!(
            error.to_string().starts_with("certificate 1 in it cannot be used: "),
            "{error}"
        );
    }
}
