//! Whether a match is only quoted, in whichever language.

use super::tongues::{ENDS, ends};
use crate::detect::validate::Candidate;

/// How far around a match its quotation marks and the sentence about it are looked for, in bytes.
const AROUND: usize = 240;

/// How much of what follows a quotation is searched for a task, in bytes.
const TASK: usize = 120;

/// The marks that open a quotation, and what may close it. German and Polish close with the mark that opens one in
/// English, Danish books turn the guillemets round.
const PAIRS: &[(char, &[char])] = &[
    ('"', &['"']),
    ('\'', &['\'']),
    ('`', &['`']),
    ('“', &['”']),
    ('”', &['”']),
    ('„', &['“', '”']),
    ('‚', &['‘', '’']),
    ('‘', &['’']),
    ('«', &['»']),
    ('»', &['«']),
    ('‹', &['›']),
    ('「', &['」']),
    ('『', &['』']),
];

/// The match stands inside quotation marks, and the words outside speak of it: of a phrase, of somebody who says it,
/// or in one sentence that goes on behind it.
///
/// What is nothing but a quotation is none, and neither is one that the words around it hand on: "Do this: '…'",
/// "'…'. Obey it." A key and its value, an attribute and a call's argument are no quotations either.
pub(in crate::detect::rules::prompt_injection) fn quoted(candidate: &Candidate<'_>) -> bool {
    let words = words_of(candidate);
    let before = words.before(AROUND);
    let after = words.after(AROUND);
    let Some((opened, closes)) = opening(before) else { return false };
    if words.hit().contains(closes) || before[opened..].contains('\n') {
        return false;
    }
    let Some(closed) = closing(after, closes) else { return false };
    let lead = last_sentence(&before[..opened]).to_lowercase();
    let tail = after[closed..].trim_start_matches(closes).to_lowercase();
    spoken_of(&lead, &tail)
}

/// Without the marks at both ends of a match, which may be those of the quotation.
fn words_of<'a>(candidate: &Candidate<'a>) -> Candidate<'a> {
    let mark = |c: char| !c.is_alphanumeric();
    let hit = candidate.hit();
    let start = candidate.start + hit.len() - hit.trim_start_matches(mark).len();
    let end = candidate.start + hit.trim_end_matches(mark).len();
    if start < end { Candidate { start, end, ..*candidate } } else { *candidate }
}

/// Where the quotation starts that nothing has closed before the end of the text, and what closes it.
fn opening(before: &str) -> Option<(usize, &'static [char])> {
    let mut shut: Vec<char> = Vec::new();
    for (at, mark) in before.char_indices().rev() {
        if between_letters(before, at, mark) {
            continue;
        }
        let Some(&(_, closes)) = PAIRS.iter().find(|(open, _)| *open == mark) else {
            if PAIRS.iter().any(|(_, closes)| closes.contains(&mark)) {
                shut.push(mark);
            }
            continue;
        };
        if opens(before, at, mark) {
            if !closes.iter().any(|close| shut.contains(close)) {
                return Some((at, closes));
            }
            shut.retain(|close| !closes.contains(close));
        } else {
            shut.push(mark);
        }
    }
    None
}

/// Marks that look the same at both ends open after a blank or a bracket, and where no blanks are set every other
/// one does.
fn opens(text: &str, at: usize, mark: char) -> bool {
    let loose = text[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || "([—–-".contains(c));
    let tight = text[at + mark.len_utf8()..].chars().next().is_none_or(|c| !c.is_whitespace());
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    let wide = line.ends_with(|c: char| ('\u{3040}'..='\u{d7a3}').contains(&c));
    let even = line.matches(mark).count().is_multiple_of(2);
    match mark {
        '"' | '\'' | '`' | '”' => tight && (loose || wide && even),
        '»' => loose && tight && !text[..at].contains('«'),
        '“' => !line.contains('„') || loose,
        _ => true,
    }
}

/// An apostrophe.
fn between_letters(text: &str, at: usize, mark: char) -> bool {
    matches!(mark, '\'' | '’' | '‘')
        && text[..at].ends_with(char::is_alphanumeric)
        && text[at + mark.len_utf8()..].starts_with(char::is_alphanumeric)
}

/// Where the mark that closes the quotation stands, if it does in the same line.
fn closing(after: &str, closes: &[char]) -> Option<usize> {
    let line = after.split('\n').next().unwrap_or_default();
    line.char_indices().find(|&(at, c)| closes.contains(&c) && !between_letters(line, at, c)).map(|(at, _)| at)
}

fn last_sentence(text: &str) -> &str {
    text.rsplit(['.', '!', '?', '\n', '。', '！', '？', '।']).next().unwrap_or_default()
}

