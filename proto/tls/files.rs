//! The two files, and what they hold.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::{
    self,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};

use super::TlsError;

/// A chain has a few kilobytes, all roots of a system some hundreds.
const LARGEST: u64 = 4 << 20;

pub(super) struct Contents {
    certificate: (PathBuf, Vec<u8>),
    key: (PathBuf, Vec<u8>),
}

impl Contents {
    pub(super) fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        Ok(Self { certificate: (certificate.to_owned(), read(certificate)?), key: (key.to_owned(), read(key)?) })
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        let certificate = Sha256::digest(&self.certificate.1);
        Sha256::new().chain_update(certificate).chain_update(&self.key.1).finalize().into()
    }

    /// Also when the two belong to each other only: half of a renewal is none.
    pub(super) fn pair(&self) -> Result<CertifiedKey, TlsError> {
        let (file, pem) = &self.key;
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| TlsError::NoKey(file.clone()))?;
        let chain = parse(&self.certificate.0, &self.certificate.1)?;
        CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map_err(|error| unusable(&self.certificate.0, &self.key.0, &error))
    }
}

/// The file whole, when it holds at least one certificate in PEM and nothing that looks like one and is none.
pub fn certificates(file: &Path) -> Result<Vec<u8>, TlsError> {
    let pem = read(file)?;
    parse(file, &pem)?;
    Ok(pem)
}

fn parse(file: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let none = || TlsError::NoCertificate(file.to_owned());
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(|_| none())?;
    if chain.is_empty() { Err(none()) } else { Ok(chain) }
}

pub(super) fn unusable(certificate: &Path, key: &Path, error: &rustls::Error) -> TlsError {
    TlsError::Unusable { certificate: certificate.to_owned(), key: key.to_owned(), message: error.to_string() }
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Read { file: file.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(file).and_then(|opened| opened.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(failed(io::Error::other("more than 4 MiB")));
    }
    Ok(bytes)
}
