//! Of turns that are forged, documents that speak and instructions in disguise.

use super::{ANY, Around, Sign};

ordinary! {
    opening [
        Sign {
            starts: "<instruction|[instruction|<important|[important",
            ends: "you must|you will now",
            not: "reveal|ignore|disregard|restrict|prompt|unfiltered|secret|obey|comply|bypass|harm|user|forget\
                |any request|the assistant",
            ..ANY
        },
        Sign {
            starts: "[debug] |[system] |[admin] ",
            ends: "disabled|disables|bypass|override|overridden|overrides|maintenance mode|debug mode|forget",
            not: "safety|filter|restrict|content|instruct|prompt|guideline|user|you|display|show|reveal|initiated",
            ..ANY
        },
    ]

    heading [
        Sign {
            hit: "# instruction|#instruction",
            ends: "you must|you will now",
            not: "reveal|ignore|disregard|restrict|prompt|unfiltered|secret|obey|comply|bypass|harm|user|forget\
                |any request|the assistant",
            ..ANY
        },
        Sign { ends: "comply", then: " with the | with our | with iso| with gdpr", not: "user", ..ANY },
    ]

    indirect_note [
        Sign {
            hit: "ai training|ai users|ai team|ai course|ai tools|ai class|ai policy|ai workshop|assistant manager\
                |assistants: the meeting|claude's|gemini's",
            not: "ignore|reveal|disregard|override|hidden",
            ..ANY
        },
        Sign {
            hit: "assistants",
            near: "desk|sign in|shift|office|payroll|staff|lesson|classroom",
            not: "ignore|reveal|ai ",
            ..ANY
        },
    ]

    /// An assistant who reads aloud, signs and sits at a desk is a person.
    indirect_reading [
        Sign {
            starts: "assistant",
            hit: "reads it|reads that|read it|read that",
            near: " aloud| sign | out loud",
            ..ANY
        },
    ]

    indirect_if [
        Sign {
            hit: "assistant at |assistant to |assistant in the |assistants at|assistant for the|assistant working\
                |assistant who work|copilot on a|copilot of a",
            ..ANY
        },
    ]

    indirect_keep [
        Sign {
            hit: "request|text|command|message|messages|note|comment",
            then: " failed| is | was | has | have | could | timed| did | exceeded| will be",
            not: "hidden|secret|injection|instruction",
            ..ANY
        },
    ]

    indirect_attached [
        Sign {
            then: " for | on how| about | regarding | on the",
            not: "for you|for the ai|for ai|for the model|for the assistant|for llm|for models|for the language\
                |for language|for this|for assistants|for any|for the llm",
            ..ANY
        },
    ]

    /// A task of the user's own.
    indirect_when [
        Sign { hit: "the code|the text|the data", ends: "do not mention|do not summarize|do not summarise", ..ANY },
    ]

    obfuscated_decode [
        Sign {
            starts: "reverse",
            last: "in|into|the|a|on",
            before: " in | into | car| gear| drive|put ",
            not: "text|string|letters|sentence|word",
            ..ANY
        },
    ]

    obfuscated_spell [
        Sign {
            hit: "join the meeting|join the call|join the queue|join the group|join the line|join the webinar\
                |join the channel|join the server|join the waiting|join the class|join the zoom|join the video",
            ..ANY
        },
        Sign {
            starts: "combine",
            near: " egg| milk|flour|butter|sugar| bowl|packet|recipe|ingredients|the kit",
            ..ANY
        },
    ]
}
