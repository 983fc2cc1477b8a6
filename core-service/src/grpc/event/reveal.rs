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
    /// What is left empty names nobody: a comma at the end is no name.
    fn named<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let names = names.map(str::trim).filter(|name| !name.is_empty());
        Self::Named(names.map(str::to_owned).collect())
    }

    /// Who has no name, as everybody where no credentials are asked for, is nobody that could be named.
    pub fn include(&self, who: &str) -> bool {
        match self {
            Self::Anybody => true,
            Self::Nobody => false,
            Self::Named(names) => !who.is_empty() && names.iter().any(|name| name == who),
        }
    }
}

/// `true`, `false`, or names with commas between them.
impl From<&str> for Revealers {
    fn from(text: &str) -> Self {
        match text.trim() {
            "true" => Self::Anybody,
            "false" => Self::Nobody,
            names => Self::named(names.split(',')),
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
                Written::Named(names) => Self::named(names.iter().map(String::as_str)),
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
    }

    #[test]
    fn what_is_left_empty_opens_nothing() {
        for nothing in ["", " ", ",", " , ,"] {
            let named = Revealers::from(nothing);
            assert_eq!(named, Revealers::Named(Vec::new()), "{nothing:?}");
            assert!(!named.include("") && !named.include("jwt:ann"), "{nothing:?}");
        }
        let one = Revealers::from("jwt:ann,");
        assert!(one.include("jwt:ann") && !one.include(""));
        // However it came to stand there.
        assert!(!Revealers::Named(vec![String::new()]).include(""));
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
        assert_eq!(read("reveal = [\"\", \" jwt:ann \"]").unwrap(), Revealers::Named(vec!["jwt:ann".to_owned()]));
        assert!(read("reveal = \"yes\"").unwrap_err().to_string().contains("true, false or a list of names"));
    }
}
