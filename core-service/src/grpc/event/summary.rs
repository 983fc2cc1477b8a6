//! A summary, to the wire.

use jiff::Timestamp;
use portcullis_api::v1::{self, SummarizeResponse};

use crate::{
    events::{Bucket, Latency, Summary, TopCount},
    grpc::convert,
};

pub(super) fn response(summary: Summary, log: v1::LogStatus, sinks: Vec<v1::SinkStatus>) -> SummarizeResponse {
    let Latency { count, p50_us, p95_us, p99_us } = summary.latency;
    let since = summary.buckets.first().map(|bucket| bucket.start).unwrap_or_default();
    let until = summary.buckets.last().map(|bucket| bucket.start + summary.bucket).unwrap_or_default();
    SummarizeResponse {
        actions: summary
            .actions
            .into_iter()
            .map(|counted| v1::ActionCount {
                action: counted.action.map_or(v1::Action::Unspecified, convert::action).into(),
                kind: convert::kind(counted.kind).into(),
                count: counted.count,
            })
            .collect(),
        rules: summary
            .rules
            .into_iter()
            .map(|counted| v1::RuleCount {
                policy: counted.policy,
                rule: counted.rule,
                category: counted.category,
                count: counted.count,
            })
            .collect(),
        pending: summary.pending,
        log_bytes: summary.bytes_on_disk,
        since: time(since),
        until: time(until),
        bucket_seconds: u32::try_from(summary.bucket).unwrap_or_default(),
        buckets: summary.buckets.into_iter().map(bucket).collect(),
        users: tops(summary.users),
        teams: tops(summary.teams),
        models: tops(summary.models),
        sources: tops(summary.sources),
        categories: tops(summary.categories),
        not_run: tops(summary.not_run),
        coverage: tops(summary.coverage),
        latency: Some(v1::Latency { count, p50_us, p95_us, p99_us }),
        log: Some(log),
        sinks,
        search: None,
    }
}

fn bucket(bucket: Bucket) -> v1::Bucket {
    let Bucket { start, allowed, alerts, masks, blocks, would_block, pending } = bucket;
    v1::Bucket { time: time(start), allowed, alerts, masks, blocks, would_block, pending }
}

fn tops(tops: Vec<TopCount>) -> Vec<v1::TopCount> {
    let top = |TopCount { name, count, flagged, blocked }| v1::TopCount { name, count, flagged, blocked };
    tops.into_iter().map(top).collect()
}

fn time(second: i64) -> String {
    Timestamp::from_second(second).map(|time| time.to_string()).unwrap_or_default()
}
