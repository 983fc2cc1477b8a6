//! What a word can be to a classifier: the sections of a language file.

/// The classes that words and phrases of every language fall into. An attack is seen in how they stand together, whatever
/// the language and the wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Category {
    Discard,
    Reveal,
    Instruction,
    PromptName,
    Prior,
    You,
    Your,
    ModelRole,
    Unrestricted,
    Guard,
    Become,
    Persona,
    Obey,
    NewOrder,
    Secrecy,
    Exfiltrate,
    SecretThing,
    Authority,
    Urgency,
    Fiction,
    Marker,
    Encoding,
    Translate,
    QuoteTalk,
    SoftwareThing,
    HarmThing,
    Negation,
    ImperativeHelp,
    Sexual,
    Minor,
    Violence,
    SelfHarm,
    Group,
    Slur,
    Insult,
    Profanity,
    Illicit,
}

impl Category {
    pub const ALL: [Self; 37] = [
        Self::Discard,
        Self::Reveal,
        Self::Instruction,
        Self::PromptName,
        Self::Prior,
        Self::You,
        Self::Your,
        Self::ModelRole,
        Self::Unrestricted,
        Self::Guard,
        Self::Become,
        Self::Persona,
        Self::Obey,
        Self::NewOrder,
        Self::Secrecy,
        Self::Exfiltrate,
        Self::SecretThing,
        Self::Authority,
        Self::Urgency,
        Self::Fiction,
        Self::Marker,
        Self::Encoding,
        Self::Translate,
        Self::QuoteTalk,
        Self::SoftwareThing,
        Self::HarmThing,
        Self::Negation,
        Self::ImperativeHelp,
        Self::Sexual,
        Self::Minor,
        Self::Violence,
        Self::SelfHarm,
        Self::Group,
        Self::Slur,
        Self::Insult,
        Self::Profanity,
        Self::Illicit,
    ];

    /// As a language file names its section.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discard => "discard",
            Self::Reveal => "reveal",
            Self::Instruction => "instruction",
            Self::PromptName => "prompt_name",
            Self::Prior => "prior",
            Self::You => "you",
            Self::Your => "your",
            Self::ModelRole => "model_role",
            Self::Unrestricted => "unrestricted",
            Self::Guard => "guard",
            Self::Become => "become",
            Self::Persona => "persona",
            Self::Obey => "obey",
            Self::NewOrder => "new_order",
            Self::Secrecy => "secrecy",
            Self::Exfiltrate => "exfiltrate",
            Self::SecretThing => "secret_thing",
            Self::Authority => "authority",
            Self::Urgency => "urgency",
            Self::Fiction => "fiction",
            Self::Marker => "marker",
            Self::Encoding => "encoding",
            Self::Translate => "translate",
            Self::QuoteTalk => "quote_talk",
            Self::SoftwareThing => "software_thing",
            Self::HarmThing => "harm_thing",
            Self::Negation => "negation",
            Self::ImperativeHelp => "imperative_help",
            Self::Sexual => "sexual",
            Self::Minor => "minor",
            Self::Violence => "violence",
            Self::SelfHarm => "self_harm",
            Self::Group => "group",
            Self::Slur => "slur",
            Self::Insult => "insult",
            Self::Profanity => "profanity",
            Self::Illicit => "illicit",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == name)
    }

    /// Whether it is about harm and says nothing of attacks.
    pub const fn is_harm(self) -> bool {
        self as u8 >= Self::Sexual as u8
    }

    pub(super) const fn bit(self) -> u64 {
        1 << self as u8
    }
}
