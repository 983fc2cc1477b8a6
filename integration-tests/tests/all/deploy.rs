//! What `deploy/` sets is what the programs know.

use std::{collections::BTreeSet, path::Path, process::Command};

use integration_tests::program::binary;

/// What a program reads of its environment, as its help tells.
fn known(program: &str, arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(binary(program)).args(arguments).arg("--help").env_clear().output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let names = help.split("[env: ").skip(1).map(|rest| rest.split(['=', ']']).next().unwrap().to_owned());
    let names: BTreeSet<_> = names.collect();
    assert!(names.contains("PORTCULLIS_AUTH_BEARER_TOKENS"), "{help}");
    names
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)).unwrap()
}

/// Words that are names of this service.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_uppercase() || letter == '_'));
    words.filter(|word| word.starts_with("PORTCULLIS_")).map(ToOwned::to_owned).collect()
}

/// Those that a part of the compose file sets.
fn set(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| letter.is_whitespace() || "{,".contains(letter));
    words.filter_map(|word| word.strip_suffix(':')).flat_map(names).collect()
}

#[test]
fn each_program_knows_what_is_set_for_it() {
    let compose = file("compose.yaml");
    let (_, rest) = compose.split_once("x-core:").unwrap();
    let (core, adapter) = rest.split_once("x-adapter:").unwrap();
    for (program, arguments, part) in [("portcullis-core", ["serve"].as_slice(), core), ("portcullis", &[], adapter)] {
        let (set, known) = (set(part), known(program, arguments));
        assert!(set.len() >= 3, "{set:?}");
        // Without it calls meet a closed port before a balancer has looked.
        assert!(set.contains("PORTCULLIS_DRAIN_NOTICE_MS"), "{program}: {set:?}");
        let strange: Vec<_> = set.difference(&known).collect();
        assert!(strange.is_empty(), "{program} does not know {strange:?}");
    }
}

/// A program of a package that is not built by default is not found unless its package is named.
#[test]
fn the_image_is_built_of_the_packages_of_both_programs() {
    let dockerfile = file("Dockerfile");
    let build: Vec<_> = dockerfile.lines().filter(|line| line.starts_with("RUN cargo build ")).collect();
    let [build] = build[..] else { panic!("{dockerfile}") };
    for (package, program) in [("http-adapter", "portcullis"), ("core-service", "portcullis-core")] {
        let words: Vec<_> = build.split_whitespace().collect();
        for pair in [["--package", package], ["--bin", program]] {
            assert!(words.windows(2).any(|words| words == pair), "{pair:?}: {build}");
        }
        assert!(dockerfile.contains(&format!("/build/target/release/{program} ")), "{program}");
    }
}

#[test]
fn what_is_told_of_is_known() {
    let known: BTreeSet<_> = known("portcullis-core", &["serve"]).union(&known("portcullis", &[])).cloned().collect();
    // Of the compose file itself, which asks for it.
    let compose = file("compose.yaml");
    let own: BTreeSet<_> = compose.split("${").skip(1).map(|rest| rest.split([':', '}']).next().unwrap()).collect();
    for name in ["README.md", "Dockerfile"] {
        let told = names(&file(name));
        assert!(!told.is_empty());
        let strange: Vec<_> =
            told.iter().filter(|name| !known.contains(*name) && !own.contains(name.as_str())).collect();
        assert!(strange.is_empty(), "{name} tells of {strange:?}");
    }
}
