//! Who was let in, by a name that can stand in a record.

use std::{fmt, sync::Arc};

use sha2::{Digest as _, Sha256};

/// Longest part of a principal that is taken over from outside as it is.
const PLAIN: usize = 48;

/// A short, stable name of whoever a credential belongs to; never the credential. Two credentials share one only where
/// an operator gave both the same name, or both say the same user or account.
///
/// At most 64 bytes, without `/`: what stands behind one was claimed by this principal about its own callers.
/// Empty: no credentials were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Principal(Option<Arc<str>>);

impl Principal {
    /// By the name that an operator gave.
    pub(super) fn named(name: &str) -> Self {
        Self::new(format!("name:{name}"))
    }

    /// By the name of a Basic credential.
    pub(super) fn user(user: &str) -> Self {
        Self::told("basic", user)
    }

    /// By the account that a signed token names.
    pub(super) fn account(account: &str) -> Self {
        Self::told("jwt", account)
    }

    /// By a digest. 64 bits tell an operator's credentials apart; `kind` keeps equal secrets of different kinds apart.
    pub(super) fn secret(kind: &str, secret: &str) -> Self {
        Self::new(format!("{kind}:{}", &hex(kind, secret)[..16]))
    }

    /// A name from outside stands as it is where it is harmless in logs, queries and pages, and else by a digest, which
    /// a different separator keeps apart from names that look like one.
    fn told(kind: &str, name: &str) -> Self {
        if is_plain(name, PLAIN) {
            Self::new(format!("{kind}:{name}"))
        } else {
            Self::new(format!("{kind}#{}", &hex(kind, name)[..32]))
        }
    }

    fn new(text: String) -> Self {
        Self(Some(text.into()))
    }

    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// The principal of a call whose caller, known by `self`, vouches for somebody behind it: `self/claimed`.
    #[must_use]
    pub fn scope(&self, claimed: &str) -> String {
        if claimed.is_empty() { self.as_str().to_owned() } else { format!("{self}/{claimed}") }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Letters, digits and what names and addresses have between them.
pub(super) fn is_plain(name: &str, longest: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@+".contains(&byte);
    (1..=longest).contains(&name.len()) && name.bytes().all(plain)
}

fn hex(kind: &str, secret: &str) -> String {
    let digest = Sha256::new().chain_update("portcullis principal ").chain_update(kind).chain_update([0]);
    digest.chain_update(secret).finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_from_outside_is_bounded_and_harmless() {
        assert_eq!(Principal::user("ann@acme.io").as_str(), "basic:ann@acme.io");
        let long = "x".repeat(1 << 16);
        for odd in ["", "ann/name:acme", "a\nb", "a b", "名", "a:b", &long] {
            let told = Principal::account(odd);
            assert!(told.as_str().starts_with("jwt#") && told.as_str().len() == 36, "{told}");
        }
        assert_ne!(Principal::account("a b"), Principal::account("a  b"));
        assert!(Principal::account(&"x".repeat(PLAIN)).as_str().len() <= 64);
    }

    #[test]
    fn nobody_becomes_another_by_what_is_claimed() {
        let adapter = Principal::secret("token", "t0ken");
        assert_eq!(adapter.scope(""), adapter.as_str());
        assert_eq!(adapter.scope("basic:ann"), format!("{adapter}/basic:ann"));
        assert_eq!(Principal::default().scope("basic:ann"), "/basic:ann");
        assert_ne!(Principal::default().scope("basic:ann"), Principal::user("ann").scope(""));
    }

    #[test]
    fn a_digest_is_stable_and_of_its_kind() {
        let token = Principal::secret("token", "t0ken");
        assert_eq!(token, Principal::secret("token", "t0ken"));
        assert_ne!(token.as_str()[6..], Principal::secret("header", "t0ken").as_str()[7..]);
        assert!(!token.as_str().contains("t0ken") && token.as_str().len() == 22);
    }
}
