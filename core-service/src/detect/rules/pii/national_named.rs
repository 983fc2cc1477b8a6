//! Numbers of further states, which are digits like any others: with the right sum or date, and near their word.

mod sums;

use super::{FORMED, NATIONAL, formed, named};
use crate::detect::rule::{Rule, Wake};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "cz_rodne_cislo",
        entity: "CZ_RODNE_CISLO",
        wake: Wake::Keywords(CZECH),
        pattern: r"(?-u:\b)\d{6}/?\d{4}(?-u:\b)",
        validate: Some(|c| named(c, CZECH, sums::cz_rodne_cislo)),
        matches: &["rodné číslo 870419/2750", "rodné číslo: 8704192750"],
        misses: &["rodné číslo 870419/2751", "8704192750"],
        ..NATIONAL
    },
    Rule {
        id: "ro_cnp",
        entity: "RO_CNP",
        wake: Wake::Keywords(ROMANIA),
        pattern: r"(?-u:\b)[1-9]\d{12}(?-u:\b)",
        validate: Some(|c| named(c, ROMANIA, sums::ro_cnp)),
        matches: &["CNP 1870419352746", "cod numeric personal: 1870419352746"],
        misses: &["cnp 1870419352747", "1870419352746"],
        ..NATIONAL
    },
    Rule {
        id: "bg_egn",
        entity: "BG_EGN",
        wake: Wake::Keywords(BULGARIA),
        pattern: r"(?-u:\b)\d{10}(?-u:\b)",
        validate: Some(|c| named(c, BULGARIA, sums::bg_egn)),
        matches: &["ЕГН 8704192745", "egn: 8704192745"],
        misses: &["ЕГН 8704192746", "8704192745"],
        ..NATIONAL
    },
    Rule {
        id: "ee_isikukood",
        entity: "EE_ISIKUKOOD",
        wake: Wake::Keywords(ESTONIA),
        pattern: r"(?-u:\b)[1-8]\d{10}(?-u:\b)",
        validate: Some(|c| named(c, ESTONIA, sums::baltic_code)),
        matches: &["isikukood 38704192743"],
        misses: &["isikukood 38704192744", "38704192743"],
        ..NATIONAL
    },
    Rule {
        id: "lt_asmens_kodas",
        entity: "LT_ASMENS_KODAS",
        wake: Wake::Keywords(LITHUANIA),
        pattern: r"(?-u:\b)[1-8]\d{10}(?-u:\b)",
        validate: Some(|c| named(c, LITHUANIA, sums::baltic_code)),
        matches: &["asmens kodas 48704190227"],
        misses: &["asmens kodas 48704190228", "48704190227"],
        ..NATIONAL
    },
    Rule {
        id: "hr_oib",
        entity: "HR_OIB",
        wake: Wake::Keywords(CROATIA),
        pattern: r"(?-u:\b)\d{11}(?-u:\b)",
        validate: Some(|c| named(c, CROATIA, sums::hr_oib)),
        matches: &["OIB: 47036281944"],
        misses: &["OIB: 47036281945", "47036281944"],
        ..NATIONAL
    },
    Rule {
        id: "rs_jmbg",
        entity: "RS_JMBG",
        wake: Wake::Keywords(SERBIA),
        pattern: r"(?-u:\b)\d{13}(?-u:\b)",
        validate: Some(|c| named(c, SERBIA, sums::rs_jmbg)),
        matches: &["JMBG 1904987712740", "ЈМБГ: 1904987712740"],
        misses: &["JMBG 1904987712741", "1904987712740"],
        ..NATIONAL
    },
    Rule {
        id: "gr_amka",
        entity: "GR_AMKA",
        wake: Wake::Keywords(AMKA),
        pattern: r"(?-u:\b)[0-3]\d[01]\d{8}(?-u:\b)",
        validate: Some(|c| named(c, AMKA, sums::gr_amka)),
        matches: &["ΑΜΚΑ 19048727416", "amka: 19048727416"],
        misses: &["ΑΜΚΑ 19048727417", "19048727416"],
        ..NATIONAL
    },
    Rule {
        id: "gr_afm",
        entity: "GR_AFM",
        wake: Wake::Keywords(AFM),
        pattern: r"(?-u:\b)\d{9}(?-u:\b)",
        validate: Some(|c| named(c, AFM, sums::gr_afm)),
        matches: &["ΑΦΜ 948201756", "afm: 948201756"],
        misses: &["ΑΦΜ 948201757", "948201756"],
        ..NATIONAL
    },
    Rule {
        id: "it_partita_iva",
        entity: "IT_VAT_CODE",
        wake: Wake::Keywords(ITALY),
        pattern: r"(?-u:\b)(?:IT ?)?\d{11}(?-u:\b)",
        validate: Some(|c| named(c, ITALY, |n| sums::of_luhn(n.trim_start_matches("IT"), 11))),
        matches: &["partita IVA 04820175364", "P.IVA IT04820175364"],
        misses: &["partita IVA 04820175365", "04820175364"],
        ..NATIONAL
    },
    Rule {
        id: "fr_siren",
        entity: "FR_SIREN",
        wake: Wake::Keywords(FRANCE),
        pattern: r"(?-u:\b)\d{3}[ .]?\d{3}[ .]?\d{3}(?:[ .]?\d{5})?(?-u:\b)",
        validate: Some(|c| named(c, FRANCE, |n| sums::of_luhn(n, 9) || sums::of_luhn(n, 14))),
        matches: &["SIREN 482 017 530", "siret: 48201753000023"],
        misses: &["SIREN 482017531", "siret: 48201753000024", "48201753000023"],
        ..NATIONAL
    },
    Rule {
        id: "ru_snils",
        entity: "RU_SNILS",
        wake: Wake::Keywords(SNILS),
        pattern: r"(?-u:\b)\d{3}-?\d{3}-?\d{3}[ -]?\d{2}(?-u:\b)",
        validate: Some(|c| named(c, SNILS, sums::ru_snils)),
        matches: &["СНИЛС 482-017-536 73", "снилс: 48201753673"],
        misses: &["СНИЛС 482-017-536 74", "482-017-536 73"],
        ..NATIONAL
    },
    Rule {
        id: "ru_inn",
        entity: "RU_INN",
        wake: Wake::Keywords(INN),
        pattern: r"(?-u:\b)\d{10}(?:\d{2})?(?-u:\b)",
        validate: Some(|c| named(c, INN, sums::ru_inn)),
        matches: &["ИНН 770482017530", "инн: 4820175365"],
        misses: &["ИНН 770482017531", "инн: 4820175366", "770482017530"],
        ..NATIONAL
    },
    Rule {
        id: "ua_rnokpp",
        entity: "UA_RNOKPP",
        wake: Wake::Keywords(UKRAINE),
        pattern: r"(?-u:\b)\d{10}(?-u:\b)",
        validate: Some(|c| named(c, UKRAINE, sums::ua_rnokpp)),
        matches: &["РНОКПП 3186027411", "ІПН: 3186027411"],
        misses: &["РНОКПП 3186027412", "3186027411"],
        ..NATIONAL
    },
    Rule {
        id: "ae_emirates_id",
        entity: "AE_EMIRATES_ID",
        wake: Wake::Keywords(&["784"]),
        pattern: r"(?-u:\b)784(?:-\d{4}-\d{7}-\d|\d{12})(?-u:\b)",
        validate: Some(|c| {
            let written = c.hit().contains('-');
            if written {
                formed(c, EMIRATES, 0.85, sums::ae_emirates_id)
            } else {
                named(c, EMIRATES, sums::ae_emirates_id)
            }
        }),
        matches: &["Emirates ID 784-1987-4820175-7", "784-1987-4820175-7", "emirates id: 784198748201757"],
        misses: &["emirates id 784-1987-4820175-8", "784198748201757"],
        ..FORMED
    },
    Rule {
        id: "sa_national_id",
        entity: "SA_NATIONAL_ID",
        wake: Wake::Keywords(SAUDI),
        pattern: r"(?-u:\b)[12]\d{9}(?-u:\b)",
        validate: Some(|c| named(c, SAUDI, |n| sums::of_luhn(n, 10))),
        matches: &["iqama 1048201758", "رقم الهوية 1048201758"],
        misses: &["iqama 1048201759", "1048201758"],
        ..NATIONAL
    },
    Rule {
        id: "id_nik",
        entity: "ID_NIK",
        wake: Wake::Figures(|figure| figure.digits >= 16),
        pattern: r"(?-u:\b)\d{16}(?-u:\b)",
        validate: Some(|c| named(c, INDONESIA, sums::id_nik)),
        reach: 8,
        matches: &["NIK: 3174055904870001", "nomor KTP 3174051904870001"],
        misses: &["NIK: 3174059904870001", "3174055904870001"],
        ..NATIONAL
    },
    Rule {
        id: "my_mykad",
        entity: "MY_NRIC",
        wake: Wake::Keywords(MALAYSIA),
        pattern: r"(?-u:\b)\d{6}-?\d{2}-?\d{4}(?-u:\b)",
        validate: Some(|c| named(c, MALAYSIA, sums::my_mykad)),
        matches: &["MyKad 870419-10-5274", "No. KP: 870419105274"],
        misses: &["MyKad 871319-10-5274", "870419105274"],
        ..NATIONAL
    },
    Rule {
        id: "mx_rfc",
        entity: "MX_RFC",
        wake: Wake::Keywords(RFC),
        pattern: r"(?-u:\b)[A-Z&]{3,4}\d{6}[A-Z0-9]{3}(?-u:\b)",
        validate: Some(|c| named(c, RFC, sums::mx_rfc)),
        matches: &["RFC: GALM870419QX2", "rfc GAL870419QX2"],
        misses: &["RFC GALM871319QX2", "RFC 870419", "GALM870419QX2"],
        ..NATIONAL
    },
    Rule {
        id: "mx_clabe",
        entity: "MX_CLABE",
        wake: Wake::Keywords(CLABE),
        pattern: r"(?-u:\b)\d{18}(?-u:\b)",
        validate: Some(|c| named(c, CLABE, sums::mx_clabe)),
        matches: &["CLABE 002180482017536401"],
        misses: &["CLABE 002180482017536402", "002180482017536401"],
        ..NATIONAL
    },
    Rule {
        id: "nz_ird",
        entity: "NZ_IRD",
        wake: Wake::Figures(|figure| matches!(figure.digits, 8 | 9)),
        pattern: r"(?-u:\b)\d{2,3}[- ]?\d{3}[- ]?\d{3}(?-u:\b)",
        validate: Some(|c| named(c, IRD, sums::nz_ird)),
        reach: 8,
        matches: &["IRD number 48201768", "IRD: 48-201-768"],
        misses: &["IRD number 48201769", "48201768"],
        ..NATIONAL
    },
    Rule {
        id: "us_ein",
        entity: "US_EIN",
        wake: Wake::Figures(|figure| figure.digits >= 9),
        pattern: r"(?-u:\b)\d{2}-\d{7}(?-u:\b)",
        validate: Some(|c| named(c, EIN, sums::us_ein)),
        reach: 8,
        matches: &["EIN: 47-2801753", "employer identification number 47-2801753"],
        misses: &["EIN: 89-2801753", "47-2801753"],
        ..NATIONAL
    },
    Rule {
        id: "uk_utr",
        entity: "UK_UTR",
        wake: Wake::Keywords(&["utr ", "utr:", "utr\"", "utr,", "utr;", "utr\t", "unique taxpayer", "unique_taxpayer"]),
        pattern: r"(?-u:\b)\d{5} ?\d{5}(?-u:\b)",
        validate: Some(|c| named(c, UTR, sums::uk_utr)),
        matches: &["UTR 5482017536", "Unique Taxpayer Reference: 54820 17536"],
        misses: &["UTR 6482017536", "5482017536"],
        ..NATIONAL
    },
    Rule {
        id: "de_vat_id",
        entity: "DE_VAT_ID",
        wake: Wake::Figures(|figure| figure.digits >= 9 && figure.before().trim_ascii_end().ends_with(b"DE")),
        reach: 8,
        pattern: r"(?-u:\b)DE ?\d{3} ?\d{3} ?\d{3}(?-u:\b)",
        validate: Some(|c| named(c, GERMAN_VAT, sums::de_vat_id)),
        matches: &["USt-IdNr. DE482017530", "Umsatzsteuer-ID: DE 482017530"],
        misses: &["USt-IdNr. DE482017531", "DE482017530"],
        ..NATIONAL
    },
    Rule {
        id: "de_tax_number",
        entity: "DE_TAX_NUMBER",
        wake: Wake::Keywords(&["steuer", "st.-nr", "st.nr", "st-nr", "stnr"]),
        pattern: r"(?-u:\b)\d{2,3}/\d{3,4}/\d{4,5}(?-u:\b)",
        validate: Some(|c| named(c, GERMAN_TAX, |_| true).map(|_| 0.8)),
        matches: &["Steuernummer 12/345/67890", "St.-Nr.: 151/815/08156"],
        misses: &["rechnung 12/345/67890", "steuernummer 12/34/5678"],
        ..NATIONAL
    },
    Rule {
        id: "de_pension",
        entity: "DE_SOCIAL_SECURITY",
        wake: Wake::Keywords(GERMAN_PENSION),
        pattern: r"(?-u:\b)\d{2} ?\d{6} ?[A-Z] ?\d{3}(?-u:\b)",
        validate: Some(|c| named(c, GERMAN_PENSION, sums::de_pension)),
        matches: &["Rentenversicherungsnummer 65190487M273", "SV-Nummer: 65 190487 M 273"],
        misses: &["Rentenversicherungsnummer 65190487M274", "65190487M273"],
        ..NATIONAL
    },
];

