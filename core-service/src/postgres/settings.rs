//! Which server, and what goes there.

use std::{fmt, net::IpAddr, time::Duration};

use tokio_postgres::config::{Config, Host, SslMode};

/// Never says what was given: it holds a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStore {
    #[error("not a URL of the form postgres://user:password@host:5432/database?sslmode=require")]
    Url,
    #[error("it names no host")]
    NoHost,
    #[error("the certificates cannot be used")]
    Roots,
    #[error("no connections can be made")]
    Pool,
}

/// What must not be written to the store although it is in the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sealing {
    /// The log encrypts payloads.
    pub encrypted: bool,
    /// The log keeps payloads masked or not at all once they are judged, and until then as they came.
    pub reduced: bool,
}

#[derive(Clone)]
pub struct PostgresSettings {
    pub(super) config: Config,
    /// PEM. None: the system's.
    pub roots: Option<Vec<u8>>,
    /// Older days are dropped. None: never.
    pub keep: Option<Duration>,
    pub sealing: Sealing,
}

impl fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSettings")
            .field("at", &self.about())
            .field("keep", &self.keep)
            .field("sealing", &self.sealing)
            .finish_non_exhaustive()
    }
}

impl PostgresSettings {
    pub const CONNECT: Duration = Duration::from_secs(3);

    /// Where the URL says nothing of TLS, another machine is reached by TLS alone: a password goes over no open wire
    /// unless it is said.
    pub fn new(url: &str) -> Result<Self, InvalidStore> {
        let url = url.trim();
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(InvalidStore::Url);
        }
        let mut config: Config = url.parse().map_err(|_| InvalidStore::Url)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(InvalidStore::NoHost);
        }
        let options = url.split_once('?').map_or("", |(_, options)| options);
        let says_tls = options.split('&').any(|option| option.starts_with("sslmode="));
        if !says_tls && !config.get_hosts().iter().all(is_local) {
            config.ssl_mode(SslMode::Require);
        }
        if config.get_application_name().is_none() {
            config.application_name("portcullis");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Self::CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(10));
        }
        config.keepalives_idle(Duration::from_secs(30));
        Ok(Self { config, roots: None, keep: None, sealing: Sealing::default() })
    }

    /// For people: without credentials.
    pub fn about(&self) -> String {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate().map(|(at, host)| {
            let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                #[cfg(unix)]
                Host::Unix(folder) => format!("{}:{port}", folder.display()),
            }
        });
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or("its default database");
        format!("PostgreSQL {database} at {}", hosts.collect::<Vec<_>>().join(","))
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_nowhere_and_goes_by_tls_to_other_machines() {
        let settings = PostgresSettings::new("postgres://ann:hunter2@db.example:6432/events").unwrap();
        assert_eq!(settings.about(), "PostgreSQL events at db.example:6432");
        assert!(!format!("{settings:?} {:?}", settings.config).contains("hunter2"));
        let mode = |url: &str| PostgresSettings::new(url).unwrap().config.get_ssl_mode();
        assert_eq!(mode("postgres://db.example/events"), SslMode::Require);
        assert_eq!(mode("postgres://127.0.0.1,db.example/events"), SslMode::Require);
        assert_eq!(mode("postgres://db.example/events?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgresql://127.0.0.1:5433/events"), SslMode::Prefer);
        assert_eq!(mode("postgres://%2Frun%2Fpostgresql/events"), SslMode::Prefer);
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_it() {
        for url in ["", "db", "host=db password=hunter2", "mysql://db/x", "postgres://", "postgres://h:x/hunter2"] {
            let error = PostgresSettings::new(url).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{url}: {error}");
        }
    }
}
