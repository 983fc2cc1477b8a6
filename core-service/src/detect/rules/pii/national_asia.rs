//! Numbers that Asian states give to people and companies.

use super::{DASHED, FORMED, NATIONAL, compact, formed, is_near, named, stands_alone};
use crate::detect::{
    rule::{Rule, Wake},
    validate::{Candidate, national::asia},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "in_aadhaar",
        entity: "IN_AADHAAR",
        wake: Wake::Keywords(AADHAAR),
        pattern: r"(?-u:\b)[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}(?-u:\b)",
        validate: Some(|c| named(c, AADHAAR, asia::in_aadhaar)),
        matches: &["Aadhaar: 5831 0724 6193", "my aadhar number is 583107246193", "आधार 5831 0724 6193"],
        misses: &["Aadhaar: 5831 0724 6194", "5831 0724 6193 units"],
        ..NATIONAL
    },
    Rule {
        id: "in_pan",
        entity: "IN_PAN",
        wake: Wake::Keywords(&[
            "pan ",
            "pan:",
            "pan\"",
            "pan-",
            "pan_",
            "pan=",
            "pannumber",
            "permanent account",
            "income tax",
            "gst",
            "kyc",
            "itr ",
        ]),
        pattern: r"(?-u:\b)[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z](?-u:\b)",
        validate: Some(pan),
        matches: &[
            "PAN: AFZPK7190K",
            "permanent account number BKLCA4821M",
            "{\"pan_number\":\"BKLCA4821M\"}",
            "panNumber=BKLCA4821M",
        ],
        misses: &["AFZXK7190K", "1AFZPK7190K"],
        ..NATIONAL
    },
    Rule {
        id: "in_gstin",
        entity: "IN_GSTIN",
        wake: Wake::Keywords(&["gst"]),
        pattern: r"(?-u:\b)\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z](?-u:\b)",
        validate: Some(|c| formed(c, &["gst", "gstin"], 0.9, asia::in_gstin)),
        matches: &["GSTIN 29ABCPK4821M1ZF", "gst no. 29ABCPK4821M1ZF"],
        misses: &["29ABCPK4821M1ZG", "55ABCPK4821M1ZF"],
        ..NATIONAL
    },
    Rule {
        id: "in_voter_id",
        entity: "IN_VOTER",
        wake: Wake::Keywords(VOTER),
        pattern: r"(?-u:\b)[A-Za-z]{3}\d{7}(?-u:\b)",
        validate: Some(|c| named(c, VOTER, |_| true).map(|_| 0.8)),
        matches: &["voter id ZXK4820175", "EPIC number: ZXK4820175", "electoral photo card ZXK4820175"],
        misses: &["ZXK4820175", "voter turnout 4820175"],
        ..NATIONAL
    },
    Rule {
        id: "sg_nric",
        entity: "SG_NRIC_FIN",
        wake: Wake::Keywords(SERIES),
        pattern: r"(?-u:\b)[STFGMstfgm]\d{7}[A-Za-z](?-u:\b)",
        validate: Some(|c| formed(c, &["nric", "fin", "singapore", "ic", "identity"], 0.65, asia::sg_nric)),
        matches: &["NRIC S8741926F", "fin F5820174W", "S8741926F", "S8741926F,1985"],
        misses: &["S8741926G", "F5820174X", "AS8741926F"],
        ..FORMED
    },
    Rule {
        id: "jp_my_number",
        entity: "JP_MY_NUMBER",
        wake: Wake::Keywords(MY_NUMBER),
        pattern: r"\d{4}[ -]?\d{4}[ -]?\d{4}",
        validate: Some(|c| {
            // Japanese has no spaces: a word may touch the number.
            let digit = |text: &str, end: bool| {
                let is_digit = |c: char| c.is_ascii_digit() || c == '-';
                if end { text.ends_with(is_digit) } else { text.starts_with(is_digit) }
            };
            let alone = !digit(c.before(1), true) && !digit(c.after(1), false);
            (alone && asia::jp_my_number(&compact(c)) && is_near(c, MY_NUMBER)).then_some(0.9)
        }),
        matches: &[
            "マイナンバーは482017536944です",
            "個人番号：4820 1753 6944",
            "My Number card 482017536944",
            "\"my_number\": \"482017536944\"",
        ],
        misses: &["マイナンバーは482017536945です", "482017536944"],
        ..NATIONAL
    },
    Rule {
        id: "kr_rrn",
        entity: "KR_RRN",
        wake: Wake::Keywords(DASHED),
        pattern: r"\d{6}-[1-8]\d{6}",
        validate: Some(rrn),
        matches: &["주민등록번호 870419-1234560", "870419-1234560", "RRN: 870419-1234567"],
        misses: &["871319-1234560", "870419-1234567", "1870419-1234560"],
        ..FORMED
    },
    Rule {
        id: "cn_resident_id",
        entity: "CN_RESIDENT_ID",
        wake: Wake::Figures(|figure| figure.digits >= 17),
        pattern: r"[1-689]\d{5}(?:19|20)\d{9}[0-9Xx]",
        validate: Some(|c| {
            let digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            let alone = !c.before(1).ends_with(digit) && !c.after(1).starts_with(|c: char| c.is_ascii_alphanumeric());
            let named = ["身份证", "身分证", "公民身份"].iter().any(|word| c.before(BEFORE_ID).contains(word));
            (alone && asia::cn_resident_id(&compact(c))).then_some(if named { 0.95 } else { 0.85 })
        }),
        reach: 8,
        matches: &["身份证号310105198704192749", "ID 310105198704192749."],
        misses: &["310105198704192748", "310105198713192749", "9310105198704192749"],
        ..NATIONAL
    },
    Rule {
        id: "hk_hkid",
        entity: "HK_HKID",
        wake: Wake::Keywords(&[
            "(0",
            "(1",
            "(2",
            "(3",
            "(4",
            "(5",
            "(6",
            "(7",
            "(8",
            "(9",
            "(a)",
            "hkid",
            "hong kong",
            "香港",
            "身份證",
        ]),
        pattern: r"(?-u:\b)[A-Z]{1,2}\d{6}(?:\([0-9A]\)|[0-9A](?-u:\b))",
        validate: Some(hkid),
        matches: &["HKID: K482017(7)", "holder K482017(7)", "Hong Kong identity card K4820177"],
        misses: &["K482017(8)", "K4820177 in stock"],
        ..FORMED
    },
    Rule {
        id: "tw_id",
        entity: "TW_ID",
        wake: Wake::Keywords(TAIWAN),
        pattern: r"[A-Z][1289]\d{8}",
        validate: Some(|c| named_loosely(c, TAIWAN, asia::tw_id)),
        matches: &["身分證字號 F128374198", "Taiwan ID F128374198"],
        misses: &["身分證字號 F128374199", "F128374198"],
        ..NATIONAL
    },
    Rule {
        id: "th_id",
        entity: "TH_ID",
        wake: Wake::Figures(|figure| figure.digits >= 13),
        pattern: r"(?-u:\b)(?:[1-8]-\d{4}-\d{5}-\d{2}-\d|[1-8] \d{4} \d{5} \d{2} \d)(?-u:\b)",
        validate: Some(|c| formed(c, &["thai", "บัตรประชาชน"], 0.85, asia::th_id)),
        matches: &["Thai ID 3-4716-29084-51-5", "3-4716-29084-51-5.", "Thai ID: 3 4716 29084 51 5"],
        misses: &["3-4716-29084-51-6", "9-4716-29084-51-5"],
        ..FORMED
    },
    Rule {
        id: "th_id_digits",
        entity: "TH_ID",
        wake: Wake::Keywords(THAI),
        pattern: r"[1-8]\d{12}",
        validate: Some(|c| named_loosely(c, THAI, asia::th_id)),
        matches: &["เลขประจำตัวประชาชน 3471629084515", "Thai national id: 3471629084515"],
        misses: &["Thai export no. 3471629084516", "3471629084515"],
        ..NATIONAL
    },
    Rule {
        id: "il_id",
        entity: "IL_ID",
        wake: Wake::Keywords(ISRAEL),
        pattern: r"(?-u:\b)\d{8}-?\d(?-u:\b)",
        validate: Some(|c| named(c, ISRAEL, asia::il_id)),
        matches: &["Teudat Zehut 482017530", "תעודת זהות 48201753-0", "Israeli ID number: 482017530"],
        misses: &["Teudat Zehut 482017531", "482017530"],
        ..NATIONAL
    },
];

