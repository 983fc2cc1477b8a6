use std::{fs, io, path::Path};

use super::{
    compile::compile,
    live::{Generation, State},
    load::{self, Loader, Sources},
    schema,
};

fn problems(source: &str) -> Vec<String> {
    compile(source).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn the_built_in_policy_compiles() {
    assert_eq!(&*compile(load::BUILT_IN).unwrap().reference.name, "default");
}

#[test]
fn a_problem_names_line_and_field() {
    insta::assert_snapshot!(problems("name: a\nrules:\n  - detector: pii\n    action: blok\n")[0], @"line 4, column 13: rules[0].action: unknown variant `blok`, expected one of allow, alert, mask, block");
    insta::assert_snapshot!(problems("name: a\nrule: []\nrules: []\n")[0], @"line 2, column 1: rule: unknown field `rule`, expected one of name, description, severity, message, apply, targets, scope, rules, denied_topics, exceptions, on_failure, deadline_ms, session");
    insta::assert_snapshot!(problems("name: a\nrules: [{detector: regex, action: block, patterns: [{pattern: '(x'}]}]")[0], @"line 2, column 9: rules[0].patterns[0].pattern: error: unclosed group");
    assert!(problems("name: [").first().is_some_and(|problem| problem.starts_with("line ")));
}

#[test]
fn what_has_no_meaning_is_a_problem() {
    for (rule, field) in [
        ("detector: keywords, words: []", "words"),
        ("detector: regex", "patterns"),
        ("detector: pii, words: [x]", "words"),
        ("detector: pii, only: [NO_SUCH]", "only"),
        ("detector: keywords, words: [x], except: [y]", "except"),
        ("detector: pii, threshold: 2", "threshold"),
        ("detector: pii, mask: label", "mask"),
        ("detector: regex, patterns: [{pattern: 'a*'}]", "patterns[0].pattern"),
        ("detector: regex, patterns: [{pattern: 'a', matches: [b]}]", "patterns[0].matches[0]"),
        ("detector: regex, patterns: [{pattern: 'a', misses: [a]}]", "patterns[0].misses[0]"),
        ("detector: regex, patterns: [{pattern: '(\\w{200}){200}'}]", "patterns[0].pattern"),
        ("detector: regex, patterns: [{pattern: '((a{1000}){1000}){1000}'}]", "patterns[0].pattern"),
        ("detector: regex, patterns: [{pattern: '(\\pL{1,99}\\d?){1,999}'}]", "patterns[0].pattern"),
        ("detector: regex, patterns: [{pattern: '(a|aa)+\\1'}]", "patterns[0].pattern"),
        ("detector: regex, patterns: [{pattern: '(?=a)'}]", "patterns[0].pattern"),
    ] {
        let found = problems(&format!("name: a\nrules: [{{action: block, {rule}}}]"));
        assert!(found[0].contains(&format!("rules[0].{field}: ")), "{rule}: {found:?}");
    }
    let deep = format!("{}a{}", "(".repeat(51), ")".repeat(51));
    let deep =
        problems(&format!("name: a\nrules: [{{detector: regex, action: block, patterns: [{{pattern: '{deep}'}}]}}]"));
    assert!(deep[0].contains("patterns[0].pattern: "), "{deep:?}");
    let rules = "rules: [{detector: pii, action: alert}, {detector: pii, action: block}]";
    assert!(problems(&format!("name: a\n{rules}"))[0].contains("two rules"));
    assert!(problems("name: 'a b'\nrules: []")[0].contains("name: "));
    assert!(problems("name: a\nscope: {roles: []}\nrules: []")[0].contains("scope.roles"));
    assert!(problems("name: a\nrules: []\nexceptions: [{phrase: x}]")[0].contains("exceptions[0].phrase"));
    assert!(
        problems("name: a\nrules: []\nexceptions: [{phrase: xyz, rules: [none]}]")[0].contains("exceptions[0].rules")
    );
    for (session, field) in [
        ("joined_turns: 1", "joined_turns"),
        ("score: {limit: 0}", "score.limit"),
        ("score: {limit: 2, action: mask}", "score.action"),
        ("score: {limit: 2, detectors: []}", "score.detectors"),
        ("score: {limit: 2, half_life_minutes: 0}", "score.half_life_minutes"),
        ("quarantine: {minutes: 0, on: [late]}", "quarantine.minutes"),
        ("quarantine: {minutes: 5, on: []}", "quarantine.on"),
        ("quarantine: {minutes: 5, on: [score]}", "quarantine.on"),
    ] {
        let found = problems(&format!("name: a\nrules: []\nsession: {{{session}}}"));
        assert!(found[0].contains(&format!("session.{field}: ")), "{session}: {found:?}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let source = "name: a\nrules: [{detector: regex, action: block}, {name: b, detector: keywords, action: block}]";
    assert_eq!(problems(source).len(), 2);
}

#[test]
fn the_schema_knows_every_field() {
    let schema = serde_json::to_string(&schema::json_schema()).unwrap();
    for field in
        ["on_failure", "denied_topics", "counter_samples", "exceptions", "threshold", "patterns", "until", "match"]
    {
        assert!(schema.contains(&format!("\"{field}\"")), "{field}");
    }
}

fn states(generation: &Generation) -> Vec<(String, String, &'static str)> {
    let state = |state: &State| match state {
        State::Active(_) => "active",
        State::Stale(_) => "stale",
        State::Failed => "failed",
    };
    generation.statuses.iter().map(|s| (s.name.clone(), s.file.clone(), state(&s.state))).collect()
}

fn policy(name: &str) -> String {
    format!("name: {name}\nrules: [{{detector: pii, action: alert}}]")
}

fn write(folder: &Path, file: &str, text: &str) {
    fs::write(folder.join(file), text).unwrap();
}

fn row(name: &str, file: &str, state: &'static str) -> (String, String, &'static str) {
    (name.to_owned(), file.to_owned(), state)
}

#[test]
fn a_broken_file_keeps_the_last_good() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.yaml", &policy("a"));
    let (mut loader, first) = Loader::new(folder.path().to_owned()).unwrap();
    assert_eq!(states(&first), [row("default", "", "active"), row("a", "a.yaml", "active")]);
    assert!(loader.reload().is_none(), "nothing changed");

    write(folder.path(), "a.yaml", "name: a\nrules: oops");
    write(folder.path(), "b.yml", "never: good");
    let broken = loader.reload().unwrap().unwrap();
    assert_eq!(
        states(&broken),
        [row("default", "", "active"), row("a", "a.yaml", "stale"), row("", "b.yml", "failed")]
    );
    assert!(broken.set.get("a").is_some());
    assert_eq!(broken.statuses[1].problems[0].field, "rules");

    write(folder.path(), "a.yaml", &policy("a2"));
    fs::remove_file(folder.path().join("b.yml")).unwrap();
    let mended = loader.reload().unwrap().unwrap();
    assert_eq!(states(&mended), [row("default", "", "active"), row("a2", "a.yaml", "active")]);
    assert!(mended.set.get("a").is_none());
}

#[test]
fn a_file_may_take_the_place_of_the_built_in_policy() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "mine.yaml", &policy("default"));
    write(folder.path(), "notes.txt", "not a policy");
    write(folder.path(), ".hidden.yaml", "not one either");
    let (_, generation) = Loader::new(folder.path().to_owned()).unwrap();
    assert_eq!(states(&generation), [row("default", "mine.yaml", "active")]);
}

