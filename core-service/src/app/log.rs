//! `portcullis-core log …`: the log of a data folder, looked at from the command line.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    compose::StartError,
    settings::{self, KeyOverrides},
};
use crate::record::{
    Erased, Log, Rewrapped,
    verify::{self, Verified},
};

#[derive(Debug, clap::Subcommand)]
pub enum LogCommand {
    /// Reads the whole log and says what is not as it was acknowledged. Exit status 1 when something is not.
    Verify {
        #[arg(long, env = "PORTCULLIS_DATA_DIR", value_name = "FOLDER", default_value = "./data")]
        data_dir: PathBuf,
        /// A head that an earlier run printed: it has to be a part of the chain still.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// Makes a tenant's encrypted payloads unreadable for ever, by destroying their key. The service must not run. Exit status
    /// 1 when there was no key, now or in an earlier run, or when records are readable still.
    Erase {
        #[arg(long, env = "PORTCULLIS_DATA_DIR", value_name = "FOLDER", default_value = "./data")]
        data_dir: PathBuf,
        /// The principal of its records.
        #[arg(long, value_name = "PRINCIPAL")]
        tenant: String,
    },
    /// Wraps every tenant's key by the first of the master keys. The service must not run. Exit status 1 when one is
    /// wrapped by a master key that is not given.
    Rewrap {
        #[arg(long, env = "PORTCULLIS_DATA_DIR", value_name = "FOLDER", default_value = "./data")]
        data_dir: PathBuf,
        #[command(flatten)]
        keys: KeyOverrides,
    },
}

/// Ok is whether all is well.
pub fn run(command: &LogCommand, out: &mut impl Write) -> Result<bool, StartError> {
    match command {
        LogCommand::Verify { data_dir, head } => {
            let found = verify::verify(data_dir, head.as_deref())?;
            print(&found, out).map_err(other)?;
            Ok(found.is_whole())
        }
        LogCommand::Erase { data_dir, tenant } => {
            exists(data_dir)?;
            let Erased { keys, before, unprotected } = Log::erase(data_dir, tenant)?;
            let told = match before {
                0 => writeln!(out, "{keys} keys destroyed"),
                _ => writeln!(out, "{keys} keys destroyed, and {before} in an earlier run"),
            };
            told.map_err(other)?;
            if unprotected > 0 {
                writeln!(out, "{unprotected} records were stored without encryption, and are still readable")
                    .map_err(other)?;
            }
            Ok(keys + before > 0 && unprotected == 0)
        }
        LogCommand::Rewrap { data_dir, keys } => {
            exists(data_dir)?;
            let keys = settings::keys(keys, None)?;
            let keys = keys.ok_or_else(|| StartError::Other("no master key is given: --log-key-file".to_owned()))?;
            let Rewrapped { rewrapped, current, locked } = Log::rewrap(data_dir, &keys)?;
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

    fn erase(data_dir: &Path, tenant: &str) -> (bool, String) {
        let mut out = Vec::new();
        let command = LogCommand::Erase { data_dir: data_dir.to_owned(), tenant: tenant.to_owned() };
        let is_well = run(&command, &mut out).unwrap();
        (is_well, String::from_utf8(out).unwrap())
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
