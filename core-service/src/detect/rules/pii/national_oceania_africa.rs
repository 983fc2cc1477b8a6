//! Numbers that Australia and South Africa give to people and companies: digits with weak sums, believed near a
//! word only.

use super::{NATIONAL, named};
use crate::detect::{
    rule::{Rule, Wake},
    validate::national::oceania_africa,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "au_tfn",
        entity: "AU_TFN",
        wake: Wake::Keywords(&["tfn", "tax file", "tax_file", "taxfile"]),
        pattern: r"(?-u:\b)\d{3}[ -]?\d{3}[ -]?\d{2,3}(?-u:\b)",
        validate: Some(|c| named(c, &["tfn", "tax file"], oceania_africa::au_tfn)),
        matches: &["TFN: 482 017 536", "my tax file number is 482017544", "taxFileNumber=482017544"],
        misses: &["TFN: 482 017 537", "482 017 536 sheep"],
        ..NATIONAL
    },
    Rule {
        id: "au_abn",
        entity: "AU_ABN",
        wake: Wake::Keywords(&["abn", "australian business"]),
        pattern: r"(?-u:\b)\d{2} ?\d{3} ?\d{3} ?\d{3}(?-u:\b)",
        validate: Some(|c| named(c, &["abn", "australian business"], oceania_africa::au_abn)),
        matches: &["ABN 47 482 017 536", "Australian Business Number: 47482017536"],
        misses: &["ABN 47 482 017 537", "47 482 017 536 dollars"],
        ..NATIONAL
    },
    Rule {
        id: "au_acn",
        entity: "AU_ACN",
        wake: Wake::Keywords(&["acn", "australian company"]),
        pattern: r"(?-u:\b)\d{3} ?\d{3} ?\d{3}(?-u:\b)",
        validate: Some(|c| named(c, &["acn", "australian company"], oceania_africa::au_acn)),
        matches: &["ACN 482 017 532", "Australian Company Number 482017532"],
        misses: &["ACN 482 017 533", "482017532"],
        ..NATIONAL
    },
    Rule {
        id: "au_medicare",
        entity: "AU_MEDICARE",
        wake: Wake::Keywords(&["medicare"]),
        pattern: r"(?-u:\b)[2-6]\d{3} ?\d{5} ?\d(?:[ /-]?\d)?(?-u:\b)",
        validate: Some(|c| named(c, &["medicare"], oceania_africa::au_medicare)),
        matches: &["Medicare 4820 17536 1", "medicare card number: 4820175361"],
        misses: &["Medicare 4820 17537 1", "4820175361"],
        ..NATIONAL
    },
    Rule {
        id: "za_id",
        entity: "ZA_ID",
        wake: Wake::Keywords(&[
            "id number",
            "id no",
            "identity number",
            "identity no",
            "said",
            "rsa id",
            "sa id",
            "id:",
            "id_number",
            "id-number",
            "idnumber",
            "identitynumber",
            "identity_number",
            "identiteitsnommer",
        ]),
        pattern: r"(?-u:\b)\d{6} ?\d{4} ?[012]\d{2}(?-u:\b)",
        validate: Some(|c| {
            let words = [
                "id number",
                "id no",
                "identity number",
                "identity no",
                "rsa id",
                "sa id",
                "id",
                "id_number",
                "identiteitsnommer",
            ];
            named(c, &words, oceania_africa::za_id)
        }),
        matches: &["ID number 8704195274088", "SA ID: 870419 5274 088", "{\"idNumber\": \"8704195274088\"}"],
        misses: &["ID number 8704195274087", "8704195274088"],
        ..NATIONAL
    },
];
