use std::time::Instant;

use proptest::prelude::*;

use super::{meaning::Encoder, profile::Definition, *};
use crate::classify::second::Missed;

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn profile(name: &str, samples: &[&str], counter_samples: &[&str]) -> Arc<Profile> {
    let (samples, counter_samples) = (owned(samples), owned(counter_samples));
    let definition = Definition { name, description: "", samples: &samples, counter_samples: &counter_samples };
    Arc::new(Profile::new(&definition).unwrap())
}

fn money() -> Arc<Profile> {
    let samples = ["Which stocks should I buy?", "Is it a good time to sell my shares?", "How do I invest my savings?"];
    profile("Investment advice", &samples, &["How many items are in stock?"])
}

fn hosting() -> Arc<Profile> {
    let samples = ["Is Zephyrhost cheaper than you?", "Move my site to Zephyrhost", "What does Zephyrhost cost?"];
    profile("Competitors", &samples, &[])
}

fn likenesses(topics: &Topics, text: &str) -> Vec<Likeness> {
    with_meaning(topics, text, |_, _| None)
}

fn with_meaning(
    topics: &Topics,
    text: &str,
    meaning: impl FnOnce(&[Window<'_>], &[Arc<Profile>]) -> Option<Vec<Meaning>>,
) -> Vec<Likeness> {
    let (mut scratch, mut found) = (Scratch::default(), Vec::new());
    topics.begin(&mut scratch, |_| true);
    topics.read(0, text, &mut scratch);
    topics.conclude(&scratch, |_| Some(text), meaning, |likeness| found.push(likeness));
    found
}

fn score(topics: &Topics, text: &str) -> f32 {
    likenesses(topics, text).iter().map(|likeness| likeness.score).fold(0.0, f32::max)
}

#[test]
fn other_words_and_other_languages_are_found() {
    let topics = Topics::new(vec![money()]).unwrap();
    for text in [
        "Would you put 20k into equities or into an ETF with a good dividend?",
        "Soll ich in Aktien investieren oder lieber Anleihen ins Depot legen?",
        "Conviene investire i risparmi in azioni?",
    ] {
        assert!(score(&topics, text) >= 0.5, "{text}: {}", score(&topics, text));
    }
    for text in
        ["How many items are in stock?", "The stock photos are too dark.", "Write a poem about the sea.", "", "?!"]
    {
        assert!(score(&topics, text) < 0.5, "{text}: {}", score(&topics, text));
    }
}

#[test]
fn a_name_that_only_the_topic_knows_is_enough() {
    let topics = Topics::new(vec![money(), hosting()]).unwrap();
    let found = likenesses(&topics, "Someone told me that zephyrhost has faster disks, is that true?");
    let [likeness] = &found[..] else { panic!("{found:?}") };
    assert!(likeness.topic == 1 && likeness.score >= 0.5, "{likeness:?}");
    assert_eq!(&*likeness.explanation, "about the topic `Competitors`: lexical similarity");
}

#[test]
fn word_order_says_nothing() {
    let topics = Topics::new(vec![money()]).unwrap();
    let one = score(&topics, "which shares and stocks should i buy with my savings");
    let other = score(&topics, "savings my with buy i should stocks and shares which");
    assert!((one - other).abs() < 1e-6 && one > 0.5, "{one} {other}");
}

#[test]
fn what_a_counter_sample_says_speaks_against() {
    let samples = ["Which stocks should I buy?", "Sell my shares"];
    let text = "Are there enough items of these stocks in the warehouse inventory?";
    let without = Topics::new(vec![profile("Investments", &samples, &[])]).unwrap();
    let with =
        Topics::new(vec![profile("Investments", &samples, &["stocks of items in the warehouse inventory"])]).unwrap();
    assert!(score(&with, text) < score(&without, text), "{} {}", score(&with, text), score(&without, text));
}

#[test]
fn the_sentence_is_told_and_not_the_text_around_it() {
    let topics = Topics::new(vec![money()]).unwrap();
    let before = "The meeting about the new office was moved to Tuesday, and everybody brings a chair from home. ";
    let about = "Tell me which stocks and shares I should buy with the savings that my grandmother left me last year.";
    let after = " The printer on the third floor is out of paper again, so please use the one downstairs for now.";
    let text = format!("{before}{about}{after}");
    let [likeness] = &likenesses(&topics, &text)[..] else { panic!("one") };
    assert_eq!(&text[likeness.span.clone()], about.trim_end_matches('.'));
}

#[test]
fn only_the_topics_that_are_wanted_are_told() {
    let topics = Topics::new(vec![money(), hosting()]).unwrap();
    let text = "Is Zephyrhost a good share to invest my savings in?";
    let (mut scratch, mut found) = (Scratch::default(), Vec::new());
    topics.begin(&mut scratch, |topic| topic == 0);
    topics.read(0, text, &mut scratch);
    topics.conclude(&scratch, |_| Some(text), |_, _| None, |likeness| found.push(likeness.topic));
    assert_eq!(found, [0]);
}

#[test]
fn scripts_without_spaces_are_read_by_pairs() {
    let samples = ["我应该买哪些股票", "现在卖掉股票好吗", "推荐一些股票给我"];
    let topics = Topics::new(vec![profile("股票投资", &samples, &[])]).unwrap();
    let (near, far) = (score(&topics, "这些股票值得买吗"), score(&topics, "今天天气很好"));
    assert!(near > far && far < LEAST, "{near} {far}");
}

#[test]
fn a_topic_of_common_words_is_refused() {
    let definition = Definition { name: "the", description: "and of it", samples: &[], counter_samples: &[] };
    assert!(Profile::new(&definition).is_err());
}

/// Knows two meanings.
struct Stub;

impl Encoder for Stub {
    type Pieces = String;

    fn pieces(&self, text: &str) -> Result<Option<String>, Missed> {
        Ok(text.is_ascii().then(|| text.to_owned()))
    }

    fn embed(&self, texts: &[String], deadline: Option<Instant>) -> Result<Vec<Vec<f32>>, Missed> {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Missed::Late);
        }
        let money = |text: &String| ["stock", "share", "savings", "Investment"].iter().any(|word| text.contains(word));
        Ok(texts.iter().map(|text| if money(text) { vec![1.0, 0.0] } else { vec![0.0, 1.0] }).collect())
    }

    fn shift(&self, cosine: f32) -> f32 {
        6.0 * (cosine - 0.5)
    }
}

