//! This program's own page of metrics as OTLP has them: one source for both, so that they never differ.
//!
//! Reads what [`Metrics::render`](crate::telemetry::Metrics::render) writes, and no more of the format than that.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value},
    metrics::v1::{
        AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum, metric,
        number_data_point,
    },
};

/// When they began to be counted, and now; in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    pub(super) start: u64,
    pub(super) now: u64,
}

/// A counter keeps its name without `_total`, which is the text format's own.
pub(super) fn metrics(page: &str, period: Period) -> Vec<Metric> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for line in page.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (Some(what), Some(name), Some(rest)) = (words.next(), words.next(), words.next()) else { continue };
            if families.last().is_none_or(|family| family.name != name) {
                families.push(Family { name, ..Family::default() });
            }
            if let Some(family) = families.last_mut() {
                match what {
                    "HELP" => family.help = rest,
                    "TYPE" => family.kind = rest,
                    _ => {}
                }
            }
        } else if let (Some(sample), Some(family)) = (Sample::parse(line), families.last_mut()) {
            family.samples.push(sample);
        }
    }
    families.into_iter().filter_map(|family| family.metric(period)).collect()
}

#[derive(Debug, Default)]
struct Family<'p> {
    name: &'p str,
    help: &'p str,
    kind: &'p str,
    samples: Vec<Sample<'p>>,
}

#[derive(Debug, PartialEq)]
struct Sample<'p> {
    name: &'p str,
    labels: Vec<(&'p str, String)>,
    value: &'p str,
}

impl<'p> Sample<'p> {
    /// `name{label="value",label="value"} value`, or without labels.
    fn parse(line: &'p str) -> Option<Self> {
        let end = line.find(['{', ' '])?;
        let (name, mut rest) = line.split_at(end);
        let mut labels = Vec::new();
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner;
            while !rest.starts_with('}') {
                let (label, quoted) = rest.split_once("=\"")?;
                let (value, after) = unquoted(quoted)?;
                labels.push((label, value));
                rest = after.strip_prefix(',').unwrap_or(after);
            }
            rest = &rest[1..];
        }
        Some(Self { name, labels, value: rest.strip_prefix(' ')? })
    }

    fn number(&self) -> number_data_point::Value {
        match self.value.parse() {
            Ok(whole) => number_data_point::Value::AsInt(whole),
            Err(_) => number_data_point::Value::AsDouble(self.float()),
        }
    }

    fn float(&self) -> f64 {
        self.value.parse().unwrap_or(f64::NAN)
    }

    fn attributes(&self) -> Vec<KeyValue> {
        self.labels.iter().filter(|(label, _)| *label != BOUND).map(|(label, value)| attribute(label, value)).collect()
    }
}

const BOUND: &str = "le";

/// Up to the quote that ends it, and what comes behind that.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

