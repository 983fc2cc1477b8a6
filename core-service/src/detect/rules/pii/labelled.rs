//! What a form's label says of the text behind it, where nothing in that text would: names and addresses in any script.

use super::{PII, mentions};
use crate::{
    detect::{
        rule::{Rule, Wake},
        validate::Candidate,
    },
    domain::finding::Severity,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "address_labelled",
        entity: "ADDRESS",
        wake: Wake::Keywords(ADDRESS_LABELS),
        pattern: r#"(?:(?i:address|anschrift|adresse|dirección|direccion|domicilio|endereço|endereco|indirizzo|adres|adresa|adresi|adress|osoite|alamat|ship to|deliver to|bill to)|[Cc]ím|[Ll]akcím|[ĐđDd]ịa chỉ|ที่อยู่|[Аа]дрес[аи]?|[Δδ]ιεύθυνση|כתובת|العنوان|住所|地址|주소)["']?[ ]?[:：][ ]?["']?(?P<hit>[^\r\n\t"|<>{};=@\\]{6,120})"#,
        validate: Some(address),
        reach: 400,
        matches: &[
            "Address: Level 8, 5 Byrd Block, St. Robert, NSW, 2678",
            "Adresa: Vlasákova 84, 193 02 Mladá Vožice",
            "住所：東京都港区上野桜木23丁目25番4号",
            "Адрес: клх Карталы, бул. Короленко, д. 25",
            r#"{"address": "Paulsenløkka 558, 8217 Anitavær"}"#,
        ],
        misses: &[
            "address: 0x7ffe12345678",
            "IP address: Server 5, Rack 2 Berlin",
            "email address: Ann 5",
            "address: see page 5 of the manual",
            "memory address: Segment 12 Offset 4",
            "address: String 1",
        ],
        ..PII
    },
    Rule {
        id: "person_labelled",
        entity: "PERSON",
        severity: Severity::Low,
        wake: Wake::Keywords(PERSON_LABELS),
        pattern: r#"(?:姓名|氏名|お名前|名前|이름|성명|ФИО|Ф\.И\.О\.|ПІБ|[Aa]d Soyad|[Aa]dı Soyadı|[Hh]ọ (?:và )?tên|ชื่อ(?:-นามสกุล|-สกุล)?|שם(?: מלא)?|الاسم(?: الكامل)?|[Οο]νοματεπώνυμο|[Όό]νομα|[Jj]méno(?: a příjmení)?|[Ii]mię i nazwisko|[Tt]eljes név|[Nn]év|[Nn]ume(?: complet)?|[Nn]ama(?: [Ll]engkap)?|[Nn]amn|[Nn]avn|[Nn]imi)["']?[ ]?[:：][ ]?["']?(?P<hit>\p{Lu}[\p{L}'’.-]+(?: \p{L}[\p{L}'’.-]*){1,4}|[\u{4e00}-\u{9fff}]{2,4}(?: [\u{4e00}-\u{9fff}]{1,3})?|[\u{ac00}-\u{d7a3}]{2,4}|[\u{5d0}-\u{5ea}][\u{5d0}-\u{5ea}'-]*(?: [\u{5d0}-\u{5ea}][\u{5d0}-\u{5ea}'-]*){1,3}|[\u{e01}-\u{e4e}]+ [\u{e01}-\u{e4e}]+|[\u{621}-\u{64a}]+(?: [\u{621}-\u{64a}]+){1,3})"#,
        validate: Some(person),
        reach: 160,
        matches: &[
            "姓名：薛欣怡",
            "이름: 황명숙",
            "ФИО: Потап Ильич Титов",
            "Ad Soyad: Gürten Zengin",
            "Jméno: Nikol Malá",
            "氏名：佐藤 加奈",
        ],
        misses: &["Navn: ny mappe", "ทั่วไป", "Nimi: Xyzzy", "姓名: string", "Namn: NY MAPP"],
        ..PII
    },
];

const ADDRESS_LABELS: &[&str] = &[
    "address:",
    "address :",
    "address\":",
    "address\" :",
    "anschrift",
    "adresse:",
    "adresse :",
    "adresse\":",
    "dirección:",
    "direccion:",
    "domicilio:",
    "endereço:",
    "endereco:",
    "indirizzo:",
    "adres:",
    "adresa:",
    "adresi:",
    "adress:",
    "osoite:",
    "alamat:",
    "ship to:",
    "deliver to:",
    "bill to:",
    "ím:",
    "ịa chỉ",
    "ที่อยู่",
    "дрес",
    "ιεύθυνση",
    "כתובת",
    "العنوان",
    "住所",
    "地址",
    "주소",
    "address：",
];

const PERSON_LABELS: &[&str] = &[
    "姓名",
    "氏名",
    "名前",
    "이름",
    "성명",
    "ФИО",
    "Ф.И.О.",
    "ПІБ",
    "ad soyad",
    "adı soyadı",
    "ọ tên",
    "và tên",
    "ชื่อ",
    "שם",
    "الاسم",
    "νοματεπώνυμο",
    "νομα:",
    "méno:",
    "příjmení:",
    "imię i nazwisko",
    "név:",
    "nume:",
    "nume complet",
    "nama:",
    "nama lengkap",
    "namn:",
    "navn:",
    "nimi:",
];

/// Words before the label that make another address of it.
const OTHER_ADDRESSES: &[&str] = &[
    "ip",
    "mac",
    "email",
    "e-mail",
    "mail",
    "web",
    "memory",
    "base",
    "wallet",
    "contract",
    "bind",
    "listen",
    "url",
    "physical",
    "virtual",
    "server",
    "host",
    "bitcoin",
    "btc",
    "eth",
    "remote",
    "client",
    "source",
    "load",
    "start",
    "end",
    "return",
    "network",
    "multicast",
    "broadcast",
    "loopback",
    "hardware",
    "register",
    "bus",
    "device",
    "i2c",
];

/// A house's or a town's number, and words that begin in capitals or a script that has none.
fn address(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let label = candidate.before(40);
    let line = label.rsplit('\n').next().unwrap_or(label);
    if mentions(line, OTHER_ADDRESSES) {
        return None;
    }
    let words = || hit.split([' ', ',']).filter(|word| !word.is_empty());
    let digits = hit.bytes().filter(u8::is_ascii_digit).count();
    let names = words().filter(|word| word.chars().count() >= 3 && word.starts_with(char::is_uppercase)).count();
    let small = words().filter(|word| word.chars().count() >= 3 && word.starts_with(char::is_lowercase)).count();
    let caseless = hit.chars().filter(|c| c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase()).count();
    let code = hit.contains(['_', '[', '$', '*', '`']) || hit.contains("://") || hit.starts_with("0x");
    let named = names >= 2 && small <= names + 1 || names == 1 && small <= 1 && words().count() >= 4 || caseless >= 5;
    (!code && (1..=16).contains(&digits) && named).then_some(0.7)
}

fn person(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let goes_on = candidate.after(1).starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '(' | '['));
    let shouted = hit.is_ascii() && !hit.bytes().any(|byte| byte.is_ascii_lowercase());
    let capitals = hit.split(' ').filter(|word| word.starts_with(char::is_uppercase)).count();
    let cased = hit.starts_with(char::is_uppercase);
    (!goes_on && !shouted && (!cased || capitals >= 2)).then_some(0.75)
}
