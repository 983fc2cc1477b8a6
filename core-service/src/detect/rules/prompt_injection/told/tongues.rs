//! What negates, in each of the languages that have rules, and where it stands there.

use super::{CLAUSE, clause, told};
use crate::detect::validate::Candidate;

/// How a language says that something is not to be done. Lists are split at `|`, all in lower case.
struct Tongue {
    /// Right before the verb.
    before: &'static str,
    /// May stand between that word and the verb.
    between: &'static str,
    /// After the verb, among the first words of a match.
    within: &'static str,
    /// Right after a match. A blank at the end asks for the end of the word.
    behind: &'static str,
    /// Anywhere before, in the sentence: those who write such things, and questions about them.
    about: &'static str,
}

const GERMAN: Tongue = Tongue {
    before: "nicht|niemals|nie|ohne",
    between: "zu|einfach|bloß|jemals",
    within: "nicht|niemals|nie",
    behind: " nicht | niemals | nie ",
    about: "angreifer|angriff|verhinder|wer schreibt|nutzer schreib|was bedeutet|was heißt|zum beispiel|z. b.",
};

const DUTCH: Tongue = Tongue {
    before: "niet|nooit|zonder",
    between: "te|zomaar|ooit",
    within: "niet|nooit",
    behind: " niet | nooit ",
    about: "aanvaller|aanval|voorkom|wat betekent|bijvoorbeeld",
};

const FRENCH: Tongue = Tongue {
    before: "n'|n’|ne|jamais|sans",
    between: "pas|surtout|y|en|le|la|les|simplement|faut|devez|dois|doit|doivent",
    within: "pas|jamais|point",
    behind: "",
    about: "attaqu|pirate|bloquer|empêcher|que signifie|par exemple|du genre",
};

const SPANISH: Tongue = Tongue {
    before: "no|nunca|jamás|sin|tampoco",
    between: "lo|la|los|las|se|debes|debe|deben|deberías|puedes|puede|simplemente",
    within: "nunca|jamás",
    behind: "",
    about: "atacante|ataque|evitar que|impedir que|qué significa|por ejemplo",
};

const ITALIAN: Tongue = Tongue {
    before: "non|mai|senza",
    between: "lo|la|li|le|si|devi|deve|dovete|puoi|semplicemente|mai",
    within: "mai",
    behind: "",
    about: "attacc|evitare che|impedire che|cosa significa|per esempio|ad esempio",
};

const PORTUGUESE: Tongue = Tongue {
    before: "não|nao|nunca|jamais|sem",
    between: "o|a|os|as|se|deve|deves|devem|pode|podes|simplesmente",
    within: "nunca|jamais",
    behind: "",
    about: "atacante|ataque|evitar que|impedir que|o que significa|por exemplo",
};

const POLISH: Tongue = Tongue {
    before: "nie|nigdy",
    between: "wolno|należy|można|po prostu|nigdy",
    within: "",
    behind: "",
    about: "atak|co znaczy|co oznacza|na przykład",
};

const RUSSIAN: Tongue = Tongue {
    before: "не|нельзя",
    between: "надо|нужно|следует|стоит|должны|должен|просто",
    within: "",
    behind: "",
    about: "злоумышленник|атак|что значит|что означает|например",
};

/// The verb comes last, and its negation is a part of it.
const TURKISH: Tongue = Tongue {
    before: "",
    between: "",
    within: "",
    behind: "ma |mayın |mayınız |mamalı |mamalısın |mamalısınız |mamak |maz |me |meyin |meyiniz |memeli |mez |mek için",
    about: "saldırgan|ne demek|örneğin",
};

const CHINESE: Tongue = Tongue {
    before: "不要|请勿|請勿|切勿|勿|不可|不得|不应|不應|不能|不会|不會|别|並未|从未|没有|沒有",
    between: "轻易|輕易|随意|隨意|擅自|直接|再",
    within: "",
    behind: "",
    about: "攻击者|攻擊者|什么意思|什麼意思|例如",
};

const JAPANESE: Tongue = Tongue {
    before: "",
    between: "",
    within: "",
    behind: "ないで|ないよう|ないこと|ず|てはいけ|てはなら|るな|しない|しては|するな|されま|された|され、|となり",
    about: "攻撃者|例えば|とは何",
};

const KOREAN: Tongue = Tongue {
    before: "",
    between: "",
    within: "",
    behind: "지 마|지 말|지 않|하지 마|하지 말|하지 않|하면 안|해서는 안|되었|됐|됩니다|된 |하려면|하는 방법",
    about: "공격자|예를 들",
};

const ARABIC: Tongue = Tongue {
    before: "لا ت|لا|لم|لن|عدم|بدون|دون",
    between: "",
    within: "",
    behind: "",
    about: "مهاجم|ماذا يعني|ما معنى|على سبيل المثال",
};

