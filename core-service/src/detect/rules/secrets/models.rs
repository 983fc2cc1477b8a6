//! Keys of model providers and of services around models, with prefixes of their own.

use super::prefixed;
use crate::detect::{rule::Rule, validate::token};

pub(super) const RULES: &[Rule] = &[
    prefixed(
        "xai",
        &["xai-"],
        r"(?-u:\b)xai-[A-Za-z0-9]{60,}",
        &[
            concat!("xai-cs3876rmr9P2JCOtn2MMgCuW", "mIZOL25s212dO8cVx8k6IXbTkad7AtfqBmePPBeYgijZnCHXyaqZhiI2"),
            concat!("key: xai-kUWDDK1vpLWHAM03hY9Q", "ND6bpucz6M84vwOFt0e1dV3QKPc9D1FxIqCrKVrs6vqqLkNhn5Dq3IIiOre3"),
        ],
        &["xai-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "xai-<token>"],
    ),
    prefixed(
        "nvidia",
        &["nvapi-"],
        r"(?-u:\b)nvapi-[A-Za-z0-9_-]{50,}",
        &[
            concat!("nvapi-8CIbpV9ILuLFQOwsU", "aFsq6dLTncGOukXcdeF0WRgQUwjsJlYY2KY3kGqJJH5h-TD"),
            concat!("[nvapi-BMX4XQSyyj_Q58yqO", "ZMO4ci1279CxW8232TZGmnv43z95TSGGLUgESj7zzkzXywr]"),
        ],
        &["nvapi-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "nvapi-<token>"],
    ),
    prefixed(
        "gemini",
        &["AQ.Ab8"],
        r"(?-u:\b)AQ\.Ab8[A-Za-z0-9_-]{40,}",
        &[
            concat!("AQ.Ab8", "RN6kW1bQmZ0sLr7NvDp2GhJc6UeA5WfXo9_Ri3TqBw8N-x1K"),
            concat!("key=AQ.Ab8", "RN6t4Yk81bQmZ0sLr7NvDp2-GhJc6UeA5WfXo9Ri3TqBw8Q&q=1"),
        ],
        &["AQ.Ab8RN6xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "AQ.Ab8RN6..."],
    ),
    prefixed(
        "cerebras",
        &["csk-"],
        r"(?-u:\b)csk-[a-z0-9]{40,}",
        &[
            concat!("csk-y922w1750fig9", "1o7dotzlxm9kiwo2a7jjakksydedma76jzl"),
            concat!("token csk-z7oz77dd9", "lru03mawgjtysuhf1jia52pakyhj9x74irlv07z."),
        ],
        &["csk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "csk-<token>"],
    ),
    prefixed(
        "fireworks",
        &["fw_"],
        r"(?-u:\b)fw_[A-Za-z0-9]{20,30}(?-u:\b)",
        &[concat!("fw_QKOJ15", "uwwT2JzTR6xRQrvoS0"), concat!("`fw_xkPZY", "V46liWUtKE5pnjhmU25`")],
        &["fw_xxxxxxxxxxxxxxxxxxxxxxxx", "fw_<token>"],
    ),
    prefixed(
        "together",
        &["tgp_v1_"],
        r"(?-u:\b)tgp_v1_[A-Za-z0-9_-]{40,}",
        &[
            concat!("tgp_v1_65oEEFuUb", "yDG1TdVYkaGbWXsd9D-6Y993Cm6gjM0SCe"),
            concat!("token tgp_v1_857rzO", "1V4z9belX9KXssd9QgGJVxx0gRMfEI3vXoePw."),
        ],
        &["tgp_v1_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "tgp_v1_<token>"],
    ),
    prefixed(
        "elevenlabs",
        &["sk_"],
        r"(?-u:\b)sk_[0-9a-f]{40,64}(?-u:\b)",
        &[
            concat!("sk_1446dc76300e91", "f0b8294c0ec9a0473e6e1a6579ea4bd9b3"),
            concat!("sk_5f0fcbaeac92d6", "dba157eedeafbd020793f659ee136421ee;"),
        ],
        &["sk_000000000000000000000000000000000000000000000000", "sk_<token>"],
    ),
    prefixed(
        "tavily",
        &["tvly-"],
        r"(?-u:\b)tvly-(?:dev-|prod-)?[A-Za-z0-9]{24,}",
        &[
            concat!("tvly-rdLBnKl", "EO8sp5lrkhiqfTXJFsMnKDqqP"),
            concat!("tvly-dev-SmKC", "nzJkX6cgHs4HxZ5GYOdopC4y0BIX"),
            concat!("'tvly-sMIQOxN", "A0Ts7XFwI3LMwvgVXGgmIfR14'"),
        ],
        &["tvly-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "tvly-<token>"],
    ),
    prefixed(
        "langfuse",
        &["sk-lf-"],
        r"(?-u:\b)sk-lf-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        &[
            concat!("sk-lf-f3f3e245", "-0948-4c42-94df-fac41ccb427f"),
            concat!("<sk-lf-0640cc5", "4-a144-4ee2-aaf5-05442b4a39ab>"),
        ],
        &["sk-lf-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "sk-lf-<token>"],
    ),
    prefixed(
        "jina",
        &["jina_"],
        r"(?-u:\b)jina_[A-Za-z0-9_-]{40,}",
        &[
            concat!("jina_N4w7J3wFTCRSfcEM", "yOVjSHrMGOq0xrDb6147q7N1kvjal4chBQrXWkbA6FMb"),
            concat!("jina_R24Lnt2dvbIUPntfT", "6vyMl9ozRySQjENj1VlTSjVBIWvEQ5fczqbI1jGEhD9;"),
        ],
        &["jina_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "jina_<token>"],
    ),
    Rule {
        validate: Some(|c| token::beside(c, "firecrawl")),
        ..prefixed(
            "firecrawl",
            &["fc-"],
            r"(?-u:\b)fc-[0-9a-f]{32}(?-u:\b)",
            &[
                concat!("fc-c624a1ab", "c940cf6eb020d302d3eac361"),
                concat!("key: fc-05867", "a3bcc8a6e1b5474e36156cc2431"),
            ],
            &[
                "fc-00000000000000000000000000000000",
                "fc-<token>",
                "img/fc-05867a3bcc8a6e1b5474e36156cc2431.png",
                "see the image fc-05867a3bcc8a6e1b5474e36156cc2431 there",
            ],
        )
    },
    prefixed(
        "pinecone",
        &["pcsk_"],
        r"(?-u:\b)pcsk_[A-Za-z0-9_]{40,}",
        &[
            concat!("pcsk_1eGzUe_LFgEUCQyxZsvJ", "4hmiIbIUuw8iO70q47OWajyPnnfKLhOPxbxcpAO1NwUKq2gbeZ"),
            concat!("\"pcsk_7fNA7s_CisPcYvSYw7YH", "p6tPxdqzyYuYeeKNKYUtNsLwk5CviGqxwBkmnyfXphq4t7R3tw\","),
        ],
        &["pcsk_xxxxxx_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "pcsk_<token>"],
    ),
    prefixed(
        "wandb",
        &["wandb_v1_"],
        r"(?-u:\b)wandb_v1_[A-Za-z0-9_-]{40,}",
        &[
            concat!("wandb_v1_XkxsHx0iADPtQ1qgU35", "H6bGg39dgTl9fmuzdkRB31oNSRCtulzmx38JdmxFT8HzirVqBC9VdKWqVF"),
            concat!("[wandb_v1_LitLLSDY3eJo7dSbTjW", "WriK3DoAGFYlmZhkafPLKoBhYgqLRuetjg8GgOemgRrv9WwLUvObMN1EpZ]"),
        ],
        &["wandb_v1_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "wandb_v1_<token>"],
    ),
    prefixed(
        "runpod",
        &["rpa_"],
        r"(?-u:\b)rpa_[A-Z0-9]{36,}",
        &[
            concat!("rpa_KP595O62293F", "OSXQROGL9D90LSMYJXQUJQE8ZK7FCWAN"),
            concat!("key: rpa_A8Z277KA", "9TTUFXPJS08JVILSB9TJKFWX4NRH2P4X6JX2"),
        ],
        &["rpa_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "rpa_<token>"],
    ),
    prefixed(
        "anyscale",
        &["esecret_"],
        r"(?-u:\b)esecret_[A-Za-z0-9]{20,}",
        &[concat!("esecret_z26", "9md8iw3aarxgoiws5cgecut"), concat!("token esecret", "_9qjsvvxuz2xrar3hzkufzfmal7.")],
        &["esecret_xxxxxxxxxxxxxxxxxxxxxxxxxx", "esecret_<token>"],
    ),
    prefixed(
        "llama_cloud",
        &["llx-"],
        r"(?-u:\b)llx-[A-Za-z0-9]{40,}",
        &[
            concat!("llx-jV6Yi6A6fzMdO", "CK34Khi3UmtM6L2jCDKwbXRRcRybDKk3BYy"),
            concat!("token llx-uCkiCKalJ", "Piy7Le32M18QaL3cwMEtzBYf1zlFSH09xitbfPQ."),
        ],
        &["llx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "llx-<token>"],
    ),
    prefixed(
        "helicone",
        &["sk-helicone-"],
        r"(?-u:\b)sk-helicone-[A-Za-z0-9-]{20,}",
        &[
            concat!("sk-helicone-vu", "9vfgu-x6648fa-ojtqllj-tb5wfn4"),
            concat!("sk-helicone-ig", "bcok0-8a1xj19-rnor1fo-vacnzzm;"),
        ],
        &["sk-helicone-xxxxxxx-xxxxxxx-xxxxxxx-xxxxxxx", "sk-helicone-<token>"],
    ),
    prefixed(
        "e2b",
        &["e2b_"],
        r"(?-u:\b)e2b_[0-9a-f]{40}(?-u:\b)",
        &[
            concat!("e2b_a0a219a4c7", "6921e1abe1ef4e1c775dd5b46e8213"),
            concat!("e2b_4b770fa6a4c", "1d3d292e08e16628c0dd3e51dbb9e;"),
        ],
        &["e2b_0000000000000000000000000000000000000000", "e2b_<token>"],
    ),
    prefixed(
        "mem0",
        &["m0-"],
        r"(?-u:\b)m0-[A-Za-z0-9]{36,44}(?-u:\b)",
        &[
            concat!("m0-ZHfaH0VZOQD", "Y3bABfBpsF58TbWBs3NzvpGgrpOQG"),
            concat!("[m0-jWoYgdCI0Jz", "oBSoPuA6R4jpvzeAWcwyuMCvrVnnB]"),
        ],
        &["m0-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "m0-<token>"],
    ),
    prefixed(
        "browserbase",
        &["bb_live_", "bb_test_"],
        r"(?-u:\b)bb_(?:live|test)_[A-Za-z0-9_-]{24,}",
        &[concat!("bb_live_Vg4", "iPcZbIhLOc-6SERRiyzfxxmt"), concat!("bb_live_jRp2", "yZ-8dWKccC0bbDNxk8sVo5V;")],
        &["bb_live_xxxxxxxxxxxxxxxxxxxxxxxxxxx", "bb_live_<token>"],
    ),
    prefixed(
        "braintrust",
        &["bt-st-"],
        r"(?-u:\b)bt-st-[A-Za-z0-9]{32,}",
        &[
            concat!("bt-st-P0kZ3T495cjf", "Cn1mB0VAK9jPEjZakB4a2yqSDSfq8DzeMWVr"),
            concat!("(bt-st-z3pXEWVkrdT", "XpmnXDGHNlofPyDqJK3l7xCJ7mum9lagc3si3)"),
        ],
        &["bt-st-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "bt-st-<token>"],
    ),
    prefixed(
        "friendli",
        &["flp_"],
        r"(?-u:\b)flp_[A-Za-z0-9]{40,}",
        &[
            concat!("flp_OMjNE0mYbIpX", "KuSZrRQInIl7o2Qt2ZGKqp22kVpY0tDVJx"),
            concat!("'flp_DN4SLBg0OZnz", "dmYJrkIqs6wcE886q9SRgT3qA0YlrmWXV6'"),
        ],
        &["flp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "flp_<token>"],
    ),
    prefixed(
        "openpipe",
        &["opk_"],
        r"(?-u:\b)opk_[0-9a-f]{36,}",
        &[
            concat!("opk_a3c82a55927", "16b0ce525ca6f51d9df0b3192de8d38"),
            concat!("\"opk_7a83b74e2c5", "a4ca0a8c9d0540e780be15d391de47b\","),
        ],
        &["opk_000000000000000000000000000000000000000000", "opk_<token>"],
    ),
    prefixed(
        "cursor",
        &["crsr_"],
        r"(?-u:\b)crsr_[0-9a-f]{60,}",
        &[
            concat!("crsr_60d2621e38160e0cb1", "966e2fcece88dd67d1e0fa3ebd5659f058c48981a992c6"),
            concat!("token crsr_57643834617396", "3e7757c3866ff6f415a344eaeaad3ca3c54e60489f4acbe792."),
        ],
        &["crsr_0000000000000000000000000000000000000000000000000000000000000000", "crsr_<token>"],
    ),
    prefixed(
        "cartesia",
        &["sk_car_"],
        r"(?-u:\b)sk_car_[A-Za-z0-9]{16,}",
        &[concat!("sk_car_5U", "aRsz5DbRGaLbMkhwQaP2"), concat!("sk_car_7Ab", "iMJT1VHjv9RhRu9mEfM;")],
        &["sk_car_xxxxxxxxxxxxxxxxxxxxxx", "sk_car_<token>"],
    ),
    prefixed(
        "letta",
        &["sk-let-"],
        r"(?-u:\b)sk-let-[A-Za-z0-9=+/]{40,}",
        &[
            concat!(
                "sk-let-sOc6FEElBRUQe2T2GxFVekLRAMh",
                "fs1RsKTKKOzDRsR13HCAx6DRGkNo4sa6Akz7j4TV1cnbsA9o5RGcNX43DvaR50HX3E1Cv"
            ),
            concat!(
                "<sk-let-b7DVfhEjdFVEeH9es5XPmUpiJ81",
                "4eqg0AUi6CemEVmt6z8ciUGZJrKvQq0emJDNoy57jHuzBQnQGFxzG53x7Y89sl8FMO1U3>"
            ),
        ],
        &[
            "sk-let-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "sk-let-<token>",
        ],
    ),
    prefixed(
        "lambda_labs",
        &["secret_"],
        r"(?-u:\b)secret_[a-z0-9-]{2,40}_[0-9a-f]{24,}\.[A-Za-z0-9]{24,}",
        &[
            concat!("secret_alder_a2b34f8ee64e8", "bc512a05eaac649c2a6.VfedrsuKMdUHiPSHZ3K94fMY6zWODcny"),
            concat!("secret_alder_769d2a14c9148", "f62b719d99bd58d86f5.EfwlP3JX7i5ANlcVcACZkI9OSdqyQoQ0;"),
        ],
        &["secret_alder_00000000000000000000000000000000.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "secret_alder_<token>"],
    ),
    prefixed(
        "comet",
        &["opik-"],
        r"(?-u:\b)opik-[A-Za-z0-9]{24,}(?-u:\b)",
        &[concat!("opik-L8Q9w1d", "lnZU0Cc93VwhMYHRluWQPnOR8"), concat!("opik-sO0aSM1", "CS1snlr5EUgkP00UZRz7uZd9i;")],
        &["opik-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "opik-<token>"],
    ),
    prefixed(
        "databricks",
        &["dapi"],
        r"(?-u:\b)dapi[0-9a-f]{32}(?:-\d)?(?-u:\b)",
        &[concat!("dapi76a371b6", "286eabcc46fdadbadc84d675"), concat!("(dapibd3d0fa", "4762f3ea2fbc126291f427990)")],
        &["dapi00000000000000000000000000000000", "dapi<token>"],
    ),
    prefixed(
        "litellm",
        &["sk-litellm-"],
        r"(?-u:\b)sk-litellm-[A-Za-z0-9_-]{16,}",
        &[concat!("sk-litellm-", "nsTeC6T9tkK8TaHtnZvsvD8H"), concat!("(sk-litellm-", "1OApJOyypwiFDerMSpKy9U30)")],
        &["sk-litellm-xxxxxxxxxxxxxxxxxxxxxxxx", "sk-litellm-<token>"],
    ),
];
