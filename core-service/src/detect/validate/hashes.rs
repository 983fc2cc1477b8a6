//! Checksums of addresses in ledgers: Base58Check, Bech32, and the mixed case of Ethereum.

use sha2::{Digest, Sha256};

/// The payload of a Base58Check text of 25 bytes: its first byte is the version.
pub fn base58_version(text: &str) -> Option<u8> {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0_u8; 25];
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|&letter| letter == byte)?;
        let mut carry = u32::try_from(digit).ok()?;
        for slot in bytes.iter_mut().rev() {
            carry += u32::from(*slot) * 58;
            *slot = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        if carry != 0 {
            return None;
        }
    }
    let (payload, sum) = bytes.split_at(21);
    (Sha256::digest(Sha256::digest(payload)).starts_with(sum)).then_some(payload[0])
}

/// Bech32 and Bech32m, in one case.
pub fn bech32(text: &str) -> bool {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    /// What the sum leaves: of version 0, and of Bech32m.
    const REMAINDERS: [u32; 2] = [1, 0x2bc8_30a3];
    fn step(sum: u32, value: u32) -> u32 {
        const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
        let top = sum >> 25;
        let shifted = (sum & 0x01ff_ffff) << 5 ^ value;
        GENERATORS
            .iter()
            .enumerate()
            .fold(shifted, |sum, (bit, generator)| sum ^ if top >> bit & 1 == 1 { *generator } else { 0 })
    }
    let lower = text.to_ascii_lowercase();
    let one_case = text == lower || text == text.to_ascii_uppercase();
    let Some((prefix, data)) = lower.rsplit_once('1') else {
        return false;
    };
    let sum = prefix.bytes().fold(1, |sum, byte| step(sum, u32::from(byte >> 5)));
    let sum = prefix.bytes().fold(step(sum, 0), |sum, byte| step(sum, u32::from(byte & 31)));
    let sum = data.bytes().try_fold(sum, |sum, byte| {
        let value = ALPHABET.iter().position(|&letter| letter == byte)?;
        Some(step(sum, u32::try_from(value).ok()?))
    });
    one_case && sum.is_some_and(|sum| REMAINDERS.contains(&sum))
}

/// Forty hex digits whose case carries the checksum of EIP-55; in a single case they carry none.
pub fn ethereum(hex: &str) -> Option<bool> {
    let lower = hex.to_ascii_lowercase();
    if hex == lower || hex == hex.to_ascii_uppercase() {
        return None;
    }
    let hash = keccak_256(lower.as_bytes())?;
    let holds = hex.bytes().enumerate().all(|(index, byte)| {
        let nibble = hash[index / 2] >> if index % 2 == 0 { 4 } else { 0 } & 15;
        !byte.is_ascii_alphabetic() || byte.is_ascii_uppercase() == (nibble >= 8)
    });
    Some(holds)
}

/// Keccak-256 with its original padding, of at most one block: it only ever sees forty bytes.
fn keccak_256(message: &[u8]) -> Option<[u8; 32]> {
    const RATE: usize = 136;
    if message.len() >= RATE {
        return None;
    }
    let mut block = [0_u8; RATE];
    block[..message.len()].copy_from_slice(message);
    block[message.len()] ^= 0x01;
    block[RATE - 1] ^= 0x80;
    let mut lanes = [0_u64; 25];
    for (lane, bytes) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
        *lane = u64::from_le_bytes(*bytes);
    }
    permute(&mut lanes);
    let mut hash = [0_u8; 32];
    for (bytes, lane) in hash.as_chunks_mut::<8>().0.iter_mut().zip(lanes) {
        *bytes = lane.to_le_bytes();
    }
    Some(hash)
}

/// Keccak-f[1600]. Lane `x + 5 * y`. The round constants come from their shift register.
fn permute(lanes: &mut [u64; 25]) {
    let mut register = 1_u8;
    for _ in 0..24 {
        let columns: [u64; 5] = std::array::from_fn(|x| (0..5).fold(0, |sum, y| sum ^ lanes[x + 5 * y]));
        for (index, lane) in lanes.iter_mut().enumerate() {
            *lane ^= columns[(index + 4) % 5] ^ columns[(index % 5 + 1) % 5].rotate_left(1);
        }
        let (mut x, mut y, mut carried) = (1, 0, lanes[1]);
        for step in 1..=24_u32 {
            (x, y) = (y, (2 * x + 3 * y) % 5);
            let rotated = carried.rotate_left(step * (step + 1) / 2 % 64);
            carried = std::mem::replace(&mut lanes[x + 5 * y], rotated);
        }
        for row in lanes.as_chunks_mut::<5>().0 {
            let old = *row;
            for (x, lane) in row.iter_mut().enumerate() {
                *lane = old[x] ^ (!old[(x + 1) % 5] & old[(x + 2) % 5]);
            }
        }
        for bit in 0..7 {
            lanes[0] ^= u64::from(register & 1) << ((1_u32 << bit) - 1);
            register = register << 1 ^ if register >> 7 == 1 { 0x71 } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base58check_knows_its_version() {
        assert_eq!(base58_version("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"), Some(0));
        assert_eq!(base58_version("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"), Some(5));
        assert_eq!(base58_version("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"), None);
        assert_eq!(base58_version(&"z".repeat(60)), None);
    }

    #[test]
    fn bech32_of_both_kinds() {
        assert!(bech32("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"));
        assert!(bech32("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"));
        assert!(
            !bech32("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5")
                && !bech32("bc1qW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")
        );
        assert!(!bech32("") && !bech32("bc1b"));
    }

    #[test]
    fn the_case_of_ethereum() {
        assert_eq!(ethereum("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), Some(true));
        assert_eq!(ethereum("5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), Some(false));
        assert_eq!(ethereum("5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"), None);
    }

    #[test]
    fn keccak_of_nothing() {
        assert_eq!(keccak_256(b"").unwrap()[..4], [0xc5, 0xd2, 0x46, 0x01]);
    }
}
