//! What an English match is when it is no attack: a sentence about people, a thing, a device or a paper.
//!
//! Each rule has the [`Sign`]s of its own everyday readings, as plain data: a pattern cannot look back at its subject
//! or ahead at what follows. An attack that borrows the words of a sign is missed by the rule and still read by the
//! trained classifier.

use super::told::told;
use crate::detect::validate::Candidate;

/// How far a sign looks back and ahead, in bytes.
const BACK: usize = 96;
const AHEAD: usize = 64;

/// Each field that is not empty holds words, in lower case and divided by `|`, of which one has to be in its place.
#[derive(Clone, Copy)]
struct Sign {
    /// The match begins with one.
    starts: &'static str,
    /// The match contains one.
    hit: &'static str,
    /// The match ends with one.
    ends: &'static str,
    /// The last word of the sentence before the match.
    last: &'static str,
    /// The sentence before the match contains one; it begins with a blank.
    before: &'static str,
    /// What follows begins with one.
    then: &'static str,
    /// What follows contains one.
    after: &'static str,
    /// The sentence before, the match or what follows contains one.
    near: &'static str,
    /// None of these is in any of them.
    not: &'static str,
    /// None of these is a word of the match.
    without: &'static str,
    /// People or animals do it.
    by_people: bool,
    /// What follows says which thing it belongs to.
    of_a_thing: bool,
}

const ANY: Sign = Sign {
    starts: "",
    hit: "",
    ends: "",
    last: "",
    before: "",
    then: "",
    after: "",
    near: "",
    not: "",
    without: "",
    by_people: false,
    of_a_thing: false,
};

/// A match and what stands round it, in lower case.
struct Around {
    sentence: String,
    hit: String,
    after: String,
}

impl Around {
    fn of(candidate: &Candidate<'_>) -> Self {
        let before = candidate.before(BACK).to_ascii_lowercase();
        let sentence = before.rsplit(['.', '!', '?', ';', '\n', '>', ']']).next().unwrap_or_default();
        Self {
            sentence: format!(" {}", sentence.trim_start()),
            hit: candidate.hit().to_ascii_lowercase(),
            after: candidate.after(AHEAD).to_ascii_lowercase(),
        }
    }

    fn judged<const PERCENT: u8>(&self, candidate: &Candidate<'_>, signs: &[Sign]) -> Option<f32> {
        if signs.iter().any(|sign| self.shows(sign)) { None } else { told::<PERCENT>(candidate) }
    }

