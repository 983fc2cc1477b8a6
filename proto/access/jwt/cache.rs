//! Tokens that were verified, by their digests.

use std::{collections::HashMap, time::Duration};

use super::Principal;

/// More than the tokens that gateways use at the same time, and less than a megabyte.
const ROOM: usize = 1024;

/// Holds good tokens alone: nobody can fill it but who was issued so many.
#[derive(Default)]
pub(super) struct Cache(HashMap<[u8; 32], (Principal, Duration)>);

impl Cache {
    /// Times are since the epoch.
    pub(super) fn get(&self, token: &[u8; 32], now: Duration) -> Option<Principal> {
        let (principal, expires) = self.0.get(token)?;
        (now < *expires).then(|| principal.clone())
    }

    pub(super) fn put(&mut self, token: [u8; 32], principal: Principal, expires: Duration, now: Duration) {
        if self.0.len() >= ROOM {
            self.0.retain(|_, (_, expires)| now < *expires);
        }
        if self.0.len() >= ROOM {
            // Which ones are still in use shows at once.
            self.0.clear();
        }
        self.0.insert(token, (principal, expires));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expired_is_not_found_and_room_is_bounded() {
        let second = Duration::from_secs;
        let mut cache = Cache::default();
        let key = |number: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_le_bytes());
            key
        };
        for number in 0..3 * ROOM {
            cache.put(key(number), Principal::account("7"), second(10), second(1));
            assert!(cache.0.len() <= ROOM);
        }
        let last = key(3 * ROOM - 1);
        assert_eq!(cache.get(&last, second(9)), Some(Principal::account("7")));
        assert_eq!(cache.get(&last, second(10)), None);
        cache.put(key(0), Principal::account("7"), second(20), second(10));
        while cache.0.len() < ROOM {
            let next = cache.0.len();
            cache.put(key(1_000_000 + next), Principal::account("8"), second(11), second(10));
        }
        cache.put(key(1), Principal::account("7"), second(20), second(12));
        assert!(cache.get(&key(0), second(12)).is_some(), "what has not expired stays");
    }
}
