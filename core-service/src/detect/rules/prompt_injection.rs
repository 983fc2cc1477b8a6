//! Text that tells a model to leave its instructions, its role or its secrets behind.
//!
//! What makes an attack is *who is told to do what*. No rule fires on a trigger word: it takes a verb and
//! an object that is the model's own (its instructions, prompt, limits, role), with only such words between
//! as do not change whose they are. [`told`] then drops what is negated, asked about or reported.
//! Scores of 0.5 and more block by default; what is weaker is left to the trained classifier.

#[macro_use]
mod words;

mod all_told;
mod before_this;
mod central;
mod eastern;
mod exfiltration;
mod fake_turn;
mod germanic;
mod iberian;
mod indirect_instruction;
mod jailbreak_framing;
mod known_jailbreaks;
mod limits_off;
mod near_east;
mod negated;
mod nordic;
mod obfuscated_instruction;
mod opening;
mod ordinary;
mod overrides;
mod persona;
mod pieces;
mod prompt_extraction;
mod refusal;
mod romance;
mod scripts;
mod slavic_turkic;
mod south_east;
mod text_above;
mod told;

use crate::detect::rule::Rule;

const FAMILIES: [&[Rule]; 26] = [
    overrides::RULES,
    persona::RULES,
    known_jailbreaks::RULES,
    prompt_extraction::RULES,
    text_above::RULES,
    jailbreak_framing::RULES,
    refusal::RULES,
    fake_turn::RULES,
    indirect_instruction::RULES,
    obfuscated_instruction::RULES,
    exfiltration::RULES,
    germanic::RULES,
    romance::RULES,
    iberian::RULES,
    slavic_turkic::RULES,
    scripts::RULES,
    nordic::RULES,
    central::RULES,
    eastern::RULES,
    near_east::RULES,
    south_east::RULES,
    before_this::RULES,
    all_told::RULES,
    opening::RULES,
    pieces::RULES,
    limits_off::RULES,
];

pub(super) const RULES: &[Rule] = &joined();

const fn count() -> usize {
    let (mut family, mut count) = (0, 0);
    while family < FAMILIES.len() {
        count += FAMILIES[family].len();
        family += 1;
    }
    count
}

/// All families in one slice, at compile time: `const` has no iterators.
const fn joined() -> [Rule; count()] {
    let mut all = [Rule::BASE; count()];
    let (mut family, mut at) = (0, 0);
    while family < FAMILIES.len() {
        let mut index = 0;
        while index < FAMILIES[family].len() {
            all[at] = FAMILIES[family][index];
            at += 1;
            index += 1;
        }
        family += 1;
    }
    all
}
