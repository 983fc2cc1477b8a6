//! Tokens of cloud and hosting platforms other than the three large ones.

use super::{padded, prefixed, uniform};
use crate::detect::{
    rule::Rule,
    validate::{Candidate, token},
};

pub(super) const RULES: &[Rule] = &[
    prefixed(
        "digitalocean",
        &["dop_v1_", "doo_v1_", "dor_v1_"],
        r"(?-u:\b)do[opr]_v1_[0-9a-f]{64}(?-u:\b)",
        &[
            concat!("dop_v1_4a9d75c59fc70506", "9baf8ae461e626f335fe2ae84c0dfedf24bd1adc8d11802e"),
            concat!("(dop_v1_f68c42178348f1da", "0a4d49cf88043857fe507f36a1e528062343d4e3fcbc2ede)"),
        ],
        &["dop_v1_0000000000000000000000000000000000000000000000000000000000000000", "dop_v1_<token>"],
    ),
    uniform(
        "digitalocean_spaces",
        &["DO00", "DO801"],
        r"(?-u:\b)DO(?:00|801)[A-Z0-9]{16,18}(?-u:\b)",
        &[concat!("DO00SDH", "W5M2DQ9B1EGTQOE"), concat!("'DO00BZT", "N3FLIX3KTS0RIAA'")],
        &["DO00XXXXXXXXXXXXXXXXXX", "DO00<token>"],
    ),
    prefixed(
        "heroku",
        &["HRKU-"],
        r"(?-u:\b)HRKU-[A-Za-z0-9_-]{36,}",
        &[
            concat!("HRKU-AARFXv4s06YkSChc", "6hFIYEsJQyJU9HsN1zXBeYV_NPCPfrLzOTsacjishfnD"),
            concat!("\"HRKU-AAu8fd9QhnVaeJVt", "-l0IGuluD2895cSMIDBPuhZSh3I4nzgPCcy7VHf_1jSs\","),
        ],
        &["HRKU-AAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "HRKU-AA<token>"],
    ),
    uniform(
        "scaleway",
        &["SCW"],
        r"(?-u:\b)SCW[A-Z0-9]{17}(?-u:\b)",
        &[concat!("SCWJ0M", "AXV4281RMIISBI"), concat!("[SCWJ5A", "ARAA2JXNQAIM4M]")],
        &["SCWXXXXXXXXXXXXXXXXX", "SCW<token>"],
    ),
    prefixed(
        "alibaba",
        &["LTAI"],
        r"(?-u:\b)LTAI[A-Za-z0-9]{12,26}(?-u:\b)",
        &[concat!("LTAI5tn2", "a5FP6ORXAOwLhk1Y"), concat!("[LTAI5tP", "gmI4tXOs6R4YlSRqQ]")],
        &["LTAI5txxxxxxxxxxxxxxxxxx", "LTAI5t<token>"],
    ),
    prefixed(
        "tencent",
        &["AKID"],
        r"(?-u:\b)AKID[A-Za-z0-9]{32}(?-u:\b)",
        &[
            concat!("AKIDZL0q68nb", "3UVp9DnrPQg2CPEQTl30FR9N"),
            concat!("key: AKID6rGH", "W2AKLiCUifmVdldpcR4KW5Q375yN"),
        ],
        &["AKIDxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "AKID<token>"],
    ),
    prefixed(
        "yandex",
        &["AQVN", "YCAJ", "YCP"],
        r"(?-u:\b)(?:AQVN[A-Za-z0-9_-]{34,40}|YC(?:AJ|P)[A-Za-z0-9_-]{32,40})",
        &[
            concat!("AQVNs-qydpmJ3", "LIdw1a-GBhsm0Y5equsGUqkYqoe"),
            concat!("AQVNAqokqd8gdnoA", "LVFH70ejU8JEK5vR7dV8UfiG, thanks"),
        ],
        &["AQVNxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "AQVN<token>"],
    ),
    prefixed(
        "yandex_iam",
        &["t1."],
        r"(?-u:\b)t1\.[A-Za-z0-9_-]{20,}={0,2}\.[A-Za-z0-9_-]{60,}={0,2}",
        &[
            concat!(
                "t1.IJ4sJUHhrYEfZONGtCG3wNA1Ca6A1kaB70jdEtgjLJ8vQm5s9kZmnsIyrxG3Mor-9A1",
                "VNJmg_L5pCGpj0e8dLlL3EBS9ty2ZHm2Gx9lsqgH3rB8dhGZZCYdY.7z7V-kBCwUkSBuFu43UUWPOOD3LivC2golmz1o9aBN8zCt_53cFE9EPMKvERQl7TzmG1yfU438I_hb7PDjiaCu"
            ),
            concat!(
                "token t1.5JL8Cqp41QhHcczzNU0nG63_DX3w5TAOqhUTR13VcSTXA27j45hsnUd1vGYSr5G",
                "38dxtNY9J1G12ES2sPvrh1eX1euTAoeiMNSgFdyi_wfrveHKNBddU19Em.jUvLqVsoed9DKdmQw7fmlOUV-n0-Uovwf57imC4Pr0g4uvE7pq9Xbx0GPFt4pyfxhxnGS9KQRwY82miRuZtS8V."
            ),
        ],
        &[
            "t1.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "t1.<token>",
        ],
    ),
    prefixed(
        "fly_io",
        &["FlyV1", "fm1r_", "fm1a_", "fm2_", "fo1_"],
        r"(?-u:\b)(?:fm1[ar]|fm2|fo1)_[A-Za-z0-9+/=_-]{36,}",
        &[
            concat!("fo1_Bdip9r-wVqj", "9tw2aTuEGazO2CMwIFI44t_N-qujVV6b"),
            concat!("'fo1_LKDd35th25o", "VDYR_jOy_rrnLBEhFkbpq7DI8OEIuOrS'"),
        ],
        &["fo1_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "fo1_<token>"],
    ),
    prefixed(
        "render",
        &["rnd_"],
        r"(?-u:\b)rnd_[A-Za-z0-9]{24,}",
        &[concat!("rnd_akvBSiA0", "NW85zyNEnxOlCkEXPShEkscv"), concat!("(rnd_6r2PxHz", "7Cx2aPtvNZPwr1rk1Ecq5wMPD)")],
        &["rnd_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "rnd_<token>"],
    ),
    prefixed(
        "netlify",
        &["nfp_", "nfc_", "nfo_", "nfu_"],
        r"(?-u:\b)nf[pcou]_[A-Za-z0-9_]{32,}",
        &[
            concat!("nfp_tFg0scwKJ", "rcjHcnpGHOuo08T2rToIWsPSOno"),
            concat!("key: nfp_G6qGB8", "WG7tJT8TBnsXWpPPmK2kqvelXC1XNX"),
        ],
        &["nfp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "nfp_<token>"],
    ),
    prefixed(
        "vercel",
        &["vcp_", "vci_", "vca_", "vcr_", "vck_", "vercel_blob_rw_"],
        r"(?-u:\b)(?:vc[piark]_[A-Za-z0-9]{24,}|vercel_blob_rw_[A-Za-z0-9_]{24,})",
        &[
            concat!("vcp_sLeDAeULwiOL3XBo", "2pYWFDILP5AqH5jJpVf8kVJUZpHFJV2gGvwSfkAn"),
            concat!("'vcp_hKJYKR2qY0k6pzc", "EGoJubCqjJodPSrmCN8HRTkJDPJB5UcrLRVUfYvJg'"),
        ],
        &["vcp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "vcp_<token>"],
    ),
    prefixed(
        "cloudflare_origin_ca",
        &["v1.0-"],
        r"(?-u:\b)v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}",
        &[
            concat!(
                "v1.0-7dd74a741155b972e2588377-a8ced35982e06e5762770912f0da",
                "a0b66f924c652bf2c47c30f5ebfc956ec9fc4231326d36800be7e9c8242d21a151a3018905ca9d39afb74fc3aea60fc8fd083d9dd6e78b82462da5"
            ),
            concat!(
                "(v1.0-ba517c1274001ca741f51ef7-c881590961c8c856bb1f969b0809",
                "df15fe1b052e100cde21400be7950d6b3fa9225b5dbc59123e9588f558a82f7a3b0ab4b0f7b9cf6815583a990bd4f92031a4e11578d7d9a5b3e2d3)"
            ),
        ],
        &[
            "v1.0-000000000000000000000000-00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
            "v1.0-<token>",
        ],
    ),
    prefixed(
        "backblaze",
        &["K00"],
        r"(?-u:\b)K00\d[A-Za-z0-9/+]{27,28}",
        &[concat!("K004NbA1Qh", "rmozoAuUL3aX2NSqYwp3E"), concat!("[K004iqnk94", "doSj1rWS9nFhEq8pPNIJy]")],
        &["K004xxxxxxxxxxxxxxxxxxxxxxxxxxx", "K004<token>"],
    ),
    padded(
        "aws_bedrock",
        &["ABSK"],
        r"(?-u:\b)ABSK[A-Za-z0-9+/]{100,}={0,2}",
        &[
            concat!(
                "ABSKhzYyQ7iK3zVdWf99rZfNrHKpDpHDNZ9IYwGbeLp6",
                "PJM3JRO3r5JITyTOKsIui2kIP1ZzzZasOJYW6p7ZxomaYr3BmLJ2h9p0hIobdbSXvu1cwwg83EOrlEvg3wEyM9uB"
            ),
            concat!(
                "(ABSKVgiZxdu76khwZYQa18Eqkgb5MQEnjTe9tj47Awa",
                "2Rz7vZYKjYwoh3G5AogwLaaARpuozRiteAWT1U3S102EFf29YHjG5Kf9ocNvAqGSAKbBrF9ZYAjQ92FDY5pPQMSsM)"
            ),
        ],
        &[
            "ABSKxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "ABSK<token>",
        ],
    ),
    padded(
        "aws_bedrock_short",
        &["bedrock-api-key-"],
        r"(?-u:\b)bedrock-api-key-[A-Za-z0-9+/]{60,}={0,2}",
        &[
            concat!(
                "bedrock-api-key-mJJgyRxwdw2gVibp3u1oy4hzKNsoj",
                "JqjmMc5izTcExoxwZGDrh2sHeomGdikcEJYxSxlGi8bobI8ot2FkRfImpVuqydeF1N9o52VJjtuPl5Ttjm0JUwqkPLB"
            ),
            concat!(
                "key: bedrock-api-key-aIr0UNwbI93RMgoLiaTZN3fP1W",
                "Um4mhR1p0boL6kp4YXn3zlkXBIAoe8q19FIOvhJofU36K91dLB71Q0yYKpur5ZHZZQ3HGjnrRVrTGQLuzH1mx4BM0NM3aO"
            ),
        ],
        &[
            "bedrock-api-key-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "bedrock-api-key-<token>",
        ],
    ),
    prefixed(
        "google_refresh_token",
        &["1//0"],
        r"(?:^|[^A-Za-z0-9/])(?P<hit>1//0[A-Za-z0-9_-]{40,})",
        &[
            concat!("1//0rnZmO56bRmn6Snmli", "CosDSvOioSoP7WjZXPO4FikdTVqKEg0ooPs64V85LDM"),
            concat!("'1//0ELOjYpUO0y9iQ8fKB", "9268CpvuwPmQvPrss7yzRXHwYtq7b5weXTSW6Bgd5V0'"),
        ],
        &["1//0xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "1//0<token>"],
    ),
    padded(
        "firebase_messaging",
        &[":APA91b"],
        r"(?-u:\b)[A-Za-z0-9_-]{11,22}:APA91b[A-Za-z0-9_-]{100,}",
        &[
            concat!(
                "Mmg7M4Sbm6bumd5k0xDrTG:APA91bpNml59lIDvPwKRhQiVH_pl9ay",
                "1pclAVPk-_s5tVO7iQVEa_X8CgfwzX-TVkcrLhb6An9haelg2msxC9mBlOw_IVcZxFjkhjg_KyvVbo4Vzv13efEW12ttNRwWNaQhvyt37UAtl"
            ),
            concat!(
                "oNVCOft0XLtoQ7m8yiQ1uF:APA91baS5sIsOgctrtp9qbczTtMzrGN2LX",
                "SdJgxkhjtmxgKR4vd9HRy8vbstGlToTkriOYebgmsSkl_vpi3ySr-NaQznlmyxQIUqffUOWIYXdNCBJQ0pdvdaCyS8hDWj3LY0eAUX_vVX, thanks"
            ),
        ],
        &[
            "xxxxxxxxxxxxxxxxxxxxxx:APA91bxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "a token of firebase_messaging",
        ],
    ),
    padded(
        "azure_key",
        &["JQQJ99"],
        r"(?-u:\b)[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{22,30}(?-u:\b)",
        &[
            concat!("ZkuVpsQ1s9d21VADduTvBOt3FhGL", "l0AV78dn5FFLpN4b71bZo3EGJQQJ99Ott94tOuAar9zSKD9wFJbE8ItB"),
            concat!("`8xDBp8UNflFU4P0iPkovpa7kekm", "Ney3ui4V5GFUacNPGqTWZl7xUJQQJ99PLKPmdFgR2QME4lvCSTRMjada7`"),
        ],
        &[
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxJQQJ99xxxxxxxxxxxxxxxxxxxxxxxxxx",
            "a token of azure_key",
        ],
    ),
    padded(
        "azure_container_registry",
        &["+ACR"],
        r"(?:^|[^A-Za-z0-9+/=])(?P<hit>[A-Za-z0-9+/]{42}\+ACR[A-Za-z0-9+/]{6})(?:[^A-Za-z0-9+/=]|$)",
        &[
            concat!("docker login -p h7Gq2LmXv9TzRk4WbYc0NdEpUs6AjF1oQi8H3mK5xP", "+ACRB7ZtnS"),
            concat!("\"t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8", "+ACRA5WfXo\""),
        ],
        &["h7Gq2LmXv9TzRk4WbYc0NdEpUs6AjF1oQi8H3mK5xPaaaa+ACRB7ZtnSwdEpUs6AjF1oQi8", "+ACR"],
    ),
    padded(
        "azure_devops",
        &["AZDO"],
        r"(?-u:\b)[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?-u:\b)",
        &[
            concat!("NwdFcN2jAkJekWdUgbvLxcOuN7Ol", "6O2ShWdhiHEsddl2qWF0WpkWYS5HBHwDWFea1Y2glVrGlX34AZDOTKFM"),
            concat!("414SlFHAlMt4kgBSxo7ViiXlrh0UTY", "znZANQiOzFnrXT0L2ElzBoWvV4duVNgvfFUIvxBGCU6iEBAZDOz6DH, thanks"),
        ],
        &[
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxAZDOxxxx",
            "a token of azure_devops",
        ],
    ),
    padded(
        "azure_functions",
        &["AzFu"],
        r"(?-u:\b)[A-Za-z0-9_-]{44,}AzFu[A-Za-z0-9_=-]{8,}",
        &[
            concat!("d5TyHEO_5dOvkA6a1rP", "qE9Lh46JNqmuU2SEFb-IlrA59AzFuotCm7A6i=="),
            concat!("<38NWAIBPMgnWmf7zMm9", "Y7TKC1ANgyFA_GjQ7k88iWYGuAzFuW98Krpbh==>"),
        ],
        &["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxAzFuxxxxxxxx==", "a token of azure_functions"],
    ),
    Rule {
        validate: Some(signature),
        ..prefixed(
            "azure_sas",
            &["sig="],
            r"(?:\?|&|&amp;)sig=(?P<hit>[A-Za-z0-9%/+_-]{43,60}(?:=|%3D)?)",
            &[
                concat!("?sv=2023-11-03&se=2030-01-", "01&sig=bcp6SkDdWr93tXwDbpUP04r2jfY78HIS6QYs8mZu6DL%3D"),
                concat!("(?sv=2023-11-03&se=2030-01-", "01&sig=8TtK7pVg2KSrJ4w6dFccvuWsZ0RQT2FRHiz5wdcEG0w%3D)"),
                concat!(
                    "https://prod-7.westeurope.logic.azure.com/workflows/5f0c/triggers/manual/paths/invoke?sp=run&sv=1.0",
                    "&sig=8TtK7pVg2KSrJ4w6dFcc-uWsZ0RQT2FRH_z5wdcEG0w"
                ),
            ],
            &[
                "?sv=2023-11-03&se=2030-01-01&sig=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx%3D",
                "?sv=2023-11-03&se=2030-01-01&sig=<token>",
                "https://video.alder.dev/play?id=7&sig=8TtK7pVg2KSrJ4w6dFcc-uWsZ0RQT2FRH_z5wdcEG0w",
            ],
        )
    },
    prefixed(
        "upstash",
        &["UPSTASH_REDIS_REST_TOKEN"],
        r#"UPSTASH_REDIS_REST_TOKEN["'\s:=]{1,6}(?P<hit>[A-Za-z0-9=_-]{40,})"#,
        &[
            concat!("UPSTASH_REDIS_REST_TOKEN=6J", "xIirarViZKRHB8PcEN8foPFCkHm4UwYril4KAEZdXJqUjCz6A3CfDH"),
            concat!("key: UPSTASH_REDIS_REST_TOKE", "N=5W51yub9oNT8HCRhodtgISLs6GagyW5t5Kf2RMVzsIe7cYa9shsMTMc5"),
        ],
        &[
            "UPSTASH_REDIS_REST_TOKEN=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "UPSTASH_REDIS_REST_TOKEN=<token>",
        ],
    ),
    prefixed(
        "railway",
        &["RAILWAY_TOKEN", "RAILWAY_API_TOKEN"],
        r#"RAILWAY_(?:API_)?TOKEN["'\s:=]{1,6}(?P<hit>[0-9a-f]{8}-[0-9a-f-]{27})"#,
        &[
            concat!("RAILWAY_TOKEN=95", "02e1f6-7f80-4c02-91f1-1ad85555ebf8"),
            concat!("key: RAILWAY_TOKEN", "=0ec4c933-e168-4098-a54f-b8da0b535a03"),
        ],
        &["RAILWAY_TOKEN=xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "RAILWAY_TOKEN=<token>"],
    ),
    prefixed(
        "deno_deploy",
        &["ddp_", "ddo_", "ddw_"],
        r"(?-u:\b)dd[pow]_[A-Za-z0-9]{36}(?-u:\b)",
        &[
            concat!("ddp_kIS1iB8A9", "2kpi8viFrb9m6ljciO0GNiS7jLI"),
            concat!("ddp_0UPUgJo2K", "NIS4jJx0ahqo3mLAuixszSPFPfK;"),
        ],
        &["ddp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ddp_<token>"],
    ),
    prefixed(
        "modal",
        &["MODAL_TOKEN"],
        r#"MODAL_TOKEN_(?:ID|SECRET)["'\s:=]{1,6}(?P<hit>a[ks]-[A-Za-z0-9]{20,})"#,
        &[
            concat!("MODAL_TOKEN_SE", "CRET=as-Cn6i9CmM5hUsBLZ2CHcGmG"),
            concat!("[MODAL_TOKEN_SE", "CRET=as-8GbCU641MMjgV9qiFcWeKO]"),
        ],
        &["MODAL_TOKEN_SECRET=as-xxxxxxxxxxxxxxxxxxxxxx", "MODAL_TOKEN_SECRET=as-<token>"],
    ),
];

/// In the alphabet of URLs, which other signed links use as well, believed behind the version of a workflow alone.
fn signature(candidate: &Candidate<'_>) -> Option<f32> {
    let other = candidate.hit().contains(['-', '_']) && !candidate.before(24).contains("sv=1.0");
    if other { None } else { token::prefixed(candidate) }
}
