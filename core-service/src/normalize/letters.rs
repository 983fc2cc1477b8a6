//! What a character that is not ASCII is to a reader of Latin text.

use unicode_normalization::char::{decompose_canonical, decompose_compatible};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A Latin letter of its own; its accent, if it has one, is a part of it.
    Latin,
    /// A letter of another script that passes for this Latin one.
    Lookalike(char),
    /// One that does so but for an accent: `ό`, `ӧ`.
    Accented(char),
    /// A Latin letter or a digit in another shape: fullwidth, mathematical, enclosed, small capital, superscript.
    Styled(char),
    /// Letters that stand for several: ligatures, Arabic presentation forms.
    Ligature,
    /// A letter of a script with capitals that is nothing but itself.
    Cased,
    /// Any other letter.
    Letter,
    /// A combining mark of the kind that is put on Latin, Greek and Cyrillic letters.
    Accent,
    /// Not seen by a reader.
    Invisible,
    /// Spaces and punctuation with a plain ASCII form.
    Plain(char),
    /// Anything else: punctuation, symbols, emoji.
    Other,
}

pub(super) fn class(c: char) -> Class {
    match c {
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Class::Plain(' '),
        _ if is_invisible(c) => Class::Invisible,
        '\u{aa}' | '\u{ba}' | '\u{b2}' | '\u{b3}' | '\u{b9}' => styled(c),
        '\u{b5}' => Class::Cased,
        '\u{17f}' => Class::Styled('s'),
        '\u{251}' => Class::Styled('a'),
        '\u{261}' => Class::Styled('g'),
        '\u{269}' => Class::Styled('i'),
        '\u{c0}'..='\u{24f}' if is_alphabetic(c) => Class::Latin,
        '\u{250}'..='\u{2af}' | '\u{1d00}'..='\u{1d2b}' | '\u{a730}' | '\u{a731}' | '\u{a7af}' => {
            small_capital(c).map_or(Class::Latin, Class::Styled)
        }
        '\u{2b0}'..='\u{2b8}' | '\u{2e0}'..='\u{2e4}' | '\u{1d2c}'..='\u{1d6a}' | '\u{1d9b}'..='\u{1dbf}' => styled(c),
        '\u{300}'..='\u{36f}'
        | '\u{483}'..='\u{489}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}' => Class::Accent,
        '\u{370}'..='\u{58f}' | '\u{2c80}'..='\u{2cff}' | '\u{1f00}'..='\u{1fff}' if is_alphabetic(c) => {
            lookalike(c).map(Class::Lookalike).or_else(|| accented(c).map(Class::Accented)).unwrap_or(Class::Cased)
        }
        '\u{13a0}'..='\u{13ff}' | '\u{a4d0}'..='\u{a4ff}' => lookalike(c).map_or(Class::Letter, Class::Lookalike),
        '\u{1e00}'..='\u{1eff}' => Class::Latin,
        '‘' | '’' | '‚' | '‛' | '′' => Class::Plain('\''),
        '“' | '”' | '„' | '‟' | '″' => Class::Plain('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Class::Plain('-'),
        '\u{2044}' | '\u{2215}' => Class::Plain('/'),
        '\u{2070}'..='\u{209c}'
        | '\u{2100}'..='\u{2134}'
        | '\u{2139}'
        | '\u{2145}'..='\u{2149}'
        | '\u{2160}'
        | '\u{2164}'
        | '\u{2169}'
        | '\u{216c}'..='\u{2170}'
        | '\u{2174}'
        | '\u{2179}'
        | '\u{217c}'..='\u{217f}' => styled(c),
        '\u{2460}'..='\u{2468}' | '\u{24b6}'..='\u{24ea}' => styled(c),
        '\u{249c}'..='\u{24b5}' => shifted(c, '\u{249c}', 'a'),
        '\u{fb00}'..='\u{fb06}' | '\u{fb50}'..='\u{fdfb}' | '\u{fe70}'..='\u{fefc}' | '\u{ff66}'..='\u{ff9f}' => {
            Class::Ligature
        }
        '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => styled(c),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).map_or(Class::Other, Class::Plain),
        '\u{1d400}'..='\u{1d7ff}' => styled(c),
        '\u{1f110}'..='\u{1f129}' => shifted(c, '\u{1f110}', 'a'),
        '\u{1f130}'..='\u{1f149}' => shifted(c, '\u{1f130}', 'a'),
        '\u{1f150}'..='\u{1f169}' => shifted(c, '\u{1f150}', 'a'),
        '\u{1f170}'..='\u{1f189}' => shifted(c, '\u{1f170}', 'a'),
        '\u{1f1e6}'..='\u{1f1ff}' => shifted(c, '\u{1f1e6}', 'a'),
        _ if is_alphabetic(c) => Class::Letter,
        _ => Class::Other,
    }
}

/// As the standard library has it, which is slow where most text in other languages is.
pub(super) fn is_alphabetic(c: char) -> bool {
    matches!(c, '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{24f}' | '\u{391}'..='\u{3a1}'
        | '\u{3a3}'..='\u{481}' | '\u{48a}'..='\u{52f}' | '\u{5d0}'..='\u{5ea}' | '\u{620}'..='\u{64a}'
        | '\u{905}'..='\u{939}' | '\u{e01}'..='\u{e30}' | '\u{1e00}'..='\u{1eff}' | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
        || !matches!(c, '\u{2010}'..='\u{2027}' | '\u{3000}'..='\u{3004}' | '\u{ff00}'..='\u{ff20}')
            && c.is_alphabetic()
}

pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e01ef}')
}

