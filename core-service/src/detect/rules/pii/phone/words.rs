//! Words before a number: those that make it a telephone's, by language, and those that make it something else's.

use std::sync::LazyLock;

/// A language's words, and the countries where one dials on hearing them.
struct Language {
    codes: &'static [&'static str],
    /// For telephones.
    names: &'static [&'static str],
    /// What one does with them, and with much else.
    verbs: &'static [&'static str],
    /// Names in scripts where a word's end is hard to tell or its case does not fold.
    anywhere: &'static [&'static str],
}

const fn language(
    codes: &'static [&'static str],
    names: &'static [&'static str],
    verbs: &'static [&'static str],
) -> Language {
    Language { codes, names, verbs, anywhere: &[] }
}

const fn script(codes: &'static [&'static str], anywhere: &'static [&'static str]) -> Language {
    Language { codes, names: &[], verbs: &[], anywhere }
}

/// Lower case; `*` at the end stands for the rest of the word. They begin with an ASCII letter, but for `anywhere`.
const LANGUAGES: &[Language] = &[
    language(
        &[
            "1", "44", "61", "91", "353", "64", "27", "65", "852", "63", "234", "254", "60", "92", "94", "880", "971",
            "20",
        ],
        &[
            "phone",
            "phones",
            "telephone",
            "tel",
            "mobile",
            "cell",
            "cellphone",
            "cellular",
            "fax",
            "whatsapp",
            "hotline",
            "helpline",
            "landline",
            "pager",
            "phone_number",
            "phonenumber",
            "msisdn",
            "voicemail",
        ],
        &[
            "call",
            "text",
            "dial",
            "ring",
            "reach",
            "sms",
            "contact",
            "answering",
            "phoning",
            "calling",
            "texted",
            "rang",
        ],
    ),
    language(
        &["49", "43", "41"],
        &["telefon*", "handy*", "mobil*", "rufnummer*", "tel", "durchwahl", "festnetz*"],
        &["ruf", "rufe*", "rufen", "anruf*", "angerufen", "erreich*", "kontakt*"],
    ),
    language(
        &["33", "32", "41", "352", "212", "213", "221"],
        &["téléphone*", "telephone", "portable", "tél", "tel", "mobile"],
        &["appel*", "joindre", "joignable", "rappel*", "contact*"],
    ),
    language(
        &["34", "52", "54", "57", "51", "56", "58", "593"],
        &["teléfono*", "telefono*", "celular*", "móvil*", "movil*", "tel", "fono"],
        &["llama*", "lláma*", "llame*", "marque", "contact*"],
    ),
    language(
        &["55", "351", "244", "258"],
        &["telefone*", "celular*", "telemóvel", "telemovel", "tel", "fone"],
        &["ligar", "ligue*", "ligou", "contat*", "contact*"],
    ),
    language(&["39"], &["telefono*", "cellulare*", "tel", "cell"], &["chiam*", "richiam*", "contatt*"]),
    language(&["31", "32"], &["telefoon*", "mobiel*", "gsm", "tel"], &["bel", "bellen", "belt", "bereik*", "contact*"]),
    language(&["48"], &["telefon*", "tel", "kom", "komórk*"], &["dzwo*", "zadzwo*", "kontakt*"]),
    language(&["420", "421"], &["telefon*", "mobil*", "tel"], &["zavol*", "volej*", "volat", "kontakt*"]),
    language(&["36"], &["telefon*", "mobil*", "tel"], &["hívj*", "hív", "hívd"]),
    language(&["40"], &["telefon*", "mobil*", "tel"], &["suna*", "suna", "sună*"]),
    language(
        &["46", "47", "45"],
        &["telefon*", "mobil*", "tlf", "tlfnr", "mobilnr", "tel"],
        &["ring*", "kontakt*", "ringe"],
    ),
    language(&["358"], &["puhelin*", "puh", "gsm"], &["soita*", "soitt*"]),
    language(&["90"], &["telefon*", "tel", "cep", "gsm"], &["ara", "arayın", "arayin"]),
    language(&["62"], &["telepon*", "telp", "ponsel"], &["hubungi"]),
    script(&["7", "380", "375"], &["елефон", "Тел.", "тел.", "озвон", "звони", "обильн", "моб."]),
    script(&["30"], &["τηλ", "Τηλ", "καλέσ", "κινητ"]),
    script(&["972"], &["טלפון", "נייד", "התקשר"]),
    script(&["966", "971", "20", "212", "213"], &["هاتف", "اتصل", "جوال", "تليفون", "موبايل"]),
    script(
        &["86", "886", "852", "81"],
        &["电话", "電話", "手机", "手機", "拨打", "撥打", "致电", "致電", "联系", "聯絡", "携帯"],
    ),
    script(&["82"], &["전화", "연락처", "휴대폰", "핸드폰"]),
    script(&["66"], &["โทร", "เบอร์"]),
    script(&["91"], &["फ़ोन", "फोन", "मोबाइल"]),
    script(&["84"], &["điện thoại", "Điện thoại", "gọi", "SĐT", "sđt"]),
];

