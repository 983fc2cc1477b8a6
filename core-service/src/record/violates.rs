//! What a record's violations are, as bits of one number that stands in an index: a list of those of a category, a rule or a
//! severity reads only records that may have one. The numbers are in files: a category keeps its bit.

use crate::domain::{
    decision::{Category, Violation},
    finding::{Detector, Severity},
};

/// Below are categories, and from here severities.
const SEVERITIES: u32 = 16;
/// From here on rules, by their names: three bits each, which others may have too.
const RULES: u32 = 20;
const RULE_BITS: u64 = 63 - RULES as u64;

const fn category_bit(category: Category) -> i64 {
    let place = match category {
        Category::Detector(Detector::PromptInjection) => 0,
        Category::Detector(Detector::Secrets) => 1,
        Category::Detector(Detector::Pii) => 2,
        Category::Detector(Detector::CodeSafety) => 3,
        Category::Detector(Detector::Obfuscation) => 4,
        Category::Detector(Detector::Harm) => 5,
        Category::Detector(Detector::Keywords) => 6,
        Category::Detector(Detector::Regex) => 7,
        Category::Coverage => 8,
        Category::Canary => 9,
        Category::Session => 10,
        Category::Log => 11,
        Category::Detector(Detector::DeniedTopics) => 12,
    };
    1 << place
}

const fn severity_bit(severity: Severity) -> i64 {
    let place = match severity {
        Severity::Low => 0,
        Severity::Medium => 1,
        Severity::High => 2,
        Severity::Critical => 3,
    };
    1 << (SEVERITIES + place)
}

fn rule_bits(rule: &str) -> i64 {
    // FNV-1a: the same in every version.
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = rule.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
    [hash, hash >> 20, hash >> 40].into_iter().fold(0, |bits, part| bits | 1 << (u64::from(RULES) + part % RULE_BITS))
}

/// None: there are none.
pub(super) fn of(violations: &[Violation]) -> Option<i64> {
    let one = |violation: &Violation| {
        category_bit(violation.category) | severity_bit(violation.severity) | rule_bits(&violation.rule)
    };
    violations.iter().map(one).reduce(|all, one| all | one)
}

/// The bits that a record has that has all of these.
pub(crate) fn wanted(category: Option<Category>, rule: Option<&str>, severity: Option<Severity>) -> i64 {
    category.map_or(0, category_bit) | rule.map_or(0, rule_bits) | severity.map_or(0, severity_bit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::decision::Action, record::samples::violation};

    #[test]
    fn what_there_is_is_wanted_and_the_numbers_stay() {
        let one = violation("tokens", Action::Block);
        let other = Violation { severity: Severity::Low, category: Category::Session, ..violation("a", Action::Mask) };
        let bits = of(&[one.clone(), other]).unwrap();
        for (category, rule, severity) in [
            (Some(Category::Detector(Detector::Secrets)), None, None),
            (None, Some("tokens"), Some(Severity::Low)),
            (Some(Category::Session), Some("a"), Some(Severity::High)),
        ] {
            let wanted = wanted(category, rule, severity);
            assert_eq!(bits & wanted, wanted);
        }
        assert_eq!(bits & wanted(Some(Category::Detector(Detector::Pii)), None, None), 0);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[one]).unwrap() & 0xf_ffff, 1 << 18 | 1 << 1);
        assert!((0..10_000).all(|number| rule_bits(&number.to_string()) >= 1 << RULES));
        // As it is in files.
        assert_eq!(rule_bits("prompt-injection"), RULE_IN_FILES);
    }

    /// Few that lack a rule pass for those that have it.
    #[test]
    fn rules_are_told_apart() {
        let wanted = rule_bits("none");
        let alike = (0..10_000).filter(|number| rule_bits(&format!("rule-{number}")) & wanted == wanted).count();
        assert!(alike < 20, "{alike}");
    }

    const RULE_IN_FILES: i64 = 0x20_0010_0100_0000;
}
