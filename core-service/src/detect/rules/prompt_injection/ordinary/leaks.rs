//! Of what is to be told or sent.

use super::{ANY, Around, Sign};

ordinary! {
    /// What a helper asks of a person: a configuration beside a log, the instructions for a delivery.
    extraction_your_prompt [
        Sign {
            starts: "post|send|share|show|provide|paste|give|include|tell|see|read|describe",
            ends: "configuration|rules",
            near: technical!(),
            not: "prompt|reveal|debug_mode|ignore",
            ..ANY
        },
        Sign { starts: "see|view", ends: "rules|configuration", near: interface!(), ..ANY },
        Sign {
            hit: "send|share|post|give|provide|read",
            of_a_thing: true,
            not: "prompt|system instruct|initial instruct|hidden|secret",
            ..ANY
        },
    ]

    extraction_what_is_yours [
        Sign { ends: "configuration", not: "hidden|secret|initial|original|prompt|reveal", ..ANY },
    ]

    extraction_your_words [
        Sign {
            starts: "share|provide|paste|show|give me|tell me|describe|list",
            hit: "configuration",
            near: technical!(),
            not: "prompt|reveal|ignore",
            ..ANY
        },
        Sign {
            hit: "provide your instructions before|send your instructions before|share your instructions before\
                |provide your instructions at",
            then: " noon| friday| monday| tuesday| wednesday| thursday| saturday| sunday| the deadline| the end\
                | tomorrow| closing| your earliest| the latest| 1| 2| 3| 4| 5",
            ..ANY
        },
    ]

    extraction_behind [
        Sign { hit: " is to | are to ", ends: "your system|your software|your device|your model", ..ANY },
    ]

    extraction_earlier [
        Sign { of_a_thing: true, without: "all|any|every|each|everything|entire", ..ANY },
        Sign { then: " for each| for every| on the other| with the other| until ", not: "prompt|system", ..ANY },
    ]

    extraction_told [
        Sign {
            last: "follow|following|followed|read|check|keep|obey|to|carefully|using",
            then: " at the | by your | at your | in class| in the | when you| with your",
            not: "prompt|beginning|start|system|message",
            ..ANY
        },
        Sign {
            hit: "do you follow|do you have",
            then: " for ",
            not: "answering|respond|generat|conversation|users|content|chat|in this|for this|for me",
            ..ANY
        },
        Sign {
            last: "follow|following|followed|read|keep|obey",
            then: " by the | by a ",
            not: "prompt|developer|openai|anthropic|system|operator|creator|company|admin",
            ..ANY
        },
    ]

    extraction_system [
        Sign { near: "at startup|on startup|so that we can debug|to stdout|on boot|unit test", ..ANY },
    ]

    extraction_verbatim [
        Sign { last: "followed|following|applied|copied|implemented|typed|entered|took|obeyed|used|tried", ..ANY },
    ]

    extraction_first [
        Sign {
            ends: "instructions",
            then: " to the class| to your | on the | in the box| in the booklet| in the manual| in the leaflet\
                | leaflet| manual| sheet| for the ",
            not: "your instruc|system|hidden|initial",
            ..ANY
        },
    ]

    extraction_before [
        Sign { starts: "given|told", last: "had|have|i|was|it", not: " you | you've|were you", ..ANY },
        Sign {
            starts: "given",
            hit: "given it|given some|given him|given her|given them|given that|given the",
            ..ANY
        },
        Sign { hit: "some thought|much thought|a thought", ..ANY },
    ]

    extraction_secret [
        Sign {
            starts: "share",
            hit: "the secret key",
            last: "sides|parties|both|they|peers|clients|servers|hosts|must|then",
            ..ANY
        },
        Sign {
            ends: "word|code|phrase|password|key",
            then: " of the | for the game",
            not: "prompt|system|ai|model",
            ..ANY
        },
    ]

    exfiltration_render [
        Sign {
            hit: "where customers|where users|where they|where you can|where people|where guests|where members\
                |page where",
            not: "conversation|chat|base64|encode",
            ..ANY
        },
        Sign {
            starts: "add|include|display|create|insert",
            hit: "change their password|reset their password|reset your password|change your password\
                |forgot password",
            ..ANY
        },
    ]

    exfiltration_send [
        Sign {
            hit: "customer information|customer details|data request|customer record|information request\
                |data subject",
            not: " all |entire|every|whole|full |silently|secretly|without telling|do not tell|attacker|evil",
            ..ANY
        },
    ]

    exfiltration_internal [
        Sign {
            last: "could|might|may|can|would|to",
            before: " flaw| bug| vulnerab| breach| leak| weakness| misconfig| like this | hole | mistake",
            ..ANY
        },
    ]

    exfiltration_other [
        Sign {
            near: "debugger|console|unit test|fixture|in the script|breakpoint|notebook|token count",
            not: "another",
            ..ANY
        },
    ]
}
