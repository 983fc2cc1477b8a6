//! Street addresses in the forms of Europe and the Americas. A street is known by its kind of word, a house by its
//! number; what follows (flat, town, postcode) is taken along.

use super::{PII, follows, mentions};
use crate::detect::{
    figures::Figure,
    rule::{Rule, Wake},
    validate::Candidate,
};

/// Words of a name: capitals or digits first, with particles between.
macro_rules! words {
    ($least:literal, $most:literal) => {
        concat!(
            r"(?:(?:\p{Lu}[\p{L}'’.-]*|\d{1,3}(?:st|nd|rd|th)|d[eoaiu]s?|de[lnr]|della|du|la|las|los|le|les|van|von|der|of|the|y|e|i)[ ]){",
            $least,
            ",",
            $most,
            "}"
        )
    };
}

/// What may follow within an address: a flat, and then names of towns and states, codes, a country.
macro_rules! tail {
    () => {
        r"(?:,?\s{1,3}(?:[Aa]pt|[Ss]uite|[Ss]te|[Uu]nit|[Ff]lat|[Ff]loor|[Rr]m|[Rr]oom|[Aa]partment|[Aa]partamento|[Aa]ppartement|[Ee]tage|[Pp]iso)\.?\s{0,2}#?[0-9A-Za-z-]{1,6}(?-u:\b)|,?\s#\s?\d{1,5})?(?:,\s{1,3}\p{Lu}[\p{L}'’.-]+(?: \p{Lu}[\p{L}'’.-]+){0,3})?(?:,?\s{1,3}(?:[A-Z]{2}\s{1,3})?\d{5}(?:-\d{4})?(?-u:\b))?"
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "address_english",
        entity: "ADDRESS",
        wake: Wake::Figures(before_a_name),
        pattern: concat!(
            r"(?-u:\b)\d{1,6}(?:-\d{1,6})?[A-Za-z]?,? (?:[NSEW]{1,2}\.? |(?:North|South|East|West) )?",
            words!("1", "4"),
            r"(?i:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|terrace|square|sq|parkway|pkwy|highway|hwy|circle|cir|trail|crescent|close|mews|row|alley|grove|gardens|hill|quay|walk|way)(?-u:\b)\.?",
            tail!()
        ),
        validate: Some(english),
        reach: 256,
        matches: &[
            "I live at 221 Alder Street, Springfield, IL 62704",
            "ship to 4589 N 40th Ave Apt 603",
            "12b Alder Road, London",
            "88 Pine Road, Austin, TX 78701",
            "742 Quiet Terrace",
        ],
        misses: &["we met 3 times on the street", "5 Ways to drive sales", "Top 10 Best Way", "in 2024 The Way"],
        ..PII
    },
    Rule {
        id: "address_street_first",
        entity: "ADDRESS",
        wake: Wake::Figures(behind_a_name),
        // Romance and Slavic: the kind of street, its name, then the number, or the number before it all.
        pattern: concat!(
            r"(?:(?-u:\b)\d{1,5}(?: ?(?:bis|ter))?,? (?:\d{1,5},? )?)?(?:^|(?-u:\b))(?:(?i:rua|avenida|calle|carrera|carrer|camino|camiño|rúa|avda|paseo|plaza|plaça|praça|travessa|alameda|via|viale|piazza|piazzale|corso|largo|vicolo|strada|contrada|rue|boulevard|chemin|allée|impasse|quai|cours|avenue|ulica|ulitsa|strada|bulevardul|trg|jalan|odos|ruta|rambla)\.? |(?:ul|al|os|pl|Av|Avda|Cl|Str|Bd|Pza|R)\. ?|R |C/ ? )",
            r"(?:(?:\p{Lu}[\p{L}'’.-]*|\d{1,2}|d[eoaiu]s?|de[lnr]|dell[aeo]|delle|du|d'\p{L}+|l'\p{L}+|la|las|los|le|les|y|e|i)(?:[ ]|, ?|, n[ºo°]\.? ?)){1,7}(?:n[ºo°]\.? ?|№ ?)?\d{1,5}(?:[ ]?[A-Za-z](?-u:\b)|/\d{1,4})?",
            tail!()
        ),
        validate: Some(street),
        reach: 200,
        matches: &[
            "moro em Rua das Amoreiras 52",
            "Via Goffredo Mameli 149, Torino",
            "calle Mayor, 12",
            "ul. Karpacka 69",
            "15 Av. Charles Floquet 7",
        ],
        misses: &["via HTTP 200", "Via API 2", "plaza 5", "rue the day 12"],
        ..PII
    },
    Rule {
        id: "address_french",
        entity: "ADDRESS",
        wake: Wake::Keywords(&[
            "rue ",
            "avenue ",
            "av. ",
            "boulevard ",
            "bd ",
            "chemin ",
            "allée ",
            "ALLÉE ",
            "impasse ",
            "quai ",
            "cours ",
            "place ",
            "route ",
            "square ",
            "passage ",
        ]),
        pattern: concat!(
            r"(?-u:\b)\d{1,4}(?: ?(?:bis|ter|[A-D]))?,? (?i:rue|avenue|av\.|boulevard|bd|chemin|allée|impasse|quai|cours|place|route|square|passage) (?:(?:d[eu]s?|de la|la|le|les|aux?|sur|sous|saint-?|sainte-?)[ ]|d['’]|l['’]){0,3}\p{Lu}[\p{L}'’-]+(?:[ -](?:d[eu]s?[ ]|la[ ])?\p{Lu}[\p{L}'’-]+){0,3}",
            r"(?:,?\s{1,2}\d{5} \p{Lu}[\p{L}'’-]+)?"
        ),
        validate: Some(|_| Some(0.8)),
        reach: 160,
        matches: &["j'habite 12 rue de la Paix", "5 bis, avenue Victor-Hugo, 75016 Paris", "32 rue des Lilas"],
        misses: &["12 rue", "3 place settings", "le 5 avenue"],
        ..PII
    },
    Rule {
        id: "address_compound",
        entity: "ADDRESS",
        wake: Wake::Figures(behind_a_name),
        // Germanic and Nordic: the kind of street ends its name, or stands behind it; then the number.
        pattern: concat!(
            r"(?:(?-u:\b)\d{1,5} )?(?:\p{Lu}[\p{L}.'-]* |van |von |de |der |den |Am |An |Im |Zum |Zur ){0,3}(?:\p{Lu}[\p{L}'-]*(?:stra(?:ß|ss)e|tra(?:ß|ss)e|str\.|stasse|gasse|weg|platz|allee|ring|damm|ufer|steig|graben|hof|markt|lände|straat|laan|plein|plaats|kade|gracht|singel|dijk|pad|dreef|gatan|gata|gatu|vägen|vagen|väg|gränd|torget|veien|vegen|veg|vej|vejen|gade|allé|stræde|torv|katu|tie|kuja|polku|vegur|stígur|stræti|braut|gaten)|\p{Lu}[\p{L}.-]+ (?:Stra(?:ß|ss)e|Str\.|utca|út|útja|tér|körút|tee|tn|gatvė|iela|väg|gata|cesta|ulica|náměstí|[Kk]atu))[ ]\d{1,5}(?: ?[a-hA-H](?-u:\b)|[-/]\d{1,4})?\.?",
            r"(?:,\s{1,2}(?:[A-Z]{1,2}-)?\d{4,5}(?: [A-Z]{2})? \p{Lu}[\p{L}-]+)?",
            tail!()
        ),
        validate: Some(compound),
        reach: 200,
        matches: &[
            "Ich wohne in der Lindenstraße 14, 10969 Berlin",
            "Machelsesteenweg 197 of Prinsengracht 263",
            "Laugarvegur 66",
            "Eötvös út 10.",
            "Untere Donaulände 33",
        ],
        misses: &["Workshop 12", "String 16", "Spring 2024", "Highway", "Norway 2024"],
        ..PII
    },
    Rule {
        id: "address_stated",
        entity: "ADDRESS",
        wake: Wake::Keywords(&[
            "lives at ",
            "live at ",
            "living at ",
            "address",
            "resides at ",
            "located at ",
            "taxi to ",
            "ship to ",
            "deliver to ",
            "wohnt in ",
            "adresse",
            "dirección",
            "indirizzo",
            "endereço",
        ]),
        // No kind of street, only the words before and the numbers around a name.
        pattern: concat!(
            r"(?i:lives? at|living at|resides at|located at|taxi to|(?:ship|deliver)(?:ed)? to|address(?:es)?(?: is| to|: ?)?(?: the same)?|adresse(?: ist| est)?|dirección(?: es)?|indirizzo(?: è)?|endereço(?: é)?)[:,]?(?: here they are:)?\s{1,2}(?P<hit>\d{1,5}[A-Za-z]?,? (?:\d{1,5} )?(?:\p{Lu}[\p{L}'’.-]+[ ,\n]{1,2}){1,5}\d{1,5}(?-u:\b)",
            tail!(),
            ")"
        ),
        score: 0.7,
        matches: &["Tara lives at 63 Tylova 42, Karlovy Vary", "my address is 96 Castelao 71"],
        misses: &["the address 10 Foo", "located at 12 Bytes Offset", "address: 0x7f 12"],
        reach: 200,
        ..PII
    },
    Rule {
        id: "address_box",
        entity: "ADDRESS",
        wake: Wake::Keywords(&[
            "box ",
            "postfach ",
            "casilla ",
            "apartado ",
            "caixa postal ",
            "postbus ",
            "boîte postale ",
            "apo a",
            "fpo a",
            "dpo a",
        ]),
        pattern: r"(?i:(?-u:\b)(?:p\.? ?o\.? ?box|postfach|casilla(?: postal)?|apartado(?: de correos| postal)?|caixa postal|postbus|postboks|boîte postale) (?:n[º°o.] ?)?\d{1,6}(?-u:\b))|(?-u:\b)(?:PSC|CMR|Unit) \d{1,5},? Box \d{1,5}(?:\s{1,2}[AFD]PO A[APE] \d{5})?|(?-u:\b)[AFD]PO A[APE] \d{5}(?-u:\b)",
        score: 0.8,
        matches: &["PO Box 101", "send it to p.o. box 15", "Postfach 1234", "PSC 7004, Box 8380\nAPO AP 11949"],
        misses: &["box 12", "a checkbox 4", "FPO AE soon"],
        reach: 64,
        ..PII
    },
    Rule {
        id: "address_unit",
        entity: "ADDRESS",
        wake: Wake::Keywords(&["apt", "suite ", "flat ", "apartment "]),
        pattern: r"(?-u:\b)(?:Apt\.? ?#? ?|apt\. ?#? ?|Suite #?|Flat |Apartment #?)\d{1,5}[A-Za-z]?(?-u:\b)",
        validate: Some(|c| {
            let version = c.after(2).starts_with('.') && c.after(2).ends_with(|c: char| c.is_ascii_digit());
            let tests = mentions(c.before(12), &["test", "tests", "cipher", "office", "adobe", "creative"]);
            (!version && !tests).then_some(0.6)
        }),
        matches: &["ring at Apt. 763", "Suite 203", "she lives in Flat 4"],
        misses: &["test Suite 12", "apt 2 install", "Suite 6.1"],
        reach: 32,
        ..PII
    },
    Rule {
        id: "postcode",
        entity: "ADDRESS",
        wake: Wake::Keywords(POSTCODE),
        pattern: r"(?-u:\b)(?:\d{5}(?:-\d{3,4})?|\d{4} ?[A-Z]{2}|\d{2}-\d{3}|\d{3} \d{2}|\d{4}|\d{6}|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})(?-u:\b)",
        validate: Some(|c| {
            let before = c.before(1);
            let part = before.ends_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '$'));
            (!part && follows(c, POSTCODE)).then_some(0.6)
        }),
        matches: &["my zip code is 35649", "postcode: SW1A 2AA", "PLZ 10969", "postal code K1A 0B1", "CEP 01310-100"],
        misses: &["zip file of 35649 bytes", "code 35649", "a zip of 10969"],
        reach: 48,
        ..PII
    },
    Rule {
        id: "postcode_uk",
        entity: "ADDRESS",
        wake: Wake::Figures(|figure| figure.groups().any(|(start, end)| inward(figure.text.as_bytes(), start, end))),
        pattern: r"(?-u:\b)(?:[A-PR-UWYZ](?:\d{1,2}|\d[A-HJKPSTUW]|[A-HK-Y]\d|[A-HK-Y]\d[0-9ABEHMNPRV-Y])) \d[ABD-HJLNP-UW-Z]{2}(?-u:\b)",
        validate: Some(|c| Some(if mentions(c.before(60), PLACES) { 0.7 } else { 0.45 })),
        reach: 16,
        matches: &["SW1A 2AA", "London EC1A 1BB", "home: M1 1AE"],
        misses: &["SW1A2", "ISO8 859IX", "A1 2CI"],
        ..PII
    },
    Rule {
        id: "address_state_zip",
        entity: "ADDRESS",
        wake: Wake::Figures(|figure| {
            figure.groups().any(|(start, end)| end - start == 5 && behind_a_state(figure, start))
        }),
        pattern: r"(?:\p{Lu}[\p{L}.'-]+ ){0,2}\p{Lu}[\p{L}.'-]+,\s{1,2}(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])\s{1,2}\d{5}(?:-\d{4})?(?-u:\b)",
        validate: Some(|_| Some(0.75)),
        reach: 128,
        matches: &["Springfield, IL 62704", "San Alder, CA 94105-1234"],
        misses: &["Springfield, IL", "see Foo, XX 12345"],
        ..PII
    },
];