const CZECH: &[&str] = &["rodné číslo", "rodné čislo", "rodné čísla", "rodne cislo", "rodné č", "r.č.", "birth number"];
const ROMANIA: &[&str] = &["cnp", "cod numeric personal"];
const BULGARIA: &[&str] = &["егн", "ЕГН", "egn", "единен граждански номер"];
const ESTONIA: &[&str] = &["isikukood"];
const LITHUANIA: &[&str] = &["asmens kod", "asmens kodas", "asmens kodo"];
const CROATIA: &[&str] = &["oib", "osobni identifikacijski broj"];
const SERBIA: &[&str] = &["jmbg", "јмбг", "ЈМБГ", "emšo", "emso"];
const AMKA: &[&str] = &["amka", "αμκα", "ΑΜΚΑ", "α.μ.κ.α", "Α.Μ.Κ.Α"];
const AFM: &[&str] = &["afm", "αφμ", "ΑΦΜ", "α.φ.μ", "Α.Φ.Μ"];
const ITALY: &[&str] = &["partita iva", "partita_iva", "partitaiva", "p.iva", "p. iva", "piva"];
const FRANCE: &[&str] = &["siren", "siret"];
const SNILS: &[&str] = &["snils", "снилс", "СНИЛС"];
const INN: &[&str] = &["инн", "ИНН", "Инн"];
const UKRAINE: &[&str] = &["рнокпп", "РНОКПП", "іпн", "ІПН", "ідентифікаційний код", "ідентифікаційний номер"];
const EMIRATES: &[&str] = &["emirates id", "emirates", "eid", "uae id", "هوية", "الهوية"];
const SAUDI: &[&str] = &["iqama", "saudi", "هوية", "الهوية", "إقامة", "الإقامة"];
const INDONESIA: &[&str] = &["nik", "ktp", "nomor induk kependudukan"];
const MALAYSIA: &[&str] = &["mykad", "kad pengenalan", "no. kp", "no kp", "nric"];
const RFC: &[&str] = &["rfc", "registro federal"];
const CLABE: &[&str] = &["clabe"];
const IRD: &[&str] = &["ird", "inland revenue"];
const EIN: &[&str] = &["ein", "fein", "employer identification", "federal tax id", "federal tax"];
const UTR: &[&str] = &["utr", "unique taxpayer"];
const GERMAN_VAT: &[&str] = &[
    "ust-id",
    "ust-idnr",
    "ustid",
    "ustidnr",
    "ust.-id",
    "umsatzsteuer",
    "umsatzsteuer-id",
    "umsatzsteuer-identifikationsnummer",
    "umsatzsteueridentifikationsnummer",
    "vat",
];
const GERMAN_TAX: &[&str] = &["steuernummer", "steuer-nr", "steuernr", "steuer nr", "st.-nr", "st.nr", "st-nr", "stnr"];
const GERMAN_PENSION: &[&str] = &[
    "rentenversicherung",
    "rentenversicherungsnummer",
    "sozialversicherungsnummer",
    "versicherungsnummer",
    "rvnr",
    "rv-nummer",
    "rv-nr",
    "svnr",
    "sv-nummer",
    "sv-nr",
];
