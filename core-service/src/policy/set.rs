//! All policies in force, bound to one scanner.

use std::sync::Arc;

use super::{
    compile::{LooksFor, Policy, PolicyRule},
    schema::Apply,
};
use crate::{
    detect::{
        known::Known,
        scanner::{RuleMask, Scanner},
    },
    domain::{
        exchange::{CallContext, Direction},
        segment::Role,
    },
};

/// A policy with its rules translated into the scanner's.
#[derive(Debug)]
pub struct Bound {
    pub policy: Arc<Policy>,
    /// For each rule of the policy, in order.
    masks: Vec<RuleMask>,
}

impl Bound {
    pub fn rules(&self) -> impl Iterator<Item = (&PolicyRule, &RuleMask)> {
        self.policy.rules.iter().zip(&self.masks)
    }

    /// Whether text of that origin is judged. Of a response all text is.
    pub fn covers(&self, direction: Direction, role: Role) -> bool {
        let in_scope = match (role, direction) {
            (Role::Media, _) => false,
            (_, Direction::Response) => true,
            (role, Direction::Request) => self.policy.roles.contains(&role),
        };
        in_scope && role.flows(direction).iter().any(|&direction| self.policy.targets.match_direction(direction))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no policy named `{0}` is loaded")]
pub struct UnknownPolicy(pub String);

/// What one check sees of the policies: one generation, whatever is loaded meanwhile.
#[derive(Debug)]
pub struct PolicySet {
    pub scanner: Scanner,
    /// None: each text is read whenever it comes.
    pub known: Option<Known>,
    policies: Vec<Bound>,
}

impl PolicySet {
    pub fn new(policies: Vec<Arc<Policy>>) -> Result<Self, String> {
        let own = policies.iter().flat_map(|policy| &policy.rules).flat_map(|rule| match &rule.looks_for {
            LooksFor::Own(own) => own.clone(),
            LooksFor::BuiltIn { .. } => Vec::new(),
        });
        let scanner = Scanner::new(own)?;
        let bind = |policy: Arc<Policy>| {
            let mask = |rule: &PolicyRule| {
                let mut mask = scanner.empty_mask();
                for (index, compiled) in scanner.rules() {
                    if rule.selects(&compiled.identity) {
                        mask.insert(index);
                    }
                }
                mask
            };
            let masks = policy.rules.iter().map(mask).collect();
            Bound { policy, masks }
        };
        let policies = policies.into_iter().map(bind).collect();
        Ok(Self { scanner, known: None, policies })
    }

    /// Knows so many texts again in which it found nothing.
    pub fn knowing(self, texts: usize) -> Self {
        Self { known: (texts > 0).then(|| Known::new(texts)), ..self }
    }

    pub fn policies(&self) -> impl Iterator<Item = &Bound> {
        self.policies.iter()
    }

    pub fn get(&self, name: &str) -> Option<&Bound> {
        self.policies.iter().find(|bound| &*bound.policy.reference.name == name)
    }

    /// The policies that judge an exchange: those that were named, whatever their targets say of the caller, or
    /// else those whose targets match. `model` is the payload's own when the context names none; `judged` tells
    /// which directions there are to judge.
    pub fn resolve(
        &self,
        names: &[String],
        context: &CallContext,
        model: &str,
        judged: impl Fn(Direction) -> bool,
    ) -> Result<Vec<&Bound>, UnknownPolicy> {
        let concerned = |bound: &&Bound| {
            let targets = &bound.policy.targets;
            [Direction::Request, Direction::Response]
                .into_iter()
                .any(|direction| judged(direction) && targets.match_direction(direction))
        };
        if names.is_empty() {
            let matching = self.policies.iter().filter(|bound| {
                bound.policy.apply == Apply::Matching && bound.policy.targets.match_context(context, model)
            });
            return Ok(matching.filter(concerned).collect());
        }
        let mut chosen: Vec<&Bound> = Vec::with_capacity(names.len());
        for name in names {
            let bound = self.get(name).ok_or_else(|| UnknownPolicy(name.clone()))?;
            if !chosen.iter().any(|other| std::ptr::eq(*other, bound)) {
                chosen.push(bound);
            }
        }
        chosen.retain(concerned);
        Ok(chosen)
    }
}