const POSTCODE: &[&str] = &[
    "zip code",
    "zip",
    "zipcode",
    "zip_code",
    "postcode",
    "postal code",
    "post code",
    "postal_code",
    "postalcode",
    "plz",
    "postleitzahl",
    "code postal",
    "código postal",
    "codigo postal",
    "cep",
    "codice postale",
    "kod pocztowy",
    "pin code",
    "pincode",
    "eircode",
];
const PLACES: &[&str] = &[
    "address", "street", "road", "postcode", "lane", "avenue", "london", "live", "lives", "house", "home", "close",
    "drive", "court",
];

/// A house number, and behind it a word that can begin a name.
fn before_a_name(figure: &Figure<'_>) -> bool {
    let bytes = figure.text.as_bytes();
    figure.groups().any(|(start, end)| {
        let rest = &bytes[end..];
        let rest = if rest.first().is_some_and(u8::is_ascii_alphabetic) { &rest[1..] } else { rest };
        let rest = rest.strip_prefix(b",").unwrap_or(rest);
        let name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || !byte.is_ascii();
        end - start <= 6 && rest.strip_prefix(b" ").and_then(|rest| rest.first()).is_some_and(name)
    })
}

/// A house number that stands behind a name, or two words behind it.
fn behind_a_name(figure: &Figure<'_>) -> bool {
    let bytes = figure.text.as_bytes();
    figure.groups().any(|(start, end)| {
        let before = &bytes[start.saturating_sub(48)..start];
        let Some((b' ' | b',' | b'.' | 0x80.., _)) = before.split_last() else { return false };
        let words = before.rsplit(|byte| *byte == b' ').filter(|word| !word.is_empty());
        end - start <= 5 && words.take(2).flatten().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii())
    })
}

