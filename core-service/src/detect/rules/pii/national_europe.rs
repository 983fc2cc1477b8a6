//! Numbers that European states and Turkey give to people.

use super::{DASHED, FORMED, NATIONAL, formed, named};
use crate::detect::{
    figures::Figure,
    rule::{Rule, Wake},
    validate::national::europe,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "uk_nino",
        entity: "UK_NINO",
        wake: Wake::Figures(|figure| figure.digits == 6),
        pattern: r"(?-u:\b)[A-CEGHJ-PR-TW-Za-ceghj-pr-tw-z][A-CEGHJ-NPR-TW-Za-ceghj-npr-tw-z](?:\d{6}| \d{2} \d{2} \d{2} |-\d{2}-\d{2}-\d{2}-| \d{6} )[A-Da-d](?-u:\b)",
        validate: Some(|c| {
            let alone = if c.hit().len() > 9 { 0.75 } else { 0.55 };
            // In small letters the short form is a piece of a hash as well.
            let shouted = c.hit().bytes().all(|byte| !byte.is_ascii_lowercase());
            formed(c, NINO, if shouted { alone } else { 0.3 }, europe::uk_nino)
        }),
        reach: 12,
        matches: &["NI number AB 12 34 56 C", "NINO: jg103759a", "AB 12 34 56 C", "her number is JG103759A."],
        misses: &["GB 12 34 56 C", "AB 12 34 56 E", "DA123456C"],
        ..NATIONAL
    },
    Rule {
        id: "uk_nhs",
        entity: "UK_NHS",
        wake: Wake::Keywords(&["nhs", "national health", "patient", "hospital", "surgery"]),
        pattern: r"(?-u:\b)\d{3}[ -]?\d{3}[ -]?\d{4}(?-u:\b)",
        validate: Some(|c| named(c, &["nhs", "nhs number", "national health"], europe::uk_nhs)),
        matches: &["NHS number 481 057 3214", "nhs: 4810573206", "his NHS no. is 481-057-3222"],
        misses: &["NHS number 481 057 3215", "patient 481 057 3214"],
        ..NATIONAL
    },
    Rule {
        id: "de_tax_id",
        entity: "DE_TAX_ID",
        wake: Wake::Keywords(&[
            "steuer",
            "idnr",
            "tax id",
            "tax_id",
            "tax-id",
            "taxid",
            "tax number",
            "tax_number",
            "taxnumber",
            "identifikationsnummer",
            "tin:",
            "tin\"",
        ]),
        pattern: r"(?-u:\b)[1-9]\d ?\d{3} ?\d{3} ?\d{3}(?-u:\b)",
        validate: Some(|c| named(c, DE_TAX, europe::de_tax_id)),
        matches: &[
            "Steuer-ID 47036281944",
            "steuerliche Identifikationsnummer: 47 036 281 944",
            "IdNr. 47036281944",
            "\"tax_id\": \"47036281944\"",
            "\"taxId\":\"47036281944\"",
            "\"tin\": \"47036281944\"",
            "| Name | Steuer-ID |\n|---|---|\n| Ann Lee of Springfield upon Alder | |\n| Bea Lee | 47036281944 |",
            "steuer-id,year\n47036281944,1985",
        ],
        misses: &[
            "Steuer-ID 47036281945",
            "47036281944",
            "steuer-id;stock;of a shop in a town beyond the river, in all its rooms\n1;47036281944;b",
        ],
        ..NATIONAL
    },
    Rule {
        id: "fr_nir",
        entity: "FR_NIR",
        // With a letter for the two departments of Corsica.
        wake: Wake::Figures(|figure| {
            figure.digits >= 14 || figure.digits >= 6 && matches!(figure.after(), [b'A' | b'a' | b'B' | b'b', ..])
        }),
        pattern: r"(?-u:\b)[1-478][ .]?\d{2}[ .]?\d{2}[ .]?(?:\d{2}|2[ABab])[ .]?\d{3}[ .]?\d{3}[ .-]?\d{2}(?-u:\b)",
        validate: Some(|c| formed(c, NIR, if c.hit().contains(' ') { 0.9 } else { 0.6 }, europe::fr_nir)),
        reach: 32,
        matches: &["NIR 1 84 06 75 112 034 17", "sécurité sociale : 184067511203417", "1 80 03 2A 001 001 93"],
        misses: &["1 84 06 75 112 034 18", "1 84 16 75 112 034 17"],
        ..NATIONAL
    },
    Rule {
        id: "es_dni",
        entity: "ES_NIF",
        wake: Wake::Keywords(&["dni", "nif", "d.n.i", "n.i.f", "identidad", "documento"]),
        pattern: r"(?-u:\b)(?:\d{8}|\d{2}\.\d{3}\.\d{3})[- ]?[A-Za-z](?-u:\b)",
        validate: Some(|c| {
            let letter = c.hit().as_bytes().last().is_some_and(u8::is_ascii_uppercase);
            let joined = !c.hit().contains(' ') && letter;
            // One in twenty-three is right by chance.
            formed(c, SPAIN, if joined { 0.6 } else { 0.3 }, europe::es_dni)
        }),
        matches: &[
            "DNI 48271936L",
            "nif: 48.271.936-L",
            "mi DNI es 48271936-l",
            "con D.N.I. 48271936L",
            "documento: 48271936L",
        ],
        misses: &["DNI 48271936M", "A48271936L"],
        ..NATIONAL
    },
    Rule {
        id: "es_cif",
        entity: "ES_NIF",
        wake: Wake::Keywords(&["cif", "nif"]),
        pattern: r"(?-u:\b)[A-HJNP-SUVW]-?\d{7}-?[0-9A-J](?-u:\b)",
        validate: Some(|c| named(c, &["cif", "nif"], europe::es_cif)),
        matches: &["CIF B48271936", "NIF: Q-4827193-F"],
        misses: &["CIF B48271937", "B48271936"],
        ..NATIONAL
    },
    Rule {
        id: "es_nie",
        entity: "ES_NIE",
        wake: Wake::Keywords(FOREIGNERS),
        pattern: r"(?-u:\b)[XYZxyz]-?\d{7}[- ]?[A-Za-z](?-u:\b)",
        validate: Some(|c| formed(c, SPAIN, 0.65, europe::es_dni)),
        matches: &["NIE Y4820175X", "Y-4820175-X", "nie: y4820175x"],
        misses: &["NIE Y4820175Y", "AY4820175X"],
        ..FORMED
    },
    Rule {
        id: "it_fiscal_code",
        entity: "IT_FISCAL_CODE",
        wake: Wake::Figures(touches_a_letter),
        pattern: r"(?-u:\b)(?i:[A-Z]{6} ?[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2} ?[A-Z][0-9LMNP-V]{3}[A-Z])(?-u:\b)",
        validate: Some(|c| formed(c, &["codice fiscale", "cod. fisc", "c.f", "cf"], 0.9, europe::it_fiscal_code)),
        reach: 24,
        matches: &["codice fiscale BNCLRA87D59F205P", "bnclra87d59f205p"],
        misses: &["BNCLRA87D59F205Q", "BNCLRA87D99F205P"],
        ..NATIONAL
    },
    Rule {
        id: "nl_bsn",
        entity: "NL_BSN",
        wake: Wake::Keywords(BSN),
        pattern: r"(?-u:\b)\d{3}[ .]?\d{3}[ .]?\d{3}(?-u:\b)|(?-u:\b)\d{4}[ .]\d{2}[ .]\d{3}(?-u:\b)",
        validate: Some(|c| named(c, BSN, europe::nl_bsn)),
        matches: &["BSN 283741958", "burgerservicenummer: 2837.41.958"],
        misses: &["BSN 283741959", "283741958"],
        ..NATIONAL
    },
    Rule {
        id: "pl_pesel",
        entity: "PL_PESEL",
        wake: Wake::Keywords(&["pesel"]),
        pattern: r"(?-u:\b)\d{11}(?-u:\b)",
        validate: Some(|c| named(c, &["pesel", "peselem", "peselu"], europe::pl_pesel)),
        matches: &[
            "PESEL 87041918374",
            "numer pesel: 87041918374",
            "name;pesel;city\nAnn;;Springfield upon Alder by the sea\nBea;;Springfield upon Alder\nCleo;87041918374;b",
        ],
        misses: &["PESEL 87041918375", "87041918374"],
        ..NATIONAL
    },
    Rule {
        id: "se_personnummer",
        entity: "SE_PERSONNUMMER",
        wake: Wake::Keywords(DASHED),
        pattern: r"(?-u:\b)(?:19|20)\d{6}-\d{4}(?-u:\b)",
        validate: Some(|c| formed(c, SWEDEN, 0.7, europe::se_personnummer)),
        matches: &["personnummer 19870419-3187", "(19870419-3187)"],
        misses: &["19870419-3188", "19871319-3187"],
        ..FORMED
    },
    Rule {
        id: "se_personnummer_short",
        entity: "SE_PERSONNUMMER",
        wake: Wake::Keywords(SWEDEN),
        pattern: r"(?-u:\b)(?:(?:19|20)\d{6}\+?\d{4}|\d{6}[-+]?\d{4})(?-u:\b)",
        validate: Some(|c| named(c, SWEDEN, europe::se_personnummer)),
        matches: &["personnummer 870419-3187", "mitt personnr är 198704193187"],
        misses: &["personnummer 870419-3188", "870419-3187 bolts", "198704193187"],
        ..NATIONAL
    },
    Rule {
        id: "fi_hetu",
        entity: "FI_HETU",
        wake: Wake::Keywords(CENTURIES),
        pattern: r"(?-u:\b)[0-3]\d[01]\d{3}[-+A-FU-Ya-fu-y]\d{3}[0-9A-FHJ-NPR-Ya-fhj-npr-y](?-u:\b)",
        validate: Some(|c| {
            let hit = c.hit().to_ascii_uppercase();
            let alone = super::stands_alone(c) && europe::fi_hetu(&hit);
            alone.then(|| if super::is_near(c, HETU) { 0.95 } else { 0.8 })
        }),
        matches: &["henkilötunnus 190487-274S", "190487-274S"],
        misses: &["190487-274T", "191387-274S"],
        ..FORMED
    },
    Rule {
        id: "dk_cpr",
        entity: "DK_CPR",
        wake: Wake::Keywords(&["cpr", "personnummer"]),
        pattern: r"(?-u:\b)[0-3]\d[01]\d{3}[- ]?\d{4}(?-u:\b)",
        validate: Some(|c| named(c, &["cpr", "cpr-nr", "cpr-nummer", "cprnr"], europe::dk_cpr).map(|_| 0.8)),
        matches: &["CPR 190487-2741", "cpr-nummer: 1904872741"],
        misses: &["CPR 191387-2741", "190487-2741 bolts"],
        ..NATIONAL
    },
    Rule {
        id: "no_fodselsnummer",
        entity: "NO_FODSELSNUMMER",
        wake: Wake::Keywords(NORWAY),
        pattern: r"(?-u:\b)[0-7]\d[01]\d{3}[ -]?\d{5}(?-u:\b)",
        validate: Some(|c| named(c, NORWAY, europe::no_fodselsnummer)),
        matches: &["fødselsnummer 19048727886", "personnummer: 190487 27967"],
        misses: &["fødselsnummer 19048727887", "19048727886"],
        ..NATIONAL
    },
    Rule {
        id: "pt_nif",
        entity: "PT_NIF",
        wake: Wake::Keywords(&[
            "nif ",
            "nif:",
            "nif\"",
            "nif,",
            "nif;",
            "nif\t",
            "n.i.f",
            "contribuinte",
            "identificação fiscal",
        ]),
        pattern: r"(?-u:\b)(?:PT ?)?[1235689]\d{2}[ .]?\d{3}[ .]?\d{3}(?-u:\b)",
        validate: Some(|c| {
            named(c, &["nif", "n.i.f", "contribuinte", "identificação fiscal"], |n| {
                europe::pt_nif(n.trim_start_matches("PT"))
            })
        }),
        matches: &["NIF 248 196 375", "número de contribuinte: 248196375", "NIF: PT248196375"],
        misses: &["NIF 248196376", "248196375"],
        ..NATIONAL
    },
    Rule {
        id: "be_national_number",
        entity: "BE_NATIONAL_NUMBER",
        wake: Wake::Keywords(DASHED),
        pattern: r"(?-u:\b)\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}(?-u:\b)",
        validate: Some(|c| formed(c, BELGIUM, 0.9, europe::be_national_number)),
        matches: &["rijksregisternummer 87.04.19-274.41", "87.04.19-274.41"],
        misses: &["87.04.19-274.42", "87.14.19-274.41"],
        ..FORMED
    },
    Rule {
        id: "be_national_number_digits",
        entity: "BE_NATIONAL_NUMBER",
        wake: Wake::Keywords(BELGIUM),
        pattern: r"(?-u:\b)\d{2}[ .]?\d{2}[ .]?\d{2}[- ]?\d{3}[- .]?\d{2}(?-u:\b)",
        validate: Some(|c| named(c, BELGIUM, europe::be_national_number)),
        matches: &["rijksregisternummer: 87041927441", "numéro national 870419-274-41", "NISS 87 04 19 274 41"],
        misses: &["rijksregisternummer 87041927442", "87041927441"],
        ..NATIONAL
    },
    Rule {
        id: "at_svnr",
        entity: "AT_SVNR",
        wake: Wake::Keywords(AUSTRIA),
        pattern: r"(?-u:\b)[1-9]\d{3}[ /-]?[0-3]\d[01]\d{3}(?-u:\b)",
        validate: Some(|c| named(c, AUSTRIA, europe::at_svnr)),
        matches: &["SVNR 3714 190487", "Sozialversicherungsnummer: 3714190487", "SV-Nummer 3714 190487"],
        misses: &["SVNR 3715 190487", "3714 190487"],
        ..NATIONAL
    },
    Rule {
        id: "ch_ahv",
        entity: "CH_AHV",
        wake: Wake::Keywords(&["756"]),
        pattern: r"(?-u:\b)756(?:\.\d{4}\.\d{4}\.\d{2}| \d{4} \d{4} \d{2}|\d{10})(?-u:\b)",
        validate: Some(|c| {
            let written = c.hit().len() > 13;
            if written { formed(c, AHV, 0.9, europe::ch_ahv) } else { named(c, AHV, europe::ch_ahv) }
        }),
        matches: &["AHV 756.3840.1927.53", "756.3840.1927.53", "numéro AVS: 7563840192753"],
        misses: &["756.3840.1927.54", "EAN 7563840192753"],
        ..FORMED
    },
    Rule {
        id: "ie_pps",
        entity: "IE_PPS",
        wake: Wake::Keywords(&["ppsn", "pps ", "pps:", "personal public service"]),
        pattern: r"(?-u:\b)\d{7}[A-Wa-w][A-IWa-iw]?(?-u:\b)",
        validate: Some(|c| named(c, &["ppsn", "pps", "personal public service"], europe::ie_pps)),
        matches: &["PPSN 4820175T", "pps number: 4820175FA"],
        misses: &["PPSN 4820175U", "4820175T"],
        ..NATIONAL
    },
    Rule {
        id: "tr_tckn",
        entity: "TR_TCKN",
        wake: Wake::Keywords(TURKEY),
        pattern: r"(?-u:\b)[1-9]\d{10}(?-u:\b)",
        validate: Some(|c| named(c, TURKEY, europe::tr_tckn)),
        matches: &["TC kimlik no: 48201753684", "TCKN 48201753684"],
        misses: &["TCKN 48201753685", "48201753684"],
        ..NATIONAL
    },
];

