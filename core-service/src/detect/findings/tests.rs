use super::*;
use crate::{
    detect::scanner::Scratch,
    domain::{
        finding::{Detector, RuleIdentity, Severity},
        segment::Segment,
    },
};

#[test]
fn what_an_escape_cuts_in_two_is_found_whole() {
    let scanner = Scanner::new([]).unwrap();
    let mask = scanner.mask_of(&[Detector::Pii]);
    for address in ["O&#39;Brien@example.com", "bob.smith\u{ad}son@example.com"] {
        let text = format!("write to {address} today");
        let mut findings = Findings::default();
        scanner.scan(0, &Segment::bare(&text), &mask, &mut Scratch::default(), &mut findings);
        let found: Vec<&Finding> =
            findings.list.iter().filter(|finding| finding.rule.entity == "EMAIL_ADDRESS").collect();
        let [email] = found[..] else { panic!("{address}: {found:?}") };
        assert_eq!(&text[email.span.start as usize..email.span.end as usize], address);
    }
}

/// The places that are left, of findings by the number of their rule: the first two are of one entity, the third and the
/// last too, and the last two yield.
fn settled(found: &[(usize, Range<usize>, f32)]) -> Vec<(u32, u32)> {
    settled_for(found, &[])
}

/// The same where some ask for these rules each.
fn settled_for(found: &[(usize, Range<usize>, f32)], askers: &[&[usize]]) -> Vec<(u32, u32)> {
    let own = [("a", "X", false), ("b", "X", false), ("c", "Y", false), ("d", "Z", true), ("e", "Y", true)];
    let own = own.map(|(id, entity, yields)| {
        let (detector, severity) = (Detector::Regex, Severity::High);
        let identity = RuleIdentity { id: id.into(), detector, entity: entity.into(), severity };
        let mut rule = CompiledRule::regex(identity, "x").unwrap();
        rule.yields = yields;
        Arc::new(rule)
    });
    let scanner = Scanner::new(own).unwrap();
    let rules: Vec<(RuleIndex, &CompiledRule)> =
        scanner.rules().filter(|(_, rule)| rule.identity.detector == Detector::Regex).collect();
    let reading = Reading { segment: 0, text: "", context: 0, view: None };
    let asked = |numbers: &&[usize]| {
        let mut mask = scanner.empty_mask();
        numbers.iter().for_each(|&number| mask.insert(rules[number].0));
        mask
    };
    let askers: Vec<RuleMask> = askers.iter().map(asked).collect();
    let mut findings = Findings::default();
    findings.begin(&Segment::bare(""), &Arc::from(askers));
    for (number, hit, score) in found {
        let (index, rule) = rules[*number];
        findings.push(index, rule, reading, hit.clone(), *score);
    }
    findings.settle(0, &scanner, &scanner.mask_of(&Detector::ALL));
    findings.list.iter().map(|finding| (finding.span.start, finding.span.end)).collect()
}

#[test]
fn what_stays_takes_in_what_is_as_sure_and_of_the_same_entity() {
    assert_eq!(settled(&[(0, 4..10, 0.9), (1, 0..6, 0.9)]), [(0, 10)]);
    assert_eq!(settled(&[(0, 0..4, 0.9), (1, 3..8, 0.9), (0, 7..12, 0.9)]), [(0, 12)]);
    assert_eq!(settled(&[(0, 0..10, 0.9), (1, 2..4, 0.9)]), [(0, 10)]);
    assert_eq!(settled(&[(0, 4..10, 0.9), (1, 0..6, 0.5)]), [(4, 10)], "less sure");
    assert_eq!(settled(&[(0, 4..10, 0.9), (2, 0..6, 0.9)]), [(0, 6), (4, 10)], "another entity");
}

#[test]
fn a_rule_that_yields_gives_way_to_what_says_all_that_it_says() {
    assert_eq!(settled(&[(3, 0..4, 0.7), (2, 0..4, 0.9)]), [(0, 4)]);
    assert_eq!(settled(&[(3, 1..4, 0.7), (2, 0..4, 0.7)]), [(0, 4)]);
    assert_eq!(settled(&[(3, 0..9, 0.7), (2, 5..9, 0.9)]), [(0, 9), (5, 9)], "a password before a token");
    assert_eq!(settled(&[(3, 5..9, 0.9), (2, 0..9, 0.7)]), [(0, 9), (5, 9)], "surer");
}

#[test]
fn what_one_asks_for_does_not_give_way_to_what_only_another_asks_for() {
    for both in [[(3, 0..4, 0.7), (2, 0..4, 0.9)], [(1, 0..4, 0.7), (0, 0..4, 0.9)]] {
        let [(first, ..), (second, ..)] = both;
        assert_eq!(settled_for(&both, &[&[first, second]]), [(0, 4)]);
        assert_eq!(settled_for(&both, &[&[first, second], &[second]]), [(0, 4)]);
        assert_eq!(settled_for(&both, &[&[first], &[second]]), [(0, 4), (0, 4)]);
        assert_eq!(settled_for(&both, &[&[first, second], &[first]]), [(0, 4), (0, 4)]);
    }
}

#[test]
fn nobody_takes_over_a_score_that_he_did_not_ask_for() {
    let surer = [(2, 0..4, 0.4), (4, 0..4, 0.9)];
    assert_eq!(settled_for(&surer, &[&[2, 4]]), [(0, 4)]);
    assert_eq!(settled_for(&surer, &[&[2, 4], &[4]]), [(0, 4), (0, 4)]);
    assert_eq!(settled_for(&surer, &[&[2, 4], &[2]]), [(0, 4), (0, 4)]);
    let less_sure = [(2, 0..4, 0.9), (4, 0..4, 0.4)];
    assert_eq!(settled_for(&less_sure, &[&[2, 4], &[2]]), [(0, 4)]);
}

#[test]
fn that_a_rule_found_too_many_is_not_forgotten_for_a_text_that_is_not_asked_for_it() {
    let scanner = Scanner::new([]).unwrap();
    let mut findings = Findings { overflowed: vec![1], ..Findings::default() };
    findings.keep(0, &scanner.empty_mask());
    assert_eq!(findings.overflowed, [1]);
}

#[test]
fn long_paths_are_bounded_and_no_kind_hides_another() {
    let identity = |id: &'static str| RuleIdentity {
        id: id.into(),
        detector: Detector::Keywords,
        entity: "".into(),
        severity: Severity::High,
    };
    let words = [("many", "carrot"), ("few", "banana")]
        .map(|(id, word)| Arc::new(CompiledRule::keywords(identity(id), vec![word.to_owned()], true)));
    let scanner = Scanner::new(words).unwrap();
    let mask = scanner.mask_of(&[Detector::Keywords]);
    let text = format!("{}{}", "carrot ".repeat(1000), "banana ".repeat(2));
    let segment = Segment { pointer: format!("/{}", "k".repeat((64 << 10) - 1)), ..Segment::bare(text.as_str()) };
    let mut findings = Findings::default();
    findings.begin(&segment, &Arc::from([mask.clone()]));
    scanner.scan(0, &segment, &mask, &mut Scratch::default(), &mut findings);
    let count = |id: &str| findings.list.iter().filter(|finding| finding.rule.id == id).count();
    assert_eq!((count("many"), count("few")), (Findings::PATHS / (64 << 10), 2));
    let overflowed: Vec<_> = findings.overflowed.iter().map(|&index| &*scanner.rule(index).identity.id).collect();
    assert_eq!(overflowed, ["many"]);
}
