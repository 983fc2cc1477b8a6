//! Who may see payloads as they were recorded.

use serde::{Deserialize, Deserializer, de::Error as _};

/// Whoever may call at all, nobody, or those that are named as records name them: `name:oncall`, `jwt:ann`, `basic:ann`, or
/// `name:adapter/jwt:ann` for somebody behind an adapter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Revealers {
    #[default]
    Anybody,
    Nobody,
    Named(Vec<String>),
}

impl Revealers {
    pub fn include(&self, who: &str) -> bool {
        match self {
            Self::Anybody => true,
            Self::Nobody => false,
            Self::Named(names) => names.iter().any(|name| name == who),
        }
    }
}

/// `true`, `false`, or names with commas between them.
impl From<&str> for Revealers {
    fn from(text: &str) -> Self {
        match text.trim() {
            "true" => Self::Anybody,
            "false" => Self::Nobody,
            names => Self::Named(names.split(',').map(|name| name.trim().to_owned()).collect()),
        }
    }
}

impl<'de> Deserialize<'de> for Revealers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            All(bool),
            Named(Vec<String>),
        }
        Ok(
            match Written::deserialize(deserializer).map_err(|_| D::Error::custom("true, false or a list of names"))? {
                Written::All(true) => Self::Anybody,
                Written::All(false) => Self::Nobody,
                Written::Named(names) => Self::Named(names),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_includes_whom_it_names_and_nobody_else() {
        let named = Revealers::from("name:oncall, jwt:ann");
        assert_eq!(named, Revealers::Named(vec!["name:oncall".to_owned(), "jwt:ann".to_owned()]));
        assert!(named.include("jwt:ann"));
        for other in ["", "jwt:anna", "name:adapter/jwt:ann", "basic:ann"] {
            assert!(!named.include(other), "{other}");
        }
        assert!(Revealers::from("true").include(""));
        assert!(!Revealers::from("false").include(""));
        // A variable that was set to nothing opens nothing.
        assert!(!Revealers::from("").include("jwt:ann"));
    }

    #[test]
    fn a_file_says_it_in_its_own_way() {
        #[derive(Deserialize)]
        struct File {
            reveal: Revealers,
        }
        let read = |text: &str| toml::from_str::<File>(text).map(|file| file.reveal);
        assert_eq!(read("reveal = true").unwrap(), Revealers::Anybody);
        assert_eq!(read("reveal = false").unwrap(), Revealers::Nobody);
        assert_eq!(read("reveal = [\"jwt:ann\"]").unwrap(), Revealers::Named(vec!["jwt:ann".to_owned()]));
        assert!(read("reveal = \"yes\"").unwrap_err().to_string().contains("true, false or a list of names"));
    }
}