fn touches_a_letter(figure: &Figure<'_>) -> bool {
    figure.before().last().is_some_and(u8::is_ascii_alphabetic)
        || figure.after().first().is_some_and(u8::is_ascii_alphabetic)
}

const NINO: &[&str] = &["nino", "ni number", "ni no", "national insurance", "insurance number"];
const DE_TAX: &[&str] = &[
    "steuer",
    "steuerid",
    "steuernummer",
    "steuer-id",
    "steueridentifikationsnummer",
    "idnr",
    "tax id",
    "tax number",
    "identifikationsnummer",
    "tin",
    "steuerliche",
];
const NIR: &[&str] = &["nir", "sécurité sociale", "securite sociale", "sécu", "insee", "numéro de sécu"];
const SPAIN: &[&str] =
    &["dni", "nif", "nie", "d.n.i", "n.i.f", "n.i.e", "documento", "documento nacional", "identidad", "extranjero"];
const BSN: &[&str] = &["bsn", "burgerservicenummer", "sofinummer", "sofi-nummer", "citizen service"];
const SWEDEN: &[&str] = &["personnummer", "personnr", "pnr", "samordningsnummer", "swedish id", "personal identity"];
const HETU: &[&str] = &["hetu", "henkilötunnus", "personbeteckning"];
const NORWAY: &[&str] = &["fødselsnummer", "fodselsnummer", "fødselsnr", "fnr", "personnummer", "d-nummer"];
const BELGIUM: &[&str] = &[
    "rijksregister",
    "rijksregisternummer",
    "insz",
    "niss",
    "registre national",
    "numéro national",
    "rrn",
    "national number",
];
const AUSTRIA: &[&str] =
    &["svnr", "sozialversicherung", "sozialversicherungsnummer", "sv-nummer", "sv-nr", "versicherungsnummer"];
const AHV: &[&str] = &["ahv", "avs", "ahvn13", "navs", "sozialversicherungsnummer", "assurance sociale"];
const TURKEY: &[&str] = &["tckn", "kimlik", "tc no", "t.c.", "turkish id", "vatandaşlık"];

/// How the number of a foreigner in Spain begins, as it may be written.
#[rustfmt::skip]
const FOREIGNERS: &[&str] = &[
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9",
    "y0", "y1", "y2", "y3", "y4", "y5", "y6", "y7", "y8", "y9",
    "z0", "z1", "z2", "z3", "z4", "z5", "z6", "z7", "z8", "z9",
    "x-", "y-", "z-", "nie ",
];

/// The sign of the century and what follows; the other letters are rare, and wait for a word.
#[rustfmt::skip]
const CENTURIES: &[&str] = &[
    "-0", "-1", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9",
    "+0", "+1", "+2", "+3", "+4", "+5", "+6", "+7", "+8", "+9",
    "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9",
    "hetu", "henkilötunnus", "personbeteckning",
];
