//! The words that patterns share, each list in one place.
//!
//! Everything here expands to a literal, so that `concat!` can put a pattern together at compile time.
//! Where a list also wakes its rules it is written once for both: `dismiss!(any)` is the alternation,
//! `dismiss!(list)` the keywords.

/// An alternation.
macro_rules! any {
    ($first:expr $(, $word:expr)* $(,)?) => {
        concat!("(?:", $first $(, "|", $word)*, ")")
    };
}

/// The same words as a slice of keywords.
macro_rules! list {
    ($($word:literal),* $(,)?) => {
        &[$($word),*]
    };
}

/// A word boundary. The ASCII one: the Unicode one makes the search slow on text that is not ASCII. No other letter begins a word
/// for it: `ü?bersetz` behind it finds both spellings.
macro_rules! b {
    () => {
        r"(?-u:\b)"
    };
}

/// Between two words of one sentence: blanks, quotes, dashes, line ends, but no end of sentence.
macro_rules! s {
    () => {
        "[^a-z0-9.!?]{1,5}"
    };
}

/// Up to so many words of any kind between two others, and the separators around them.
macro_rules! gap {
    ($words:literal) => {
        concat!("(?:", s!(), "[a-z0-9]{1,20}){0,", $words, "}", s!())
    };
}

/// Up to so many words that say no more than "which ones" between a verb and its object. A closed list:
/// "ignore the doctor's instructions" has a word that is not in it.
macro_rules! fill {
    ($words:literal) => {
        concat!("(?:", s!(), which!(), "){0,", $words, "}", s!())
    };
}

macro_rules! which {
    () => {
        any!(
            "all|any|every|each|the|these|those|this|that|of|my|our|your|its|their|other|and|or|even|about|own|\
         with|from|to|you|have|been|were|was|are|such|most|silly|stupid|old|entire|whole|complete|full|exact|\
         earlier|previous|previously|prior|above|preceding|foregoing|initial|initially|original|former|past|\
         existing|current|present|system|system's|systems|safety|content|ethical|ethics|moral|security|core|\
         internal|hidden|secret|private|confidential|default|usual|normal|standard|programmed|built|in|builtin|\
         basic|operational|operating|regular|typical|habitual|ai|openai|anthropic|google|developer|developers|base|\
         main|primary|fundamental|underlying|foundational|given|set|strict|preset|pre|predefined|predetermined|\
         established|embedded|coded|hard|hardcoded|inherent|legal|behavioral|behavioural|usage|essential|guiding|\
         starting|prompt|model|assistant|chatbot|configured|configuration|restrictive|specific"
        )
    };
}

/// Verbs that lay instructions aside and seldom mean anything else before such an object.
macro_rules! dismiss {
    ($form:ident) => {
        $form!(
            "ignore",
            "ignoring",
            "disregard",
            "forget",
            "overrule",
            "neglect",
            "dismiss",
            "discard",
            "abandon",
            "disobey",
            "set aside",
            "put aside",
            "lay aside",
            "cast aside",
            "pay no attention to",
            "stop following",
            "stop obeying",
            "not follow",
            "not obey",
            "don't follow",
            "dont follow",
            "don't obey",
            "no longer follow",
            "let go of",
            "throw out",
            "throw away",
            "unlearn",
            "shelve",
            "reject",
            "defy",
        )
    };
}

/// Verbs that lay something aside, but often a thing that is nobody's rule: "override the method".
macro_rules! switch_off {
    ($form:ident) => {
        $form!(
            "override",
            "overwrite",
            "bypass",
            "bypassing",
            "circumvent",
            "sidestep",
            "evade",
            "disable",
            "deactivate",
            "turn off",
            "switch off",
            "shut off",
            "suspend",
            "remove",
            "removing",
            "drop",
            "lift",
            "eliminate",
            "delete",
            "erase",
            "wipe",
            "cancel",
            "nullify",
            "violate",
            "pause",
            "rewrite",
            "purge",
            "scrap",
            "deviate from",
            "depart from",
            "free yourself from",
            "rebel against",
            "transcend",
            "get around",
            "work around",
            "go beyond",
            "step outside",
            "act outside",
            "act beyond",
            "operate outside",
            "operate beyond",
            "function beyond",
        )
    };
}

/// What came before: the mark of instructions that somebody else gave the model.
macro_rules! before {
    () => {
        any!(
            "previous|previously|prior|above|preceding|earlier|foregoing|initial|original|former|past|existing|\
         pre-existing|aforementioned|system"
        )
    };
}

/// Keywords for whatever [`prompt_name`] names.
macro_rules! prompt_nouns {
    ($form:ident) => {
        $form!(
            "prompt",
            "instruction",
            "directive",
            "guideline",
            "rules",
            "programming",
            "preamble",
            "configuration",
            "guidance",
            "system message",
            "system_message",
            "system-message",
            "developer message",
            "developer_message",
            "developer-message",
            "initial message",
            "initial_message",
            "initial-message",
            "hidden message",
            "hidden_message",
            "hidden-message",
            "secret message",
            "secret_message",
            "secret-message",
        )
    };
}

/// Keywords for whatever [`model`] names, where a blank or a mark follows it.
macro_rules! model_nouns {
    ($form:ident) => {
        $form!(
            "ai ",
            "ai:",
            "ai,",
            "ai.",
            "ai)",
            "ai]",
            "ai!",
            "ai-",
            "ai\n",
            "ais ",
            "ais:",
            "ais,",
            "ais.",
            "ais)",
            "ais]",
            "ais!",
            "ais-",
            "ais\n",
            "a.i",
            "llm",
            "assistant",
            "language model",
            "chatbot",
            "chat bot",
            "gpt",
            "claude",
            "gemini",
            "llama",
            "copilot",
            "artificial intelligence",
        )
    };
}

