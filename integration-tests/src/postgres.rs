//! A real PostgreSQL of the tests' own.

use std::{
    fmt::Write as _,
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::{
        fs::{MetadataExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls, Row};

use crate::{Faults, authority::Authority, until};

/// It ends when its standard input does, and so with this process however that ends.
const KEEPER: &str = r#""$0" -D "$1" & server=$!; cat > /dev/null; kill -INT $server; wait $server; rm -rf "$1""#;

/// One server. Nothing in it outlives it.
#[derive(Debug)]
pub struct Postgres {
    address: SocketAddr,
    keeper: Child,
    /// Held open.
    _input: Option<ChildStdin>,
    databases: AtomicU32,
}

/// A database, reached through a proxy that can misbehave.
#[derive(Debug)]
pub struct Database {
    name: String,
    direct: SocketAddr,
    pub faults: Faults,
}

/// Debian keeps them out of the search path.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> =
        versions.map(|version| version.path().join("bin").join(name)).filter(|path| path.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}

/// The server refuses to run as root.
fn lowly(command: &mut Command, folder: &Path) {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let id = |flag| {
        let output = Command::new("id").args([flag, "postgres"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<u32>().expect("there is no user `postgres`")
    };
    let (user, group) = (id("-u"), id("-g"));
    chown(folder, Some(user), Some(group)).unwrap();
    command.uid(user).gid(group);
}

impl Postgres {
    /// The one that tests share, each with a database of its own.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED.get_or_init(|| Self::start(None)).await
    }

    /// With TLS, where there is an authority: its certificate is for `127.0.0.1`.
    pub async fn start(authority: Option<&Authority>) -> Self {
        // Kept: the keeper takes it away.
        let folder = TempDir::with_prefix("portcullis-postgres-").unwrap().keep();
        let data = folder.join("data");
        let mut initdb = Command::new(program("initdb"));
        initdb.args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"]);
        initdb.arg(&data).current_dir("/").stdin(Stdio::null());
        lowly(&mut initdb, &folder);
        let made = initdb.output().expect("PostgreSQL is missing: run integration-tests/run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

        // It cannot be told to choose a port itself.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut settings = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n\
             max_connections = 200\nlog_destination = 'stderr'\nlogging_collector = off\n",
            address.port()
        );
        if let Some(authority) = authority {
            settings.push_str("ssl = on\n");
            for name in ["tls.crt", "tls.key"] {
                let copy = data.join(name);
                let mut put = Command::new("/bin/sh");
                // As the server's user, whose file it has to be.
                put.args(["-c", "umask 077; cat > \"$0\""]).arg(&copy).stdin(Stdio::piped());
                lowly(&mut put, &folder);
                let mut child = put.spawn().unwrap();
                std::io::Write::write_all(child.stdin.as_mut().unwrap(), &fs::read(authority.path(name)).unwrap())
                    .unwrap();
                assert!(child.wait().unwrap().success());
                let setting = if name == "tls.crt" { "ssl_cert_file" } else { "ssl_key_file" };
                writeln!(settings, "{setting} = '{}'", copy.display()).unwrap();
            }
        }
        let file = data.join("postgresql.conf");
        fs::write(&file, fs::read_to_string(&file).unwrap() + &settings).unwrap();

        let mut keeper = Command::new("/bin/sh");
        keeper.args(["-c", KEEPER]).arg(program("postgres")).arg(&data).current_dir("/");
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        lowly(&mut keeper, &folder);
        let mut keeper = keeper.spawn().unwrap();
        let server = Self { address, _input: keeper.stdin.take(), keeper, databases: AtomicU32::default() };
        until(|| async { connect(address, "postgres").await }).await;
        server
    }

    /// An empty one.
    pub async fn database(&self) -> Database {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let server = connect(self.address, "postgres").await.unwrap();
        server.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        Database { name, direct: self.address, faults: Faults::of(self.address).await }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self._input.take());
        let _ = self.keeper.wait();
    }
}

impl Database {
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/{}", self.faults.address(), self.name)
    }

    /// Past the proxy, for those who look at what has arrived.
    pub async fn client(&self) -> Client {
        connect(self.direct, &self.name).await.unwrap()
    }

    /// None while the tables are not there.
    pub async fn query(&self, statement: &str) -> Option<Vec<Row>> {
        self.client().await.query(statement, &[]).await.ok()
    }

    /// Of an aggregate query.
    pub async fn number(&self, statement: &str) -> Option<i64> {
        self.query(statement).await.map(|rows| rows[0].get(0))
    }
}

async fn connect(address: SocketAddr, database: &str) -> Option<Client> {
    let url = format!("postgres://postgres@{address}/{database}");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.ok()?;
    tokio::spawn(async move { drop(connection.await) });
    Some(client)
}
