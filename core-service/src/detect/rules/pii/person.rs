//! Names of people: no form tells them, so a word around them must, or a given name among them.

mod given_names;
mod words;

use std::{collections::HashSet, sync::LazyLock};

use super::PII;
use crate::{
    detect::{
        rule::{Rule, Wake},
        validate::Candidate,
    },
    domain::finding::Severity,
};
use words::{COMMON, INTRODUCTIONS, NOT_PEOPLE, SURNAME_ENDINGS, TITLES};

const PERSON: Rule = Rule { entity: "PERSON", severity: Severity::Low, reach: 96, ..PII };

/// One to four words in capitals, initials and particles among them.
macro_rules! name {
    () => {
        r"\p{Lu}[\p{L}'’-]+(?:[ ](?:(?:van|von|de|der|den|del|della|di|da|dos|la|le|el|al|bin|ibn|ter|ten|zu|af|av|y)[ ]){0,2}(?:\p{Lu}\.|\p{Lu}[\p{L}'’-]+)){0,3}"
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "person_introduced",
        wake: Wake::Keywords(INTRODUCTIONS),
        pattern: concat!(
            r"(?i:меня зовут|(?-u:\b)(?:name is|name's|name was|mein name ist|ich hei(?:ß|ss)e|m['’]appelle|s['’]appelle|me llamo|se llama|mi nombre es|mi chiamo|si chiama|il mio nome è|nome é|me chamo|ik heet|naam is|nazywam się|mam na imię|(?:jag|jeg) het(?:er|t)|jeg hedder|navn er|nimeni on|jmenuji se|people call me|call (?:me|him|her)|calls me|called (?:me|him|her)|named (?:him|her)?))[ ,:]{1,3}[\x22'“]?(?P<hit>",
            name!(),
            r"|[a-z]{3,12}(?-u:\b))"
        ),
        validate: Some(|c| introduced(c, 0.85)),
        matches: &[
            "Hi, my name is Alibek Godina.",
            "my name is ross",
            "ich heiße Jutta Brandt",
            "je m'appelle Aurélie",
            "меня зовут Ольга",
        ],
        misses: &[
            "the name is not important",
            "my name is Not Important",
            "the function named Foo",
            "call me Tomorrow",
        ],
        ..PERSON
    },
    Rule {
        id: "person_self",
        wake: Wake::Keywords(&[
            "i am ",
            "i'm ",
            "i’m ",
            "this is ",
            "ich bin ",
            "je suis ",
            "ik ben ",
            "jestem ",
            "hier ist ",
            "here is ",
            "sono ",
        ]),
        pattern: concat!(
            r"(?i:(?-u:\b)(?:i am|i['’]m|this is|ich bin|je suis|ik ben|jestem|hier ist|sono))[ ](?P<hit>",
            name!(),
            ")"
        ),
        validate: Some(|c| known(c, 0.7)),
        matches: &["Hello, this is Sarah Svenningsen.", "I'm Jonathan, nice to meet you"],
        misses: &["I am Groot", "this is React Native", "I'm Sorry"],
        ..PERSON
    },
    Rule {
        id: "person_titled",
        wake: Wake::Keywords(&[
            "mr ",
            "mr.",
            "mrs",
            "ms ",
            "ms.",
            "miss ",
            "mx.",
            "dr ",
            "dr.",
            "prof",
            "doctor ",
            "sir ",
            "dame ",
            "herr ",
            "frau ",
            "herrn ",
            "monsieur ",
            "madame ",
            "mme ",
            "mlle ",
            "señor",
            "sra.",
            "sr.",
            "doña ",
            "signor",
            "sig.",
            "dott",
            "senhor",
            "dhr",
            "mevrouw ",
            "mevr.",
            "pani ",
            "pan ",
            "fru ",
            "rev.",
            "captain ",
            "officer ",
            "nurse ",
            "judge ",
            "patient ",
        ]),
        pattern: concat!(
            r"(?-u:\b)(?:(?i:mrs?|ms|dr)\.?|Miss|miss|Mx\.|Prof\.?|Professor|Doctor|Sir|Dame|Rev\.|Herrn?|Frau|Monsieur|Madame|Mme|Mlle|Señor(?:ita|a)?|Sra?\.|Doña|Signor(?:ina|a|e)?|Sig\.(?:ra)?|Dott\.(?:ssa)?|Senhora?|[Dd]hr\.?|[Mm]evrouw|[Mm]evr\.|Pani|Pan|Fru|Captain|Officer|Nurse|Judge|[Pp]atient)(?: (?:Dr|Prof)\.)?[ ](?P<hit>",
            name!(),
            ")"
        ),
        validate: Some(titled),
        matches: &[
            "Dear Mr. Takuda",
            "Sehr geehrte Frau Dr. Brandt",
            "ask mrs. Vesala",
            "patient Karp Fedorov was seen",
            "Mme Lefèvre",
        ],
        misses: &["Dr Pepper", "Miss Universe", "ms Windows", "Patient Portal", "the dr said no"],
        ..PERSON
    },
    Rule {
        id: "person_addressed",
        wake: Wake::Keywords(&[
            "dear ",
            "hi ",
            "hello ",
            "hey ",
            "liebe ",
            "lieber ",
            "hallo ",
            "cher ",
            "chère ",
            "bonjour ",
            "querid",
            "estimad",
            "hola ",
            "caro ",
            "cara ",
            "ciao ",
            "gentile ",
            "olá ",
            "prezad",
            "beste ",
            "hej ",
            "cześć ",
            "thanks ",
            "thanks, ",
            "thank you",
        ]),
        pattern: concat!(
            r"(?-u:\b)(?:(?i:dear|hi|hello|hey|liebe|lieber|hallo|cher|bonjour|querid[oa]|estimad[oa]|hola|caro|cara|ciao|gentile|prezad[oa]|beste|hej|thanks|thank you)|[Cc]hère|[Oo]lá|[Cc]ześć),?[ ](?P<hit>",
            name!(),
            ")"
        ),
        validate: Some(addressed),
        matches: &[
            "Dear Alibek,",
            "Hi Tamara, how are you?",
            "Liebe Jutta,",
            "Hola Pilar, gracias",
            "Thanks, Jonathan",
        ],
        misses: &["Dear Customer,", "Hello World", "Hi There, all", "Dear Hiring Manager,", "Hey Siri"],
        ..PERSON
    },
    Rule {
        id: "person_signed",
        wake: Wake::Keywords(&[
            "regards",
            "sincerely",
            "best,",
            "cheers",
            "thanks,",
            "thank you,",
            "wishes",
            "yours",
            "grüßen",
            "gruß",
            "grüße",
            "cordialement",
            "salutations",
            "saludos",
            "atentamente",
            "saluti",
            "atenciosamente",
            "abraços",
            "groet",
            "hälsning",
            "hilsen",
            "pozdrawiam",
            "signed",
            "respectfully",
            "love,",
        ]),
        pattern: concat!(
            r"(?i:regards|sincerely|best|cheers|thanks|thank you|wishes|yours(?: truly| faithfully)?|grüßen|gruß|grüße|cordialement|salutations(?: distinguées)?|saludos|atentamente|saluti|atenciosamente|abraços|groet(?:en)?|hälsning(?:ar)?|hilsen|pozdrawiam|signed|respectfully|love)[,.!:]?[ ]?\r?\n\s{0,4}[-–—]{0,2} ?(?P<hit>",
            name!(),
            r")[ \t]*(?:[\r\n,|]|$)"
        ),
        validate: Some(|c| introduced(c, 0.8)),
        matches: &["Best regards,\nAlibek Godina\nSales", "Mit freundlichen Grüßen\nJutta Brandt", "Thanks,\nKarp"],
        misses: &["Kind regards,\nThe Team", "Thanks,\nCustomer Support", "regards to all"],
        ..PERSON
    },
    Rule {
        id: "person_field",
        wake: Wake::Keywords(&[
            "name:",
            "name\":",
            "name\": ",
            "name =",
            "name=",
            "nombre:",
            "nom:",
            "nom :",
            "nome:",
            "naam:",
            "vorname",
            "nachname",
            "prénom",
            "cognome",
            "apellido",
            "imię",
            "patient:",
            "employee:",
            "author:",
            "contact:",
            "customer:",
            "applicant:",
            "attn:",
            "signed-off-by:",
            "reported by",
            "from:",
            "to:",
            "cc:",
            "姓名",
            "имя:",
        ]),
        pattern: concat!(
            r#"(?i:(?P<field>(?:full|first|last|middle|family|given|maiden|sur|customer|client|patient|employee|contact|account|holder|user|person|beneficiary|cardholder|recipient)?[ _-]?name|nombre(?: completo)?|apellidos?|nom|nome(?: completo)?|naam|vorname|nachname|prénom|cognome|imię(?: i nazwisko)?|nazwisko|patient|employee|author|contact|customer|applicant|attn|signed-off-by|reported by|from|to|cc|姓名|имя))["']?[ ]?[:=：][ ]?["']?(?P<hit>"#,
            name!(),
            ")"
        ),
        validate: Some(field),
        matches: &[
            "Full name: Sighvatr Askelsson",
            "\"first_name\": \"Tamara\"",
            "Name: Karp Fedorov",
            "Signed-off-by: Jonathan Vesala <j@v.fi>",
        ],
        misses: &[
            "name: My Project",
            "Name: Build And Test",
            "\"name\": \"Alder Core\"",
            "author: The Alder Developers",
        ],
        ..PERSON
    },
    Rule {
        id: "person_known",
        // Streets are called after people.
        yields: true,
        wake: Wake::Always,
        pattern: name!(),
        validate: Some(|c| known(c, 0.55)),
        matches: &[
            "the letter that Donald Fedorov wrote",
            "Sheila is from Austria",
            "says Barabás Peterke",
            "we met Colton Svenningsen",
        ],
        misses: &[
            "Madison Avenue",
            "the Victoria Line",
            "Ruby On Rails",
            "George Washington University",
            "Austin is hot",
        ],
        ..PERSON
    },
];

