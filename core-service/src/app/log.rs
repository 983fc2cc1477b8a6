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
    /// Makes a tenant's encrypted payloads unreadable for ever, by destroying their key. The service must not run.
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
            let Erased { keys, unprotected } = Log::erase(data_dir, tenant)?;
            writeln!(out, "{keys} keys destroyed").map_err(other)?;
            if unprotected > 0 {
                writeln!(out, "{unprotected} records were stored without encryption, and are still readable")
                    .map_err(other)?;
            }
            Ok(keys > 0 && unprotected == 0)
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
