//! Real clients and gateways from PyPI, installed by `integration-tests/run` into an environment of their own.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

/// A program of the environment; panics when it is not installed.
pub fn installed(name: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin").join(name);
    assert!(program.exists(), "{} is missing: run integration-tests/run", program.display());
    program
}

/// An example client of this repository, by its path below `clients`.
pub fn client(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(path)
}

/// LiteLLM's proxy.
#[derive(Debug)]
pub struct LiteLlm {
    child: Child,
    address: String,
    folder: TempDir,
}

impl LiteLlm {
    pub const KEY: &str = "sk-master";

    /// Starts it over this configuration and waits until it serves, which takes it some ten seconds.
    pub async fn start(configuration: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        // JSON is YAML.
        std::fs::write(&path, configuration.to_string()).unwrap();
        // It cannot be told to choose a port itself.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = File::create(folder.path().join("log")).unwrap();
        let child = Command::new(installed("litellm"))
            .arg("--config")
            .arg(&path)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", folder.path())
            .env("LITELLM_MASTER_KEY", Self::KEY)
            // Else it would ask the network for its prices.
            .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut proxy = Self { child, address: format!("127.0.0.1:{port}"), folder };
        let alive = format!("http://{}/health/liveliness", proxy.address);
        let client = crate::http::client();
        while !client.get(&alive).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(proxy.child.try_wait().unwrap().is_none(), "LiteLLM ended:\n{}", proxy.printed());
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        proxy
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn printed(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for LiteLlm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- LiteLLM printed:\n{}", self.printed());
        }
    }
}