static CLEAR: LazyLock<HashSet<&'static str>> = LazyLock::new(|| given_names::CLEAR.iter().copied().collect());
static EXCLUDED: LazyLock<HashSet<&'static str>> = LazyLock::new(|| NOT_PEOPLE.iter().copied().collect());
static AMBIGUOUS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| given_names::AMBIGUOUS.iter().copied().collect());

/// What the words of a match say, before their surroundings do.
struct Name<'a> {
    words: Vec<&'a str>,
    given: bool,
    ambiguous: bool,
    surname: bool,
}

impl<'a> Name<'a> {
    /// None where a word says that it is something else: a company, a street, a day.
    fn of(hit: &'a str) -> Option<Self> {
        let words: Vec<&str> = hit
            .split(' ')
            .map(|word| word.trim_end_matches("'s").trim_end_matches("’s"))
            .filter(|word| !word.is_empty())
            .collect();
        let capitalised = || words.iter().filter(|word| word.starts_with(char::is_uppercase));
        if capitalised().any(|word| EXCLUDED.contains(*word)) {
            return None;
        }
        let first = words.first()?;
        let given = |word: &&str| CLEAR.contains(*word) || word.split('-').all(|part| CLEAR.contains(part));
        let surname = words.len() > 1
            && words.last().is_some_and(|last| {
                last.chars().count() > 4 && SURNAME_ENDINGS.iter().any(|ending| last.ends_with(ending))
            });
        Some(Self { given: given(first), ambiguous: AMBIGUOUS.contains(*first), surname, words: words.clone() })
    }

