//! Labelled rows of the files.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::classify::head::Head;

#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) text: String,
    #[serde(default)]
    pub(super) label: Option<u8>,
    #[serde(default)]
    pub(super) source: String,
    #[serde(default)]
    pub(super) category: String,
    #[serde(default)]
    pub(super) categories: BTreeMap<String, Option<u8>>,
}

/// What a data set's own word for a kind of attack means here.
pub(super) fn kind(category: &str) -> Option<Head> {
    const WORDS: [(&str, Head); 18] = [
        ("indirect", Head::IndirectInjection),
        ("rag", Head::IndirectInjection),
        ("document", Head::IndirectInjection),
        ("tool", Head::IndirectInjection),
        ("agent", Head::IndirectInjection),
        ("jailbreak", Head::Jailbreak),
        ("persona", Head::Jailbreak),
        ("hypothetical", Head::Jailbreak),
        ("role", Head::Jailbreak),
        ("many_shot", Head::Jailbreak),
        ("crescendo", Head::Jailbreak),
        ("extraction", Head::PromptExtraction),
        ("prompt_leak", Head::PromptExtraction),
        ("override", Head::PromptInjection),
        ("injection", Head::PromptInjection),
        ("delimiter", Head::PromptInjection),
        ("manipulation", Head::PromptInjection),
        ("confusion", Head::PromptInjection),
    ];
    if let Some(head) = Head::named(category) {
        return Head::ATTACKS.contains(&head).then_some(head);
    }
    WORDS.iter().find(|(word, _)| category.contains(word)).map(|&(_, head)| head)
}

/// The harms of a row, by column; none where nobody looked.
pub(super) fn harms(row: &Row) -> [Option<bool>; Head::HARMS.len()] {
    /// Names of other taxonomies: the letters of a public moderation set, categories of request lists.
    const ALIASES: [(&str, Head); 9] = [
        ("S", Head::Sexual),
        ("H", Head::Hate),
        ("V", Head::Violence),
        ("HR", Head::Harassment),
        ("SH", Head::SelfHarm),
        ("S3", Head::SexualMinors),
        ("H2", Head::Hate),
        ("V2", Head::Violence),
        ("malicious_uses", Head::Illicit),
    ];
    let named = |name: &str| {
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|&(_, head)| head);
        let head = alias.or_else(|| Head::named(name))?;
        Head::HARMS.iter().position(|harm| *harm == head)
    };
    let mut harms = [None; Head::HARMS.len()];
    for (name, label) in &row.categories {
        if let (Some(column), Some(label)) = (named(name), label) {
            let known = harms[column].unwrap_or(false);
            harms[column] = Some(known || *label == 1);
        }
    }
    if row.categories.is_empty()
        && row.label == Some(1)
        && let Some(column) = named(&row.category)
    {
        harms[column] = Some(true);
    }
    harms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Row {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_nobody_labelled_is_not_nought() {
        let row = row(r#"{"text": "t", "label": 1, "categories": {"H": 0, "H2": 1, "S": 0, "V": null}}"#);
        let harms = harms(&row);
        let of = |head| harms[Head::HARMS.iter().position(|harm| *harm == head).unwrap()];
        assert_eq!(of(Head::Hate), Some(true));
        assert_eq!(of(Head::Sexual), Some(false));
        assert_eq!(of(Head::Violence), None);
    }

    #[test]
    fn kinds_by_the_words_of_data_sets() {
        for (category, expected) in [
            ("system_prompt_extraction", Some(Head::PromptExtraction)),
            ("indirect_injection", Some(Head::IndirectInjection)),
            ("persona_replacement", Some(Head::Jailbreak)),
            ("direct_injection", Some(Head::PromptInjection)),
            ("", None),
            ("hate", None),
        ] {
            assert_eq!(kind(category), expected, "{category}");
        }
    }
}
