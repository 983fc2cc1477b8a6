//! Keys of payment services.

use super::SECRET;
use crate::detect::{
    rule::{Rule, Wake},
    validate::token,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "stripe_live",
        entity: "stripe_live",
        wake: Wake::Keywords(&["sk_live_", "sk_test_", "sk_prod_"]),
        pattern: r"(?:(?-u:\b)|_)(?P<hit>sk_(?:live|test|prod)_[A-Za-z0-9]{16,})",
        validate: Some(token::prefixed),
        matches: &[
            concat!("sk_live_", "t4Yk81bQmZ0sLr7NvDp2GhJc"),
            concat!("(sk_test_", "51HqLyjWDarjtT1zdp7dcXoR9)"),
            concat!("_sk_live_", "t4Yk81bQmZ0sLr7NvDp2GhJc_"),
        ],
        misses: &[
            "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx",
            "sk_test_your_key_goes_in_this_place",
            concat!("sk_test_", "4eC39HqLyjWDarjtT1zdp7dc"),
            "task_test_AbstractSingletonProxyFactoryBean",
        ],
        ..SECRET
    },
    Rule {
        id: "stripe_restricted",
        entity: "stripe_restricted",
        wake: Wake::Keywords(&["rk_live_", "rk_test_", "rk_prod_"]),
        pattern: r"(?-u:\b)rk_(?:live|test|prod)_[A-Za-z0-9]{16,}",
        validate: Some(token::prefixed),
        matches: &[concat!("rk_live_", "t4Yk81bQmZ0sLr7NvDp2GhJc"), concat!("rk_live_", "kW1bQmZ0sLr7NvDp2GhJc6Ue,")],
        misses: &["rk_live_xxxxxxxxxxxxxxxxxxxxxxxx", "rk_live_..."],
        ..SECRET
    },
    Rule {
        id: "stripe_webhook",
        entity: "stripe_webhook",
        wake: Wake::Keywords(&["whsec_"]),
        pattern: r"(?-u:\b)whsec_[A-Za-z0-9+/=]{24,}",
        validate: Some(token::prefixed),
        matches: &[
            concat!("whsec_", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfX"),
            concat!("'whsec_", "kW1bQmZ0sLr7NvDp2GhJc6UeA5WfXo9R'"),
        ],
        misses: &["whsec_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "whsec_..."],
        ..SECRET
    },
];