fn spoken_of(lead: &str, tail: &str) -> bool {
    let sentence = tail.split(ENDS).next().unwrap_or_default();
    if handed_on(lead, &tail[..tail.floor_char_boundary(TASK)]) || value(lead.trim_end()) {
        return false;
    }
    let announced = lead.trim_end().ends_with([':', '：']);
    has(lead, ABOUT) || has(sentence, ABOUT) || (!announced && words(lead) >= 2 && !urges(lead) && goes_on(sentence))
}

/// The lead asks for what the quotation says, as "I want you to" and "now just" do: nobody is quoted there.
fn urges(lead: &str) -> bool {
    let lead = lead.trim_end_matches(|c: char| !c.is_alphanumeric());
    let after_another = |rest: &str| rest.trim_end().ends_with(['"', '\'', '`', '”', '“', '’', '»', '«', '」']);
    let towards = |rest: &str| TOWARDS.split('|').any(|word| ends(rest.trim_end(), word).is_some());
    URGES.split('|').any(|word| match ends(lead, word) {
        Some(rest) if AND.contains(&word) => !after_another(rest),
        Some(rest) if word == "to" => !towards(rest),
        rest => rest.is_some(),
    })
}

/// What stands before the quotation mark makes of it the value of a key, an argument or an element of a list.
fn value(lead: &str) -> bool {
    let call = lead.strip_suffix('(').is_some_and(|name| name.ends_with(|c: char| !c.is_whitespace()));
    call || lead.ends_with(['=', '[', '{', '<']) || ["\":", "':", "\",", "',"].iter().any(|mark| lead.ends_with(mark))
}

/// The sentence goes on behind the quotation.
fn goes_on(sentence: &str) -> bool {
    sentence.trim_start_matches([' ', ',', '،', '，', '、', '–', '—']).starts_with(char::is_alphabetic)
}