/// What a model is told, and little else is.
macro_rules! instructions {
    () => {
        any!(
            "instructions?|instruct|directives?|directions|guidelines?|guidance|prompts?|commands?|programming|\
         guard ?rails?|safeguards?"
        )
    };
}

/// What holds a model back, or people: needs "your", "previous" or "all" beside it.
macro_rules! rules {
    () => {
        any!(
            "rules?|rule ?set|orders|constraints?|restrictions?|limitations?|limits|polic(?:y|ies)|protocols?|\
         principles?|boundaries|regulations|filters?|filtering|censorship"
        )
    };
}

/// The names of the instructions in front of a conversation.
macro_rules! prompt_name {
    () => {
        concat!(
            any!(
                "(?:system|developer|initial|hidden|secret)[ _-]messages?",
                concat!(
                    "(?:",
                    any!(
                        "system|initial|original|hidden|secret|internal|base|first|core|starting|underlying|\
                     developer|developer's|pre|master|meta|root|opening|initialization|initialisation|confidential|\
                     private|custom|startup|foundational|fundamental|guiding|main|exact|full|entire|complete|raw"
                    ),
                    s!(),
                    "){1,3}",
                    any!(
                        "prompts?|instructions?|directives?|guidelines|rules|programming|preamble|configuration|\
                     guidance|prompting"
                    )
                )
            ),
            b!()
        )
    };
}

/// Names that nothing but a model's prompt has.
macro_rules! sole_prompt_name {
    () => {
        any!(
            "system[ _-]?prompts?|system[ _-]message|system[ _-]instructions?|initial[ _-]prompt|\
         hidden[ _-](?:prompt|instructions?)|secret[ _-](?:prompt|instructions?)|pre[ _-]?prompt|\
         developer[ _-](?:prompt|message|instructions)|original[ _-]prompt|initial[ _-]instructions"
        )
    };
}

/// What the model is called.
macro_rules! model {
    () => {
        any!(
            "a\\.?i\\.?|ais|llms?|assistants?|ai assistants?|ai models?|ai agents?|ai systems?|\
         (?:large )?language models?|chat ?bots?|chatgpt|gpt(?:-?[0-9o.]{1,4})?|claude|gemini|llama|copilot|\
         artificial intelligence|virtual assistants?"
        )
    };
}

/// Words for a model without limits.
macro_rules! unbound {
    () => {
        any!(
            "unrestricted|unfiltered|uncensored|jailbroken|amoral|unethical|unaligned|unbound|unbounded|unlimited|\
         limitless|lawless|unmoderated|unchained|unshackled|unconstrained|restriction-?free|rule-?free|rogue|\
         anything-goes"
        )
    };
}

/// "no restrictions", "without any ethical guidelines", "free from all rules".
macro_rules! no_limits {
    () => {
        concat!(
            any!("no|without|zero|not have|free (?:from|of)|freed (?:from|of)|never given|never had|devoid of|lacks|\
             lacking|unbound by|\
             not bound (?:by|to)|no longer bound (?:by|to)|not follow|n't follow|n't have|not subject to|\
             not limited by|exempt from|not restricted by|not constrained by|never follows?|ignores?|\
             doesn't care about|bypass(?:es)?"),
            "(?:",
            s!(),
            any!("any|all|such|more|of|the|its|your|ethical|ethic|moral|legal|safety|content|or|and|openai|openai's|\
             typical|usual|normal|internal|built-in|predefined|kind|form|further|longer|following|regard|for|to|set|\
             those|these|human|regular|confines|traditional"),
            "){0,6}",
            s!(),
            limits!()
        )
    };
}

/// What a model without limits has none of.
macro_rules! limits {
    () => {
        any!(
            "restrictions?|limitations?|limits|rules|guidelines|filters?|filtering|censorship|constraints?|\
         polic(?:y|ies)|safeguards|guard ?rails|boundaries|ethics|morals|morality|ethical (?:considerations?|\
         concerns|code|standards|obligations|principles)|moral (?:considerations?|concerns|code|compass|standards|\
         obligations|principles)|inhibitions|content polic(?:y|ies)|safety (?:measures|protocols|checks|training|\
         rules|features|mechanisms)|programming|moderation"
        )
    };
}

/// As [`gap`], in languages whose words are not ASCII.
macro_rules! loose {
    ($words:literal) => {
        concat!("(?:", blank!(), "[^\\s.!?,;:\"“”«»()]{1,24}){0,", $words, "}", blank!())
    };
}

macro_rules! blank {
    () => {
        "[\\s,;:'’\"“”«»()*_-]{1,4}"
    };
}

/// "Be", in all the ways of saying it to a model.
macro_rules! be {
    () => {
        any!(
            "act(?:ing)? (?:like|as)|pretend(?:ing)?|pretend to be|you are|you're|you will be|you will now be|\
         you will act as|role-?\\s?play(?:ing)?|become|simulate|simulating|emulate|imagine|assume|play the (?:role|\
         part) of|take on the (?:role|persona) of|adopt the persona of|behave (?:like|as)|function as|\
         respond (?:like|as)|answer (?:like|as)|reply as|speak as|operate as|operating as|be|transform into|\
         turn into|meet|switch to|embody|impersonate|as|i am talking to"
        )
    };
}