/// Words after which a number counts something else, unless one for telephones stands nearer.
const OTHERWISE: &[&str] = &[
    "cost*",
    "price*",
    "order*",
    "invoice*",
    "inv",
    "version",
    "model",
    "id",
    "ids",
    "error*",
    "released",
    "ticket*",
    "usd",
    "eur",
    "gbp",
    "ref",
    "refs",
    "reference*",
    "sku",
    "part",
    "parts",
    "item*",
    "art",
    "article*",
    "artikel*",
    "case",
    "tracking",
    "serial*",
    "isbn",
    "issn",
    "ean",
    "upc",
    "doi",
    "po",
    "pedido*",
    "commande*",
    "bestell*",
    "rechnung*",
    "facture*",
    "factura*",
    "fattura*",
    "fatura*",
    "ordine",
    "ordre*",
    "lot",
    "batch",
    "build",
    "rev",
    "revision",
    "code",
    "hash",
    "offset",
    "patent*",
    "docket",
    "pid",
    "tid",
    "thread*",
    "port",
    "row",
    "rows",
    "total",
    "sum",
    "size",
    "bytes",
    "seed",
    "zip",
    "postcode",
    "plz",
    "account*",
    "konto*",
    "iban",
    "vin",
    "imei",
    "epoch",
    "timestamp*",
    "auftrag*",
    "vorgang*",
    "aktenzeichen",
    "kundennummer",
    "kundennr",
    "zamówieni*",
    "worker*",
    "crc",
    "checksum",
    "shipment*",
    "consignment",
    "parcel",
    "awb",
    "claim",
    "policy",
    "matrix",
    "commit",
];

/// Behind a number.
const AFTER: &[&str] = &["office", "fax", "mobile", "cell", "home", "work", "phone", "landline"];
const AFTER_BARE: &[&str] = &["fax", "mobile", "cell", "landline"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Verb,
    Otherwise,
}

/// The nearest word before a number that says what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lead {
    pub(super) kind: Kind,
    /// Country codes of the languages that the word is of.
    pub(super) languages: Languages,
    /// Where the word ends.
    pub(super) end: usize,
}

/// A set of [`LANGUAGES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Languages(u32);

impl Languages {
    pub(super) fn codes(self) -> impl Iterator<Item = &'static [&'static str]> {
        (0..).zip(LANGUAGES).filter(move |(at, _)| self.0 & (1 << at) != 0).map(|(_, language)| language.codes)
    }
}

struct Entry {
    word: &'static str,
    whole: bool,
    kind: Kind,
    languages: Languages,
}

/// By first letter, so that a word of a text is compared with few.
struct Index {
    letters: [Vec<Entry>; 26],
    anywhere: Vec<(&'static str, Languages)>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { letters: Default::default(), anywhere: Vec::new() };
    let mut add = |pattern: &'static str, kind: Kind, languages: Languages| {
        let word = pattern.trim_end_matches('*');
        let whole = word.len() == pattern.len();
        let Some(letter) = word.bytes().next().and_then(letter) else { return };
        let entries = &mut index.letters[letter];
        match entries.iter_mut().find(|entry| entry.word == word && entry.whole == whole && entry.kind == kind) {
            Some(entry) => entry.languages.0 |= languages.0,
            None => entries.push(Entry { word, whole, kind, languages }),
        }
    };
    for (at, language) in (0..).zip(LANGUAGES) {
        let languages = Languages(1 << at);
        language.names.iter().for_each(|word| add(word, Kind::Name, languages));
        language.verbs.iter().for_each(|word| add(word, Kind::Verb, languages));
    }
    OTHERWISE.iter().for_each(|word| add(word, Kind::Otherwise, Languages(0)));
    for (at, language) in (0..).zip(LANGUAGES) {
        index.anywhere.extend(language.anywhere.iter().map(|&word| (word, Languages(1 << at))));
    }
    index
});

