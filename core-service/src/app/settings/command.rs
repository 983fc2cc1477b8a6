//! What commands ask the settings for: by the same flag, environment, file and default as the service, so that a command means
//! the folders of the service that it is called beside.

use std::path::PathBuf;

use clap::Args;

use super::{File, SettingsError};
use crate::classify::second::Choice;

/// Of a command that reads the log.
#[derive(Debug, Clone, Default, Args)]
pub struct DataArgs {
    /// Settings file; `portcullis.toml` in the working folder when not given.
    #[arg(long, env = "PORTCULLIS_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Folder of the log; `./data` when neither this nor the settings file names one.
    #[arg(long, env = "PORTCULLIS_DATA_DIR", value_name = "FOLDER", global = true)]
    pub data_dir: Option<PathBuf>,
}

impl DataArgs {
    /// The folder, and the settings file for what else is asked of it.
    pub fn read(&self) -> Result<(PathBuf, File), SettingsError> {
        let file = File::read(self.config.as_deref())?;
        Ok((data_dir(self.data_dir.as_ref(), &file), file))
    }

    /// The folder alone. Where it is named, no settings file is looked for: it may be nobody else's to read.
    pub fn folder(&self) -> Result<PathBuf, SettingsError> {
        match (&self.data_dir, &self.config) {
            (Some(folder), None) => Ok(folder.clone()),
            _ => Ok(self.read()?.0),
        }
    }
}

/// Of a command that reads the policies.
#[derive(Debug, Clone, Default, Args)]
pub struct PolicyArgs {
    /// Settings file; `portcullis.toml` in the working folder when not given.
    #[arg(long, env = "PORTCULLIS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the policy files; `./policies` when neither this nor the settings file names one.
    #[arg(long, env = "PORTCULLIS_POLICIES_DIR", value_name = "FOLDER")]
    pub policies_dir: Option<PathBuf>,
}

impl PolicyArgs {
    /// The folder, and the settings file for what else is asked of it.
    pub fn read(&self) -> Result<(PathBuf, File), SettingsError> {
        let file = File::read(self.config.as_deref())?;
        Ok((policies_dir(self.policies_dir.as_ref(), &file), file))
    }

    /// The folder alone, as [`DataArgs::folder`].
    pub fn folder(&self) -> Result<PathBuf, SettingsError> {
        match (&self.policies_dir, &self.config) {
            (Some(folder), None) => Ok(folder.clone()),
            _ => Ok(self.read()?.0),
        }
    }
}

/// Of a command that judges.
#[derive(Debug, Clone, Default, Args)]
pub struct EngineArgs {
    #[command(flatten)]
    pub policies: PolicyArgs,
    /// The model that reads what the classifiers are unsure of: `built-in`, `off`, or a folder; `built-in` when neither this nor the
    /// settings file says.
    #[arg(long, env = "PORTCULLIS_SECOND_STAGE", value_name = "CHOICE")]
    pub second_stage: Option<Choice>,
}

impl EngineArgs {
    /// The folder of the policies, and the model.
    pub fn read(&self) -> Result<(PathBuf, Choice), SettingsError> {
        let (folder, file) = self.policies.read()?;
        Ok((folder, second_stage(self.second_stage.as_ref(), &file)))
    }
}

pub(super) fn data_dir(set: Option<&PathBuf>, file: &File) -> PathBuf {
    set.or(file.data.dir.as_ref()).cloned().unwrap_or_else(|| "./data".into())
}

pub(super) fn policies_dir(set: Option<&PathBuf>, file: &File) -> PathBuf {
    set.or(file.policies.dir.as_ref()).cloned().unwrap_or_else(|| "./policies".into())
}

pub(super) fn second_stage(set: Option<&Choice>, file: &File) -> Choice {
    set.cloned().or_else(|| file.second_stage.as_deref().map(Choice::named)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_command_reads_the_file_of_the_service_and_a_flag_wins() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("portcullis.toml");
        let toml = "second_stage = 'off'\ndata.dir = '/file/data'\npolicies.dir = '/file/policies'";
        std::fs::write(&file, toml).unwrap();
        let config = Some(file);

        let args = DataArgs { config: config.clone(), data_dir: None };
        assert_eq!(args.read().unwrap().0, Path::new("/file/data"));
        let args = DataArgs { data_dir: Some("/flag".into()), ..args };
        assert_eq!(args.read().unwrap().0, Path::new("/flag"));

        let policies = PolicyArgs { config, policies_dir: None };
        let args = EngineArgs { policies: policies.clone(), second_stage: None };
        assert_eq!(args.read().unwrap(), ("/file/policies".into(), Choice::Off));
        let policies = PolicyArgs { policies_dir: Some("/flag".into()), ..policies };
        let args = EngineArgs { policies, second_stage: Some(Choice::BuiltIn) };
        assert_eq!(args.read().unwrap(), ("/flag".into(), Choice::BuiltIn));

        let missing = DataArgs { config: Some(folder.path().join("none.toml")), data_dir: Some("/flag".into()) };
        assert!(missing.read().unwrap_err().to_string().contains("none.toml"), "a file that is named has to be there");
    }
}
