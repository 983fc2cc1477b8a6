//! The page in a real browser: `browser/page.mjs` says what is asked of it. Screenshots are left in `target/screenshots`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use integration_tests::Setup;

#[tokio::test]
async fn people_see_what_happens_and_can_act_on_it() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tools = std::env::var_os("PORTCULLIS_TEST_TOOLS").map_or_else(|| here.join(".tools"), PathBuf::from);
    let browser = tools.join("node_modules/playwright-core");
    assert!(browser.exists(), "{} is missing: run integration-tests/run", browser.display());
    let program = Setup::portcullis().env("PORTCULLIS_AUTH_BASIC", "ann:s3cret").start();
    let mut command = Command::new("node");
    command
        .arg(here.join("browser/page.mjs"))
        .env("PORTCULLIS_URL", program.http(""))
        .env("PORTCULLIS_TEST_TOOLS", &tools)
        .env("PORTCULLIS_SCREENSHOTS", here.join("../target/screenshots"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
