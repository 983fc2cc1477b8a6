//! TLS for both ports: one certificate from two files, read again when they change.
//!
//! rustls with ring: TLS 1.2 and 1.3, no client certificates.

mod files;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::ring,
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
    },
};

use self::files::Contents;
pub use self::files::certificates;

/// A connection whose handshake is done.
pub type TlsStream = tokio_rustls::server::TlsStream<TcpStream>;

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// Names the file, never what is in it.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{}: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("{}: no certificate in PEM is in it", .0.display())]
    NoCertificate(PathBuf),
    #[error("{}: no private key in PEM is in it", .0.display())]
    NoKey(PathBuf),
    #[error("{} and {}: {message}", certificate.display(), key.display())]
    Unusable { certificate: PathBuf, key: PathBuf, message: String },
}

/// A certificate that is kept current. Clones are the same one.
#[derive(Clone)]
pub struct Tls(Arc<Shared>);

struct Shared {
    certificate: PathBuf,
    key: PathBuf,
    served: Arc<Served>,
    /// What the files held when they were last looked at, usable or not.
    seen: Mutex<Option<[u8; 32]>>,
}

impl Tls {
    /// Reads both files: a chain with the server's own certificate first, and its private key (PKCS#8, PKCS#1 or SEC1).
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let contents = Contents::read(certificate, key)?;
        let seen = Mutex::new(Some(contents.digest()));
        let served = Arc::new(Served(ArcSwap::from_pointee(contents.pair()?)));
        Ok(Self(Arc::new(Shared { certificate: certificate.to_owned(), key: key.to_owned(), served, seen })))
    }

    /// What accepts connections, for clients that speak one of these (RFC 7301): `h2`, `http/1.1`.
    pub fn acceptor(&self, protocols: &[&str]) -> Result<Acceptor, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(|error| self.unusable(&error))?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::clone(&self.0.served) as _);
        config.alpn_protocols = protocols.iter().map(|&name| name.into()).collect();
        Ok(Acceptor(TlsAcceptor::from(Arc::new(config))))
    }

    /// Looks at the files for ever. What cannot be used leaves the last good certificate in place and is said once.
    pub async fn keep_current(self) {
        loop {
            tokio::time::sleep(PERIOD).await;
            let tls = self.clone();
            match tokio::task::spawn_blocking(move || tls.reload()).await {
                Ok(Ok(true)) => tracing::info!(file = %self.0.certificate.display(), "a new certificate is served"),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the certificate cannot be renewed; the last good one is served");
                }
                Ok(Ok(false)) | Err(_) => {}
            }
        }
    }

    fn unusable(&self, error: &rustls::Error) -> TlsError {
        files::unusable(&self.0.certificate, &self.0.key, error)
    }

    /// Whether there was something new. An error is told once for each state of the files.
    fn reload(&self) -> Result<bool, TlsError> {
        let read = Contents::read(&self.0.certificate, &self.0.key);
        let now = read.as_ref().ok().map(Contents::digest);
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return Ok(false);
        }
        *seen = now;
        self.0.served.0.store(Arc::new(read?.pair()?));
        Ok(true)
    }
}

/// Does handshakes.
#[derive(Clone)]
pub struct Acceptor(TlsAcceptor);

impl Acceptor {
    /// A client that offers no protocol of this port, or takes longer than `limit`, is refused.
    pub async fn accept(&self, stream: TcpStream, limit: Duration) -> io::Result<TlsStream> {
        tokio::time::timeout(limit, self.0.accept(stream)).await?
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acceptor")
    }
}

/// Shows the file's name alone.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({})", self.0.certificate.display())
    }
}

impl fmt::Display for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.certificate.display(), f)
    }
}

struct Served(ArcSwap<CertifiedKey>);

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Served")
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

#[cfg(test)]
mod tests;
