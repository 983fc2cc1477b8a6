//! Tokens of code hosts and package registries.

use super::SECRET;
use crate::detect::{
    rule::{Rule, Wake},
    validate::{Candidate, checksum::crc32_base62, token},
};

/// Those of GitHub and GitLab begin with what nothing else does: what is glued to them (`tokenghp_…`, the `_` of marked-up
/// text) does not hide them.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "github_pat",
        entity: "github_pat",
        wake: Wake::Keywords(&["ghp_"]),
        pattern: r"ghp_[A-Za-z0-9]{36,}",
        validate: Some(with_checksum),
        matches: &[
            concat!("ghp_", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri"),
            concat!("[ghp_", "9Lk3YtWq0vBn7XcZr5HsMdPf2GjUe8RaTo4C]"),
            concat!("_ghp_", "9Lk3YtWq0vBn7XcZr5HsMdPf2GjUe8RaTo4C_"),
            concat!("tokenghp_", "9Lk3YtWq0vBn7XcZr5HsMdPf2GjUe8RaTo4C"),
        ],
        misses: &["ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ghp_<token>"],
        ..SECRET
    },
    Rule {
        id: "github_oauth",
        entity: "github_oauth",
        wake: Wake::Keywords(&["gho_"]),
        pattern: r"gho_[A-Za-z0-9]{36,}",
        validate: Some(with_checksum),
        matches: &[
            concat!("gho_", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri"),
            concat!("\"gho_", "9Lk3YtWq0vBn7XcZr5HsMdPf2GjUe8RaTo4C\""),
        ],
        misses: &["gho_YOUR_OAUTH_TOKEN", "gho_000000000000000000000000000000000000"],
        ..SECRET
    },
    Rule {
        id: "github_app",
        entity: "github_app",
        wake: Wake::Keywords(&["ghu_", "ghs_", "ghr_"]),
        pattern: r"gh[usr]_[A-Za-z0-9]{36,}",
        validate: Some(with_checksum),
        matches: &[
            concat!("ghs_", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri"),
            concat!("ghu_", "9Lk3YtWq0vBn7XcZr5HsMdPf2GjUe8RaTo4C,"),
        ],
        misses: &["ghs_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ghr_token"],
        ..SECRET
    },
    Rule {
        id: "github_fine_grained",
        entity: "github_fine_grained",
        wake: Wake::Keywords(&["github_pat_"]),
        pattern: r"github_pat_[A-Za-z0-9]{20,24}_[A-Za-z0-9]{50,64}",
        validate: Some(token::prefixed),
        matches: &[concat!(
            "github_pat_",
            "11ABK3YQA0t4Yk81bQmZ0s_Lr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx1KzVm4CyHs6PgEd0JuFaLo2"
        )],
        misses: &[
            "github_pat_xxxxxxxxxxxxxxxxxxxxxx_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "GITHUB_PAT_TOKEN=${{ secrets.GITHUB_PAT_TOKEN }}",
        ],
        ..SECRET
    },
    Rule {
        id: "gitlab_pat",
        entity: "gitlab_pat",
        wake: Wake::Keywords(&["glpat-"]),
        pattern: r"glpat-[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9_-]{2,12}){0,2}",
        validate: Some(token::prefixed),
        matches: &[
            concat!("glpat-", "t4Yk81bQmZ0sLr7NvDp2"),
            concat!("PRIVATE-TOKEN: glpat-", "k_W1bQmZ0-Lr7NvDp2Gh"),
            concat!("_glpat-", "t4Yk81bQmZ0sLr7NvDp2"),
        ],
        misses: &["glpat-xxxxxxxxxxxxxxxxxxxx", "glpat-your-access-token-here"],
        ..SECRET
    },
    Rule {
        id: "gitlab_runner",
        entity: "gitlab_runner",
        wake: Wake::Keywords(&["glrt-", "GR1348941"]),
        pattern: r"(?-u:\b)(?:glrt-(?:t\d_)?|GR1348941)[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9_-]{2,12}){0,2}",
        validate: Some(token::prefixed),
        matches: &[concat!("glrt-", "t4Yk81bQmZ0sLr7NvDp2"), concat!("GR1348941", "kW1bQmZ0sLr7NvDp2GhJ")],
        misses: &["glrt-xxxxxxxxxxxxxxxxxxxx", "glrt-<runner token>"],
        ..SECRET
    },
    Rule {
        id: "npm",
        entity: "npm",
        wake: Wake::Keywords(&["npm_"]),
        pattern: r"(?-u:\b)npm_[A-Za-z0-9]{36,}",
        validate: Some(with_checksum),
        matches: &[
            concat!("npm_", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri"),
            concat!("//registry/:_authToken=npm_", "9Lk3YtWq0vBn7XcZr5HsMdPf2GjUe8RaTo4C"),
        ],
        misses: &["npm_config_registry", "npm_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
        ..SECRET
    },
    Rule {
        id: "pypi",
        entity: "pypi",
        wake: Wake::Keywords(&["pypi-A"]),
        pattern: r"(?-u:\b)pypi-A[A-Za-z0-9_-]{50,}",
        reach: 2048,
        validate: Some(token::padded),
        matches: &[concat!(
            "pypi-AgEIcHlwaS5vcmc",
            "CJDt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx1KzVm4CyHs6PgEd0JuFaLo2"
        )],
        misses: &["pypi-AgEIcHlwaS5vcmc...", "pypi-attestations"],
        ..SECRET
    },
];

/// GitHub and npm put a CRC-32 behind the random part; older tokens lack it, so a wrong one rejects nothing.
fn with_checksum(candidate: &Candidate<'_>) -> Option<f32> {
    let score = token::prefixed(candidate)?;
    let body = candidate.hit().split_once('_').map_or("", |(_, body)| body);
    Some(if crc32_base62(body) { 1.0 } else { score })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_checksum_raises_the_score() {
        let mut token = String::from("npm_t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5W");
        let mut rest = crate::detect::validate::checksum::crc32(&token.as_bytes()[4..]);
        let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut sum = [b'0'; 6];
        for place in sum.iter_mut().rev() {
            *place = alphabet[(rest % 62) as usize];
            rest /= 62;
        }
        token.push_str(std::str::from_utf8(&sum).unwrap());
        let score = |text: &str| with_checksum(&Candidate { text, start: 0, end: text.len() });
        assert_eq!(score(&token), Some(1.0));
        token.pop();
        token.push('*');
        assert_eq!(score(&token), Some(0.95));
    }
}
