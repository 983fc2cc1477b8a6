//! Tokens of productivity, content, social and developer services.

use super::{keyed, padded, prefixed, uniform};
use crate::detect::rule::Rule;

pub(super) const RULES: &[Rule] = &[
    prefixed(
        "linear",
        &["lin_api_", "lin_oauth_", "lin_wh_"],
        r"(?-u:\b)lin_(?:api|oauth|wh)_[A-Za-z0-9]{32,}",
        &[
            concat!("lin_api_323RQqmk", "6khboTzgDy1Hotx1xlH1nfhR2gQOdHJG"),
            concat!("token lin_api_aIsT", "rjORpoVYVbb4bo2McyFB8titzmzXMo4btUYl."),
        ],
        &["lin_api_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "lin_api_<token>"],
    ),
    prefixed(
        "figma",
        &["figd_", "figu_", "figo_"],
        r"(?-u:\b)fig[duo]_[A-Za-z0-9_-]{36,}",
        &[
            concat!("figd_Bn4rAAYnXAd", "iqMVNJhEAW8XXn9-CM_l_vIDBHFPbMkh"),
            concat!("key: figd_mmsaV45", "uFZS__qwPeE_BZcz9ye8y9e_ydmOjEmul_ZE"),
        ],
        &["figd_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "figd_<token>"],
    ),
    prefixed(
        "asana",
        &["asana"],
        r#"(?i)asana[A-Za-z0-9_ .-]{0,32}["'\s:=]{1,6}(?P<hit>[12]/\d{13,17}(?:/\d{13,17})?:[0-9a-f]{32})(?-u:\b)"#,
        &[
            concat!("ASANA_ACCESS_TOKEN=1/76", "31596467722966:1da15b65a1e37679048de712f0d68d8d"),
            concat!("`ASANA_ACCESS_TOKEN=1/92", "38378365224932:baabdd1bf01a95ffdc63041971ec274b`"),
        ],
        &["ASANA_ACCESS_TOKEN=1/0000000000000000:00000000000000000000000000000000", "ASANA_ACCESS_TOKEN=1/<token>"],
    ),
    uniform(
        "clickup",
        &["pk_"],
        r"(?-u:\b)pk_\d{6,9}_[A-Z0-9]{32}(?-u:\b)",
        &[
            concat!("pk_74686731_17", "RRQHPDVAQ7VFKVCLYBUX6S5PF3ELIU"),
            concat!("key: pk_74986779", "_1UPIQX9QY9HDXSLY99IWELOA9KTDITS2"),
        ],
        &["pk_00000000_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "pk_<token>"],
    ),
    prefixed(
        "contentful",
        &["CFPAT-"],
        r"(?-u:\b)CFPAT-[A-Za-z0-9_-]{36,}",
        &[
            concat!("CFPAT-PorG6cjE4m", "oGjnFeuMQxudah84uXXxIcZUGqQ7Umkab"),
            concat!("CFPAT-EXlzwGs9JE", "7J67Cagz4io0bnUKtNUptLNCdMjfebuoh;"),
        ],
        &["CFPAT-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "CFPAT-<token>"],
    ),
    prefixed(
        "typeform",
        &["tfp_"],
        r"(?-u:\b)tfp_[A-Za-z0-9_.=-]{40,}",
        &[
            concat!("tfp_tfq5RosLl9p1NWFAP", "y80JtqduA37MnumHIwCJLrpgKyYr6ZZqTbb9X5iiH2"),
            concat!("\"tfp_oci06GLHQxukPDWhR", "SgJnhbwwbm3OHLrl43lG3Xf1WgUC58sgsb9EO7yb1U\","),
        ],
        &["tfp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "tfp_<token>"],
    ),
    prefixed(
        "readme_io",
        &["rdme_"],
        r"(?-u:\b)rdme_[a-z0-9]{60,}",
        &[
            concat!("rdme_aed6lg4w1fwuav2g9c9v", "jmliezza9oujgs422t8l0okvy0cks0cj0ktliee7dk64hrkonz"),
            concat!("(rdme_k9g5fo3hfwr2h0wplkf", "c8lo8jncudzwrilleof3ex2c9t5op0nn7hkgnds034ystpjtk8l)"),
        ],
        &["rdme_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "rdme_<token>"],
    ),
    padded(
        "mapbox_secret",
        &["sk.eyJ"],
        r"(?-u:\b)sk\.eyJ[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{20,}",
        &[
            concat!(
                "sk.eyJHgt1xgcRd7iIr8A6INckiZiB6mdDGw8",
                "YiPjv3CxX5ECk5TV5mKMGA3ohnL8piJh0ghJAoZPJnf1GrEUbil.VNeGqvnHp6DOGLKHrBU1OO"
            ),
            concat!(
                "`sk.eyJBB5CXsh41bJ2SbfRjR5wYoFV7cjql2",
                "S3FXXr7qPoUsffI2YGPRuB6SuNoq9qSAAxnoaqjaimcAjkxq0hsc.qyXwKoWuYTLQt77ADsiFmu`"
            ),
        ],
        &[
            "sk.eyJxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxx",
            "sk.eyJ<token>",
        ],
    ),
    prefixed(
        "dropbox",
        &["sl."],
        r"(?-u:\b)sl\.(?:u\.)?[A-Za-z0-9_-]{120,}",
        &[
            concat!(
                "sl.BfZ6s73rI2-mHfm37ZIWCVlmziyDccwDP8qFEzK1NMA",
                "LwIytnDOdBYHO4Tkj_ayvf2ctyHKMDw3r7Ln5BJ0RR2NiHDyGZistsWl3pmK5uRr8yTYLakKGf8ZEN_7etwHVpEJ98vaoQ"
            ),
            concat!(
                "<sl.Bp7iahmiNOkLzRhPnTEjTpDawWoMgfgRXdpaxtd6hUB",
                "3yDiYI_Lin1cy-zY5jDGp-KTn5_QO2e1eHni3ViOnuZRqk2TYE9GTHcyPgfzPB9RnGO6HLU49qZyUzz7bxLSD743d4UkGm>"
            ),
        ],
        &[
            "sl.Bxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "sl.B<token>",
        ],
    ),
    prefixed(
        "facebook",
        &["EAA"],
        r"(?-u:\b)EAA[A-Za-z0-9]{80,}",
        &[
            concat!(
                "EAAMjBhK8OJ6HnenXw53ZPF7OICrx3HYOBJw399gh0iRdDIm",
                "zb2RbadhsmGegXfYXks8U7Kyxr8hRBpoZItEruoaOV1LfT24nq8DYamnFgKb51fVrDzBuAtiVTWBj1S02Tmfsx7ysL41PXhj"
            ),
            concat!(
                "<EAAMqbTSc6cAk76HyEqhlmvApTNX0pEQxocCCBhWJNj3KOu",
                "qVSuxzHgpSsa6ieCqL3S8ZbyU1uM1AVkoCUleTSIoxJyZTzo5tQMJGkrxc9PONU4zFLrE4cjitMMxsyEN6EUa1xknJ3cG8I8b>"
            ),
        ],
        &[
            "EAAMxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "EAAM<token>",
        ],
    ),
    prefixed(
        "instagram",
        &["IGQ", "IGAA"],
        r"(?-u:\b)IG(?:QV|QW|AA)[A-Za-z0-9_-]{80,}",
        &[
            concat!(
                "IGQV0IZ_VHyknJpK9qYZx59uNee-G1c-DvzbA966O3KQPj7L",
                "KzXiGx9dHU97gxWg__4mCWTYuz6EIwBq50ys1N8pb39QpcGVy9qhKUsQbSLpcfZZxhfljnou9umxsDLDwDvdP3ZGK9XgQ6ci"
            ),
            concat!(
                "IGQV1-fe-MrXzy8ioO9HYSgOLhskwF0wOLK7SOYIi0KCC0j8",
                "KUZK2-A0r2iIMJy9t2Wf9ZIFt5P_XWL-T155hkgur5e0OJlcN2LWmiFvx4AxJzC-hcOBwMi-vVTC1OTJqz4YnScpXoy59c90;"
            ),
        ],
        &[
            "IGQVxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "IGQV<token>",
        ],
    ),
    padded(
        "twitter_bearer",
        &["AAAAAAAAAAAAAAAA"],
        r"(?-u:\b)A{18,24}[A-Za-z0-9%]{60,}",
        &[
            concat!(
                "AAAAAAAAAAAAAAAAAAAAAMmvAWREOj1Ji2",
                "VEg8qSFxo3UoCQXXDXK6X2veV37xEVG3BTE3oUaOaE2LE3Dk0lsUTGHhwoafcwbtB5LMA"
            ),
            concat!(
                "(AAAAAAAAAAAAAAAAAAAAAMmODadbK38OYB",
                "sW6kYGB1enmveUGRo9kWK2oGQ3hL1QB9OBRacnrynMqwj6cb1tcEJOOUM8lv2QJmoqAmO)"
            ),
        ],
        &[
            "AAAAAAAAAAAAAAAAAAAAAMmxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "AAAAAAAAAAAAAAAAAAAAAMm<token>",
        ],
    ),
    prefixed(
        "pinterest",
        &["pina_"],
        r"(?-u:\b)pina_[A-Z0-9]{60,}",
        &[
            concat!(
                "pina_W4AFC603HUYABRJQG5BA53Q23P",
                "7S8ZQ22PQ6HWI556O6OEJKH35IIQNFOJMZT5Z975E0Q5XWKQX91X0AK1I8U5DASY"
            ),
            concat!(
                "pina_DGQW2Z0ONDM35Q7QWBCQ288OGN2",
                "0KDSMRSVOO6Z3HVBLAL6BLOJC17DM16PYRPJ6DDRISUPMHUAB6OH1W940OT4R3J;"
            ),
        ],
        &[
            "pina_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
            "pina_<token>",
        ],
    ),
    prefixed(
        "twitch",
        &["oauth:"],
        r"(?-u:\b)oauth:(?P<hit>[a-z0-9]{30})(?-u:\b)",
        &[
            concat!("oauth:3k84fu", "gfx95xucuv5p5rpc7pi87j9a"),
            concat!("\"oauth:a47xtf", "x63p0lvdb4oz0p1yzqcw1a0e\","),
        ],
        &["oauth:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "oauth:<token>"],
    ),
    prefixed(
        "apify",
        &["apify_api_"],
        r"(?-u:\b)apify_api_[A-Za-z0-9]{32,}",
        &[
            concat!("apify_api_jsYbQ", "5FKIb4LJns7WOTnfz5NdxdWNVKUWGul"),
            concat!("apify_api_pnEnchNZ", "4eTOVHZpUxDNi4YA1pFdY6vvzwYj, thanks"),
        ],
        &["apify_api_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "apify_api_<token>"],
    ),
    prefixed(
        "lichess",
        &["lip_"],
        r"(?-u:\b)lip_[A-Za-z0-9]{20,}(?-u:\b)",
        &[concat!("lip_culZ", "r824jJ1uYIYPI7tD"), concat!("`lip_RgJ", "U5GlqKp4eV6tH3KE4`")],
        &["lip_xxxxxxxxxxxxxxxxxxxx", "lip_<token>"],
    ),
    prefixed(
        "adafruit",
        &["aio_"],
        r"(?-u:\b)aio_[A-Za-z0-9]{28}(?-u:\b)",
        &[concat!("aio_i70KlR", "CSlP4LWwUsV6w6addYhNvn"), concat!("<aio_mCqkDI", "DYVoN1p8KESMISMsW4zMp3>")],
        &["aio_xxxxxxxxxxxxxxxxxxxxxxxxxxxx", "aio_<token>"],
    ),
    padded(
        "roblox",
        &["_|WARNING:-DO-NOT-SHARE"],
        r"_\|WARNING:-DO-NOT-SHARE[^|]*\|_[A-Za-z0-9]{100,}",
        &[
            concat!(
                "_|WARNING:-DO-NOT-SHARE-THIS.|_23049D786424ED1EB39CD77616B08B5D7DB86316FF1255",
                "2A6C54951CC05693763EFCDEBC27788184DD091BC0217F4ED09491D177D663C29066237D1FEE3350F178648B3E3D5F32ACB0404EBE3DC467B19E9678AC5ADE5781DDEAB44EA05B2FABE734D6E2"
            ),
            concat!(
                "'_|WARNING:-DO-NOT-SHARE-THIS.|_2D4A95163F9D919D9D26DB45DB940C244875F481292A6",
                "A2B478C44F9423292955E7E37CE6B72653758DE6B1645FA847F6C34EBF62AA514958265398D89F1D9D07605B744BF370FBF3F1F9C69DDE0F84F61A80725380D082D72F9CB839DF2AF5064348845'"
            ),
        ],
        &[
            "_|WARNING:-DO-NOT-SHARE-THIS.|_00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
            "_|WARNING:-DO-NOT-SHARE-THIS.|_<token>",
        ],
    ),
    prefixed(
        "defined_networking",
        &["dnkey-"],
        r"(?-u:\b)dnkey-[A-Za-z0-9=_-]{26}-[A-Za-z0-9=_-]{52}",
        &[
            concat!("dnkey-EcJhVhVy_s44b4D44u1hSc", "gVn8-cz8F0-DfuLEbnv5asFOd98wOLlDPTsePtyky6rZfZUKfKj-ni5cC"),
            concat!("`dnkey-Hj_UyXrW6EhwkIBzRTg5El", "tKBN-meND234BmNflq2UVFwiigML1SusG1mkCxHDZQ5DiYgh_GsdtcgUk`"),
        ],
        &["dnkey-xxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "dnkey-<token>"],
    ),
    prefixed(
        "databento",
        &["db-"],
        r"(?-u:\b)db-[A-Za-z0-9]{29}(?-u:\b)",
        &[concat!("db-UHzlu5y", "aKF8ONYL36L48d21Lq3qKG"), concat!("\"db-sDuzERZ", "AvQmpB0OjvZiGD4IsQgKas\",")],
        &["db-xxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "db-<token>"],
    ),
    prefixed(
        "rapidapi",
        &["jsn"],
        r"(?-u:\b)[0-9a-z]{10}msh[0-9a-z]{12,24}jsn[0-9a-f]{12}(?-u:\b)",
        &[
            concat!("X-RapidAPI-Key: 283e1e", "b667msh8274566f28c65d6p1efe5bjsnad72f8588334"),
            concat!("X-RapidAPI-Key: c16170", "518fmsh79b58177bc2735ep1c0d94jsnb23c9d62cdbc;"),
            concat!("(c16170", "518fmsh79b58177bc2735ep1c0d94jsnb23c9d62cdbc)"),
        ],
        &["X-RapidAPI-Key: 0000000000msh000000000000000p100000jsn000000000000", "X-RapidAPI-Key: <token>"],
    ),
    prefixed(
        "canva",
        &["cnvca"],
        r"(?-u:\b)cnvca[A-Za-z0-9_-]{40,}",
        &[
            concat!("cnvca8hdnjBbnotFz", "PbNKU-cx3VUDBBkVybC0WXL23sW8mAVXZxSC"),
            concat!("<cnvcaaa6-vIDtLAnI", "hXUMHbxjksEEpdrEyZCj8hAzSk3VNqF1SZtV>"),
        ],
        &["cnvcaxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "cnvca<token>"],
    ),
    prefixed(
        "sanity",
        &["sanity"],
        r#"(?i)sanity[A-Za-z0-9_ .-]{0,32}["'\s:=]{1,6}(?P<hit>sk[A-Za-z0-9]{60,})"#,
        &[
            concat!(
                "SANITY_API_TOKEN=sk8OfosljAI8g5xGfymdsTTjyWJXK",
                "WKyY4PBOZOcD8pvRuybO4f4EM4GGRboERSrCLDU4wealHYetqqu8AJUvbjHAIQhD2jNoYduskrsNxbS3OXJGGTI1l4W76"
            ),
            concat!(
                "\"SANITY_API_TOKEN=skchMaXkpwTJvcVlkqiFLoIGC7nMJ",
                "hrlkL9MNCFOwWpTqYM4Mjlvd2p5bRkwBdWHBkLE88nCYvJTSae7CSNYrpz09bauRzuyY0khPgHBSDZ4k7LNqGi20dz9Aa\","
            ),
        ],
        &[
            "SANITY_API_TOKEN=skxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "SANITY_API_TOKEN=sk<token>",
        ],
    ),
    prefixed(
        "tally",
        &["tly-"],
        r"(?-u:\b)tly-[A-Za-z0-9]{24,}",
        &[concat!("tly-ejQUSvCs", "GohTPVPKCK7aUf9E7oQgFqkL"), concat!("(tly-NcA0NRH", "EQ0X8pMQMN6B7zpIqsHQVLyI0)")],
        &["tly-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "tly-<token>"],
    ),
    prefixed(
        "retool",
        &["retool_"],
        r"(?-u:\b)retool_[a-z0-9]{20,}",
        &[concat!("retool_wa0j", "ff4rf7agthy5k8sy8mqctc"), concat!("<retool_zzg", "dl2un6hk3u3oj97ix5b3j3s>")],
        &["retool_xxxxxxxxxxxxxxxxxxxxxxxxxx", "retool_<token>"],
    ),
    prefixed(
        "n8n",
        &["n8n_api_"],
        r"(?-u:\b)n8n_api_[0-9a-f]{60,}",
        &[
            concat!("n8n_api_3e7faff080a0d7bf6f7f3", "043c40f55682371d6281af7207b47d423ffc60c2d054d3df2bcc2d11fed"),
            concat!("[n8n_api_b26284f0977bbce3dd1a7", "e2e0fe5b99f01b4c891e538f4c62b0489aa6280482b234f883cf750fc3c]"),
        ],
        &[
            "n8n_api_00000000000000000000000000000000000000000000000000000000000000000000000000000000",
            "n8n_api_<token>",
        ],
    ),
    padded(
        "mapbox_temporary",
        &["tk.eyJ"],
        r"(?-u:\b)tk\.eyJ[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{20,}",
        &[
            concat!(
                "tk.eyJRJkUOvC8oItQResdy2H3gVriXWPFaqu",
                "6oPWtUbKrReo4BgDWvsZ9Iajwr9HuVj1VHTDx5wqF2hCnQ6oX8j.24qWDs3t29v6aGdgk5EsWa"
            ),
            concat!(
                "(tk.eyJHWXwo1u7pC9PSOej33cU1KruqfMN7P",
                "qRulRUN5008XwLoxCMwXG1saFlWd6rOPPDqm8ugMb2a5KYuQhHIz.VIdWVzkQd7NEKomGSupBh4)"
            ),
        ],
        &[
            "tk.eyJxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxx",
            "tk.eyJ<token>",
        ],
    ),
    keyed(
        "virustotal",
        &["virustotal", "shodan", "x-apikey"],
        r#"(?i)(?:(?:virustotal|shodan)[A-Za-z0-9_ .-]{0,24}(?:key|token)|x-apikey)(?:[_-][a-z0-9]{1,12}| is)?["'\s:=]{1,6}(?P<hit>[0-9a-f]{64}|(?-i:[A-Za-z0-9]{32}))(?-u:\b)"#,
        &[
            concat!("VIRUSTOTAL_API_KEY=5d1ca2e1", "5d980b942fab3a2855c5eda3621fe2f2709d5f5df98636f277b932a6"),
            concat!("`VIRUSTOTAL_API_KEY=de292e97", "a4c2a7be4269bb86bcd05c913d2d69bf903924dc5e7a066df66b02ce`"),
        ],
        &[
            "VIRUSTOTAL_API_KEY=0000000000000000000000000000000000000000000000000000000000000000",
            "VIRUSTOTAL_API_KEY=<token>",
            "VirusTotal: 5d1ca2e15d980b942fab3a2855c5eda3621fe2f2709d5f5df98636f277b932a6",
            "https://www.virustotal.com/gui/file/5d1ca2e15d980b942fab3a2855c5eda3621fe2f2709d5f5df98636f277b932a6",
            "seen on Shodan 5d1ca2e15d980b942fab3a2855c5eda3",
        ],
    ),
];
