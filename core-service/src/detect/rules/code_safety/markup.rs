//! Markup that runs code where it is shown.

use super::{CODE, ORDINARY, has_any, unless_discussed};
use crate::detect::{
    rule::{Rule, Wake},
    validate::Candidate,
};

const SCRIPT: Rule = Rule { entity: "script_injection", ..CODE };

/// What a script does that was put into somebody else's page.
const TELLS: [&str; 17] = [
    "alert(",
    "alert`",
    "confirm(",
    "prompt(",
    "document.cookie",
    "document.location",
    "localstorage",
    "sessionstorage",
    "eval(",
    "fromcharcode",
    "atob(",
    "document.write(",
    "new image",
    "fetch(",
    "xmlhttprequest",
    "window.location",
    "top.location",
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "markup_script",
        wake: Wake::Keywords(&["<script", "%3cscript", "<scr<script", "\\x3cscript", "\\u003cscript"]),
        pattern: r"(?i)(?:<|%3c|\\x3c|\\u003c)script(?:[\s/][^<>\n]{0,200}|%20[^<>\n]{0,200})?(?:>|%3e|\\x3e|\\u003e)[^<\n]{0,200}|<scr<script>",
        validate: Some(script),
        matches: &["<script>alert(1)</script>", "<SCRIPT SRC=//a.example/x.js></SCRIPT>", "q=%3Cscript%3Ealert(1)"],
        misses: &["<scripting>", "the script tag", "<noscript>"],
        ..SCRIPT
    },
    Rule {
        id: "markup_javascript_url",
        wake: Wake::Keywords(&["javascript:", "vbscript:", "java&#", "javascript&#", "jav&#", "java\tscript:"]),
        pattern: r"(?i)(?-u:\b)(?:javascript|vbscript|java\tscript):(?:\s|%20|/{2}|/\*|%0a){0,6}[^\s\x22'>)]{1,160}|jav(?:a|&#)[a-z0-9&#;]{0,20}&#[^\s\x22'>)]{1,160}",
        validate: Some(url),
        matches: &["[click](javascript:alert(1))", "href='javascript:fetch(\"//a.example\")'"],
        misses: &[
            "javascript:void(0)",
            "javascript: a language",
            "Languages: JavaScript: 40%, Rust: 60%",
            "javascript:;",
        ],
        ..SCRIPT
    },
    Rule {
        id: "markup_event_handler",
        wake: Wake::Keywords(&[
            "onerror",
            "onload",
            "ontoggle",
            "onfocus",
            "onmouse",
            "onclick",
            "onanimation",
            "onbegin",
            "onpointer",
            "onwheel",
            "onscroll",
            "onpageshow",
            "oninput",
            "onstart",
            "oncopy",
            "onkey",
            "onblur",
            "onhashchange",
        ]),
        pattern: r"(?i)(?:<|%3c)[a-z][a-z0-9-]{0,20}(?:[\s/+]|%20)[^<>\n]{0,200}?(?P<hit>(?-u:\b)on(?:error|load|loadstart|toggle|focus|focusin|mouse[a-z]{2,6}|click|animation[a-z]{3,9}|begin|pointer[a-z]{2,9}|wheel|scroll|pageshow|input|start|copy|key[a-z]{2,5}|blur|hashchange)\s{0,2}=\s{0,2}[^<>\n]{1,160})",
        validate: Some(handler),
        matches: &[
            "<img src=x onerror=alert(1)>",
            "<svg/onload=fetch('//a.example')>",
            "<body onload=\"alert(document.cookie)\">",
        ],
        misses: &["onerror = handler", "<button onclick=\"save()\">Save</button>", "<Image onLoad={done} />"],
        ..SCRIPT
    },
    Rule {
        id: "markup_frame",
        wake: Wake::Keywords(&["<iframe", "<object", "<embed"]),
        pattern: r"(?i)<(?:iframe|object|embed)(?:[\s/][^<>\n]{0,300})?>?",
        validate: Some(frame),
        matches: &[
            "<iframe src=javascript:alert(1)>",
            "<iframe srcdoc='<b>'>",
            "<iframe src='https://a.example' width=0 height=0>",
        ],
        misses: &["<iframes>", "the iframe element", "<objective>"],
        ..SCRIPT
    },
    Rule {
        id: "markup_data_url",
        wake: Wake::Keywords(&["data:text/html", "data:application/x", "data:image/svg", "data:text/javascript"]),
        pattern: r"(?i)(?-u:\b)data:(?:text/html|application/xhtml\+xml|text/javascript|image/svg\+xml)[^,\s]{0,40},[^\s\x22'>)]{1,400}",
        validate: Some(data),
        matches: &["data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwv"],
        misses: &["data:image/png;base64,iVBORw0KGgo=", "Content data: text/html, text/plain"],
        ..SCRIPT
    },
];

/// Pages load scripts; what they do not do is to show a box or read a cookie in a line of their own.
fn script(candidate: &Candidate<'_>) -> Option<f32> {
    let text = [candidate.hit(), candidate.after(120)].concat();
    let encoded = !candidate.hit().starts_with('<') || candidate.hit().starts_with("<scr<");
    let bare_source = has_any(candidate.hit(), &["src=//", "src='//", "src=\"//"]);
    let harmless = ["localstorage", "sessionstorage", "document.write(", "window.location", "fetch(", "xmlhttprequest"];
    let tells = TELLS.iter().any(|tell| !harmless.contains(tell) && has_any(&text, &[tell]));
    let score: f32 = if encoded || tells {
        0.8
    } else if bare_source {
        0.5
    } else {
        0.35
    };
    // In a page of its own a script is at home.
    let page = has_any(candidate.before(8000), &["<html", "<!doctype", "<head"]);
    Some(if page { score.min(ORDINARY) } else { unless_discussed(candidate, score) })
}

fn url(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let code = has_any(hit, &TELLS);
    let calls = hit.contains('(') && !has_any(hit, &["void(0", "void 0", "void(null", "history."]);
    if !code && !calls {
        return None;
    }
    Some(unless_discussed(candidate, if code || hit.contains("&#") { 0.8 } else { ORDINARY }))
}

fn handler(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    has_any(hit, &TELLS).then(|| {
        // A handler that says hello is how every course begins.
        let loads = has_any(hit, &["onerror", "onload", "ontoggle", "onfocus", "onanimation", "onbegin", "onpageshow"]);
        unless_discussed(candidate, if loads || has_any(hit, &["cookie", "eval(", "atob("]) { 0.8 } else { ORDINARY })
    })
}

fn frame(candidate: &Candidate<'_>) -> Option<f32> {
    const HIDDEN: [&str; 10] = [
        "javascript:",
        "data:text",
        "width=0",
        "height=0",
        "width=\"0",
        "height=\"0",
        "display:none",
        "display: none",
        "visibility:hidden",
        "srcdoc=",
    ];
    let hit = candidate.hit();
    if has_any(hit, &HIDDEN) {
        return Some(unless_discussed(candidate, 0.7));
    }
    has_any(hit, &["src=", "data="]).then_some(0.3)
}

fn data(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let code = has_any(hit, &TELLS) || has_any(hit, &["<script", "%3cscript", "phnjcmlwd", "onload="]);
    let picture = has_any(hit, &["image/svg"]);
    match (code, picture) {
        (true, _) => Some(unless_discussed(candidate, 0.8)),
        (false, true) => None,
        (false, false) => Some(unless_discussed(candidate, 0.55)),
    }
}
