//! Secrets, one file a kind of provider. A rule's entity names the kind of token.

mod ai;
mod business;
mod chat;
mod ci;
mod cloud;
mod code;
mod command;
mod commerce;
mod database;
mod generic;
mod hosting;
mod identity;
mod keyed;
mod keys;
mod messaging;
mod models;
mod observability;
mod password;
mod payment;
mod saas;
mod vendor;
mod web;

use crate::{
    detect::{
        rule::{Rule, Wake},
        validate::token,
    },
    domain::finding::{Detector, Severity},
};

/// What rules for secrets share.
const SECRET: Rule = Rule { detector: Detector::Secrets, severity: Severity::Critical, ..Rule::BASE };

pub(super) const FAMILIES: &[&[Rule]] = &[
    ai::RULES,
    business::RULES,
    chat::RULES,
    ci::RULES,
    cloud::RULES,
    code::RULES,
    command::RULES,
    commerce::RULES,
    database::RULES,
    generic::RULES,
    hosting::RULES,
    identity::RULES,
    keyed::RULES,
    keys::RULES,
    messaging::RULES,
    models::RULES,
    observability::RULES,
    password::RULES,
    payment::RULES,
    saas::RULES,
    vendor::RULES,
    web::RULES,
];

type Texts = &'static [&'static str];

/// A token that its prefix identifies, named after its provider.
const fn prefixed(id: &'static str, keywords: Texts, pattern: &'static str, matches: Texts, misses: Texts) -> Rule {
    let wake = Wake::Keywords(keywords);
    Rule { id, entity: id, wake, pattern, validate: Some(token::prefixed), matches, misses, ..SECRET }
}

/// The same where a long run of one letter is part of the format.
const fn padded(id: &'static str, keywords: Texts, pattern: &'static str, matches: Texts, misses: Texts) -> Rule {
    Rule { validate: Some(token::padded), ..prefixed(id, keywords, pattern, matches, misses) }
}

/// The same where capitals and digits, or fewer characters, are all there is.
const fn uniform(id: &'static str, keywords: Texts, pattern: &'static str, matches: Texts, misses: Texts) -> Rule {
    Rule { validate: Some(token::uniform), ..prefixed(id, keywords, pattern, matches, misses) }
}

/// A value of a common shape that the provider's name before it identifies.
const fn keyed(id: &'static str, keywords: Texts, pattern: &'static str, matches: Texts, misses: Texts) -> Rule {
    Rule { validate: Some(token::keyed), ..prefixed(id, keywords, pattern, matches, misses) }
}