#[test]
fn of_two_files_with_one_name_the_second_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.yaml", &policy("same"));
    write(folder.path(), "b.yaml", &policy("same"));
    let (_, generation) = Loader::new(folder.path().to_owned()).unwrap();
    assert_eq!(states(&generation)[1..], [row("same", "a.yaml", "active"), row("same", "b.yaml", "failed")]);
}

#[test]
fn a_name_stays_with_the_file_that_has_it() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.yaml", &policy("strict"));
    write(folder.path(), "b.yaml", &policy("payments"));
    let (mut loader, _) = Loader::new(folder.path().to_owned()).unwrap();

    // `a-copy.yaml` comes before `a.yaml` in the order of files.
    write(folder.path(), "a-copy.yaml", &format!("{}\nseverity: low", policy("strict")));
    write(folder.path(), "b.yaml", &policy("strict"));
    let clash = loader.reload().unwrap().unwrap();
    assert_eq!(
        states(&clash)[1..],
        [row("strict", "a-copy.yaml", "failed"), row("strict", "a.yaml", "active"), row("payments", "b.yaml", "stale")]
    );
    for status in [&clash.statuses[1], &clash.statuses[3]] {
        assert_eq!(status.problems[0].to_string(), "name: `strict` is the name of the policy in a.yaml too");
    }
    assert_eq!(*clash.set.get("strict").unwrap().policy.source, *policy("strict"));
    assert_eq!(*clash.set.get("payments").unwrap().policy.source, *policy("payments"));

    // The earlier version outlives the clash, and a change elsewhere in the folder.
    fs::remove_file(folder.path().join("a-copy.yaml")).unwrap();
    write(folder.path(), "b.yaml", "name: payments\nrules: oops");
    let broken = loader.reload().unwrap().unwrap();
    assert_eq!(states(&broken)[1..], [row("strict", "a.yaml", "active"), row("payments", "b.yaml", "stale")]);

    write(folder.path(), "b.yaml", &policy("strict"));
    fs::remove_file(folder.path().join("a.yaml")).unwrap();
    let freed = loader.reload().unwrap().unwrap();
    assert_eq!(states(&freed)[1..], [row("strict", "b.yaml", "active")]);
}

