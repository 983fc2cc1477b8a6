//! Keys of shops, payment and shipping services.

use super::{padded, prefixed};
use crate::detect::rule::Rule;

pub(super) const RULES: &[Rule] = &[
    prefixed(
        "shopify",
        &["shpat_", "shpss_", "shpca_", "shppa_", "shptka_"],
        r"(?-u:\b)shp(?:at|ss|ca|pa|tka)_[0-9a-fA-F]{32}(?-u:\b)",
        &[
            concat!("shpat_8ec296", "9f2fdc30281eda5f9e63eab3d8"),
            concat!("<shpat_fe26a7", "443300af96259f9d45109fbd62>"),
        ],
        &["shpat_00000000000000000000000000000000", "shpat_<token>"],
    ),
    prefixed(
        "square",
        &["sq0csp-", "sq0atp-"],
        r"(?-u:\b)sq0(?:csp|atp)-[A-Za-z0-9_-]{22,}",
        &[
            concat!("sq0csp-Aa3aVGTbv", "K57JN_GiJbAHsFwQNMIG_nNQjZyDu-Yqhr"),
            concat!("sq0csp-V3dsBis83nXl", "Ak80u0weEBSZJhGUdHDo_-DopTa_VQf, thanks"),
        ],
        &["sq0csp-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "sq0csp-<token>"],
    ),
    prefixed(
        "square_access",
        &["EAAA"],
        r"(?-u:\b)EAAA[A-Za-z0-9+/=_-]{56,64}(?-u:\b)",
        &[
            concat!("EAAAEZf8ifwhaJygx7XUl", "bnqyAGHf3zisLoHis62e4Qm03P7VDU7ingdQqlL09-z"),
            concat!("token EAAAE7hVmzowZ0KRv", "LKWgzmX9oj2Jy7L2K-MbRUgq0Rlb24LCb_c5t7-PwY96bNZ."),
        ],
        &["EAAAExxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "EAAAE<token>"],
    ),
    prefixed(
        "shippo",
        &["shippo_live_", "shippo_test_"],
        r"(?-u:\b)shippo_(?:live|test)_[0-9a-f]{40}(?-u:\b)",
        &[
            concat!("shippo_live_1647e", "08899b488a4d8d4bfa6aa630df10837ce30"),
            concat!("[shippo_live_a2557", "c22f83c1acc01305ffba468a852af25e53b]"),
        ],
        &["shippo_live_0000000000000000000000000000000000000000", "shippo_live_<token>"],
    ),
    prefixed(
        "braintree",
        &["access_token$"],
        r"(?-u:\b)access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[0-9a-f]{32}(?-u:\b)",
        &[
            concat!("access_token$production$", "23bsd7j7l3yn7v4z$e3449170e6c7ea2dfcb57bbe62f1da71"),
            concat!("token access_token$product", "ion$veewjo7pvq6s4cy4$6a2483ea25b135960ead36b9aa35edce."),
        ],
        &[
            "access_token$production$xxxxxxxxxxxxxxxx$00000000000000000000000000000000",
            "access_token$production$<token>",
        ],
    ),
    prefixed(
        "easypost",
        &["EZAK", "EZTK"],
        r"(?-u:\b)EZ[AT]K[A-Za-z0-9]{50,}",
        &[
            concat!("EZAKz3HF3WMbcOVGmJM", "kWzvnJCGPqBBvqG7VcpPAXmgVHZZVcqRhtPEAgR"),
            concat!("[EZAKUbSaoMnYNqpeobG", "GDOgdk6CQyiXNZAb4ahSuYJ0y1JEjPpdS4E5Ko1]"),
        ],
        &["EZAKxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "EZAK<token>"],
    ),
    prefixed(
        "plaid",
        &["access-production-", "access-development-", "access-sandbox-"],
        r"(?-u:\b)access-(?:production|development|sandbox)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?-u:\b)",
        &[
            concat!("access-production-", "0e179b9d-5c15-4db5-a583-7c9eedec4bad"),
            concat!("<access-production", "-e496f890-bc14-4809-a877-8514ca6f644e>"),
        ],
        &["access-production-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "access-production-<token>"],
    ),
    prefixed(
        "razorpay",
        &["rzp_live_", "rzp_test_"],
        r"(?-u:\b)rzp_(?:live|test)_[A-Za-z0-9]{14,}",
        &[concat!("rzp_liv", "e_x3jUGmC7n4ebXR"), concat!("key: rzp_", "live_nOMW3NPyzZ1uwP")],
        &["rzp_live_xxxxxxxxxxxxxx", "rzp_live_<token>"],
    ),
    prefixed(
        "flutterwave",
        &["FLWSECK"],
        r"(?-u:\b)FLWSECK(?:_TEST|_LIVE)?-[0-9a-zA-Z]{12,}(?:-X)?",
        &[
            concat!("FLWSECK_TEST-77", "5e5df6398fbd50a34c2b0d104d7c44-X"),
            concat!("\"FLWSECK_TEST-bc", "415f5a0a5b625f752b058969c93bf4-X\","),
        ],
        &["FLWSECK_TEST-00000000000000000000000000000000-X", "FLWSECK_TEST-<token>"],
    ),
    prefixed(
        "paddle",
        &["pdl_live_", "pdl_sdbx_"],
        r"(?-u:\b)pdl_(?:live|sdbx)_apikey_[a-z0-9]{20,}_[A-Za-z0-9]{20,}_[A-Za-z0-9]{3}(?-u:\b)",
        &[
            concat!("pdl_live_apikey_b5i4l73", "ob6tbquvxp4vawkp1nc_VTqX0azSTXoW746k0GtP3Y_asV"),
            concat!("pdl_live_apikey_0xnwihn", "svn4r0jil6ii5jk1650_F1BPua3kJNJ51bHYwbThvF_ZKa;"),
        ],
        &["pdl_live_apikey_xxxxxxxxxxxxxxxxxxxxxxxxxx_xxxxxxxxxxxxxxxxxxxxxx_xxx", "pdl_live_apikey_<token>"],
    ),
    prefixed(
        "mercado_pago",
        &["APP_USR-"],
        r"(?-u:\b)APP_USR-\d{10,20}-\d{6}-[0-9a-f]{32}-\d{6,12}(?-u:\b)",
        &[
            concat!("APP_USR-3785833275396937", "-495932-6cc804541b8f38f58670c1d7b18eaff2-575921259"),
            concat!("`APP_USR-9374666927739454", "-345722-e44072f252c8be6ee6dbec69b48be746-311539239`"),
        ],
        &["APP_USR-0000000000000000-000000-00000000000000000000000000000000-000000000", "APP_USR-<token>"],
    ),
    prefixed(
        "xendit",
        &["xnd_production_", "xnd_development_"],
        r"(?-u:\b)xnd_(?:production|development)_[A-Za-z0-9]{40,}",
        &[
            concat!("xnd_production_NAxEJV", "cDkOfq6vWATBUJxc3HHds18MkSELXsXOZO31QFmM6Cpu"),
            concat!("xnd_production_4fBll2E", "4h640b1WaZ5IP1v4wssSAYg1DjUVLrf2mYbKozCoZYW;"),
        ],
        &["xnd_production_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "xnd_production_<token>"],
    ),
    prefixed(
        "polar",
        &["polar_oat_", "polar_pat_"],
        r"(?-u:\b)polar_[op]at_[A-Za-z0-9_-]{32,}",
        &[
            concat!("polar_oat_PYqgE5N", "3g1E9EgVXdCanuwf33B0VzjveilYpZJfrfE0"),
            concat!("<polar_oat_rOD1XPo", "Qq0NgBuIKTPvauVObpb825ZFjPQHnGRFsXIx>"),
        ],
        &["polar_oat_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "polar_oat_<token>"],
    ),
    prefixed(
        "duffel",
        &["duffel_live_", "duffel_test_"],
        r"(?-u:\b)duffel_(?:live|test)_[A-Za-z0-9_-]{40,}",
        &[
            concat!("duffel_live_CGKC46", "_X5vMtuFpYRW9QVTvt_ijmWCF8Ph59DynbP4w"),
            concat!("token duffel_live_i4", "EG1JMnrGqdtB2aMeppmkN9f_yiG7LCj2n4zIO-2Av."),
        ],
        &["duffel_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "duffel_live_<token>"],
    ),
    padded(
        "adyen",
        &["AQE"],
        r"(?-u:\b)AQE[a-z]hm[A-Za-z0-9+/]{60,}(?:={0,2}-[A-Za-z0-9+/]{30,}=)?",
        &[
            concat!(
                "AQEyhmZrAwzKLau1r4ooU7GB7qW5Ennz",
                "PJnZiqEWneM87dcG52NWlTzDKASoMOsTs29EFgYu0VVDxr4MLR5iYmmqaXVlbiYm"
            ),
            concat!(
                "'AQEyhmTRnfFEBachV51SlgMwfCE4aVp",
                "VEafWJsWwQN8VmmHAFZDah2ht0WdzGhOWW6lPXzZZuDR3K5zcnkdIKRVnhKozdywR'"
            ),
        ],
        &[
            "AQEyhmxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "AQEyhm<token>",
        ],
    ),
    prefixed(
        "lob",
        &["live_", "test_"],
        r#"(?i:lob|goshippo|mollie|gocardless)[A-Za-z0-9_ .-]{0,24}["'\s:=]{1,6}(?P<hit>(?:live|test)_(?:pub_)?[A-Za-z0-9_-]{30,})"#,
        &[
            concat!("MOLLIE_API_KEY=l", "ive_vQkuPu5PyflNk2OhFojIUsexhq1Pqt"),
            concat!("`MOLLIE_API_KEY=l", "ive_F1hEUAlIocVxnjjXyRQgBlL5Ob1h1E`"),
        ],
        &["MOLLIE_API_KEY=live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "MOLLIE_API_KEY=live_<token>"],
    ),
    prefixed(
        "monzo",
        &["mnzpub.", "mnzconf."],
        r"(?-u:\b)mnz(?:pub|conf)\.[A-Za-z0-9+/]{40,}",
        &[
            concat!("mnzconf.lb5oTQdFBoaId5", "JPusz2tgTRvcTlxhaabevWq2TIbFvm561XpUocziqOGOhr"),
            concat!("`mnzconf.o5EX8VkaxKaW8c", "iWVSfkcaKac91BgiB5LrohrEvpR9oQUxIo5uVtmLBGGffE`"),
        ],
        &["mnzconf.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "mnzconf.<token>"],
    ),
    prefixed(
        "frame_io",
        &["fio-u-"],
        r"(?-u:\b)fio-u-[A-Za-z0-9_=-]{60,}",
        &[
            concat!("fio-u-ASvI94MGLDdtKj7HO", "V1GDlSgEeYS_kqVRrHCfW7HYz2BXccdWhEYYmWtv3ctYksr"),
            concat!("[fio-u-U1_4g5DWOEQQNPp9-", "ltajAZzoErumVVy58C7f3hlkQBTEp-mZ6KrnNWIpvVmJuTh]"),
        ],
        &["fio-u-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "fio-u-<token>"],
    ),
    prefixed(
        "node_provider_url",
        &[".alchemy.com/v2/", ".infura.io/v3/", ".quiknode.pro/"],
        r"(?:alchemy\.com/v2|infura\.io/v3|quiknode\.pro)/(?P<hit>[A-Za-z0-9_-]{32,})",
        &[
            concat!("https://eth-mainnet.g.a", "lchemy.com/v2/vK4lQuebo4V8wjL18oBq4ozSwWAV0GnK"),
            concat!("https://eth-mainnet.g.a", "lchemy.com/v2/tRupbKHEqWgP8imt3KoQfSHDUtCVl4Tc;"),
        ],
        &[
            "https://eth-mainnet.g.alchemy.com/v2/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "https://eth-mainnet.g.alchemy.com/v2/<token>",
        ],
    ),
];
