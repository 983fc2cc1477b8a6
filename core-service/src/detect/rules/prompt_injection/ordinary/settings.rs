//! Of limits and refusals.

use super::{ANY, Around, Sign};

ordinary! {
    framing_without [
        Sign { hit: "return to|go back to work", ..ANY },
    ]

    /// Whoever is an administrator is spoken to here, and does not speak.
    framing_authority [
        Sign {
            starts: "as ",
            hit: ", you can|, you may |, you will find|, you must|, you should|, you have|, review|, check|, update\
                |, manage|, edit|, keep|, configure|, define|, consider",
            not: "order you|command you|obey|comply|i am|i need| me ",
            ..ANY
        },
    ]

    framing_override_code [
        Sign {
            hit: "emergency override|security override",
            near: "controller|door|lift |elevator|alarm|valve|pump|thermostat|plant|brake|operator pressed",
            not: "ignore|instruct|prompt|restrict",
            ..ANY
        },
    ]

    framing_world [
        Sign {
            hit: "that adopts ai|that uses ai|that deploys ai|which adopts ai|that builds ai|that relies on ai\
                |which deploys ai",
            ..ANY
        },
    ]

    framing_off [
        Sign {
            starts: "the ",
            hit: " were ",
            then: " by the | in | on | after ",
            not: "model|ai |assistant|you|conversation|chat|session|response",
            ..ANY
        },
        Sign {
            hit: "security controls|safety checks|security measures|safety measures|security rules",
            then: " on host| on the | at the | for host",
            ..ANY
        },
    ]

    framing_authorized [
        Sign { hit: "to skip", ends: "training|prompt|policy|policies", ..ANY },
    ]

    /// A letter to a customer may well be asked not to say sorry.
    refusal_say [
        Sign {
            near: "customer|guest|client|e-mail|email| mails| letter|cover letter|essay|speech",
            ends: "sorry|unfortunately|i apologise|i apologize|apologize|apologise|unable|cannot|can't",
            not: "i'm|i’m|i am|i can|i apolog|i won|as an|language model|as an ai|in your response|to my request",
            ..ANY
        },
    ]

    refusal_refuse [
        Sign {
            before: " a landlord| the landlord| a bank| the bank| a shop| an airline| the airline| a school\
                | the school| the gateway| the proxy| the api| the router| the firewall| the filter| the parser\
                | the library| an employer| a doctor| the council| the judge| the agency| the authority| the office\
                | the seller| a seller",
            ..ANY
        },
        Sign {
            last: "he|she|they|we|i|who|board|court|clerk|company|server|employer|landlord|gateway|proxy|bank\
                |airline|school",
            ..ANY
        },
        Sign {
            then: " without a | for a support| with a body| over https",
            hit: "requests|request",
            not: "restrict|filter|you ",
            ..ANY
        },
    ]

    refusal_mention [
        Sign {
            last: "paper|article|study|report|author|authors|essay|thesis|manuscript|review|abstract|book|they|he\
                |she",
            ..ANY
        },
    ]
}
