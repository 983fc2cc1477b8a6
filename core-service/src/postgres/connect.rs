//! Connections: TLS, what holds for all of them, and what their failures mean.

use std::{error::Error as _, fmt, sync::Arc, time::Duration};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, Error, error::SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::settings::{InvalidStore, PostgresSettings};
use crate::{deliver::DeliveryFailure, events::StoreFault};

/// For a connection with everything before its first statement.
const OPEN: Duration = Duration::from_secs(10);
/// Readers of one node at a time; the others wait.
const READERS: usize = 4;
/// That one of them waits for a connection.
const WAIT: Duration = Duration::from_secs(3);

/// What was acknowledged here is on the server's disk, also where its default says otherwise. Times and locks are bounded on
/// the server too, for connections whose other end is gone.
const SESSION: &str = "
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    SET timezone TO 'UTC';
    SET client_min_messages TO 'warning';
    SET lock_timeout TO '5s';
    SET idle_in_transaction_session_timeout TO '60s';
";
/// A write may be large, a reader is waited for by somebody.
const WRITES: &str = "SET statement_timeout TO '30s'";
const READS: &str = "SET statement_timeout TO '4s'";

#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    about: Arc<str>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.about)
    }
}

impl Connector {
    pub(super) fn new(settings: &PostgresSettings) -> Result<Self, InvalidStore> {
        let roots = roots(settings.roots.as_deref())?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(|_| InvalidStore::Roots)?;
        let tls = MakeRustlsConnect::new(builder.with_root_certificates(roots).with_no_client_auth());
        Ok(Self { config: settings.config.clone(), tls, about: settings.about().into() })
    }

    /// To write.
    pub(super) async fn connect(&self) -> Result<Client, StoreFault> {
        let open = async {
            let (client, connection) = self.config.connect(self.tls.clone()).await?;
            // It ends when the client is dropped; its failure is the client's next one.
            tokio::spawn(async move { drop(connection.await) });
            client.batch_execute(SESSION).await?;
            client.batch_execute(WRITES).await?;
            Ok(client)
        };
        match timeout(OPEN, open).await {
            Ok(opened) => opened.map_err(|error: Error| {
                let fault = fault(&error);
                tracing::debug!(store = &*self.about, cause = cause(&error), %fault, "the event store does not connect");
                fault
            }),
            Err(_) => Err(StoreFault::TimedOut),
        }
    }

    /// To read, and to note.
    pub(super) fn pool(&self) -> Result<Pool, InvalidStore> {
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), config);
        Pool::builder(manager)
            .max_size(READERS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(OPEN))
            .recycle_timeout(Some(WAIT))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    client.batch_execute(SESSION).await.map_err(HookError::Backend)?;
                    client.batch_execute(READS).await.map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|_| InvalidStore::Pool)
    }
}

fn roots(pem: Option<&[u8]>) -> Result<RootCertStore, InvalidStore> {
    let mut roots = RootCertStore::empty();
    match pem {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| InvalidStore::Roots)?;
                roots.add(certificate).map_err(|_| InvalidStore::Roots)?;
            }
        }
        // A system without any has no use for TLS, or is told by the handshake.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

/// Of a connection that was never there, so that it quotes no record: what the driver and the system say.
fn cause(error: &Error) -> String {
    match (error.code(), error.source()) {
        (Some(code), _) => format!("SQLSTATE {}", code.code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

pub(super) fn fault(error: &Error) -> StoreFault {
    let Some(code) = error.code() else {
        // A certificate that is refused stays refused, a connection that breaks does not.
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        let is_tls = source.contains("certificate") || error.to_string().contains("authentication");
        return if is_tls { StoreFault::Refused } else { StoreFault::Unreachable };
    };
    if *code == SqlState::CHECK_VIOLATION && error.as_db_error().is_some_and(|error| error.constraint().is_none()) {
        // No partition is there for its day: it was dropped.
        return StoreFault::NotReady;
    }
    let class = |classes: &[&str]| classes.iter().any(|class| code.code().starts_with(class));
    if class(&["42P01", "3F000"]) {
        StoreFault::NotReady
    } else if class(&["28", "3D", "42501"]) {
        StoreFault::Refused
    } else if class(&["57014", "55P03"]) {
        StoreFault::TimedOut
    } else if class(&["08"]) {
        StoreFault::Unreachable
    } else if class(&["53", "57", "40", "25006"]) {
        StoreFault::Unavailable
    } else if class(&["22", "23", "54"]) {
        StoreFault::Rejected
    } else {
        let mut state = [b'?'; 5];
        state.iter_mut().zip(code.code().bytes()).for_each(|(to, from)| *to = from);
        StoreFault::Other(state)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn failed(error: Error) -> StoreFault {
    fault(&error)
}

pub(super) fn unpooled(error: PoolError) -> StoreFault {
    match error {
        PoolError::Timeout(_) => StoreFault::TimedOut,
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => fault(&error),
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => StoreFault::Unreachable,
    }
}

pub(super) const fn delivery(fault: StoreFault) -> DeliveryFailure {
    match fault {
        StoreFault::Unreachable => DeliveryFailure::Unreachable,
        StoreFault::TimedOut => DeliveryFailure::TimedOut,
        StoreFault::Refused => DeliveryFailure::Refused,
        StoreFault::Rejected => DeliveryFailure::Rejected,
        StoreFault::NotReady
        | StoreFault::Newer { .. }
        | StoreFault::Unavailable
        | StoreFault::Damaged
        | StoreFault::Other(_) => DeliveryFailure::Unavailable,
    }
}
