//! Denied topics: `cargo bench -p core-service --bench topics`.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use core_service::{
    classify::second::{self, Choice},
    detect::scanner::{Findings, Scanner, Scratch},
    domain::{finding::Detector, segment::Segment},
    policy::{compile, set::PolicySet},
};
use divan::{Bencher, counter::BytesCount};

fn main() {
    // What the words take: the encoder has its own time.
    second::choose(&Choice::Off).unwrap();
    divan::main();
}

const PROSE: &str = "Could you summarise the quarterly report for me? Revenue grew in most regions, while support costs stayed \
                     flat. Please list the three largest changes, and suggest what we should look at next. ";
const ABOUT: &str = "Which shares and funds should I buy with my savings? The doctor prescribed tablets for my fever. Who wins the \
                     election, the party of the president or the opposition? What are the odds at the casino tonight? ";

/// The topics that are measured, again and again under other names, with words of their own.
fn topics(count: usize) -> PolicySet {
    let source = include_str!("../training/topics/policy.yaml");
    let policies = (0..count).map(|number| {
        let head = format!("name: t{number}\nrules: []\ndenied_topics:\n");
        let topics: Vec<&str> = source.split("  - id: ").skip(1).collect();
        let topic = topics[number % topics.len()].replace("rules: []", "");
        compile::compile(&format!("{head}  - id: {topic}")).unwrap().into()
    });
    PolicySet::new(policies.collect()).unwrap()
}

fn scan(bencher: Bencher<'_, '_>, count: usize, text: &str, kib: usize) {
    let text = &text.repeat((kib << 10) / text.len() + 1)[..kib << 10];
    let set = topics(count);
    let scanner: &Scanner = &set.scanner;
    let mask = scanner.mask_of(&[Detector::DeniedTopics]);
    let (segment, mut scratch) = (Segment::bare(text), Scratch::default());
    bencher.counter(BytesCount::new(text.len())).bench_local(|| {
        let mut findings = Findings::default();
        scanner.scan(0, &segment, &mask, &mut scratch, &mut findings);
        findings.list.len()
    });
}

/// What every scan costs: the prefilter and the look for what hides text.
#[divan::bench]
fn none_16_kib(bencher: Bencher<'_, '_>) {
    scan(bencher, 0, PROSE, 16);
}

#[divan::bench(args = [1, 32, 64])]
fn prose_16_kib(bencher: Bencher<'_, '_>, topics: usize) {
    scan(bencher, topics, PROSE, 16);
}

/// Every sentence is about one of them.
#[divan::bench(args = [1, 32, 64])]
fn about_16_kib(bencher: Bencher<'_, '_>, topics: usize) {
    scan(bencher, topics, ABOUT, 16);
}

/// As many windows as a text can have.
#[divan::bench(args = [1, 32, 64])]
fn hostile_16_kib(bencher: Bencher<'_, '_>, topics: usize) {
    scan(bencher, topics, "buy. sell! vote? ", 16);
}
