//! The adapter stays small: what is no translation of a dialect belongs into the core, or into what both programs share.

use std::{fs, path::Path};

const MOST: usize = 2500;

/// Lines of Rust that are neither blank nor a comment, without tests and without the page.
fn lines(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let count = |path: std::path::PathBuf| match path.file_stem().and_then(|name| name.to_str()) {
        Some("page" | "tests" | "testing") => 0,
        _ if path.is_dir() => lines(&path),
        _ if path.extension().is_some_and(|extension| extension == "rs") => code(&fs::read_to_string(&path).unwrap()),
        _ => 0,
    };
    entries.map(count).sum()
}

fn code(source: &str) -> usize {
    let own = source.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
    own.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn the_adapter_is_small() {
    let lines = lines(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!((1000..MOST).contains(&lines), "{lines} lines");
}
