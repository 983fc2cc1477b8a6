use super::*;

const KEY: [u8; 32] = [7; 32];

fn spot<'a>(pointer: &'a str, span: std::ops::Range<usize>, entity: &'a str, style: Style) -> Spot<'a> {
    Spot { pointer, inner_pointer: "", is_key: false, span: Span::new(span), entity, style }
}

fn email(pointer: &str, span: std::ops::Range<usize>) -> Spot<'_> {
    spot(pointer, span, "EMAIL", Style::Label)
}

fn json(document: &str) -> Payload {
    Payload::Json(document.to_owned().into())
}

fn shown(payload: &Payload) -> String {
    match payload {
        Payload::Text(text) => text.clone(),
        Payload::Json(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

fn masked(payload: &Payload, spots: &[Spot<'_>]) -> String {
    shown(&Masker::new(KEY).mask(payload, spots).unwrap().unwrap())
}

fn error(payload: &Payload, spots: &[Spot<'_>]) -> MaskError {
    Masker::new(KEY).mask(payload, spots).unwrap_err()
}

#[test]
fn text_is_masked_in_each_style() {
    let text = Payload::Text("card 4111111111111111, bob".into());
    let card = |style| masked(&text, &[spot("", 5..21, "CREDIT_CARD", style)]);
    assert_eq!(card(Style::Label), "card [CREDIT_CARD_1], bob");
    assert_eq!(card(Style::Partial), "card ************1111, bob");
    assert_eq!(card(Style::Remove), "card , bob");
    // python3: hmac.new(b"\7" * 32, b"4111111111111111", "sha256").hexdigest()[:8]
    assert_eq!(card(Style::Hash), "card [CREDIT_CARD:33ecfa1b], bob");
    assert_eq!(masked(&text, &[spot("", 23..26, "NAME", Style::Partial)]), "card 4111111111111111, ***");
}

#[test]
fn partial_counts_characters() {
    for (text, expected) in [("äöüßäöü", "*******"), ("äöüßäöüß", "****äöüß"), ("日本語日本語日本", "****本語日本")]
    {
        assert_eq!(masked(&Payload::Text(text.into()), &[spot("", 0..text.len(), "X", Style::Partial)]), expected);
    }
}

#[test]
fn everything_outside_the_findings_stays_byte_for_byte() {
    let document =
        " {\n\t\"b\" : [1.50e+3, \"caf\\u00e9 \\/ bob@x.org\\n\", -0], \"a\":\"bob@x.org\" , \"a\": null\r\n} ";
    let spots = [email("/b/1", 8..17), email("/a", 0..9)];
    assert_eq!(
        masked(&json(document), &spots),
        " {\n\t\"b\" : [1.50e+3, \"caf\\u00e9 \\/ [EMAIL_1]\\n\", -0], \"a\":\"[EMAIL_1]\" , \"a\": null\r\n} "
    );
}

#[test]
fn escapes_are_counted_as_the_characters_they_mean() {
    // 😀 as a pair of escapes and as itself, a quote, a backslash, a control character.
    let document = r#"["\ud83d\ude00😀\"\\\u0001key\u0041\tend"]"#;
    assert_eq!(
        masked(&json(document), &[spot("/0", 0..4, "A", Style::Label)]),
        document.replace(r"\ud83d\ude00", "[A_1]")
    );
    assert_eq!(masked(&json(document), &[spot("/0", 4..8, "A", Style::Label)]), document.replace('😀', "[A_1]"));
    assert_eq!(
        masked(&json(document), &[spot("/0", 8..11, "A", Style::Remove)]),
        document.replace(r#"\"\\\u0001"#, "")
    );
    assert_eq!(
        masked(&json(document), &[spot("/0", 11..15, "A", Style::Partial)]),
        document.replace(r"key\u0041", "****")
    );
    // What a partial mask keeps, it keeps as it was written.
    assert_eq!(
        masked(&json(document), &[spot("/0", 0..16, "A", Style::Partial)]),
        document.replace(r#"\ud83d\ude00😀\"\\\u0001"#, "*****").replace("k", "*")
    );
}

#[test]
fn spans_that_overlap_or_touch_are_one() {
    let text = Payload::Text("0123456789abcdef".into());
    let label = |spans: &[Spot<'_>]| masked(&text, spans);
    let (a, b) = (spot("", 2..6, "A", Style::Label), spot("", 4..10, "B", Style::Label));
    assert_eq!(label(&[a, b]), "01[B_1]abcdef");
    assert_eq!(label(&[b, a]), "01[B_1]abcdef");
    assert_eq!(label(&[a, spot("", 6..8, "C", Style::Label)]), "01[A_1]89abcdef");
    assert_eq!(label(&[a, spot("", 2..6, "C", Style::Label)]), "01[A_1]6789abcdef", "equal: the first by name");
    assert_eq!(label(&[b, spot("", 5..6, "C", Style::Remove)]), "0123abcdef", "the stricter style wins");
    assert_eq!(label(&[a, a, spot("", 8..9, "C", Style::Label)]), "01[A_1]67[C_1]9abcdef");
}

#[test]
fn a_value_has_one_placeholder_in_request_and_response() {
    let mut masker = Masker::new(KEY);
    let request = json(r#"{"a":"bob@x.org eve@x.org bob@x.org"}"#);
    let spots = [email("/a", 0..9), email("/a", 10..19), email("/a", 20..29)];
    let request = masker.mask(&request, &spots).unwrap().unwrap();
    assert_eq!(shown(&request), r#"{"a":"[EMAIL_1] [EMAIL_2] [EMAIL_1]"}"#);
    let response = Payload::Text("to eve@x.org and ann@x.org".into());
    let spots = [email("", 3..12), email("", 17..26), spot("", 0..2, "WORD", Style::Label)];
    assert_eq!(shown(&masker.mask(&response, &spots).unwrap().unwrap()), "[WORD_1] [EMAIL_2] and [EMAIL_3]");
}

#[test]
fn a_number_becomes_a_string() {
    let document = json(r#"{"n":4111111111111111,"m":[1, 20000000 ]}"#);
    let card = |style| spot("/n", 0..16, "CARD", style);
    for (style, number) in [(Style::Label, "[CARD_1]"), (Style::Partial, "************1111"), (Style::Remove, "")] {
        assert_eq!(masked(&document, &[card(style)]), format!(r#"{{"n":"{number}","m":[1, 20000000 ]}}"#));
    }
    let parts = [spot("/m/1", 0..2, "A", Style::Label), spot("/m/1", 4..8, "B", Style::Label)];
    assert_eq!(masked(&document, &parts), r#"{"n":4111111111111111,"m":[1, "[B_1]" ]}"#);
}

#[test]
fn json_within_a_string_stays_json() {
    let document = json(r#"{"arguments" : "{\"to\" : [\"bob\\u0040x.org\", 20000000],\n \"n\":1.0}"}"#);
    let inner = |inner_pointer, span| Spot { inner_pointer, ..email("/arguments", span) };
    let result = masked(&document, &[inner("/to/0", 0..9), inner("/to/1", 0..8)]);
    assert_eq!(result, r#"{"arguments" : "{\"to\" : [\"[EMAIL_1]\", \"[EMAIL_2]\"],\n \"n\":1.0}"}"#);
}

#[test]
fn a_string_that_is_found_in_as_text_and_as_json_is_masked_in_both_ways() {
    let document = json(r#"{"a":"[\"bob@x.org\"] ","a":"to bob@x.org"}"#);
    let spots = [Spot { inner_pointer: "/0", ..email("/a", 0..9) }, email("/a", 3..12)];
    let result = masked(&document, &spots);
    assert!(!result.contains("bob") && !result.contains("org"), "{result}");
    serde_json::from_str::<serde_json::Value>(&result).unwrap();
}

#[test]
fn pointers_escape_slashes_and_tildes() {
    let document = json(r#"{"a\/b":{"m~n":{"~1":["x","bob"],"":"bob"}},"\u00e9":"bob"}"#);
    let result = masked(&document, &[email("/a~1b/m~0n/~01/1", 0..3), email("/a~1b/m~0n/", 0..3), email("/é", 1..3)]);
    assert_eq!(result, r#"{"a\/b":{"m~n":{"~1":["x","[EMAIL_1]"],"":"[EMAIL_1]"}},"\u00e9":"b[EMAIL_2]"}"#);
}

#[test]
fn of_equal_keys_every_text_that_the_span_fits_is_masked() {
    let document = json(r#"{"a":"bob@x.org","a":"bob@x.org, eve@x.org","a":"日本語日本語","a":["x"],"a":"b"}"#);
    // The third has characters that begin at 0 and 9, none at 5 or 20. What fits is masked.
    let result = masked(&document, &[email("/a", 0..9), email("/a", 5..20)]);
    assert_eq!(result, r#"{"a":"[EMAIL_1]","a":"[EMAIL_2]","a":"[EMAIL_3]日本語","a":["x"],"a":"b"}"#);
}

#[test]
fn a_key_that_is_text_is_masked_and_stays_apart_from_others() {
    let document = json(r#"{"call bob@x.org":1,"call eve@x.org":[true],"bob@x.org":"no"}"#);
    for style in [Style::Label, Style::Partial, Style::Remove] {
        let spots = ["/call bob@x.org", "/call eve@x.org"]
            .map(|pointer| Spot { is_key: true, ..spot(pointer, 5..14, "EMAIL", style) });
        assert_eq!(masked(&document, &spots), r#"{"call [EMAIL_1]":1,"call [EMAIL_2]":[true],"bob@x.org":"no"}"#);
    }
    assert_eq!(
        masked(&document, &[email("/bob@x.org", 0..2)]),
        r#"{"call bob@x.org":1,"call eve@x.org":[true],"bob@x.org":"[EMAIL_1]"}"#,
        "a key that is a name stays"
    );
}

#[test]
fn a_key_and_its_value_share_a_pointer_and_nothing_else() {
    let document = json(r#"{"call bob@x.org":"call bob@x.org"}"#);
    let value = email("/call bob@x.org", 5..14);
    let key = Spot { is_key: true, ..value };
    assert_eq!(masked(&document, &[value]), r#"{"call bob@x.org":"call [EMAIL_1]"}"#);
    assert_eq!(masked(&document, &[key]), r#"{"call [EMAIL_1]":"call bob@x.org"}"#);
    assert_eq!(masked(&document, &[key, value]), r#"{"call [EMAIL_1]":"call [EMAIL_1]"}"#);
}

#[test]
fn what_is_masked_already_stays() {
    let text = Payload::Text("a [EMAIL_1] b [EMAIL:0123abcd] c ****word d *** e".into());
    let mut masker = Masker::new(KEY);
    let whole = |span, style| spot("", span, "email", style);
    for style in [Style::Label, Style::Hash, Style::Partial, Style::Remove] {
        assert_eq!(masker.mask(&text, &[whole(2..11, style), whole(14..30, style)]).unwrap(), None);
    }
    let stars = [whole(33..41, Style::Partial), whole(44..47, Style::Partial)];
    assert_eq!(masker.mask(&text, &stars).unwrap(), None);
    assert_eq!(masker.mask(&text, &[]).unwrap(), None);
    for fake in
        ["[AKIAIOSFODNN7_1]", "[EMAIL_hunter2]", "[EMAIL_]", "[EMAIL_123456789]", "[EMAIL:0123abcd9]", "[EMAIL_1"]
    {
        assert_eq!(masked(&Payload::Text(fake.into()), &[email("", 0..fake.len())]), "[EMAIL_1]");
    }
}

#[test]
fn a_name_of_any_kind_makes_a_plain_placeholder() {
    let text = Payload::Text("x".into());
    let long = "a".repeat(100);
    for (entity, expected) in [
        ("iban de", "[IBAN_DE_1]"),
        ("", "[MASKED_1]"),
        ("ü\"\n\\", "[_____1]"),
        (&long, &format!("[{}_1]", "A".repeat(40))),
    ] {
        assert_eq!(masked(&text, &[spot("", 0..1, entity, Style::Label)]), expected);
    }
}

#[test]
fn what_cannot_be_masked_is_an_error_that_names_the_place() {
    let document = json(r#"{"a":"héllo","o":{"x":1},"n":null,"arguments":"{\"a\":1}","broken":"{\"a\":"}"#);
    for (spot, place) in [
        (email("/b", 0..1), "/b"),
        (email("/a/0", 0..1), "/a/0"),
        (email("/o", 0..1), "/o"),
        (email("/n", 0..1), "/n"),
        (email("", 0..1), ""),
        (email("a", 0..1), ""),
        (email("/a", 0..7), "/a"),
        (email("/a", 6..6), "/a"),
        (email("/a", 2..4), "/a"),
        (email("/a", 0..2), "/a"),
        (Spot { span: Span { start: 3, end: 1 }, ..email("/a", 0..1) }, "/a"),
        (email("/o/x", 0..2), "/o/x"),
        (Spot { inner_pointer: "/b", ..email("/arguments", 0..1) }, "/arguments#/b"),
        (Spot { inner_pointer: "/a", ..email("/broken", 0..1) }, "/broken#/a"),
        (Spot { inner_pointer: "/a", ..email("/o/x", 0..1) }, "/o/x#/a"),
    ] {
        let expected = MaskError::Unfit { place: format!("{place:?}") };
        assert_eq!(error(&document, &[email("/a", 0..1), spot]), expected);
    }
    let text = Payload::Text("hello".into());
    for spot in [email("/a", 0..1), email("", 4..6), Spot { inner_pointer: "/a", ..email("", 0..1) }] {
        assert!(matches!(error(&text, &[spot]), MaskError::Unfit { .. }));
    }
}

#[test]
fn what_is_not_json_is_an_error() {
    for document in [
        "",
        "{",
        "[1,]",
        "[1 2]",
        "{\"a\":1,}",
        "{a:1}",
        "[01]",
        "[1.]",
        "[-]",
        "[1e]",
        "[tru]",
        "[\"a]",
        "[\"\u{1}\"]",
        "[] x",
        "[\"\\ud800\"]",
        "[\"\\udc00\"]",
        "[\"\\ud800\\u0041\"]",
        "[\"\\u+123\"]",
        "[\"\\x\"]",
        "[\"\\",
        "[\"\\u12\"]",
        "{\"\\x\":1}",
        "\u{feff}[]",
    ] {
        assert!(matches!(error(&json(document), &[email("/0", 0..1)]), MaskError::NotJson { .. }), "{document:?}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(error(&json(&deep), &[email("/0", 0..1)]), MaskError::NotJson { offset: 128 });
    let invalid = Payload::Json(bytes::Bytes::from_static(b"[\"\xff\"]"));
    assert_eq!(error(&invalid, &[email("/0", 0..1)]), MaskError::NotJson { offset: 2 });
}

#[test]
fn a_deep_pointer_is_only_an_error() {
    let pointer = "/0".repeat(100_000);
    assert!(error(&json("[[]]"), &[email(&pointer, 0..1)]).to_string().len() < 200);
}

#[test]
fn nothing_that_was_masked_is_shown() {
    let pointer = "/call bob@x.org/4111111111111111/a~1b/messages/0";
    let document = json(r#"{"a":"bob@x.org"}"#);
    let mut masker = Masker::new(KEY);
    let failed = masker.mask(&document, &[email("/a", 0..9), email(pointer, 0..9)]).unwrap_err();
    assert!(failed.to_string().contains("\"/…/…/…/messages/0\""), "{failed}");
    for shown in [format!("{failed:?}"), format!("{masker:?}"), format!("{:?}", email(pointer, 0..9))] {
        assert!(!shown.contains("bob") && !shown.contains("4111"), "{shown}");
    }
    assert_eq!(format!("{masker:?}"), "Masker { placeholders: Placeholders(1 values) }");
}

#[test]
fn a_number_is_masked_by_the_digits_that_it_is_read_with() {
    let payload = json(r#"{"a": 35301113333e5, "b": 4111111111111111.0}"#);
    let spots = [spot("/a", 0..16, "CARD", Style::Label), spot("/b", 0..16, "CARD", Style::Partial)];
    assert_eq!(masked(&payload, &spots), r#"{"a": "[CARD_1]", "b": "************1111"}"#);
}