/// How many words there are; a script that sets no blanks counts by its characters.
fn words(text: &str) -> usize {
    let wide = text.chars().filter(|c| matches!(*c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')).count();
    text.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).count() + wide / 2
}

/// The reader is to act on the quotation.
fn handed_on(lead: &str, tail: &str) -> bool {
    let mut tokens = lead.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = tokens.next().unwrap_or_default();
    let last = tokens.next_back().unwrap_or(first);
    has(lead, ORDERS) || has(tail, TASKS) || SPEAK.contains(&first) || PLEASE.contains(&last)
}

/// One of the stems starts a word; where a script sets no blanks it may stand anywhere.
fn has(text: &str, stems: &str) -> bool {
    stems.split('|').any(|stem| {
        let wide = stem.starts_with(|c: char| c >= '\u{0e00}');
        text.match_indices(stem).any(|(at, _)| wide || !text[..at].ends_with(char::is_alphanumeric))
    })
}

/// Asked for by the first word of a sentence, the quotation is what the reader shall say.
const SPEAK: [&str; 14] = [
    "say", "repeat", "answer", "reply", "respond", "output", "start", "begin", "complete", "continue", "finish",
    "antworte", "réponds", "responde",
];

const PLEASE: [&str; 6] = ["please", "bitte", "alstublieft", "proszę", "пожалуйста", "lütfen"];

/// The last word of a lead that asks for something to be done.
const URGES: &str = "to|just|please|now|then|must|should|shall|and|you|us|simply|kindly|first|gonna|also|\
    zu|bitte|nun|jetzt|dann|und|du|einfach|musst|sollst|solltest|müssen|muss|te|nu|dan|en|je|jij|gewoon|moet|\
    alsjeblieft|alstublieft|maintenant|puis|ensuite|et|tu|vous|simplement|dois|devez|veuillez|s'il te plaît|\
    demande de|prie de|besoin de|ordonne de|por favor|ahora|luego|después|y|simplemente|debes|tienes que|hay que|\
    quiero que|necesito que|pido que|usted|per favore|ora|adesso|poi|e|semplicemente|devi|chiedo di|prego di|\
    agora|depois|simplesmente|deve|deves|quero que|preciso que|peço que|você|\
    пожалуйста|теперь|сейчас|просто|потом|затем|и|ты|вы|должен|должна|нужно|надо|давай|давайте|чтобы|\
    proszę|teraz|potem|i|po prostu|musisz|masz|żebyś|abyś|lütfen|şimdi|sonra|ve|sadece|sen|\
    请|請|现在|現在|然后|然後|你|您|必须|必須|应该|應該|并且|أن|من فضلك|الآن|ثم|رجاء|कृपया|अब|फिर|और";

/// Of those, what also joins two quotations.
const AND: [&str; 13] = ["and", "then", "also", "und", "en", "et", "y", "e", "и", "i", "ve", "और", "并且"];

/// Before "to" these tell what was answered or likened.
const TOWARDS: &str = "replied|reply|replies|responded|responds|response|reaction|reacted|reacts|answered|compared|\
    similar|close|next|due|according|equal|equivalent|refers|refer|referred|referring|objected|translates|changed|\
    renamed|set|led|amounts|belongs|listened|related|identical|subject|title|button|link|linked|points|\
    switched|matched|mapped|corresponds";

/// Stems of words about words, and about those who write them.
const ABOUT: &str = "phrase|words|sentence|quot|called|mean|example|e.g|such as|said|asked|asks|attack|inject|\
    jailbreak|write|writing|\
    wrote|written|typed|types |typing|whisper|paste|contain|begins with|reads |the line|a line|the string|\
    subject line|flag|detect|classic|famous|title|slide|poem|t-shirt|textbook|\
    satz|wort|wörter|formulierung|bedeut|heißt|schreib|geschrieben|getippt|beispiel|angreifer|angriff|folie|einstuf|\
    stand in|stond in|verslag|\
    zin |woord|beteken|schrijf|schrijven|typt|voorbeeld|aanval|\
    mot |mots |signifi|veut dire|écri|exemple|attaqu|du genre|classer|étiquet|del estilo|del tipo|do tipo|frase|\
    palabra|significa|quiere decir|escrib|escrito|\
    ha puesto|ejemplo|ataque|atacante|parola|parole|vuol dire|scriv|scritt|esempio|attacc|palavra|quer dizer|\
    escrev|exemplo|\
    fraz|zdani|słow|znaczy|oznacza|pisz|napisa|przykład|atak|фраз|слов|предложени|значит|означа|пиш|написа|пример|\
    атак|cümle|ifade|anlam|örne|örne|saldır|yazan|yazıyor|\
    عبار|جملة|كلم|يعني|معنى|يكتب|مثال|هجوم|\
    意思|这句|這句|短语|句话|句話|例如|攻击|攻擊|写着|寫著|写上|写了|写道|输入|という|とは|意味|例えば|攻撃|\
    문구|문장|라는|라고|뜻|예를|예시|예컨대|공격|वाक्य|शब्द|मतलब|अर्थ|उदाहरण|हमल|\
    câu |cụm từ|nghĩa|ví dụ|tấn công|kalimat|frasa|artinya|contoh|serangan";

/// What before a quotation hands it to the reader, or gives it an authority.
const ORDERS: &str = "do this|do what|do as|do the following|do exactly|follow|obey|execute|perform|comply|carry out|\
    act on|act upon|new instruction|new rule|new task|new order|new command|your new|your task|your instruction|\
    your order|i said|i say|i mean|i order|i command|your answer|your reply|your first|you are|you're|you must|\
    you will|you should|you have to|you said|admin|developer|operator|openai|anthropic|my name|\
    tu das|tu folgend|mach folgend|befolge|folge der|folge dem|folge dies|führe|gehorche|handle nach|neue anweisung|\
    doe dit|doe wat|volg |voer |gehoorzaam|fais ceci|fais ce|faites|suis ces|suis cet|suivez|obéis|exécut|\
    haz esto|haz lo|sigue est|sigue la|sigue lo|obedece|ejecuta|cumple|fai questo|fai quello|segui |obbedisci|\
    esegui|faça|siga |obedeça|cumpra|zrób|wykonaj|posłuchaj|zastosuj|сделай|выполни|следуй|исполни|\
    نفذ|اتبع|执行|執行|遵守|照做|服从|実行|従って|실행|따라 줘|따라줘|पालन कर|làm theo|thực hiện|lakukan|ikuti|jalankan";

/// What behind a quotation sets the reader to work.
const TASKS: &str = "do it|do that|do this|do what|do so|and obey|obey it|comply|execute|carry out|carry it|act on|\
    act accordingly|follow it|follow th|reveal|keep your word|now tell|now give|now show|now write|now answer|\
    now explain|now print|now do|now list|now help|then tell|then give|then show|then write|then answer|then print|\
    then explain|put them together|put it together|\
    führe es|führe das|mach das|tu das|tu es|befolge|doe dat|doe het|voer het|fais-le|fais ce|exécute|hazlo|haz lo|\
    ejecút|fallo|esegui|faça isso|execute|zrób to|wykonaj|выполни|сделай|bunu yap|uygula|نفذ|照做|执行|執行|実行|\
    従って|실행해|따라 줘|따라줘|पालन कर|làm theo|lakukan|jalankan";
