//! Words that tell whether a text is readable: frequent ones, and those that attacks and secrets come with.
//!
//! A text written backwards or in rot13 has to hold one of them, disguised and between non-letters. An automaton
//! over all disguised words takes about 2 ns a byte, since each state waits for the one before. So every second group
//! of four letters is looked up in a bitmap instead, and a word is compared only at the few places that hit.

use std::ops::Range;

/// Sorted. Five letters or more, so that each covers a group at an even place; none that reads as a word backwards.
#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "about", "access", "account", "admin", "administrator", "after", "again", "against", "always", "another",
    "answer", "anterior", "anteriores", "anweisungen", "anything", "assistant", "because", "before", "below",
    "between", "bucket", "bypass", "certificate", "children", "command", "commands", "company", "confidential",
    "constraints", "content", "context", "conversation", "could", "country", "credential", "credentials", "credit",
    "database", "deploy", "developer", "directions", "directive", "directives", "disable", "disclose", "disregard",
    "document", "email", "enable", "encoded", "every", "everything", "execute", "explain", "filter", "filters",
    "first", "follow", "following", "forget", "found", "friend", "german", "great", "guidelines", "hacker", "harmful",
    "hidden", "house", "however", "ignora", "ignore", "ignorer", "ignoriere", "illegal", "important", "information",
    "initial", "instruccion", "instrucciones", "instrucoes", "instruction", "instructions", "istruzioni", "jailbreak",
    "large", "letter", "limits", "little", "login", "malware", "message", "model", "money", "never", "nothing",
    "number", "orders", "other", "output", "override", "password", "payment", "people", "persona", "place", "please",
    "policies", "policy", "precedent", "precedentes", "pretend", "previous", "print", "private", "prohibited",
    "project", "prompt", "question", "refuse", "repeat", "response", "restriction", "restrictions", "return",
    "reveal", "right", "rules", "safety", "school", "secret", "secrets", "security", "server", "should", "simulate",
    "small", "something", "start", "still", "system", "their", "there", "these", "thing", "think", "those", "three",
    "through", "today", "token", "tokens", "unrestricted", "until", "using", "value", "verbatim", "vorherigen",
    "water", "weapon", "where", "which", "while", "without", "works", "world", "would", "write", "years", "yourself",
];

/// No listed word is longer.
pub(super) const LONGEST: usize = 16;
const GROUP: usize = 4;
/// 16 KB, which stay in the first cache: one group in two hundred hits by chance.
const BITS: u32 = 17;

static FILTER: [u64; 1 << (BITS - 6)] = filter();

const fn slot(group: u32) -> usize {
    ((group | 0x2020_2020).wrapping_mul(0x9E37_79B1) >> (32 - BITS)) as usize
}

const fn filter() -> [u64; 1 << (BITS - 6)] {
    let mut filter = [0; 1 << (BITS - 6)];
    let mut index = 0;
    while index < WORDS.len() {
        let word = WORDS[index].as_bytes();
        let mut at = 0;
        while at < 2 && at + GROUP <= word.len() {
            let mut forms = [[0; GROUP]; 3];
            let mut letter = 0;
            while letter < GROUP {
                forms[0][letter] = word[word.len() - 1 - at - letter];
                forms[1][letter] = rot13(word[at + letter]);
                forms[2][letter] = rot13(forms[0][letter]);
                letter += 1;
            }
            let mut form = 0;
            while form < forms.len() {
                let slot = slot(u32::from_le_bytes(forms[form]));
                filter[slot >> 6] |= 1 << (slot & 63);
                form += 1;
            }
            at += 1;
        }
        index += 1;
    }
    filter
}

pub(super) const fn rot13(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => (byte - b'a' + 13) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + 13) % 26 + b'A',
        other => other,
    }
}

/// A bit for each listed word, by its ends and its length: it answers most questions without a search.
static OUTLINES: [u64; 64] = outlines();

const fn outline(word: &[u8]) -> usize {
    let ends = word[0] as usize * 31 + word[1] as usize * 7 + word[word.len() - 1] as usize * 131;
    (ends * 16 + word.len()) % (64 * 64)
}

