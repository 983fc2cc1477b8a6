//! Whom a policy applies to.

use super::schema::{DirectionName, TargetsFile};
use crate::domain::exchange::{CallContext, Direction};

#[derive(Debug, Clone)]
pub struct Targets(TargetsFile);

impl Targets {
    pub const fn new(file: TargetsFile) -> Self {
        Self(file)
    }

    /// `model` holds a name on each line where a payload names several: any of them is enough.
    pub fn match_context(&self, context: &CallContext, model: &str) -> bool {
        let Self(file) = self;
        any(&file.users, &context.user)
            && any(&file.teams, &context.team)
            && model.split('\n').any(|model| any(&file.models, model))
            && any(&file.sources, &context.source)
            && file
                .metadata
                .iter()
                .all(|(key, patterns)| context.metadata.get(key).is_some_and(|value| any(patterns, value)))
    }

    pub fn match_direction(&self, direction: Direction) -> bool {
        includes(&self.0.directions, direction)
    }
}

/// An empty list means both.
pub fn includes(names: &[DirectionName], direction: Direction) -> bool {
    let name = match direction {
        Direction::Request => DirectionName::Request,
        Direction::Response => DirectionName::Response,
    };
    names.is_empty() || names.contains(&name)
}

fn any(patterns: &[String], value: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| glob(pattern, value))
}

/// `*` stands for any text. Linear but for backtracking to the last star, which is enough for `*`.
fn glob(pattern: &str, value: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| value.strip_prefix(first)) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, value) in
            [("a", "a"), ("*", ""), ("*@acme.io", "ann@acme.io"), ("gpt-*", "gpt-4o"), ("a*b*c", "aXbYbc")]
        {
            assert!(glob(pattern, value), "{pattern} {value}");
        }
        for (pattern, value) in
            [("a", "ab"), ("", "a"), ("a*a", "a"), ("*@acme.io", "ann@acme.io.evil"), ("a*b*c", "acb")]
        {
            assert!(!glob(pattern, value), "{pattern} {value}");
        }
    }

    #[test]
    fn any_of_several_models_is_enough() {
        let file = TargetsFile { models: vec!["gpt-*".to_owned()], ..TargetsFile::default() };
        let (targets, context) = (Targets::new(file), CallContext::default());
        for models in ["gpt-4o", "claude\ngpt-4o", "gpt-4o\nllama"] {
            assert!(targets.match_context(&context, models), "{models}");
        }
        for models in ["", "claude", "claude\nllama"] {
            assert!(!targets.match_context(&context, models), "{models}");
        }
        let all = Targets::new(TargetsFile { models: vec!["*".to_owned()], ..TargetsFile::default() });
        assert!(all.match_context(&context, ""));
    }

    #[test]
    fn all_that_is_given_must_hold() {
        let file = TargetsFile {
            users: vec!["*@acme.io".to_owned()],
            metadata: [("tier".to_owned(), vec!["free".to_owned()])].into(),
            ..TargetsFile::default()
        };
        let targets = Targets::new(file);
        let mut context = CallContext { user: "ann@acme.io".to_owned(), ..CallContext::default() };
        assert!(!targets.match_context(&context, "m"));
        context.metadata.insert("tier".to_owned(), "free".to_owned());
        assert!(targets.match_context(&context, "m"));
        context.user.clear();
        assert!(!targets.match_context(&context, "m"));
    }
}
