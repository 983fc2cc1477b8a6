//! Of instructions that are laid aside.

use super::{ANY, Around, Sign};

/// Instructions of every kind are not those of one thing.
const SWEEPING: &str = "all|any|every|each|everything|entire";

/// The order that follows such instructions is one to a model.
const ORDERS: &str = "for the sake|and say |and tell |and reveal|and print |and output|and answer|and respond|\
    and reply|and act |and approve|and wire |and swear|and always|and instead|and pretend|and obey";

ordinary! {
    /// "Dismiss the system prompt" closes a dialog.
    override_previous [
        Sign {
            starts: "dismiss",
            near: " tap | click|press | button| swipe|dialog|banner|pop-up|popup|permission",
            ..ANY
        },
        Sign { of_a_thing: true, not: ORDERS, without: SWEEPING, ..ANY },
        Sign { by_people: true, ..ANY },
    ]

    override_previous_rules [
        Sign {
            ends: "message|messages|text|texts|input|inputs|tasks|settings|conversation|conversations",
            after: settled!(),
            ..ANY
        },
        Sign { of_a_thing: true, not: ORDERS, without: SWEEPING, ..ANY },
        Sign { by_people: true, ..ANY },
    ]

    /// "Your training plan" and "your policy number" are the user's own.
    override_yours [
        Sign {
            then: " plan| session| partner| number| wheels| course| manual| program| schedule| holder| shoes| diet\
                | belt",
            ..ANY
        },
        Sign { ends: "training", then: " within| unless| over time| if you do not| by next", ..ANY },
        Sign { by_people: true, ..ANY },
        Sign { of_a_thing: true, not: ORDERS, without: SWEEPING, ..ANY },
    ]

    override_switch_off_yours [
        Sign {
            then: " plan| session| partner| number| wheels| course| manual| program| schedule| holder| shoes| data\
                | diet| belt",
            ..ANY
        },
        Sign {
            starts: "cancel|pause|delete|remove|suspend",
            ends: "orders|policy|policies",
            not: "content|safety|moral|ethic",
            ..ANY
        },
        Sign {
            ends: "rule|rules|filter|filters|settings|orders|policy",
            near: interface!(),
            not: "safety|ethic|content",
            ..ANY
        },
        Sign { by_people: true, ..ANY },
        Sign {
            ends: "filters|rules",
            then: " to see | to show | under | and see ",
            not: "safety|ethic|content|prompt",
            ..ANY
        },
    ]

    override_safety [
        Sign { by_people: true, ..ANY },
        Sign { near: "in settings|settings >|family link|parental", ..ANY },
        Sign {
            starts: "dismiss",
            near: " tap | click|press | button| swipe|dialog|banner|pop-up|popup|permission",
            ..ANY
        },
        Sign { ends: "system prompt|system message", then: " from the list| from the array| in config", ..ANY },
    ]

    override_all [
        Sign {
            then: " it | they | he | she | that it | that they | in the mail| in the e-mail| in the email\
                | in the letter",
            ..ANY
        },
        Sign {
            ends: "prompts",
            then: " to ",
            after: "update|install|upgrade|sign|log in|enter|pay|restart|reboot|save|rate",
            ..ANY
        },
        Sign { of_a_thing: true, not: ORDERS, ..ANY },
        Sign { by_people: true, ..ANY },
    ]

    /// "Everything above row 10" is a part of a sheet.
    override_everything [
        Sign {
            ends: "above",
            then: " row| column| page| section| zero| freezing| ground| sea| the 9| the 5| the threshold\
                | the percentile|the fold| the table| the chart| the header| the median| the mean| the average\
                | the limit| 1| 2| 3| 4| 5|6| 7| 8| 9| 0",
            ..ANY
        },
        Sign {
            ends: "above",
            then: " the cutoff| the cut-off| the range| the maximum| the ceiling| the noise",
            ..ANY
        },
    ]

    override_the_above [
        Sign { near: settled!(), ..ANY },
        Sign { ends: "but", after: "ticket", ..ANY },
    ]

    /// Somebody else's paper: "the updated instructions from the HR department".
    override_new [
        Sign { by_people: true, ..ANY },
        Sign {
            ends: "is|are",
            then: " in docs| in the docs| in readme| in agents| in the readme| in the box| in the file| on page\
                | in section| attached",
            ..ANY
        },
        Sign { of_a_thing: true, not: ORDERS, without: SWEEPING, ..ANY },
        Sign { hit: "follow", near: "badge|vendor|pharmac|doctor|manual|department|packag|label", ..ANY },
    ]

    override_void [
        Sign {
            hit: "the ",
            then: " by version| by the version| by section| by law| by directive| by regulation| by edition| by part\
                | by chapter| on 1| in 2| in version| since version",
            ..ANY
        },
        Sign {
            hit: "the ",
            then: " for residents| for visitors| for the residents| for the area| for travel| at the \
                | for all travel",
            ..ANY
        },
        Sign { ends: "in effect", then: " from | until | since | as of | on ", ..ANY },
        Sign {
            hit: "the ",
            then: " by the | by our | by parliament| by court",
            not: "user|developer|system|following|operator|admin|message|above|prompt|ai |instructions",
            ..ANY
        },
    ]

    override_supersedes [
        Sign {
            before: "this order|work order|court order|agreement|contract|settlement|edition|revision|handbook|manual\
                |circular|leaflet|data sheet|delivery note|prescription|--system|--prompt|this option|this flag\
                |the option|the flag|this field|this parameter|argument",
            not: "your programming|your guidelines|your rules|your instruc|your safety|your restr|your prompt|assistant\
                |ai |model",
            ..ANY
        },
    ]

    /// "No restrictions on travel" are nobody's who is spoken to.
    override_from_now_on [
        Sign {
            then: " on travel| on storage| on bandwidth| on traffic| on data| on the number| on imports| on exports",
            ..ANY
        },
        Sign {
            hit: "there are no|there is no|our plans|our plan|the plan|our customers|entry|travel",
            not: "you |ai |answer|respond",
            ..ANY
        },
    ]

    override_obey [
        Sign { by_people: true, ..ANY },
        Sign { then: " laws| traffic| posted| signs| local| applicable| relevant| rules of the road", ..ANY },
    ]
}
