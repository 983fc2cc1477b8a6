//! Any text as a policy file: problems or a policy, never a crash.
#![no_main]

use core_service::policy::compile::compile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = compile(text);
});
