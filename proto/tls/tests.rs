use std::fs;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, pki_types::ServerName},
};

use super::*;

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new certificate and its key, in PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn write(&self, certificate: &str, key: &str) {
        fs::write(self.path("tls.crt"), certificate).unwrap();
        fs::write(self.path("tls.key"), key).unwrap();
    }

    fn load(&self) -> Result<Tls, TlsError> {
        Tls::load(&self.path("tls.crt"), &self.path("tls.key"))
    }

    /// The protocol that a client of this authority gets, when the certificate is for `name`.
    async fn meet(&self, tls: &Tls, name: &str, protocols: &[&str]) -> io::Result<Option<Vec<u8>>> {
        let acceptor = tls.acceptor(&["h2", "http/1.1"]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream, Duration::from_secs(60)).await?;
            stream.write_all(b"!").await
        };
        let client = async {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.as_ref().der().clone()).unwrap();
            let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
            let builder = builder.with_safe_default_protocol_versions().unwrap();
            let mut config = builder.with_root_certificates(roots).with_no_client_auth();
            config.alpn_protocols = protocols.iter().map(|&name| name.into()).collect();
            let connector = TlsConnector::from(Arc::new(config));
            let name = ServerName::try_from(name.to_owned()).unwrap();
            let mut stream = connector.connect(name, TcpStream::connect(address).await?).await?;
            stream.read_exact(&mut [0]).await?;
            Ok(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
        };
        let (served, met) = tokio::join!(server, client);
        served.and(met)
    }
}

#[tokio::test]
async fn a_client_of_the_authority_is_served_in_the_protocol_it_asks_for() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("localhost");
    authority.write(&certificate, &key);
    let tls = authority.load().unwrap();
    let h2 = authority.meet(&tls, "localhost", &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(h2.as_deref(), Some(&b"h2"[..]));
    let http = authority.meet(&tls, "localhost", &["http/1.1"]).await.unwrap();
    assert_eq!(http.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(authority.meet(&tls, "localhost", &[]).await.unwrap(), None);
    assert!(authority.meet(&tls, "localhost", &["smtp"]).await.is_err());
    assert!(authority.meet(&tls, "example.org", &[]).await.is_err());
    assert!(Authority::new().meet(&tls, "localhost", &[]).await.is_err());
    assert!(!format!("{tls:?} {:?}", tls.acceptor(&[]).unwrap()).contains(&key[40..60]));
}

#[tokio::test]
async fn new_files_are_served_and_broken_ones_are_not() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("one.example");
    authority.write(&certificate, &key);
    let tls = authority.load().unwrap();
    assert!(!tls.reload().unwrap(), "nothing changed");

    let (certificate, key) = authority.issue("two.example");
    fs::write(authority.path("tls.crt"), &certificate).unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Unusable { .. })), "half of a renewal");
    assert!(!tls.reload().unwrap(), "said once");
    authority.meet(&tls, "one.example", &[]).await.unwrap();
    fs::remove_file(authority.path("tls.key")).unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Read { .. })));
    assert!(!tls.reload().unwrap(), "said once");

    fs::write(authority.path("tls.key"), &key).unwrap();
    assert!(tls.reload().unwrap());
    authority.meet(&tls, "two.example", &[]).await.unwrap();
    assert!(authority.meet(&tls, "one.example", &[]).await.is_err());
}

#[tokio::test]
async fn a_client_that_says_nothing_is_not_waited_for() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("localhost");
    authority.write(&certificate, &key);
    let acceptor = authority.load().unwrap().acceptor(&["h2"]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let refused = acceptor.accept(stream, Duration::from_millis(20)).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
    drop(silent);
}

#[test]
fn what_cannot_be_served_names_the_file_and_not_what_is_in_it() {
    let authority = Authority::new();
    let ((certificate, key), (_, other)) = (authority.issue("localhost"), authority.issue("localhost"));
    let error = |certificate: &str, key: &str| {
        authority.write(certificate, key);
        authority.load().unwrap_err()
    };
    assert!(matches!(error(&certificate, &other), TlsError::Unusable { .. }));
    assert!(matches!(error(&certificate, &certificate), TlsError::NoKey(_)));
    assert!(matches!(error(&key, &key), TlsError::NoCertificate(_)));
    assert!(matches!(error("", &key), TlsError::NoCertificate(_)));
    let cut = &certificate[..certificate.len() / 2];
    assert!(matches!(error(cut, &key), TlsError::NoCertificate(_)));
    let not_der = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    assert!(matches!(error(not_der, &key), TlsError::Unusable { .. }));
    for (certificate, key) in [(certificate.as_str(), other.as_str()), (not_der, &key)] {
        let said = error(certificate, key).to_string();
        assert!(said.contains("tls.crt") && !said.contains(&key[40..60]) && !said.contains("aGVsbG8"), "{said}");
    }
    fs::remove_file(authority.path("tls.crt")).unwrap();
    assert!(authority.load().unwrap_err().to_string().contains("tls.crt"));
}
