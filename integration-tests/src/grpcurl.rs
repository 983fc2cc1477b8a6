//! The real grpcurl, as engineers debug with it.

use std::process::{Command, Output};

use crate::tool;

/// Runs it against an address; panics when it is not installed.
pub fn grpcurl(arguments: &[&str]) -> Result<String, String> {
    run(&["-plaintext"], arguments)
}

/// By TLS, trusting the certificates of one file alone.
pub fn grpcurl_tls(authority: &str, arguments: &[&str]) -> Result<String, String> {
    run(&["-cacert", authority], arguments)
}

fn run(transport: &[&str], arguments: &[&str]) -> Result<String, String> {
    let Output { status, stdout, stderr } =
        Command::new(tool("grpcurl")).args(transport).args(arguments).output().unwrap();
    if status.success() {
        Ok(String::from_utf8(stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&stderr).into_owned())
    }
}
