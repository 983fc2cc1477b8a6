//! Numbers that Canada and Latin America give to people and companies.

use super::{DASHED, FORMED, NATIONAL, formed, named};
use crate::detect::{
    rule::{Rule, Wake},
    validate::national::americas,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ca_sin",
        entity: "CA_SIN",
        wake: Wake::Keywords(&[
            "sin ",
            "sin:",
            "sin#",
            "sin=",
            "sin-",
            "sin_",
            "sin\"",
            "sin,",
            "sin\t",
            "sin;",
            "social insurance",
            "social_insurance",
            "socialinsurance",
            "assurance sociale",
            "nas ",
        ]),
        pattern: r"(?-u:\b)[1-79]\d{2}[- ]?\d{3}[- ]?\d{3}(?-u:\b)",
        validate: Some(|c| named(c, &["sin", "social insurance", "assurance sociale", "nas"], americas::ca_sin)),
        matches: &[
            "SIN: 731 928 461",
            "my social insurance number is 731-928-461",
            "numéro d'assurance sociale 731928461",
            "sin,dob\n731-928-461,1985-02-03",
            "{\"socialInsuranceNumber\": \"731928461\"}",
        ],
        misses: &["SIN: 731 928 462", "731 928 461 records", "sin(731928461)", "sin 731 928 461,000"],
        ..NATIONAL
    },
    Rule {
        id: "br_cpf",
        entity: "BR_CPF",
        wake: Wake::Keywords(DASHED),
        pattern: r"(?-u:\b)\d{3}\.\d{3}\.\d{3}-\d{2}(?-u:\b)",
        validate: Some(|c| formed(c, CPF, 0.9, americas::br_cpf)),
        matches: &["CPF 382.914.705-88", "(382.914.705-88)"],
        misses: &["382.914.705-89", "111.111.111-11", "1.382.914.705-88"],
        ..FORMED
    },
    Rule {
        id: "br_cpf_digits",
        entity: "BR_CPF",
        wake: Wake::Keywords(CPF),
        pattern: r"(?-u:\b)\d{9}-?\d{2}(?-u:\b)",
        validate: Some(|c| named(c, CPF, americas::br_cpf)),
        matches: &["meu cpf: 38291470588", "\"cpf\": \"382914705-88\""],
        misses: &["cpf 38291470589", "pedido 38291470588"],
        ..NATIONAL
    },
    Rule {
        id: "br_cnpj",
        entity: "BR_CNPJ",
        wake: Wake::Keywords(&["/"]),
        pattern: r"(?-u:\b)[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d{2}(?-u:\b)",
        validate: Some(|c| formed(c, CNPJ, 0.9, americas::br_cnpj)),
        matches: &["CNPJ 47.120.835/0001-49", "47.120.835/0001-49", "12.ABC.345/01DE-35"],
        misses: &["47.120.835/0001-48", "CNPJ 11.111.111/1111-11"],
        ..FORMED
    },
    Rule {
        id: "br_cnpj_digits",
        entity: "BR_CNPJ",
        wake: Wake::Keywords(CNPJ),
        pattern: r"(?-u:\b)\d{12}-?\d{2}(?-u:\b)",
        validate: Some(|c| named(c, CNPJ, americas::br_cnpj)),
        matches: &["cnpj: 47120835000149", "CNPJ nº 471208350001-49"],
        misses: &["cnpj 47120835000148", "nota 47120835000149"],
        ..NATIONAL
    },
    Rule {
        id: "mx_curp",
        entity: "MX_CURP",
        wake: Wake::Keywords(SEXES),
        pattern: r"(?-u:\b)(?i:[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[0-9A-Z]\d)(?-u:\b)",
        validate: Some(|c| formed(c, &["curp", "registro de población"], 0.9, americas::mx_curp)),
        matches: &["CURP: GALM870314HDFRPR09", "curp galm870314hdfrpr09 registrada"],
        misses: &["GALM870314HDFRPR08", "GALM871314HDFRPR09"],
        ..FORMED
    },
    Rule {
        id: "ar_cuit",
        entity: "AR_CUIT",
        wake: Wake::Keywords(DASHED),
        pattern: r"(?-u:\b)(?:2[03-7]|3[034])-\d{8}-\d(?-u:\b)",
        validate: Some(|c| formed(c, CUIT, 0.85, americas::ar_cuit)),
        matches: &["CUIT 27-31840295-2", "figura como 27-31840295-2."],
        misses: &["27-31840295-3", "21-31840295-2"],
        ..FORMED
    },
    Rule {
        id: "ar_cuit_digits",
        entity: "AR_CUIT",
        wake: Wake::Keywords(CUIT),
        pattern: r"(?-u:\b)(?:2[03-7]|3[034])\d{9}(?-u:\b)",
        validate: Some(|c| named(c, CUIT, americas::ar_cuit)),
        matches: &["mi cuil es 27318402952", "CUIT: 27318402952"],
        misses: &["cuil 27318402953", "pedido 27318402952"],
        ..NATIONAL
    },
    Rule {
        id: "ar_dni",
        entity: "AR_DNI",
        wake: Wake::Keywords(&[
            "dni ",
            "dni:",
            "dni nº",
            "dni n°",
            "dni\"",
            "dni,",
            "dni;",
            "dni\t",
            "documento nacional de identidad",
        ]),
        pattern: r"(?-u:\b)\d{1,2}\.\d{3}\.\d{3}(?-u:\b)",
        // No sum: the word and the points are all there is.
        validate: Some(|c| named(c, &["dni", "documento nacional de identidad"], |_| true).map(|_| 0.75)),
        matches: &["DNI 31.840.295", "mi documento nacional de identidad es 31.840.295"],
        misses: &["cuesta 31.840.295 pesos", "DNI pendiente, versión 1.840"],
        ..NATIONAL
    },
    Rule {
        id: "cl_rut",
        entity: "CL_RUT",
        wake: Wake::Keywords(DASHED_OR_K),
        pattern: r"(?-u:\b)\d{1,2}\.\d{3}\.\d{3}-[0-9kK](?-u:\b)",
        validate: Some(|c| formed(c, RUT, 0.85, americas::cl_rut)),
        matches: &["RUT 17.384.205-8", "titular: 9.482.716-7"],
        misses: &["17.384.205-9", "9.482.716-K"],
        ..FORMED
    },
    Rule {
        id: "cl_rut_digits",
        entity: "CL_RUT",
        wake: Wake::Keywords(&[
            "rut ",
            "rut:",
            "rut\"",
            "rut,",
            "rut;",
            "rut\t",
            "r.u.t",
            "run ",
            "run:",
            "rol único",
            "rol unico",
        ]),
        pattern: r"(?-u:\b)\d{7,8}-[0-9kK](?-u:\b)",
        validate: Some(|c| named(c, RUT, americas::cl_rut)),
        matches: &["rut 17384205-8", "mi RUT: 9482716-7"],
        misses: &["rut 17384205-9", "pedido 17384205-8"],
        ..NATIONAL
    },
];

const CPF: &[&str] = &["cpf", "cadastro de pessoa", "pessoa física"];
const CNPJ: &[&str] = &["cnpj", "pessoa jurídica"];
const CUIT: &[&str] = &["cuit", "cuil", "identificación tributaria"];
const RUT: &[&str] = &["rut", "r.u.t", "run", "rol único", "rol unico"];

/// Before the check of a RUT.
#[rustfmt::skip]
const DASHED_OR_K: &[&str] = &[
    "-0", "-1", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9",
    "-k",
];

/// Between the date of birth and the state in a CURP.
#[rustfmt::skip]
const SEXES: &[&str] = &[
    "0h", "1h", "2h", "3h", "4h", "5h", "6h", "7h", "8h", "9h",
    "0m", "1m", "2m", "3m", "4m", "5m", "6m", "7m", "8m", "9m",
    "0x", "1x", "2x", "3x", "4x", "5x", "6x", "7x", "8x", "9x",
];