#[test]
fn two_files_may_exchange_their_names() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.yaml", &policy("x"));
    write(folder.path(), "b.yaml", &policy("y"));
    let (mut loader, _) = Loader::new(folder.path().to_owned()).unwrap();
    write(folder.path(), "a.yaml", &policy("y"));
    write(folder.path(), "b.yaml", &policy("x"));
    let swapped = loader.reload().unwrap().unwrap();
    assert_eq!(states(&swapped)[1..], [row("y", "a.yaml", "active"), row("x", "b.yaml", "active")]);
}

#[test]
fn a_file_that_is_refused_a_name_keeps_its_own_from_others() {
    let folder = tempfile::tempdir().unwrap();
    for (file, name) in [("a.yaml", "x"), ("b.yaml", "y"), ("c.yaml", "z")] {
        write(folder.path(), file, &policy(name));
    }
    let (mut loader, _) = Loader::new(folder.path().to_owned()).unwrap();
    // Each asks for the next one's name, and the last one is broken.
    write(folder.path(), "a.yaml", &policy("y"));
    write(folder.path(), "b.yaml", &policy("z"));
    write(folder.path(), "c.yaml", "name: c\nrules: oops");
    let refused = loader.reload().unwrap().unwrap();
    assert_eq!(
        states(&refused)[1..],
        [row("x", "a.yaml", "stale"), row("y", "b.yaml", "stale"), row("z", "c.yaml", "stale")]
    );
    assert!(["x", "y", "z"].iter().all(|name| refused.set.get(name).is_some()));
}

#[test]
fn a_listing_that_breaks_off_deletes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.yaml", &policy("a"));
    let first = folder.path().join("a.yaml");
    assert!(matches!(load::listed([Ok(first.clone())].into_iter()), Sources::Files(files) if files.len() == 1));
    let broken_off = load::listed([Ok(first), Err(io::Error::other("stale file handle"))].into_iter());
    assert_eq!(broken_off, Sources::Unreadable("stale file handle".to_owned()));
}