const HINDI: Tongue = Tongue {
    before: "",
    between: "",
    within: "न|ना|मत|नहीं",
    behind: " न | ना | मत | नहीं ",
    about: "हमलावर|उदाहरण|का मतलब",
};

macro_rules! validators {
    ($($name:ident: $($tongue:ident)|+;)*) => {
        $(pub(in crate::detect::rules::prompt_injection) fn $name(candidate: &Candidate<'_>) -> Option<f32> {
            told::<75>(candidate).filter(|_| {
                let words = Words::of(candidate);
                [$($tongue),+].iter().all(|tongue| tongue.orders(&words))
            })
        })*
    };
}

validators! {
    german: GERMAN;
    dutch: DUTCH;
    french: FRENCH;
    spanish: SPANISH;
    italian: ITALIAN;
    portuguese: PORTUGUESE;
    romance: FRENCH | SPANISH | ITALIAN | PORTUGUESE;
    polish: POLISH;
    russian: RUSSIAN;
    turkish: TURKISH;
    chinese: CHINESE;
    japanese: JAPANESE;
    korean: KOREAN;
    arabic: ARABIC;
    hindi: HINDI;
}

/// A match and what stands around it, in lower case.
struct Words {
    hit: String,
    before: String,
    after: String,
}

impl Words {
    fn of(candidate: &Candidate<'_>) -> Self {
        Self {
            hit: candidate.hit().to_lowercase(),
            before: candidate.before(CLAUSE).to_lowercase(),
            after: candidate.after(CLAUSE / 2).to_lowercase(),
        }
    }
}

impl Tongue {
    fn orders(&self, Words { hit, before, after }: &Words) -> bool {
        let sentence = before.rsplit(ENDS).next().unwrap_or_default();
        let negated = self.negated(clause(before)) || self.negated_within(hit) || self.negated_behind(after);
        let plain = !negated || self.dismissed_after(hit, after);
        plain && !items(self.about).any(|word| sentence.contains(word))
    }

    fn negated(&self, clause: &str) -> bool {
        let mut clause = clause.trim_end();
        while let Some(shorter) = items(self.between).find_map(|word| ends(clause, word)) {
            clause = shorter.trim_end();
        }
        items(self.before).any(|not| ends(clause, not).is_some())
    }

    /// Not where the verb itself is a negation, as in "volg niet", "ne suis plus".
    fn negated_within(&self, hit: &str) -> bool {
        const ITSELF: [&str; 9] =
            ["ne ", "no ", "non ", "volg", "befolge", "beachte", "halte", "verzichte", "widersetz"];
        let words: Vec<&str> = hit.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()).collect();
        let near = words.iter().skip(1).take(3);
        let last = words.iter().rev().skip(1).take(1);
        !ITSELF.iter().any(|verb| hit.starts_with(verb))
            && near.chain(last).any(|word| items(self.within).any(|not| not == *word))
    }

    fn negated_behind(&self, after: &str) -> bool {
        const MORE: [&str; 2] = [" nicht nur", " niet alleen"];
        !MORE.iter().any(|more| after.starts_with(more))
            && items(self.behind).any(|not| {
                let rest = after.strip_prefix(not.trim_end());
                rest.is_some_and(|rest| !(not.ends_with(' ') && rest.starts_with(char::is_alphanumeric)))
            })
    }

    /// "Don't forget to ignore your rules": what is negated is not what the attack is about.
    fn dismissed_after(&self, hit: &str, after: &str) -> bool {
        const STEMS: &str = "ignor|missacht|umgeh|überschreib|umzugeh|vergess|omzeil|negeer|negeren|contourn|\
            désactiv|oubli|olvid|desactiv|esquec|dimentic|disattiv|desativ|zapomn|omin|игнорир|забы|обой|\
            忽略|无视|無視|忘记|무시|잊|تجاهل|अनदेख";
        let verb_first = !self.before.is_empty();
        let rest = if verb_first { hit.split_once(' ').map_or("", |(_, rest)| rest) } else { "" };
        let sentence = after.split(ENDS).next().unwrap_or_default();
        items(STEMS).any(|stem| rest.contains(stem) || sentence.contains(stem))
    }
}

pub(in crate::detect::rules::prompt_injection) fn items(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split('|').filter(|item| !item.is_empty())
}

/// What ends a sentence.
pub(super) const ENDS: [char; 9] = ['.', '!', '?', '\n', '。', '！', '？', '।', '؟'];

/// What stands before the word that a text ends with. A script that sets no blanks has no boundary there.
pub(in crate::detect::rules::prompt_injection) fn ends<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_suffix(word)?;
    let wide = word.starts_with(|c: char| matches!(c, '\u{0e00}'..='\u{0e7f}' | '\u{2e80}'..));
    (wide || !rest.ends_with(char::is_alphanumeric)).then_some(rest)
}