const AADHAAR: &[&str] = &["aadhaar", "aadhar", "adhaar", "uidai", "आधार"];
const VOTER: &[&str] = &["voter", "epic number", "epic no", "electoral photo", "election card"];
const MY_NUMBER: &[&str] = &["my number", "my_number", "mynumber", "individual number", "マイナンバー", "個人番号"];
const TAIWAN: &[&str] = &["taiwan", "身分證", "身份證", "統一編號", "roc id"];
const THAI: &[&str] = &["thai", "บัตรประชาชน", "ประจำตัวประชาชน"];
const ISRAEL: &[&str] = &["teudat zehut", "teudat-zehut", "israeli id", "mispar zehut", "זהות", "ת.ז", "ת\"ז"];

/// Chinese, Japanese and Thai write no spaces.
const BEFORE_ID: usize = 60;

fn named_loosely(candidate: &Candidate<'_>, words: &[&str], is_valid: fn(&str) -> bool) -> Option<f32> {
    let ascii = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let alone = !candidate.before(1).ends_with(ascii) && !candidate.after(1).starts_with(ascii);
    (alone && is_valid(&compact(candidate)) && is_near(candidate, words)).then_some(0.9)
}

/// Five letters, four digits and a letter are also part numbers: of a person it is believed, of others near a word.
fn pan(candidate: &Candidate<'_>) -> Option<f32> {
    let words = ["pan", "permanent account", "income tax", "gst", "itr", "kyc"];
    let person = candidate.hit().as_bytes().get(3) == Some(&b'P');
    formed(candidate, &words, if person { 0.6 } else { 0.4 }, asia::in_pan)
}

fn rrn(candidate: &Candidate<'_>) -> Option<f32> {
    const WORDS: &[&str] = &["rrn", "resident registration", "korean id", "주민", "외국인등록"];
    let ascii = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let number = compact(candidate);
    let alone = !candidate.before(1).ends_with(ascii)
        && !candidate.after(1).starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    match (alone && asia::kr_rrn(&number), is_near(candidate, WORDS), asia::kr_rrn_sum(&number)) {
        (true, true, _) => Some(0.95),
        (true, false, true) => Some(0.75),
        _ => None,
    }
}

/// With its check digit in brackets it is like nothing else.
fn hkid(candidate: &Candidate<'_>) -> Option<f32> {
    const WORDS: &[&str] = &["hkid", "hong kong", "香港", "身份證", "identity card"];
    if candidate.hit().ends_with(')') {
        return asia::hk_hkid(&compact(candidate)).then_some(0.85);
    }
    (stands_alone(candidate) && is_near(candidate, WORDS) && asia::hk_hkid(&compact(candidate))).then_some(0.9)
}

/// How an NRIC or FIN begins.
#[rustfmt::skip]
const SERIES: &[&str] = &[
    "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9",
    "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9",
    "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9",
    "g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8", "g9",
    "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9",
];