const fn outlines() -> [u64; 64] {
    let mut outlines = [0; 64];
    let mut index = 0;
    while index < WORDS.len() {
        let bit = outline(WORDS[index].as_bytes());
        outlines[bit >> 6] |= 1 << (bit & 63);
        index += 1;
    }
    outlines
}

/// `word` in small ASCII letters.
pub(super) fn is_known(word: &[u8]) -> bool {
    if word.len() < 2 {
        return false;
    }
    let bit = outline(word);
    OUTLINES[bit >> 6] >> (bit & 63) & 1 == 1 && WORDS.binary_search_by(|known| known.as_bytes().cmp(word)).is_ok()
}

/// From the first to the last listed word in disguise.
#[derive(Debug, Default)]
pub(super) struct Disguised {
    pub(super) reversed: Option<Range<usize>>,
    pub(super) rotated: Option<Range<usize>>,
}

pub(super) fn disguised(text: &str) -> Disguised {
    let bytes = text.as_bytes();
    let mut found = Disguised::default();
    let mut at = 0;
    // Eight bytes at a time hold three groups that start at an even place; the loop has no other branch.
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let eight = u64::from_le_bytes(*eight);
        let mut hits = 0;
        for group in 0..3 {
            let slot = slot((eight >> (16 * group)) as u32);
            hits |= (FILTER[slot >> 6] >> (slot & 63) & 1) << group;
        }
        while hits != 0 {
            compare(bytes, at + 2 * hits.trailing_zeros() as usize, &mut found);
            hits &= hits - 1;
        }
        at += 6;
    }
    // Fewer than eight bytes are left.
    while at + GROUP <= bytes.len() {
        compare(bytes, at, &mut found);
        at += 2;
    }
    found
}

/// Compares the word that starts at `at` or just before with the list.
fn compare(bytes: &[u8], at: usize, found: &mut Disguised) {
    let is_letter = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_alphabetic);
    let start = if at == 0 || !is_letter(at - 1) { at } else { at - 1 };
    if start > 0 && is_letter(start - 1) {
        return;
    }
    let len = bytes[start..].iter().take(LONGEST + 1).take_while(|byte| byte.is_ascii_alphabetic()).count();
    if !(GROUP..=LONGEST).contains(&len) {
        return;
    }
    let mut word = [0; LONGEST];
    let word = &mut word[..len];
    word.copy_from_slice(&bytes[start..start + len]);
    word.make_ascii_lowercase();
    let place = start..start + len;
    word.reverse();
    if is_known(word) {
        widen(&mut found.reversed, place.clone());
    }
    word.reverse();
    word.iter_mut().for_each(|byte| *byte = rot13(*byte));
    if is_known(word) {
        widen(&mut found.rotated, place.clone());
    }
    // Turned both ways: read backwards first, it is found again as rot13.
    word.reverse();
    if is_known(word) {
        widen(&mut found.reversed, place);
    }
}

fn widen(all: &mut Option<Range<usize>>, place: Range<usize>) {
    let start = all.as_ref().map_or(place.start, |all| all.start);
    *all = Some(start..place.end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_keeps_its_promises() {
        assert!(WORDS.is_sorted());
        for word in WORDS {
            assert!((5..=LONGEST).contains(&word.len()), "{word}");
            let backward: Vec<u8> = word.bytes().rev().collect();
            assert!(!is_known(&backward), "{word} reads as a word backwards");
        }
    }

    #[test]
    fn a_disguised_word_is_found_at_every_place() {
        for word in WORDS {
            let reversed: String = word.chars().rev().collect();
            let rotated: String = word.bytes().map(|byte| char::from(rot13(byte))).collect();
            for pad in 0..12 {
                let found = disguised(&format!("{}{reversed}", " ".repeat(pad)));
                assert_eq!(found.reversed, Some(pad..pad + word.len()), "{word}");
                let found = disguised(&format!("{}{rotated}, and", " ".repeat(pad)));
                assert_eq!(found.rotated, Some(pad..pad + word.len()), "{word}");
            }
        }
    }
}
