//! Every rule against its own samples and against what other rules must not match, through the scanner.

use std::collections::HashSet;

use super::all;
use crate::{
    detect::{
        rule::{Rule, Wake},
        scanner::{Findings, RuleMask, Scanner, Scratch},
    },
    domain::segment::Segment,
};

/// The ids of the rules that find something in the text.
fn found(scanner: &Scanner, mask: &RuleMask, text: &str) -> HashSet<String> {
    let segment = Segment::bare(text);
    let mut findings = Findings::default();
    scanner.scan(0, &segment, mask, &mut Scratch::default(), &mut findings);
    findings.list.iter().map(|finding| finding.rule.id.to_string()).collect()
}

/// The rule alone: beside others it may give way to a better one.
fn finds(scanner: &Scanner, rule: &Rule, text: &str) -> bool {
    let mut mask = scanner.empty_mask();
    scanner.rules().filter(|(_, other)| other.identity.id == rule.id).for_each(|(index, _)| mask.insert(index));
    found(scanner, &mask, text).contains(rule.id)
}

fn prove(check: impl Fn(&Scanner, &Rule, &mut Vec<String>)) {
    let scanner = Scanner::new([]).unwrap();
    let mut failures = Vec::new();
    for rule in all() {
        check(&scanner, rule, &mut failures);
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_rule_finds_its_matches() {
    prove(|scanner, rule, failures| {
        let silent = rule.matches.iter().filter(|text| !finds(scanner, rule, text));
        failures.extend(silent.map(|text| format!("{} is silent on: {text}", rule.id)));
    });
}

/// The keyword window must not depend on where in a text the match lies.
#[test]
fn every_rule_finds_its_matches_far_inside_a_text() {
    let far = "lorem ipsum dolor ".repeat(400);
    prove(|scanner, rule, failures| {
        let silent = rule.matches.iter().filter(|text| !finds(scanner, rule, &format!("{far}\n{text}\n{far}")));
        failures.extend(silent.map(|text| format!("{} is silent inside a text on: {text}", rule.id)));
    });
}

/// Within one detector: a sample that is no secret may well hold an e-mail address.
#[test]
fn no_rule_of_a_detector_fires_on_what_another_must_not_match() {
    let scanner = Scanner::new([]).unwrap();
    let mut failures = Vec::new();
    for rule in all() {
        for text in rule.misses {
            let ids = found(&scanner, &scanner.mask_of(&[rule.detector]), text);
            let wrong = all().filter(|other| other.detector == rule.detector && ids.contains(other.id));
            failures
                .extend(wrong.map(|other| format!("{} fires on what {} must not match: {text}", other.id, rule.id)));
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn rules_are_well_formed() {
    let mut ids = HashSet::new();
    prove(|_, rule, failures| {
        let id_is_snake =
            !rule.id.is_empty() && rule.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let complaints = [
            (!id_is_snake, "the id is not lower snake case"),
            (rule.matches.is_empty() || rule.misses.is_empty(), "samples are missing"),
            (!(0.0..=1.0).contains(&rule.score), "the score is not between 0 and 1"),
            (
                matches!(rule.wake, Wake::Keywords(words) if words.iter().any(|word| word.is_empty())),
                "a keyword is empty",
            ),
        ];
        failures.extend(complaints.iter().filter(|(bad, _)| *bad).map(|(_, why)| format!("{}: {why}", rule.id)));
    });
    for rule in all() {
        assert!(ids.insert(rule.id), "{} is the id of two rules", rule.id);
    }
}
