//! Any text, disguised by each transformation and then undone: nothing breaks, and a view is there.
#![no_main]

use core_service::normalize::{disguise::ALL, normalize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, &str)| {
    let (first, second, text) = input;
    let pick = |number: u8| ALL[usize::from(number) % ALL.len()].1;
    let once = pick(first)(text);
    let twice = pick(second)(&once);
    for hidden in [once, twice] {
        let budget = 2 * hidden.len() + 4096;
        let normalized = normalize(&hidden, budget);
        assert!(normalized.views.iter().map(|view| view.text.len()).sum::<usize>() <= budget);
        for view in &normalized.views {
            let origin = view.origin(0..view.text.len());
            assert!(hidden.get(origin).is_some());
        }
    }
});