/// `IL 62704`
fn behind_a_state(figure: &Figure<'_>, start: usize) -> bool {
    let before = figure.text.as_bytes()[..start].trim_ascii_end();
    matches!(before, [.., a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase())
}

/// The inward part of a British postcode: ` 2AA`.
fn inward(bytes: &[u8], start: usize, end: usize) -> bool {
    end - start == 1
        && bytes[..start].ends_with(b" ")
        && matches!(&bytes[end..], [a, b, ..] if a.is_ascii_uppercase() && b.is_ascii_uppercase())
}

/// Kinds that are also common words stand behind a name of their own, and the number is no year or count.
fn english(candidate: &Candidate<'_>) -> Option<f32> {
    const COMMON: &[&str] = &[
        "way", "drive", "place", "close", "row", "hill", "walk", "court", "square", "trail", "circle", "dr", "st",
        "pl", "gardens", "grove", "ct", "sq",
    ];
    const NO_NAMES: &[&str] = &[
        "The", "Best", "Easy", "Simple", "Great", "New", "Ways", "Steps", "Top", "Reasons", "Tips", "Things", "Google",
        "Right", "First",
    ];
    let hit = candidate.hit();
    let mut words = hit.split([' ', ',', '\n']).filter(|word| !word.is_empty());
    let number = words.next()?;
    let year = number.len() == 4 && (number.starts_with("19") || number.starts_with("20"));
    let rest: Vec<&str> = words.collect();
    let first = rest.first()?;
    let named = first.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    let kind = rest.iter().find(|word| {
        let word = word.trim_end_matches('.').to_ascii_lowercase();
        COMMON.contains(&word.as_str())
    });
    let small = kind.is_some_and(|kind| kind.starts_with(|c: char| c.is_lowercase()));
    let before = candidate.before(16);
    let part =
        before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '/' | ':' | '_' | '$' | '#' | '\\'));
    let cue = mentions(
        candidate.before(48),
        &[
            "address", "live", "lives", "at", "deliver", "ship", "located", "reside", "resides", "office", "home",
            "taxi", "send", "sent", "meet",
        ],
    );
    if part || !named || NO_NAMES.contains(first) || small && !cue || year && !cue {
        return None;
    }
    // With its postcode it is as sure, and not left to the rule that knows the postcode alone.
    let code = hit.bytes().rev().take_while(|byte| byte.is_ascii_digit() || *byte == b'-').count();
    Some(if cue || code >= 5 { 0.85 } else { 0.7 })
}

