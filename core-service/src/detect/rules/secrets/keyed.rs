//! Keys without a prefix: hex, UUIDs or letters and digits of a known length, behind their provider's name.

use super::keyed;
use crate::detect::rule::Rule;

/// A name, an assignment in any syntax, and a value that ends where its alphabet does.
macro_rules! assigned {
    ($name:literal, $value:literal) => {
        concat!(
            r"(?i)(?:",
            $name,
            r#")\\?["'`]?\]?[ \t]{0,8}(?:=>|:=|={1,3}|:|,|->|\bis\b)[ \t]{0,8}\(?\\?["'`]?(?P<hit>(?-i:"#,
            $value,
            r"))(?:[^A-Za-z0-9_+/-]|$)"
        )
    };
}

pub(super) const RULES: &[Rule] = &[
    keyed(
        "datadog",
        &["datadog", "dd_", "dd-"],
        assigned!(
            "(?:datadog[_ -]?|dd[_-])(?:api|app|application|client)[_ -]?(?:key|token)",
            "[0-9a-f]{32}|[0-9a-f]{40}"
        ),
        &[
            concat!("DD_API_KEY=", "5f0c9be1d27a48e3b6c10f9ad2e87b43"),
            concat!("\"datadog_app_key\": \"", "e61a7c05d9f2483b0c6e1fa87d24b3955f0c9be1\""),
        ],
        &["DD_API_KEY=00000000000000000000000000000000", "dd_api_key: <key>"],
    ),
    keyed(
        "cloudflare",
        &["cloudflare", "cf_"],
        assigned!(
            "(?:cloudflare[_ -]?|cf_)(?:api|global|auth|workers?)?[_ -]?(?:api)?[_ -]?(?:key|token)",
            "[A-Za-z0-9_-]{40}|[0-9a-f]{37}"
        ),
        &[
            concat!("CLOUDFLARE_API_TOKEN=", "t4Yk81bQmZ0sLr7NvDp2-GhJc6UeA5WfXo9Ri3Tq"),
            concat!("cf_api_key: ", "5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7"),
        ],
        &["CLOUDFLARE_API_TOKEN=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "cloudflare token: see below"],
    ),
    keyed(
        "snyk",
        &["snyk"],
        assigned!(
            "snyk[_ -]?(?:api|auth|oauth)?[_ -]?(?:key|token)",
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
        ),
        &["SNYK_TOKEN=7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43", "snyk_token: \"e61a7c05-d9f2-483b-8c6e-1fa87d24b395\""],
        &["SNYK_TOKEN=xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "snyk token: see below"],
    ),
    keyed(
        "heroku_legacy",
        &["heroku"],
        assigned!(
            "heroku[_ -]?(?:api|auth)?[_ -]?(?:key|token)",
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
        ),
        &[
            "HEROKU_API_KEY=7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43",
            "heroku api key is e61a7c05-d9f2-483b-8c6e-1fa87d24b395",
        ],
        &["HEROKU_API_KEY=xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "heroku_app_id: 7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43"],
    ),
    keyed(
        "postmark",
        &["postmark"],
        assigned!(
            "(?:x-)?postmark[_ -]?(?:server|account|api)?[_ -]?(?:api)?[_ -]?(?:key|token)",
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
        ),
        &[
            "X-Postmark-Server-Token: 7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43",
            "POSTMARK_API_TOKEN=e61a7c05-d9f2-483b-8c6e-1fa87d24b395",
        ],
        &["POSTMARK_API_TOKEN=server token", "postmark_id: 7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43"],
    ),
    keyed(
        "codecov",
        &["codecov"],
        assigned!(
            "codecov[_ -]?(?:upload)?[_ -]?(?:token|key)",
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
        ),
        &[
            "CODECOV_TOKEN=7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43",
            "codecov_token: 'e61a7c05-d9f2-483b-8c6e-1fa87d24b395'",
        ],
        &["CODECOV_TOKEN=${{ secrets.CODECOV_TOKEN }}", "codecov token: upload token"],
    ),
    keyed(
        "cohere",
        &["cohere", "co_api_key"],
        assigned!("(?:cohere[_ -]?(?:api)?[_ -]?(?:key|token)|co_api_key)", "[A-Za-z0-9]{40}"),
        &[
            concat!("COHERE_API_KEY=", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqB"),
            concat!("co_api_key = '", "kW1bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8N'"),
        ],
        &["COHERE_API_KEY=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "a coherent token"],
    ),
    keyed(
        "deepseek",
        &["deepseek"],
        assigned!("deepseek[_ -]?(?:api)?[_ -]?(?:key|token)", "sk-[0-9a-f]{32}"),
        &[
            concat!("DEEPSEEK_API_KEY=sk-", "5f0c9be1d27a48e3b6c10f9ad2e87b43"),
            concat!("deepseek_api_key: \"sk-", "e61a7c05d9f2483b0c6e1fa87d24b395\""),
        ],
        &["DEEPSEEK_API_KEY=sk-00000000000000000000000000000000", "deepseek key: sk-..."],
    ),
    keyed(
        "mistral",
        &["mistral"],
        assigned!("mistral[_ -]?(?:ai)?[_ -]?(?:api)?[_ -]?(?:key|token)", "[A-Za-z0-9]{32}"),
        &[
            concat!("MISTRAL_API_KEY=", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfX"),
            concat!("mistral key is ", "kW1bQmZ0sLr7NvDp2GhJc6UeA5WfXo9R"),
        ],
        &["MISTRAL_API_KEY=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "mistral token: 32 characters"],
    ),
    keyed(
        "deepgram",
        &["deepgram"],
        assigned!("deepgram[_ -]?(?:api)?[_ -]?(?:key|token)", "[0-9a-f]{40}"),
        &[
            concat!("DEEPGRAM_API_KEY=", "e61a7c05d9f2483b0c6e1fa87d24b3955f0c9be1"),
            concat!("deepgram_key: ", "5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05"),
        ],
        &["DEEPGRAM_API_KEY=0000000000000000000000000000000000000000", "deepgram key: <key>"],
    ),
    keyed(
        "assemblyai",
        &["assemblyai", "aai_"],
        assigned!("(?:assemblyai[_ -]?|aai_)(?:api)?[_ -]?(?:key|token)", "[0-9a-f]{32}"),
        &[
            concat!("ASSEMBLYAI_API_KEY=", "5f0c9be1d27a48e3b6c10f9ad2e87b43"),
            concat!("aai_api_key='", "e61a7c05d9f2483b0c6e1fa87d24b395'"),
        ],
        &["ASSEMBLYAI_API_KEY=00000000000000000000000000000000", "assemblyai key: <key>"],
    ),
    keyed(
        "azure_openai",
        &["azure", "ocp-apim-subscription-key"],
        assigned!(
            "(?:azure[_ -]?(?:openai|cognitive|search|speech|ai)[a-z_ -]{0,20}key|ocp-apim-subscription-key)",
            "[0-9a-f]{32}|[A-Za-z0-9]{52}"
        ),
        &[
            concat!("AZURE_OPENAI_API_KEY=", "5f0c9be1d27a48e3b6c10f9ad2e87b43"),
            concat!("Ocp-Apim-Subscription-Key: ", "e61a7c05d9f2483b0c6e1fa87d24b395"),
        ],
        &["AZURE_OPENAI_API_KEY=00000000000000000000000000000000", "azure openai key: <key>"],
    ),
    keyed(
        "linode",
        &["linode"],
        assigned!("linode[_ -]?(?:api|cli|access)?[_ -]?(?:key|token)", "[0-9a-f]{64}"),
        &[
            concat!("LINODE_TOKEN=", "5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05d9f2483b0c6e1fa87d24b395"),
            concat!("linode_api_token: '", "e61a7c05d9f2483b0c6e1fa87d24b3955f0c9be1d27a48e3b6c10f9ad2e87b43'"),
        ],
        &["LINODE_TOKEN=0000000000000000000000000000000000000000000000000000000000000000", "linode token: <token>"],
    ),
    keyed(
        "hetzner",
        &["hetzner", "hcloud"],
        assigned!("(?:hetzner|hcloud)[_ -]?(?:cloud|dns|api)?[_ -]?(?:api)?[_ -]?(?:key|token)", "[A-Za-z0-9]{64}"),
        &[
            concat!("HCLOUD_TOKEN=", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx1KzVm4CyHs6PgEd0JuFa"),
            concat!("hetzner api token is ", "kW1bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx1KzVm4CyHs6PgEd0JuFaLo2"),
        ],
        &["HCLOUD_TOKEN=<token>", "hetzner token: 64 characters"],
    ),
    keyed(
        "fastly",
        &["fastly"],
        assigned!("fastly[_ -]?(?:api)?[_ -]?(?:key|token)", "[A-Za-z0-9_-]{32}"),
        &[
            concat!("FASTLY_API_TOKEN=", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfX"),
            concat!("Fastly-Key: ", "kW1bQmZ0sLr7NvDp2GhJc6UeA5WfXo9R"),
        ],
        &["FASTLY_API_TOKEN=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "Fastly-Key: your-token"],
    ),
    keyed(
        "etherscan",
        &["etherscan", "bscscan", "polygonscan", "arbiscan"],
        assigned!("(?:etherscan|bscscan|polygonscan|arbiscan)[_ -]?(?:api)?[_ -]?(?:key|token)", "[A-Z0-9]{34}"),
        &[
            concat!("ETHERSCAN_API_KEY=", "T4YK81BQMZ0SLR7NVDP2GHJC6UEA5WFXO9"),
            concat!("bscscan_api_key: \"", "KW1BQMZ0SLR7NVDP2GHJC6UEA5WFXO9RI3\""),
        ],
        &["ETHERSCAN_API_KEY=XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "etherscan key: <key>"],
    ),
    keyed(
        "wallet_private_key",
        &["private_key", "privatekey", "private key", "private-key", "wallet"],
        assigned!("(?:private[_ -]?key|wallet[a-z_ -]{0,12}key)", "(?:0x)?[0-9a-fA-F]{64}"),
        &[
            concat!("PRIVATE_KEY=0x", "5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05d9f2483b0c6e1fa87d24b395"),
            concat!("my private key is ", "e61a7c05d9f2483b0c6e1fa87d24b3955f0c9be1d27a48e3b6c10f9ad2e87b43"),
        ],
        &["PRIVATE_KEY=0x0000000000000000000000000000000000000000000000000000000000000000", "private key: <key>"],
    ),
];