/// Letters of scripts whose writers have no use for invisible characters inside a word.
pub(super) fn is_western(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || match class(c) {
            Class::Latin | Class::Lookalike(_) | Class::Accented(_) | Class::Cased => true,
            // Enclosed letters are emoji to many programs, with a selector of their own.
            Class::Styled(_) => !matches!(c, '\u{1f100}'..='\u{1f1ff}' | '\u{2100}'..='\u{24ff}'),
            _ => false,
        }
}

/// Where words are put together without invisible characters on both sides: western ones with their punctuation, and
/// those of Han, kana and Hangul. Elsewhere they can be a part of the spelling.
pub(super) fn needs_no_joiner(c: char) -> bool {
    c.is_ascii_graphic()
        || matches!(c, '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9d}'
            | '\u{20000}'..='\u{3134f}')
        || is_western(c)
}

/// The ASCII letter under a Latin letter's accents.
pub(super) fn unaccented(c: char) -> Option<char> {
    match c {
        // Unicode takes no strokes off, nor puts on dots.
        'ø' => Some('o'),
        'Ø' => Some('O'),
        'ł' => Some('l'),
        'Ł' => Some('L'),
        'đ' => Some('d'),
        'Đ' => Some('D'),
        'ı' => Some('i'),
        _ => base(c).filter(char::is_ascii_alphabetic),
    }
}

/// The Latin letter that a Greek or Cyrillic one passes for without its accent. Most have none, and are not looked up.
fn accented(c: char) -> Option<char> {
    if matches!(c, '\u{391}'..='\u{3a9}' | '\u{3b1}'..='\u{3c9}' | '\u{410}'..='\u{44f}') {
        return None;
    }
    base(c).and_then(lookalike)
}

/// A letter without what Unicode takes off it.
fn base(c: char) -> Option<char> {
    let mut base = None;
    decompose_canonical(c, |part| base = base.or(Some(part)));
    base
}

/// By Unicode's own compatibility mapping, when that is one ASCII letter or digit, or what passes for one.
fn styled(c: char) -> Class {
    let mut folded = None;
    let mut count = 0;
    decompose_compatible(c, |part| {
        folded = Some(part);
        count += 1;
    });
    match folded {
        Some(one) if count == 1 && one.is_ascii_alphanumeric() => Class::Styled(one.to_ascii_lowercase()),
        Some(one) if count == 1 => lookalike(one).map_or(Class::Other, Class::Styled),
        _ => Class::Other,
    }
}

fn shifted(c: char, from: char, to: char) -> Class {
    char::from_u32(u32::from(c) - u32::from(from) + u32::from(to)).map_or(Class::Other, Class::Styled)
}

