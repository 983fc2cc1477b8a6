//! Of roles that are taken.

use super::{ANY, Around, Sign};

ordinary! {
    /// "Takes over as a rogue AI" tells of one, "answer as one" asks for it.
    persona_unbound [
        Sign {
            starts: "as a|as the ",
            before: " crew| takes| read as| read | film| novel| book| sold| released| seen| described| known\
                | published| movie| album| episode| story of",
            ..ANY
        },
        Sign { starts: "be ", before: " may | might | could ", last: "may|might|could", ..ANY },
        Sign { starts: "as a|as the ", before: " cast | starred| plays| played| portrayed| depicted", ..ANY },
    ]

    persona_without [
        Sign { starts: "as ai ", then: " for ", ..ANY },
        Sign { starts: "as ai use|as ai adoption|as ai tools|as ai spreads|as ai gets|as ai becomes", ..ANY },
        Sign { starts: "be ", last: "may|might|could|must", hit: "our rules|the rules", ..ANY },
    ]

    persona_pretend [
        Sign {
            hit: "your company|your team|your employer|your school|your business|your organi|your firm|your store\
                |your app|your site|your landlord|your city|your town",
            ..ANY
        },
        Sign {
            then: " on budget| on remote| on time| on money| on space| on storage| on cost| on travel| on memory\
                | on the budget| for rounding",
            ..ANY
        },
    ]

    persona_you_have [
        Sign {
            near: "healed|shoulder|surgery|today's visit|doctor|lift as|lift anything|exercises|your diet|knee\
                |recovery|wound|scan showed",
            not: "answer|question|tell me|respond|request|ai | ask",
            ..ANY
        },
        Sign { ends: "and", then: " may lift| may eat| may travel", ..ANY },
    ]

    persona_mode [
        Sign {
            near: " toggle| switch to accept|payment|hold both|press and hold|button|init.el|emacs|evil-collection\
                |use-package|vim keys|thermostat|firmware|bootloader",
            not: "answer|ignore|restrict|filter|respond|jailbreak|dan |uncensored",
            ..ANY
        },
        Sign { last: "until|once", ..ANY },
        Sign {
            hit: "service mode|service-mode|emergency mode|training mode|diagnostic mode|test mode",
            not: "now|restrict|filter|answer|ignore|prompt|rules|instruction|respond|reveal|comply|safety",
            ..ANY
        },
    ]

    persona_twin [
        Sign { hit: "your dark mode", ..ANY },
        Sign {
            hit: "shadow self|shadow side|dark side",
            before: "workbook|journal|jung|therap|helps|meet|integrat|heal",
            ..ANY
        },
    ]

    persona_no_longer [
        Sign {
            ends: "assistant|ai",
            then: " manager| coach| professor| editor| director| teacher| principal| nurse| to the| at | cook| buyer\
                | engineer",
            ..ANY
        },
    ]
}
