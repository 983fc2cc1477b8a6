//! `portcullis-core log …`: the log of a data folder, looked at from the command line.

use std::{
    io::{self, Write},
    path::Path,
};

use super::{
    compose::StartError,
    settings::{self, DataArgs, KeyOverrides},
};
use crate::record::{
    Erased, Log, Rewrapped,
    verify::{self, Verified},
};

#[derive(Debug, clap::Subcommand)]
pub enum LogCommand {
    /// Reads the whole log and says what is not as it was acknowledged. Exit status 1 when something is not.
    Verify {
        #[command(flatten)]
        data: DataArgs,
        /// A head that an earlier run printed: it has to be a part of the chain still.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// Makes a tenant's encrypted payloads unreadable for ever, by destroying their key. The service must not run. Exit status
    /// 1 when there was no key, now or in an earlier run, or when records are or may be readable still.
    Erase {
        #[command(flatten)]
        data: DataArgs,
        /// The principal of its records.
        #[arg(long, value_name = "PRINCIPAL")]
        tenant: String,
    },
    /// Wraps every tenant's key by the first of the master keys. The service must not run. Exit status 1 when one is
    /// wrapped by a master key that is not given.
    Rewrap {
        #[command(flatten)]
        data: DataArgs,
        #[command(flatten)]
        keys: KeyOverrides,
    },
}

/// Ok is whether all is well.
pub fn run(command: &LogCommand, out: &mut impl Write) -> Result<bool, StartError> {
    match command {
        LogCommand::Verify { data, head } => {
            let data_dir = data.folder()?;
            let found = verify::verify(&data_dir, head.as_deref())?;
            print(&found, out).map_err(other)?;
            Ok(found.is_whole())
        }
        LogCommand::Erase { data, tenant } => {
            let data_dir = data.folder()?;
            exists(&data_dir)?;
            let Erased { keys, before, unprotected } = Log::erase(&data_dir, tenant)?;
            let told = match before {
                0 => writeln!(out, "{keys} keys destroyed"),
                _ => writeln!(out, "{keys} keys destroyed, and {before} in an earlier run"),
            };
            told.map_err(other)?;
            if unprotected > 0 {
                writeln!(out, "{unprotected} records were stored without encryption, and are still readable")
                    .map_err(other)?;
            }
            let damaged = Log::damaged_files_in(&data_dir);
            for file in &damaged {
                writeln!(out, "{file} was moved aside, is not erased, and may hold the key and payloads: take it away")
                    .map_err(other)?;
            }
            Ok(keys + before > 0 && unprotected == 0 && damaged.is_empty())
        }
        LogCommand::Rewrap { data, keys } => {
            let (data_dir, file) = data.read()?;
            exists(&data_dir)?;
            let keys = settings::keys(keys, file.log.key_file.as_ref())?;
            let keys = keys.ok_or_else(|| StartError::Other("no master key is given: --log-key-file".to_owned()))?;
            let Rewrapped { rewrapped, current, locked } = Log::rewrap(&data_dir, &keys)?;
            writeln!(out, "{rewrapped} keys wrapped anew, {current} were already, {locked} need another master key")
                .map_err(other)?;
            Ok(locked == 0)
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn other(error: io::Error) -> StartError {
    StartError::Other(error.to_string())
}

/// A misspelt folder must not be made.
fn exists(data_dir: &Path) -> Result<(), StartError> {
    let file = data_dir.join("portcullis.db");
    file.metadata().map(drop).map_err(|error| StartError::Other(format!("{}: {error}", file.display())))
}

fn print(found: &Verified, out: &mut impl Write) -> io::Result<()> {
    let Verified { node, records, unsealed, commits, first, last, incidents, head, .. } = found;
    writeln!(out, "node       {node}")?;
    writeln!(out, "records    {records}, sequences {first} to {last}, in {commits} commits")?;
    if *unsealed > 0 {
        writeln!(out, "           {unsealed} of them were recorded before there was a chain, and are not covered")?;
    }
    for (first, last, records, reason) in &found.removed {
        writeln!(out, "removed    {records} by {reason}, sequences {first} to {last}")?;
    }
    if *incidents > 0 {
        writeln!(out, "incidents  {incidents}: gaps and damaged files, see the events of the kind `log`")?;
    }
    writeln!(out, "head       {head}")?;
    for problem in &found.problems {
        writeln!(out, "PROBLEM    {problem}")?;
    }
    let more = found.problems_total - found.problems.len() as u64;
    match (found.problems_total, more) {
        (0, _) => writeln!(out, "all as it was recorded"),
        (total, 0) => writeln!(out, "{total} problems"),
        (total, more) => writeln!(out, "{total} problems, {more} of them not named"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{
        LogSettings, MasterKeys,
        samples::{allowed, folder, later},
    };

    fn data(data_dir: &Path) -> DataArgs {
        DataArgs { data_dir: Some(data_dir.to_owned()), config: None }
    }

    fn told(command: &LogCommand) -> Result<(bool, String), StartError> {
        let mut out = Vec::new();
        let is_well = run(command, &mut out)?;
        Ok((is_well, String::from_utf8(out).unwrap()))
    }

    fn erase(data_dir: &Path, tenant: &str) -> (bool, String) {
        told(&LogCommand::Erase { data: data(data_dir), tenant: tenant.to_owned() }).unwrap()
    }

    #[tokio::test]
    async fn the_settings_file_of_the_service_says_where_the_log_is() {
        let dir = folder();
        let (log_dir, config) = (dir.path().join("elsewhere"), dir.path().join("portcullis.toml"));
        Log::open(&log_dir).unwrap().close().await;
        let key = dir.path().join("keys");
        std::fs::write(&key, "ab".repeat(32)).unwrap();
        let toml = format!("data.dir = '{}'\nlog.key_file = '{}'", log_dir.display(), key.display());
        std::fs::write(&config, toml).unwrap();
        let data = DataArgs { config: Some(config), data_dir: None };
        let (is_well, said) = told(&LogCommand::Verify { data: data.clone(), head: None }).unwrap();
        assert!(is_well && said.contains("all as it was recorded"), "{said}");
        let (is_well, said) = told(&LogCommand::Rewrap { data, keys: KeyOverrides::default() }).unwrap();
        assert!(is_well, "{said}");
    }

    /// An erasure reaches the log, and not what was moved aside before.
    #[tokio::test]
    async fn a_damaged_file_that_may_hold_the_key_is_named() {
        let dir = folder();
        let settings = LogSettings { keys: MasterKeys::parse(&"ab".repeat(32)).ok(), ..LogSettings::default() };
        let log = Log::open_with(dir.path(), &settings).unwrap();
        let record = allowed();
        let tenant = record.context.principal.clone();
        log.append(vec![record], later()).await.unwrap();
        log.close().await;
        let aside = "portcullis.db.damaged-20260101T000000000Z";
        std::fs::copy(log.path(), dir.path().join(aside)).unwrap();
        let (is_well, said) = erase(dir.path(), &tenant);
        assert!(!is_well && said.starts_with("1 keys destroyed\n") && said.contains(aside), "{said}");
        std::fs::write(dir.path().join(format!("{aside}-wal")), "pages").unwrap();
        std::fs::remove_file(dir.path().join(aside)).unwrap();
        let (is_well, said) = erase(dir.path(), &tenant);
        assert!(!is_well && said.contains("-wal"), "{said}");
        std::fs::remove_file(dir.path().join(format!("{aside}-wal"))).unwrap();
        assert_eq!(erase(dir.path(), &tenant), (true, "0 keys destroyed, and 1 in an earlier run\n".to_owned()));
    }

    #[tokio::test]
    async fn a_log_of_another_version_is_not_taken_for_one_that_was_changed() {
        let dir = folder();
        let log = Log::open(dir.path()).unwrap();
        log.append(vec![allowed()], later()).await.unwrap();
        log.close().await;
        for (version, says) in [(7, "brings it up to date"), (99, "knows up to")] {
            let file = rusqlite::Connection::open(log.path()).unwrap();
            file.pragma_update(None, "user_version", version).unwrap();
            drop(file);
            let error = told(&LogCommand::Verify { data: data(dir.path()), head: None }).unwrap_err().to_string();
            assert!(error.contains(&format!("version {version}")) && error.contains(says), "{error}");
        }
    }

    #[tokio::test]
    async fn an_erasure_that_is_repeated_says_that_it_was_done() {
        let dir = folder();
        let settings = LogSettings { keys: MasterKeys::parse(&"ab".repeat(32)).ok(), ..LogSettings::default() };
        let log = Log::open_with(dir.path(), &settings).unwrap();
        let record = allowed();
        let tenant = record.context.principal.clone();
        log.append(vec![record], later()).await.unwrap();
        log.close().await;
        assert_eq!(erase(dir.path(), &tenant), (true, "1 keys destroyed\n".to_owned()));
        assert_eq!(erase(dir.path(), &tenant), (true, "0 keys destroyed, and 1 in an earlier run\n".to_owned()));
        assert_eq!(erase(dir.path(), "nobody"), (false, "0 keys destroyed\n".to_owned()));
        // What was recorded in the clear is readable still.
        let log = Log::open(dir.path()).unwrap();
        log.append(vec![allowed()], later()).await.unwrap();
        log.close().await;
        let (is_well, said) = erase(dir.path(), &tenant);
        assert!(!is_well && said.contains("and 1 in an earlier run") && said.contains("1 records"), "{said}");
    }
}