fn small_capital(c: char) -> Option<char> {
    Some(match c {
        'ᴀ' => 'a',
        'ʙ' => 'b',
        'ᴄ' => 'c',
        'ᴅ' => 'd',
        'ᴇ' => 'e',
        'ꜰ' => 'f',
        'ɢ' => 'g',
        'ʜ' => 'h',
        'ɪ' => 'i',
        'ᴊ' => 'j',
        'ᴋ' => 'k',
        'ʟ' => 'l',
        'ᴍ' => 'm',
        'ɴ' => 'n',
        'ᴏ' => 'o',
        'ᴘ' => 'p',
        'ꞯ' => 'q',
        'ʀ' => 'r',
        'ꜱ' => 's',
        'ᴛ' => 't',
        'ᴜ' => 'u',
        'ᴠ' => 'v',
        'ᴡ' => 'w',
        'ʏ' => 'y',
        'ᴢ' => 'z',
        _ => return None,
    })
}

#[rustfmt::skip]
/// By shape, in the fonts that people read; most accented letters are left to [`accented`].
fn lookalike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'А' | 'α' | 'Α' | 'Ꭺ' | 'ꓮ' => 'a',
        'В' | 'в' | 'Ь' | 'ь' | 'β' | 'Β' | 'Ᏼ' | 'ꓐ' => 'b',
        'с' | 'С' | 'ϲ' | 'Ϲ' | 'ⲥ' | 'Ⲥ' | 'Ꮯ' | 'ꓚ' => 'c',
        'ԁ' | 'Ԁ' | 'Ꭰ' | 'ꓓ' | 'ժ' => 'd',
        'е' | 'Е' | 'ё' | 'Ё' | 'ѐ' | 'Ѐ' | 'ε' | 'Ε' | 'Ꭼ' | 'ꓰ' | 'є' => 'e',
        'ϝ' | 'Ϝ' | 'ꓝ' | 'ք' => 'f',
        'Ԍ' | 'ԍ' | 'Ꮐ' | 'ꓖ' | 'ց' | 'γ' => 'g',
        'Н' | 'н' | 'һ' | 'Һ' | 'Η' | 'Ꮋ' | 'ꓧ' | 'հ' => 'h',
        'і' | 'І' | 'ї' | 'Ї' | 'ι' | 'Ι' | 'Ꭵ' | 'ꓲ' | 'ӏ' | 'Ӏ' | 'ϊ' => 'i',
        'ј' | 'Ј' | 'ϳ' | 'Ϳ' | 'Ꭻ' | 'ꓙ' | 'յ' => 'j',
        'К' | 'к' | 'κ' | 'Κ' | 'Ꮶ' | 'ꓗ' | 'ⲕ' => 'k',
        'Ꮮ' | 'ꓡ' | 'լ' => 'l',
        'М' | 'м' | 'Μ' | 'Ꮇ' | 'ꓟ' | 'ⲙ' => 'm',
        'п' | 'η' | 'Ν' | 'ո' | 'ռ' | 'ꓠ' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'օ' | 'Օ' | 'ⲟ' | 'Ⲟ' | 'ꓳ' | 'σ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' | 'Ꮲ' | 'ꓑ' | 'ⲣ' => 'p',
        'ԛ' | 'Ԛ' | 'զ' => 'q',
        'г' | 'Ꭱ' | 'ꓣ' | 'я' => 'r',
        'ѕ' | 'Ѕ' | 'Ꮪ' | 'ꓢ' | 'Տ' => 's',
        'Т' | 'т' | 'τ' | 'Τ' | 'Ꭲ' | 'ꓔ' | 'ⲧ' => 't',
        'υ' | 'ս' | 'Ս' | 'ꓴ' | 'μ' => 'u',
        'ν' | 'ѵ' | 'Ѵ' | 'Ꮩ' | 'ꓦ' => 'v',
        'ѡ' | 'Ѡ' | 'ԝ' | 'Ԝ' | 'ω' | 'Ꮃ' | 'ꓪ' | 'ա' | 'ш' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' | 'ⲭ' | 'ꓫ' => 'x',
        'у' | 'У' | 'ү' | 'Ү' | 'Υ' | 'ꓬ' => 'y',
        'Ζ' | 'Ꮓ' | 'ꓜ' => 'z',
        _ => return None,
    })
}