    fn is_common(&self) -> bool {
        self.words.iter().any(|word| COMMON.contains(word))
    }

    /// Capitals only: headings, acronyms.
    fn is_shouted(&self) -> bool {
        self.words.iter().all(|word| word.chars().all(|c| !c.is_lowercase()))
    }
}

fn is_whole(candidate: &Candidate<'_>) -> bool {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '/' | '\\' | '#' | '`' | '$');
    let after = candidate.after(2);
    !candidate.before(1).ends_with(|c: char| inside(c) || matches!(c, '.' | '-' | '<'))
        && !after.starts_with(|c: char| inside(c) || matches!(c, '(' | '=' | '['))
        && !after
            .strip_prefix(['.', '-', ':'])
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == ':'))
}

/// A given name that is nothing else, or a family name by its ending.
fn known(candidate: &Candidate<'_>, score: f32) -> Option<f32> {
    let hit = candidate.hit();
    // Most words in capitals end here.
    let first = hit.split(' ').next().unwrap_or(hit);
    let plain = first.trim_end_matches("'s").trim_end_matches("’s");
    if first.len() == hit.len()
        && !CLEAR.contains(plain)
        && !plain.contains('-')
        && (score <= 0.6 || !AMBIGUOUS.contains(plain))
    {
        return None;
    }
    let name = Name::of(hit)?;
    // A number behind the words makes a street of them.
    let numbered =
        candidate.after(2).strip_prefix(' ').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if !is_whole(candidate) || name.is_shouted() || numbered {
        return None;
    }
    match (name.given, name.surname, name.words.len()) {
        (true, _, 2..) => Some(score + 0.05),
        (true, ..) => Some(score - 0.05),
        (false, true, _) if !name.is_common() => Some(score),
        (false, false, 2..) if name.ambiguous && score > 0.6 && !name.is_common() => Some(score - 0.1),
        (false, false, 1) if name.ambiguous && score > 0.6 => Some(score - 0.15),
        _ => None,
    }
}