    fn shows(&self, sign: &Sign) -> bool {
        let Self { sentence, hit, after } = self;
        let last = sentence.split_whitespace().next_back().unwrap_or_default();
        one(sign.starts, |word| hit.starts_with(word))
            && one(sign.hit, |word| hit.contains(word))
            && one(sign.ends, |word| hit.ends_with(word))
            && one(sign.last, |word| last == word)
            && one(sign.before, |word| sentence.contains(word))
            && one(sign.then, |word| after.starts_with(word))
            && one(sign.after, |word| after.contains(word))
            && one(sign.near, |word| self.is_near(word))
            && (sign.not.is_empty() || !sign.not.split('|').any(|word| self.is_near(word)))
            && !hit.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| is(sign.without, word))
            && (!sign.by_people || self.is_by_people())
            && (!sign.of_a_thing || self.is_of_a_thing())
    }

    fn is_near(&self, word: &str) -> bool {
        self.sentence.contains(word) || self.hit.contains(word) || self.after.contains(word)
    }

    /// "A puppy will ignore your commands": a subject that is no model, and a verb that only helps.
    fn is_by_people(&self) -> bool {
        const HELPS: &str = "can|could|may|might|will|would|should|must|shall|keeps|kept|often|always|sometimes";
        const WHO: &str = "a|an|the|he|she|they|his|her|their|my|our|some|many|most|other|parents|people|users|\
            admins|administrators|teachers|owners|managers|customers|guests|students|drivers|children|kids|staff|\
            employees|members|visitors|residents|tenants|everyone|nobody";
        const MODEL: &str = "ai|model|models|assistant|chatbot|bot|gpt|chatgpt|claude|gemini|llm|system|persona|\
            character|you|your|u|i|we|next|following|response|reply|answer|prompt|message|instructions|text|\
            conversation|user|that|who|which|this|task|need|way|goal|job|is|was|want|wants|agent|agents|reader|\
            readers|reviewer|reviewers|summarizer|summariser|bots|output|result|summary|translation";
        let words: Vec<&str> = self.sentence.split_whitespace().map(|word| word.trim_matches(',')).collect();
        let Some((&last, who)) = words.split_last() else { return false };
        let helps = is(HELPS, last);
        let first = who.first().is_some_and(|&first| is(WHO, first));
        helps && first && who.len() <= 4 && !who.iter().any(|&word| is(MODEL, word))
    }

    /// "... the previous instructions for the fire drill": of a thing, and not of this conversation.
    fn is_of_a_thing(&self) -> bool {
        const WHOSE: &str = "the|my|our|his|her|their|your|building";
        const TALK: &str = "ai|answer|answers|assistant|behavior|behaviour|benefit|chat|content|conversation|day|\
            developer|developers|duration|entire|ethics|first|following|game|guidelines|last|love|memory|message|mind|\
            model|moment|next|operator|policies|policy|prompt|purpose|purposes|question|remainder|request|response|\
            rest|role|rules|safety|sake|scenario|session|story|system|task|time|user|output|reply|replies|remaining|\
            current|whole|final|above|context|summary|translation|verdict|test|experiment|roleplay|grandmother|\
            grandma";
        let Some(rest) = self.after.strip_prefix(" for ").or_else(|| self.after.strip_prefix(" from ")) else {
            return false;
        };
        let mut words = rest.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.next().is_some_and(|word| is(WHOSE, word)) && words.next().is_some_and(|word| !is(TALK, word))
    }
}

/// Whether the word is one of a list.
fn is(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split('|').any(|known| known == word)
}

/// Whether a list demands nothing or has a word that is in its place.
fn one(list: &str, is: impl Fn(&str) -> bool) -> bool {
    list.is_empty() || list.split('|').any(is)
}

/// A function for each rule, to validate with at its score in percent: no sign is shown, and [`told`] agrees.
macro_rules! ordinary {
    ($($(#[$doc:meta])* $name:ident [$($sign:expr),+ $(,)?])*) => {
        $(
            $(#[$doc])*
            pub(in crate::detect::rules::prompt_injection) fn $name<const PERCENT: u8>(
                candidate: &crate::detect::validate::Candidate<'_>,
            ) -> Option<f32> {
                const SIGNS: &[Sign] = &[$($sign),+];
                Around::of(candidate).judged::<PERCENT>(candidate, SIGNS)
            }
        )*
    };
}

/// Words of a message that says it is settled.
macro_rules! settled {
    () => {
        "i found|i figured|i fixed|my mistake|solved|resolved|ticket is|ticket open|the ticket closed|never mind|\
         nevermind|wrong thread|wrong channel|by mistake|in error|outdated|typo|works now|duplicate of"
    };
}

/// Words of a page or a program that is being used.
macro_rules! interface {
    () => {
        "press | click|tap |button|menu|on the manage|in settings|settings >|in the app|on the page|dialog|dropdown|\
         outlook|gmail|see all|search results|toggle|open firewall| > "
    };
}

/// Words of somebody who asks for help with a machine.
macro_rules! technical {
    () => {
        " log| driver|version|output of|nginx|config file|screenshot|hardware|gpu| port |error message|stack trace|\
         hostname|kernel|firmware|router|server block|compose file"
    };
}

pub(super) mod leaks;
pub(super) mod overrides;
pub(super) mod personas;
pub(super) mod settings;
pub(super) mod turns;

#[cfg(test)]
mod tests;