fn letter(byte: u8) -> Option<usize> {
    byte.is_ascii_alphabetic().then(|| usize::from(byte.to_ascii_lowercase() - b'a'))
}

/// What the line before a number says of it: the word that is nearest decides.
pub(super) fn lead(line: &str) -> Option<Lead> {
    let bytes = line.as_bytes();
    let mut nearest: Option<Lead> = None;
    let mut at = 0;
    while at < bytes.len() {
        let Some(first) = letter(bytes[at]).filter(|_| begins(bytes, at)) else {
            at += 1;
            continue;
        };
        let end = word_end(bytes, at);
        let matched = INDEX.letters[first].iter().filter(|entry| {
            bytes.get(at..at + entry.word.len()).is_some_and(|found| found.eq_ignore_ascii_case(entry.word.as_bytes()))
                && (!entry.whole || at + entry.word.len() >= end)
        });
        for entry in matched {
            let end = end.max(at + entry.word.len());
            match &mut nearest {
                // A word of several languages, or a name in one and a verb in another.
                Some(lead) if lead.end == end && lead.kind != Kind::Otherwise && entry.kind != Kind::Otherwise => {
                    lead.languages.0 |= entry.languages.0;
                    lead.kind = if entry.kind == Kind::Name { Kind::Name } else { lead.kind };
                }
                nearest => *nearest = Some(Lead { kind: entry.kind, languages: entry.languages, end }),
            }
        }
        at = end.max(at + 1);
    }
    if !line.is_ascii() {
        for (word, languages) in &INDEX.anywhere {
            if let Some(found) = line.rfind(word) {
                let end = found + word.len();
                match &mut nearest {
                    Some(lead) if lead.end > end => {}
                    Some(lead) if lead.end == end => lead.languages.0 |= languages.0,
                    nearest => *nearest = Some(Lead { kind: Kind::Name, languages: *languages, end }),
                }
            }
        }
    }
    nearest
}

/// `phoneNumber` and `_phone` begin words, `telephone` does not begin one for phone.
fn begins(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| bytes.get(before)).is_none_or(|before| {
        let hump = before.is_ascii_lowercase() && bytes[at].is_ascii_uppercase();
        !is_letter(*before) || hump
    })
}

fn word_end(bytes: &[u8], from: usize) -> usize {
    let ends = |at: &usize| {
        let (before, here) = (bytes[at - 1], bytes[*at]);
        !is_letter(here) || before.is_ascii_lowercase() && here.is_ascii_uppercase()
    };
    (from + 1..bytes.len()).find(ends).unwrap_or(bytes.len())
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || !byte.is_ascii()
}

/// Whether the word right behind a number says that it is a telephone's.
pub(super) fn trails(after: &str, bare: bool) -> bool {
    let words = if bare { AFTER_BARE } else { AFTER };
    let word = after.trim_start_matches([' ', '-', '(', '/']);
    let word = word.split(|c: char| !c.is_alphabetic()).next().unwrap_or("");
    words.iter().any(|known| word.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_can_be_found() {
        for language in LANGUAGES {
            for word in language.names.iter().chain(language.verbs) {
                let found = lead(&format!("x {} ", word.trim_end_matches('*')));
                assert!(found.is_some_and(|lead| lead.kind != Kind::Otherwise), "{word}");
            }
            for word in language.anywhere {
                assert!(lead(&format!("{word} ")).is_some_and(|lead| lead.kind == Kind::Name), "{word}");
            }
        }
        assert!(LANGUAGES.len() <= 32);
    }

    #[test]
    fn the_nearest_word_decides() {
        let kind = |line: &str| lead(line).map(|lead| lead.kind);
        assert_eq!(kind("my order is late, call me on "), Some(Kind::Verb));
        assert_eq!(kind("phone case for model "), Some(Kind::Otherwise));
        assert_eq!(kind("\"phoneNumber\": \""), Some(Kind::Name));
        assert_eq!(kind("Телефон: "), Some(Kind::Name));
        assert_eq!(kind("Telefonnummer "), Some(Kind::Name));
        assert_eq!(kind("tell me about cellars and callbacks "), None);
    }
}