pub(super) fn attribute(key: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

impl Family<'_> {
    fn metric(self, period: Period) -> Option<Metric> {
        let number = |sample: &Sample<'_>| NumberDataPoint {
            attributes: sample.attributes(),
            start_time_unix_nano: period.start,
            time_unix_nano: period.now,
            value: Some(sample.number()),
            ..NumberDataPoint::default()
        };
        let aggregation_temporality = AggregationTemporality::Cumulative.into();
        let data = match self.kind {
            "counter" => metric::Data::Sum(Sum {
                data_points: self.samples.iter().map(number).collect(),
                aggregation_temporality,
                is_monotonic: true,
            }),
            "gauge" => metric::Data::Gauge(Gauge { data_points: self.samples.iter().map(number).collect() }),
            "histogram" => {
                metric::Data::Histogram(Histogram { data_points: self.histograms(period), aggregation_temporality })
            }
            _ => return None,
        };
        let unit = match self.name {
            name if name.ends_with("_seconds") => "s",
            name if name.ends_with("_bytes") => "By",
            // Not `1`: a receiver of Prometheus would name such a gauge `…_ratio`, which no rule and no dashboard knows.
            _ => "",
        };
        Some(Metric {
            name: self.name.to_owned(),
            description: self.help.to_owned(),
            unit: unit.to_owned(),
            data: Some(data),
            ..Metric::default()
        })
    }

    /// One for each set of labels. The text counts what is at most a bound, OTLP what is between two.
    fn histograms(&self, period: Period) -> Vec<HistogramDataPoint> {
        let mut points: BTreeMap<Vec<(&str, &str)>, HistogramDataPoint> = BTreeMap::new();
        for sample in &self.samples {
            let labels = sample.labels.iter().map(|(label, value)| (*label, value.as_str()));
            let labels = labels.filter(|(label, _)| *label != BOUND).collect();
            let point = points.entry(labels).or_insert_with(|| HistogramDataPoint {
                attributes: sample.attributes(),
                start_time_unix_nano: period.start,
                time_unix_nano: period.now,
                ..HistogramDataPoint::default()
            });
            let count = || sample.value.parse::<u64>().unwrap_or_default();
            match sample.name.strip_prefix(self.name) {
                Some("_sum") => point.sum = Some(sample.float()),
                Some("_count") => point.count = count(),
                Some("_bucket") => {
                    let below: u64 = point.bucket_counts.iter().sum();
                    point.bucket_counts.push(count().saturating_sub(below));
                    let bound = sample.labels.iter().find(|(label, _)| *label == BOUND);
                    let bound = bound.and_then(|(_, bound)| bound.parse::<f64>().ok());
                    point.explicit_bounds.extend(bound.filter(|bound| bound.is_finite()));
                }
                _ => {}
            }
        }
        points.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Kind, LogState, Metrics, Name};

    const PERIOD: Period = Period { start: 1, now: 2 };

    fn points(metric: &Metric) -> &[NumberDataPoint] {
        match metric.data.as_ref().unwrap() {
            metric::Data::Sum(Sum { data_points, .. }) | metric::Data::Gauge(Gauge { data_points }) => data_points,
            _ => panic!("{metric:?}"),
        }
    }

    #[test]
    fn every_metric_of_the_page_is_there_and_of_its_kind() {
        let page = Metrics::full();
        page.sink("a \"sink\"\\\n of, one's = own}");
        let metrics = metrics(&page.render(Some(LogState::default())), PERIOD);
        assert_eq!(metrics.len(), Name::ALL.len());
        for name in Name::ALL {
            let metric = metrics.iter().find(|metric| metric.name == name.stem()).unwrap();
            let is = match metric.data.as_ref().unwrap() {
                metric::Data::Sum(sum) => (Kind::Counter, sum.is_monotonic && sum.aggregation_temporality == 2),
                metric::Data::Gauge(_) => (Kind::Gauge, true),
                metric::Data::Histogram(histogram) => (Kind::Histogram, histogram.aggregation_temporality == 2),
                other => panic!("{other:?}"),
            };
            assert_eq!(is, (name.kind(), true), "{name:?}");
            assert_eq!(metric.description, format!("{}.", name.help()));
            // Of anything else a receiver would make another name.
            let unit = if name.stem().ends_with("_seconds") {
                "s"
            } else if name.stem().ends_with("_bytes") {
                "By"
            } else {
                ""
            };
            assert_eq!(metric.unit, unit, "{name:?}");
        }
        let delivered = metrics.iter().find(|metric| metric.name == Name::Delivered.stem()).unwrap();
        let own = [attribute("sink", "a \"sink\"\\\n of, one's = own}")];
        let point = points(delivered).iter().find(|point| point.attributes == own).unwrap();
        assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (1, 2));
        assert_eq!(point.value, Some(number_data_point::Value::AsInt(0)));
    }

    #[test]
    fn a_histogram_counts_what_is_between_two_bounds() {
        let text = "# HELP h Time.\n# TYPE h histogram\n\
            h_sum{stage=\"a\"} 6.5\nh_count{stage=\"a\"} 7\n\
            h_bucket{le=\"0.5\",stage=\"a\"} 2\nh_bucket{le=\"1.0\",stage=\"a\"} 2\nh_bucket{le=\"+Inf\",stage=\"a\"} 7\n\
            h_sum{stage=\"b\"} 0.1\nh_count{stage=\"b\"} 1\n\
            h_bucket{le=\"0.5\",stage=\"b\"} 1\nh_bucket{le=\"1.0\",stage=\"b\"} 1\nh_bucket{le=\"+Inf\",stage=\"b\"} 1\n# EOF\n";
        let metrics = metrics(text, PERIOD);
        let [Metric { data: Some(metric::Data::Histogram(histogram)), .. }] = metrics.as_slice() else {
            panic!("{metrics:?}")
        };
        let [a, b] = histogram.data_points.as_slice() else { panic!("{histogram:?}") };
        assert_eq!((a.count, a.sum), (7, Some(6.5)));
        assert_eq!((a.bucket_counts.as_slice(), a.explicit_bounds.as_slice()), (&[2, 0, 5][..], &[0.5, 1.0][..]));
        assert_eq!(
            (b.attributes.as_slice(), b.bucket_counts.as_slice()),
            (&[attribute("stage", "b")][..], &[1, 0, 0][..])
        );
    }

    #[test]
    fn what_was_observed_is_what_is_told() {
        let page = Metrics::full();
        let told = metrics(&page.render(Some(LogState::default())), PERIOD);
        let total = |metric: &Metric| match metric.data.as_ref().unwrap() {
            metric::Data::Histogram(histogram) => {
                let points = &histogram.data_points;
                assert!(points.iter().all(|point| point.bucket_counts.iter().sum::<u64>() == point.count));
                assert!(points.iter().all(|point| point.bucket_counts.len() == point.explicit_bounds.len() + 1));
                points.iter().map(|point| point.count).sum()
            }
            _ => 0,
        };
        assert!(told.iter().map(total).sum::<u64>() > 0);
    }
}