fn street(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let lower = hit.to_lowercase();
    let before = candidate.before(2);
    let part = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '@'));
    let words: Vec<&str> =
        hit.split([' ', ',']).filter(|word| word.chars().filter(|c| c.is_lowercase()).count() >= 2).collect();
    // `via`, `strada` and `cours` in small letters are also words; what follows must look like a name.
    let kinds = [
        "via ",
        "plaza ",
        "largo ",
        "rue ",
        "cours ",
        "avenue ",
        "boulevard ",
        "corso ",
        "strada ",
        "ruta ",
        "r ",
        "al. ",
        "os. ",
        "pl. ",
    ];
    let weak =
        kinds.iter().any(|kind| lower.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').starts_with(kind));
    let name = words.iter().any(|word| word.chars().count() >= 4 && word.starts_with(char::is_uppercase));
    let version = candidate.after(2).starts_with('.') && candidate.after(2).ends_with(|c: char| c.is_ascii_digit());
    (!part && !version && (name || !weak && words.len() > 1)).then_some(if weak { 0.65 } else { 0.8 })
}

/// Short endings are also those of other words: `Workshop 12` is no street.
fn compound(candidate: &Candidate<'_>) -> Option<f32> {
    const OTHERS: &[&str] = &[
        "string",
        "spring",
        "ring",
        "during",
        "engineering",
        "monitoring",
        "scoring",
        "boring",
        "manufacturing",
        "workshop",
        "norway",
        "weg",
        "platz",
        "hof",
        "markt",
        "pad",
        "ipad",
        "thinkpad",
        "notepad",
        "keypad",
        "launchpad",
        "scratchpad",
        "tie",
        "katie",
        "dagaweg",
        "netweg",
        "graben",
        "torv",
        "gade",
        "brigade",
        "upgrade",
        "renegade",
        "decade",
        "bring",
        "offspring",
        "mentoring",
        "wiring",
        "restoring",
        "refactoring",
        "rendering",
    ];
    let hit = candidate.hit();
    let street = hit
        .split([' ', ',', '\n'])
        .filter(|word| word.chars().count() >= 4)
        .find(|word| !word.starts_with(|c: char| c.is_ascii_digit()))?;
    let lower = street.to_lowercase();
    let english = lower.ends_with("ring")
        || lower.ends_with("tie")
        || lower.ends_with("pad")
        || lower.ends_with("ufer") && lower.ends_with("buffer");
    let part = candidate.before(1).ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/'));
    let goes_on =
        candidate.after(2).starts_with(['.', '%', ':']) && candidate.after(2).ends_with(|c: char| c.is_ascii_digit());
    (!OTHERS.contains(&lower.as_str()) && !english && !part && !goes_on).then_some(0.75)
}
