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

/// The places that are left, of findings by the number of their rule: the first two are of one entity.
fn settled(found: &[(usize, Range<usize>, f32)]) -> Vec<(u32, u32)> {
    let own = [("a", "X"), ("b", "X"), ("c", "Y")].map(|(id, entity)| {
        let (detector, severity) = (Detector::Regex, Severity::High);
        let identity = RuleIdentity { id: id.into(), detector, entity: entity.into(), severity };
        Arc::new(CompiledRule::regex(identity, "x").unwrap())
    });
    let scanner = Scanner::new(own).unwrap();
    let rules: Vec<(RuleIndex, &CompiledRule)> =
        scanner.rules().filter(|(_, rule)| rule.identity.detector == Detector::Regex).collect();
    let reading = Reading { segment: 0, text: "", context: 0, view: None };
    let mut findings = Findings::default();
    for (number, hit, score) in found {
        let (index, rule) = rules[*number];
        findings.push(index, rule, reading, hit.clone(), *score);
    }
    findings.settle(0, &scanner);
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
