//! Keys of model providers and of the tools around them.

use super::SECRET;
use crate::detect::{
    rule::{Rule, Wake},
    validate::{Candidate, token},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "openai_legacy",
        entity: "openai_legacy",
        wake: Wake::Keywords(&["sk-"]),
        // Many services that speak OpenAI's interface copied the prefix: hence any length from 20.
        pattern: r"(?-u:\b)sk-[A-Za-z0-9]{20,}(?-u:\b)",
        validate: Some(token::prefixed),
        matches: &[
            concat!("sk-t4Yk81bQmZ0sLr7NvDp2", "T3BlbkFJ", "GhJc6UeA5WfXo9Ri3TqB"),
            concat!("(sk-", "5f0c9be1d27a48e3b6c10f9ad2e87b43), thanks"),
        ],
        misses: &["sk-...", "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "task-management-and-risk-assessment"],
        ..SECRET
    },
    Rule {
        id: "openai_project",
        entity: "openai_project",
        wake: Wake::Keywords(&["sk-proj-", "sk-svcacct-", "sk-service-", "sk-admin-", "sk-None-"]),
        pattern: r"(?:(?-u:\b)|_)(?P<hit>sk-(?:proj|svcacct|service|admin|None)-[A-Za-z0-9_-]{20,})",
        validate: Some(token::prefixed),
        matches: &[
            concat!("sk-proj-", "t4Yk81bQmZ0sLr7NvDp2_T3BlbkFJGhJc6UeA5WfXo9Ri3TqB-w8Nx1KzVm"),
            concat!("sk-svcacct-", "kW1bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8"),
            concat!("key 'sk-admin-", "kW1bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8'"),
            concat!("_sk-proj-", "kW1bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8_"),
        ],
        misses: &["sk-proj-xxxxxxxxxxxxxxxxxxxxxxxx", "sk-proj-your-project-key-goes-here"],
        ..SECRET
    },
    Rule {
        id: "anthropic",
        entity: "anthropic",
        wake: Wake::Keywords(&["sk-ant-api", "sk-ant-oat", "sk-ant-ort", "sk-ant-sid"]),
        pattern: r"sk-ant-(?:api|oat|ort|sid)\d{2}-[A-Za-z0-9_-]{30,}",
        validate: Some(token::prefixed),
        matches: &[
            concat!("sk-ant-api03-", "t4Yk81bQmZ0sLr7NvDp2-GhJc6UeA5WfXo9Ri3TqBw8Nx1KzVm4CyHs6PgEd0JuFaLo2AA"),
            concat!("<sk-ant-oat01-", "kW1bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8>"),
            concat!("_sk-ant-api03-", "kW1bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8_"),
        ],
        misses: &["sk-ant-api03-...", "sk-ant-api03-your-anthropic-api-key-goes-right-in-here"],
        ..SECRET
    },
    Rule {
        id: "anthropic_admin",
        entity: "anthropic_admin",
        wake: Wake::Keywords(&["sk-ant-admin"]),
        pattern: r"sk-ant-admin\d{2}-[A-Za-z0-9_-]{30,}",
        validate: Some(token::prefixed),
        matches: &[concat!(
            "sk-ant-admin01-",
            "t4Yk81bQmZ0sLr7NvDp2-GhJc6UeA5WfXo9Ri3TqBw8Nx1KzVm4CyHs6PgEd0JuFaLo2AA"
        )],
        misses: &["sk-ant-admin01-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "sk-ant-admin keys"],
        ..SECRET
    },
    Rule {
        id: "openrouter",
        entity: "openrouter",
        wake: Wake::Keywords(&["sk-or-v1-"]),
        pattern: r"sk-or-v1-[0-9a-f]{40,}",
        validate: Some(token::prefixed),
        matches: &[concat!("sk-or-v1-", "5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05d9f2483b0c6e1fa87d24b395")],
        misses: &["sk-or-v1-xxxxxxxx", "sk-or-v1-0000000000000000000000000000000000000000000000000000000000000000"],
        ..SECRET
    },
    Rule {
        id: "huggingface",
        entity: "huggingface",
        wake: Wake::Keywords(&["hf_", "api_org_"]),
        pattern: r"(?-u:\b)(?:hf|api_org)_[A-Za-z0-9]{30,}",
        validate: Some(of_both_cases),
        matches: &[
            concat!("hf_", "t4YkRbQmZfsLrTNvDpWGhJc6UeAwWfXoVRi"),
            concat!("hf_", "XoVRiWfAwUecJhGWpDvNTrLsfZmQbRkYtqq"),
            concat!("(hf_", "kWObQmZasLrzNvDpqGhJc6UeAsWfXoyRi3)"),
        ],
        misses: &[
            "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "hf_hub_download_with_retries_and_more",
            "hf_inferenceendpointsimageclassification",
        ],
        ..SECRET
    },
    Rule {
        id: "replicate",
        entity: "replicate",
        wake: Wake::Keywords(&["r8_"]),
        pattern: r"(?-u:\b)r8_[A-Za-z0-9]{37,}",
        validate: Some(token::prefixed),
        matches: &[concat!("r8_", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3")],
        misses: &["r8_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "the register r8_d"],
        ..SECRET
    },
    Rule {
        id: "groq",
        entity: "groq",
        wake: Wake::Keywords(&["gsk_"]),
        pattern: r"(?-u:\b)gsk_[A-Za-z0-9]{40,}",
        validate: Some(token::prefixed),
        matches: &[concat!("gsk_", "t4Yk81bQmZ0sLr7NvDp2WGdyb3FYGhJc6UeA5WfXo9Ri3TqBw8Nx")],
        misses: &["gsk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "gsk_..."],
        ..SECRET
    },
    Rule {
        id: "perplexity",
        entity: "perplexity",
        wake: Wake::Keywords(&["pplx-"]),
        pattern: r"(?-u:\b)pplx-[A-Za-z0-9]{40,}",
        validate: Some(token::prefixed),
        matches: &[concat!("pplx-", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx1KzV")],
        misses: &["pplx-7b-online", "pplx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
        ..SECRET
    },
    Rule {
        id: "langsmith",
        entity: "langsmith",
        wake: Wake::Keywords(&["lsv2_"]),
        pattern: r"(?-u:\b)lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}",
        validate: Some(token::prefixed),
        matches: &[concat!("lsv2_pt_", "5f0c9be1d27a48e3b6c10f9ad2e87b43_e61a7c05d9")],
        misses: &["lsv2_pt_00000000000000000000000000000000_0000000000", "lsv2_pt_..."],
        ..SECRET
    },
];

/// Letters alone may be all there is, but they are drawn from both cases.
fn of_both_cases(candidate: &Candidate<'_>) -> Option<f32> {
    let has = |class: fn(&u8) -> bool| candidate.hit().bytes().skip(3).any(|byte| class(&byte));
    if has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) { token::uniform(candidate) } else { None }
}
