//! Any text: views within the budget, and origins within the text, on its characters.
#![no_main]

use core_service::normalize::normalize;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let budget = 2 * text.len() + 4096;
    let normalized = normalize(text, budget);
    assert!(normalized.views.iter().map(|view| view.text.len()).sum::<usize>() <= budget);
    for view in &normalized.views {
        let step = (view.text.len() / 16).max(1);
        for start in (0..view.text.len()).step_by(step) {
            let origin = view.origin(start..(start + step).min(view.text.len()));
            assert!(origin.start <= origin.end && origin.end <= text.len());
            assert!(text.is_char_boundary(origin.start) && text.is_char_boundary(origin.end));
        }
    }
    for (_, range) in &normalized.marks {
        assert!(text.get(range.clone()).is_some());
    }
});
