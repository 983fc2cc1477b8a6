//! Secrets of one kind, as digests.

use sha2::{Digest as _, Sha256};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

use super::{credential::InvalidCredential, principal::Principal};

/// Every secret is compared with what is presented, to its end: the time that it takes tells neither how much was
/// right nor which of them matched.
#[derive(Clone, Default)]
pub(super) struct Keyring(Vec<([u8; 32], Principal)>);

impl Keyring {
    pub(super) fn add(&mut self, secret: &str, principal: Principal) -> Result<(), InvalidCredential> {
        let digest = digest(secret.as_bytes());
        if self.0.iter().any(|(known, other)| *known == digest && *other != principal) {
            return Err(InvalidCredential::Twice);
        }
        self.0.push((digest, principal));
        Ok(())
    }

    pub(super) fn find(&self, presented: &[u8]) -> Option<&Principal> {
        let presented = digest(presented);
        // Past the end: nowhere.
        let mut place = self.0.len() as u64;
        for (index, (known, _)) in (0..).zip(&self.0) {
            place.conditional_assign(&index, known.ct_eq(&presented));
        }
        let (_, principal) = self.0.get(usize::try_from(place).ok()?)?;
        Some(principal)
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }
}

fn digest(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
impl Keyring {
    pub(super) fn principals(&self) -> impl Iterator<Item = &Principal> {
        self.0.iter().map(|(_, principal)| principal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole ring is walked whoever asks: what is found does not depend on where it stands.
    #[test]
    fn each_place_is_found_and_no_other() {
        let mut ring = Keyring::default();
        assert_eq!(ring.find(b""), None);
        let secrets: Vec<_> = (0..100).map(|number| format!("secret-{number}")).collect();
        for secret in &secrets {
            ring.add(secret, Principal::secret("token", secret)).unwrap();
        }
        for secret in &secrets {
            assert_eq!(ring.find(secret.as_bytes()), Some(&Principal::secret("token", secret)));
        }
        for wrong in ["", "secret-", "secret-100", "secret-0 "] {
            assert_eq!(ring.find(wrong.as_bytes()), None);
        }
    }
}
