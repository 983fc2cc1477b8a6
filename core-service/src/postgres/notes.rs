//! What people made of records, of whatever node.

use jiff::Timestamp;
use tokio_postgres::Client;

use super::{connect::failed, row::clean};
use crate::{
    events::{EventId, Note, Notes, Opinion, Reveal, Review, StoreFault},
    record::{Code, integer},
};

/// Reveals that are told of one record, the newest.
const REVEALS: i64 = 20;

/// On the server's disk when it answers.
pub(super) async fn store(client: &Client, node: &str, note: &Note) -> Result<(), StoreFault> {
    let stored = match note {
        Note::Review { sequence, review: Review { opinion, note, who, time } } => {
            let opinion = i16::try_from(opinion.code()).unwrap_or(-1);
            let statement = "
                INSERT INTO portcullis.review (node, seq, opinion, note, who, time) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (node, seq) DO UPDATE SET opinion = excluded.opinion, note = excluded.note,
                    who = excluded.who, time = excluded.time";
            client.execute(statement, &[&node, &integer(*sequence), &opinion, &clean(note), &clean(who), time]).await
        }
        Note::Reveal { sequence, reveal: Reveal { who, time } } => {
            let statement = "INSERT INTO portcullis.reveal (node, seq, who, time) VALUES ($1, $2, $3, $4)";
            client.execute(statement, &[&node, &integer(*sequence), &clean(who), time]).await
        }
    };
    stored.map(drop).map_err(failed)
}

pub(super) async fn read(client: &Client, id: &EventId) -> Result<Notes, StoreFault> {
    let (node, sequence) = (&*id.node, integer(id.sequence));
    let review = client
        .query_opt(
            "SELECT opinion, note, who, time FROM portcullis.review WHERE node = $1 AND seq = $2",
            &[&node, &sequence],
        )
        .await
        .map_err(failed)?;
    let review = review
        .map(|row| {
            let opinion = Opinion::from_code(row.try_get::<_, i16>(0)?.into()).unwrap_or(Opinion::TruePositive);
            Ok(Review { opinion, note: row.try_get(1)?, who: row.try_get(2)?, time: row.try_get(3)? })
        })
        .transpose()
        .map_err(failed)?;
    let reveals = client
        .query(
            "SELECT who, time FROM portcullis.reveal WHERE node = $1 AND seq = $2 ORDER BY id DESC LIMIT $3",
            &[&node, &sequence, &REVEALS],
        )
        .await
        .map_err(failed)?;
    let reveals = reveals
        .iter()
        .map(|row| Ok(Reveal { who: row.try_get(0)?, time: row.try_get::<_, Timestamp>(1)? }))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    Ok(Notes { review, reveals })
}