/// Behind words that only a name follows.
fn introduced(candidate: &Candidate<'_>, score: f32) -> Option<f32> {
    let hit = candidate.hit();
    if hit.starts_with(|c: char| c.is_lowercase()) {
        let mut capital: String = hit.chars().take(1).flat_map(char::to_uppercase).collect();
        capital.extend(hit.chars().skip(1));
        let known = CLEAR.contains(capital.as_str()) || AMBIGUOUS.contains(capital.as_str());
        return (known && !COMMON.contains(&capital.as_str())).then_some(score - 0.1);
    }
    let name = Name::of(hit)?;
    let sure = name.given || name.ambiguous || name.surname;
    let cyrillic = hit.starts_with(|c: char| !c.is_ascii());
    (is_whole(candidate) && (sure || cyrillic || !name.is_common()) && (!name.is_shouted() || sure))
        .then_some(if sure { score } else { score - 0.15 })
}

fn titled(candidate: &Candidate<'_>) -> Option<f32> {
    let name = Name::of(candidate.hit())?;
    let before = candidate.before(12);
    let title = before.trim_end().rsplit(|c: char| c.is_whitespace()).next().unwrap_or("");
    // Titles that are words as well need a name that is known.
    let strong = TITLES.contains(&title.trim_end_matches('.'));
    let sure = name.given || name.ambiguous || name.surname;
    (is_whole(candidate) && !name.is_shouted() && (sure || strong && !name.is_common())).then_some(if sure {
        0.85
    } else {
        0.75
    })
}

/// Behind a greeting: a known name, or what a comma or an exclamation mark ends.
fn addressed(candidate: &Candidate<'_>) -> Option<f32> {
    let name = Name::of(candidate.hit())?;
    if name.given || name.ambiguous && !name.is_common() {
        return is_whole(candidate).then_some(0.75);
    }
    let dear = candidate.before(6).trim_end().to_ascii_lowercase().ends_with("dear");
    let called = candidate.after(1).starts_with([',', '!']) && name.words.len() <= 2;
    (dear && called && is_whole(candidate) && !name.is_common() && !name.is_shouted()).then_some(0.6)
}

/// Fields of people, not of things.
#[rustfmt::skip]
const FORM: &[&str] = &[
    "phone", "telephone", "tel", "mobile", "telefon", "telefono", "teléfono", "telefone", "téléphone", "tél",
    "telefoon", "puhelin", "tlf", "address", "anschrift", "adresse", "indirizzo", "dirección", "endereço", "adres",
    "adresa", "date of birth", "dob", "passport",
];

/// In a form: a field that only people have, or a known name in one that things have as well.
fn field(candidate: &Candidate<'_>) -> Option<f32> {
    const PEOPLE: &[&str] = &[
        "full name",
        "full_name",
        "fullname",
        "first name",
        "first_name",
        "firstname",
        "last name",
        "last_name",
        "lastname",
        "family name",
        "surname",
        "maiden name",
        "patient",
        "customer name",
        "client name",
        "patient name",
        "employee name",
        "contact name",
        "holder",
        "cardholder",
        "vorname",
        "nachname",
        "prénom",
        "cognome",
        "apellido",
        "apellidos",
        "nombre completo",
        "nome completo",
        "imię",
        "nazwisko",
        "姓名",
        "имя",
        "beneficiary name",
        "recipient name",
        "account name",
        "attn",
        "signed-off-by",
    ];
    let hit = candidate.hit();
    let name = Name::of(hit)?;
    let sure = name.given || name.surname;
    // Beside a telephone or an address in a form stands a person, as far as the words allow.
    let personal = super::mentions(candidate.before(24), PEOPLE) || super::mentions(candidate.after(100), FORM);
    if !is_whole(candidate) || name.is_common() && !name.given {
        return None;
    }
    match (personal, sure || personal && name.ambiguous) {
        (true, true) => Some(0.85),
        (true, false) if !name.is_shouted() => Some(0.65),
        (false, true) => Some(0.7),
        _ => None,
    }
}
