//! What stands around every view.

use maud::{DOCTYPE, Markup, html};

/// Of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Events,
    Playground,
    Policies,
    None,
}

const TABS: [(Tab, &str, &str); 4] = [
    (Tab::Overview, "/", "Overview"),
    (Tab::Events, "/events", "Events"),
    (Tab::Playground, "/playground", "Playground"),
    (Tab::Policies, "/policies", "Policies"),
];

pub(super) fn page(title: &str, here: Tab, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Portcullis" }
                link rel="stylesheet" href="/assets/page.css";
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                script type="module" src="/assets/page.js" {}
            }
            body {
                a.skip href="#main" { "To the content" }
                header.top {
                    a.brand href="/" { span.mark aria-hidden="true" {} "Portcullis" }
                    nav aria-label="Views" {
                        @for (tab, href, name) in TABS {
                            a href=(href) aria-current=[(tab == here).then_some("page")] { (name) }
                        }
                    }
                    span #live.live role="status" {}
                }
                main #main { (body) }
                footer { "Portcullis " (env!("CARGO_PKG_VERSION")) " · times are UTC" }
            }
        }
    }
}
