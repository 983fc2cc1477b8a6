use super::*;
use crate::app::settings::PolicyArgs;

const ROWS: &str = concat!(
    "{\"id\": 1, \"text\": \"é write to ann.smith@example.org\", \"label\": 1, \"source\": \"a\", \"category\": \"pii\", ",
    "\"kind\": \"prose\", \"spans\": [{\"start\": 11, \"end\": 32, \"type\": \"EMAIL_ADDRESS\"}]}\n",
    "{\"id\": 2, \"text\": \"the sky is blue\", \"label\": 0, \"source\": \"a\", \"category\": \"none\"}\n",
    "\n",
    "{\"id\": 3, \"text\": \"a sky as green as can be\", \"label\": 1, \"source\": \"b\"}\n",
    "{\"id\": 4, \"text\": \"bob.jones@example.org\", \"label\": 0, \"source\": \"b\"}\n",
);

fn args(folder: &Path, rows: &str) -> EvalArgs {
    let file = folder.join("rows.jsonl");
    std::fs::write(&file, rows).unwrap();
    let policies = PolicyArgs { policies_dir: Some(folder.join("none")), ..PolicyArgs::default() };
    EvalArgs {
        files: vec![file],
        topics: None,
        lines: Lines::All,
        detector: Some(Detector::Pii),
        threshold: 0.5,
        format: Format::Json,
        errors: 0,
        engine: EngineArgs { policies, second_stage: None },
    }
}

fn eval(args: &EvalArgs) -> (bool, String) {
    let mut out = Vec::new();
    let all_read = run(args, &mut out).unwrap();
    (all_read, String::from_utf8(out).unwrap())
}

fn json(args: &EvalArgs) -> (bool, serde_json::Value) {
    let (all_read, out) = eval(args);
    (all_read, serde_json::from_str(&out).unwrap())
}

#[test]
fn rows_are_counted_by_source_category_and_kind() {
    let folder = tempfile::tempdir().unwrap();
    let (all_read, report) = json(&args(folder.path(), ROWS));
    assert!(all_read);
    let overall = &report["overall"];
    assert_eq!((&overall["rows"], &overall["positives"]), (&4.into(), &2.into()));
    assert_eq!(overall["precision"], 0.5);
    assert_eq!(overall["recall"], 0.5);
    assert_eq!(overall["f1"], 0.5);
    assert_eq!(overall["false_positive_rate"], 0.5);
    assert_eq!(report["by_source"][0]["recall"], 1.0);
    assert_eq!(report["by_source"][1]["name"], "b");
    assert_eq!(report["by_category"][0]["name"], "(none)");
    assert_eq!(report["by_kind"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["sweep"].as_array().map(Vec::len), Some(9));
    assert!(report["speed"]["bytes"].as_u64() > Some(0));
    assert_eq!(report.get("false_positives"), None);
}

#[test]
fn places_are_labelled_in_characters() {
    let folder = tempfile::tempdir().unwrap();
    let (_, report) = json(&args(folder.path(), ROWS));
    let spans = &report["spans"];
    assert_eq!((&spans["rows"], &spans["outside"]), (&1.into(), &0.into()));
    let email = &spans["types"][0];
    assert_eq!(email["type"], "email_address");
    assert_eq!((&email["recall"], &email["precision"]), (&1.0.into(), &1.0.into()));
}

#[test]
fn bad_lines_are_named_and_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "{\"text\": \"x\", \"label\": \"hush\"}\nhush\n{\"text\": \"hush\", \"label\": 2}\n{\"text\": \"x\", \"label\": 0}";
    let (all_read, out) = eval(&args(folder.path(), rows));
    assert!(!all_read);
    assert!(!out.contains("hush"));
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["bad_lines"]["count"], 3);
    assert_eq!(report["bad_lines"]["first"][2]["line"], 3);
    assert_eq!(report["overall"]["rows"], 1);
    assert_eq!(report["average_precision"], serde_json::Value::Null);
}

#[test]
fn texts_are_shown_only_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut args = args(folder.path(), ROWS);
    args.format = Format::Table;
    let (_, quiet) = eval(&args);
    assert!(!quiet.contains("bob.jones") && !quiet.contains("green"));
    args.errors = 1;
    let (_, loud) = eval(&args);
    assert!(loud.contains("bob.jones") && loud.contains("green") && !loud.contains("blue"));
}

#[test]
fn without_a_detector_all_that_are_built_in_are_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut args = args(folder.path(), "{\"text\": \"rm -rf / --no-preserve-root\", \"label\": 1}");
    args.detector = None;
    assert_eq!(json(&args).1["overall"]["recall"], 1.0);
    args.detector = Some(Detector::Secrets);
    assert_eq!(json(&args).1["overall"]["recall"], 0.0);
}

#[test]
fn arguments_are_checked() {
    assert_eq!(detector("code_safety"), Ok(Detector::CodeSafety));
    assert!(detector("codesafety").is_err());
    assert_eq!(threshold("0.25"), Ok(0.25));
    assert!(threshold("1.5").is_err() && threshold("NaN").is_err());
}

/// The texts are small and by the hand that wrote the fields: a floor, and no promise.
#[test]
fn denied_topics_are_told_apart_from_what_is_near_them() {
    let folder = tempfile::tempdir().unwrap();
    let topics = Path::new(env!("CARGO_MANIFEST_DIR")).join("training/topics");
    for lines in [Lines::Even, Lines::Odd, Lines::All] {
        let files = Vec::new();
        let args = EvalArgs { files, topics: Some(topics.clone()), lines, ..args(folder.path(), "") };
        let (all_read, report) = json(&args);
        assert!(all_read);
        let all = &report["all"];
        let rate = |at: usize, name: &str| all[at][name].as_f64().unwrap();
        for (at, sensitivity) in ["low", "medium", "high"].into_iter().enumerate() {
            assert_eq!(all[at]["sensitivity"], sensitivity);
        }
        assert!(rate(1, "precision") > 0.7 && rate(1, "recall") > 0.55, "{all}");
        assert!(rate(0, "precision") > 0.8 && rate(2, "recall") > 0.65, "{all}");
        assert!(all[1]["ordinary_found"].as_u64().unwrap() <= 4, "{all}");
        let (_, table) = eval(&EvalArgs { format: Format::Table, errors: 60, ..args });
        assert!(table.contains("investment_advice") && table.contains("language (medium)"), "{table}");
    }
}
