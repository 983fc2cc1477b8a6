//! What a gateway says of a call, within what the core takes. Much of it is chosen by whoever writes the prompt: a call
//! that were refused for a label would be one that nobody judged. The envelope keeps what was cut.

use portcullis_api::{limits, v1::CallContext};

pub(crate) fn within(mut context: CallContext) -> CallContext {
    cut(&mut context.source, limits::SOURCE);
    for label in [&mut context.user, &mut context.team, &mut context.model] {
        cut(label, limits::LABEL);
    }
    // The beginning of what is no address is none either.
    if context.client_ip.len() > limits::LABEL {
        context.client_ip.clear();
    }
    context
}

fn cut(text: &mut String, most: usize) {
    text.truncate(text.floor_char_boundary(most));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_cut_between_characters_and_what_fits_stays() {
        let long = CallContext {
            source: "s".repeat(65),
            user: "é".repeat(600),
            team: "t".repeat(limits::LABEL),
            client_ip: "9".repeat(limits::LABEL + 1),
            ..CallContext::default()
        };
        let context = within(long);
        assert_eq!((context.source.len(), context.user.as_str()), (limits::SOURCE, "é".repeat(512).as_str()));
        assert_eq!((context.team.len(), context.client_ip.as_str()), (limits::LABEL, ""));
    }
}
