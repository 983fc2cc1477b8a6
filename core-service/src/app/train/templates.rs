//! Texts drawn from templates: what no data set has, written for this project.

use std::{collections::BTreeMap, fs, path::Path};

use super::draw::Draw;

/// A template file: what it is about, and its lines.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) category: String,
    /// Whether its lines are what the category says, and not what is mistaken for it.
    pub(super) positive: bool,
    pub(super) lines: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Templates {
    pub(super) attacks: Vec<Topic>,
    pub(super) benign: Vec<Topic>,
    pub(super) harm: Vec<Topic>,
    /// Into which attacks are put.
    pub(super) documents: Vec<String>,
    slots: BTreeMap<String, Vec<String>>,
}

/// Slots in slots, and choices in choices.
const DEEPEST: usize = 6;

/// The text files of a folder by name, in order; none when there is no such folder.
fn files(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(files) };
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|ending| ending == "txt") {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            files.push((path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), text));
        }
    }
    files.sort();
    Ok(files)
}

fn topic(name: String, text: &str) -> Topic {
    let mut topic = Topic { category: name, positive: true, lines: Vec::new() };
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix("# ") {
            if let Some(category) = comment.strip_prefix("category: ") {
                category.trim().clone_into(&mut topic.category);
            }
            topic.positive &= comment.trim() != "label: 0";
            continue;
        }
        // `[de] ` says a line's language.
        let tagged = line.strip_prefix('[').and_then(|rest| rest.split_once("] "));
        let is_language = |tag: &str| {
            (2..=5).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        };
        let line = tagged.filter(|(tag, _)| is_language(tag)).map_or(line, |(_, rest)| rest);
        topic.lines.push(line.replace("\\n", "\n"));
    }
    topic
}

impl Templates {
    pub(super) fn read(folder: &Path) -> Result<Self, String> {
        let topics = |name: &str| -> Result<Vec<Topic>, String> {
            Ok(files(&folder.join(name))?.into_iter().map(|(name, text)| topic(name, &text)).collect())
        };
        let lines =
            |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        let slots = files(&folder.join("slots"))?.into_iter().map(|(name, text)| (name, lines(&text))).collect();
        let documents = files(&folder.join("documents"))?;
        let documents = documents.iter().flat_map(|(_, text)| text.split("\n---\n"));
        let documents = documents.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect();
        Ok(Self { attacks: topics("attacks")?, benign: topics("benign")?, harm: topics("harm")?, documents, slots })
    }

    /// One text of a template.
    pub(super) fn fill(&self, template: &str, draw: &mut Draw) -> String {
        let mut out = String::with_capacity(template.len());
        self.expand(template, draw, DEEPEST, &mut out);
        out
    }

    fn expand(&self, template: &str, draw: &mut Draw, depth: usize, out: &mut String) {
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            let Some(close) = closing(&rest[open..]) else {
                rest = &rest[open..];
                break;
            };
            let inside = &rest[open + 1..open + close];
            rest = &rest[open + close + 1..];
            let choices = choices(inside);
            let chosen = match (choices.len(), self.slots.get(inside)) {
                (1, Some(fillers)) => draw.one_of(fillers).map(String::as_str),
                (2.., _) => draw.one_of(&choices).copied(),
                _ => None,
            };
            match chosen {
                Some(chosen) if depth > 0 => self.expand(chosen, draw, depth - 1, out),
                // Braces of the text itself: JSON, code.
                _ => {
                    out.push('{');
                    if depth > 0 {
                        self.expand(inside, draw, depth - 1, out);
                    }
                    out.push('}');
                }
            }
        }
        out.push_str(rest);
    }
}

/// Where the brace that opens a text is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

/// What stands between the bars that are in no braces of their own.
fn choices(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut choices) = (0_usize, 0, Vec::new());
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'|' if depth == 0 => {
                choices.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    choices.push(&text[start..]);
    choices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_choices_and_braces_of_the_text_itself() {
        let mut templates = Templates::default();
        templates.slots.insert("name".to_owned(), vec!["Ann".to_owned()]);
        templates.slots.insert("who".to_owned(), vec!["{name} of {Rome|Rome}".to_owned()]);
        let mut draw = Draw::new(1);
        for (template, expected) in [
            ("Dear {name},", "Dear Ann,"),
            ("{who}!", "Ann of Rome!"),
            ("{a|a}{|}", "a"),
            (r#"{"to": "{name}"}"#, r#"{"to": "Ann"}"#),
            ("open { brace", "open { brace"),
            ("{unknown}", "{unknown}"),
        ] {
            assert_eq!(templates.fill(template, &mut draw), expected);
        }
    }

    #[test]
    fn a_line_may_say_its_language() {
        let topic = topic("x".to_owned(), "# language: mixed\n# category: jailbreak\n\n[de] Hallo\\nWelt\n[INST] a\n");
        assert_eq!(topic.category, "jailbreak");
        assert_eq!(topic.lines, ["Hallo\nWelt", "[INST] a"]);
    }
}