#[test]
fn a_folder_that_goes_away_takes_no_policy_with_it() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("policies");
    let (mut loader, missing) = Loader::new(folder.clone()).unwrap();
    assert_eq!(states(&missing), [row("default", "", "active")]);
    fs::create_dir(&folder).unwrap();
    write(&folder, "a.yaml", &policy("a"));
    assert!(loader.reload().unwrap().unwrap().set.get("a").is_some());
    fs::rename(&folder, parent.path().join("elsewhere")).unwrap();
    let gone = loader.reload().unwrap().unwrap();
    assert!(gone.set.get("a").is_some());
    assert!(states(&gone).contains(&row("a", "a.yaml", "stale")));
}

fn topic(fields: &str) -> String {
    format!("name: a\nrules: []\ndenied_topics: [{{{fields}}}]")
}

const MONEY: &str = "id: money, name: Investment advice, action: block";

#[test]
fn a_topic_is_a_rule_of_its_policy() {
    let source = topic(&format!("{MONEY}, sensitivity: high, samples: [which stocks should I buy]"));
    let policy = compile(&source).unwrap();
    let [rule] = &policy.rules[..] else { panic!("one rule") };
    assert_eq!((&*rule.name, rule.detector.as_str(), rule.threshold), ("money", "denied_topics", 0.3));
    assert_eq!(compile(&topic(&format!("{MONEY}, description: stocks"))).unwrap().rules[0].threshold, 0.5);
}

#[test]
fn the_example_of_topics_compiles_and_applies_to_nobody_who_does_not_ask() {
    let policy = compile(include_str!("../../../deploy/policies/denied-topics.yaml")).unwrap();
    assert_eq!((policy.rules.len(), policy.apply), (3, schema::Apply::Named));
}

#[test]
fn what_is_no_topic_is_a_problem() {
    let long = "x".repeat(501);
    for (fields, field) in [
        ("id: '', name: Stocks, action: block, samples: [buy stocks]".to_owned(), "id"),
        ("id: a, name: ' ', action: block, samples: [buy stocks]".to_owned(), "name"),
        (MONEY.to_owned(), "samples"),
        (format!("{MONEY}, samples: [buy stocks, 'Buy stocks ']"), "samples[1]"),
        (format!("{MONEY}, samples: [buy stocks], counter_samples: [buy stocks]"), "counter_samples[0]"),
        (format!("{MONEY}, samples: [x]"), "samples[0]"),
        (format!("{MONEY}, samples: [{long}]"), "samples[0]"),
        (format!("{MONEY}, description: {}", long.repeat(2)), "description"),
        (format!("{MONEY}, mask: label, samples: [buy stocks]"), "mask"),
        ("id: a, name: of, description: the, action: block".to_owned(), "samples"),
    ] {
        let found = problems(&topic(&fields));
        assert!(found[0].contains(&format!("denied_topics[0].{field}: ")), "{field}: {found:?}");
    }
    let samples: Vec<String> = (0..65).map(|number| format!("stocks {number}")).collect();
    let many = problems(&topic(&format!("{MONEY}, samples: [{}]", samples.join(", "))));
    assert!(many[0].contains("denied_topics[0].samples: more than 64"), "{many:?}");
    let one = format!("{{{MONEY}, samples: [buy stocks]}}");
    let twice = problems(&format!("name: a\nrules: []\ndenied_topics: [{one}, {one}]"));
    assert!(twice[0].contains("denied_topics[1].id: ") && twice[1].contains("denied_topics[1].name: "), "{twice:?}");
    let rule = "rules: [{name: money, detector: pii, action: block}]";
    assert!(problems(&format!("name: a\n{rule}\ndenied_topics: [{one}]"))[0].contains("denied_topics[0].id: "));
    let many = vec![one.as_str(); 65].join(", ");
    assert!(
        problems(&format!("name: a\nrules: []\ndenied_topics: [{many}]"))[0].contains("denied_topics: more than 64")
    );
    let rule = problems("name: a\nrules: [{detector: denied_topics, action: block}]");
    assert!(rule[0].contains("rules[0].detector: topics stand under"), "{rule:?}");
}