#[test]
fn meaning_decides_what_the_words_leave_open() {
    let topics = Topics::new(vec![money()]).unwrap();
    let compare = |windows: &[Window<'_>], profiles: &[Arc<Profile>]| {
        let (meanings, read) = meaning::compare(windows, profiles, &Stub, None)?.unwrap();
        assert_eq!(read, 1);
        Some(meanings)
    };
    let near = "Which shares, then?";
    let [found] = &with_meaning(&topics, near, compare)[..] else { panic!("one") };
    assert!(found.score > found.lexical, "{found:?}");
    assert_eq!(&*found.explanation, "about the topic `Investment advice`: lexical and encoder similarity");
    let away = [Window { topic: 0, margin: 0.0, text: "Paint the wall" }];
    let (away, _) = meaning::compare(&away, &[money()], &Stub, None).unwrap().unwrap();
    assert!(away[0].shift < 0.0, "{away:?}");
}

#[test]
fn what_no_encoder_can_read_or_has_time_for_is_not_compared() {
    let window = |text| Window { topic: 0, margin: 0.0, text };
    assert!(meaning::compare(&[window("é")], &[money()], &Stub, None).is_none());
    let late = meaning::compare(&[window("stocks")], &[money()], &Stub, Some(Instant::now()));
    assert!(matches!(late, Some(Err(Missed::Late))));
}

#[test]
fn a_window_of_two_topics_is_read_once_and_no_more_than_four_are() {
    let texts: Vec<String> = (0..9).map(|number| format!("stocks {number}")).collect();
    let windows: Vec<Window<'_>> =
        texts.iter().flat_map(|text| [0, 1].map(|topic| Window { topic, margin: 0.0, text: text.as_str() })).collect();
    let (meanings, read) = meaning::compare(&windows, &[money(), hosting()], &Stub, None).unwrap().unwrap();
    assert_eq!((read, meanings.len()), (4, 8));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever stands there, and in whatever sample: a score between 0 and 1, and a span of the text.
    #[test]
    fn no_text_breaks_it(text in "(\\PC{0,12}[ .?!\\n]{0,2}){0,40}", sample in "\\PC{3,60}") {
        let samples = [sample.as_str(), "Which stocks should I buy?"];
        let topics = Topics::new(vec![profile("Anything", &samples, &[&text]), money()]).unwrap();
        for likeness in likenesses(&topics, &text) {
            prop_assert!((0.0..=1.0).contains(&likeness.score));
            prop_assert!(text.get(likeness.span).is_some_and(|sentence| !sentence.is_empty()));
        }
    }
}
