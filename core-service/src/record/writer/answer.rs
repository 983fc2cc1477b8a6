//! What those are told who wait for a commit, or watch.

use std::sync::{Arc, atomic::Ordering};

use super::{Writer, Written};
use crate::{
    record::{
        entry::{Appended, Event},
        error::StorageFault,
        incident::Gap,
        queue::{Job, Work},
        row,
        settings::OnFull,
        stored::{read_event, select_events},
    },
    telemetry::{self, RecordsLost},
};

impl Writer {
    /// Answers first, then tells those who watch.
    pub(super) fn acknowledge(&self, jobs: Vec<Job>, written: Written) {
        let watched = self.changes.receiver_count() > 0;
        if written.deliverable {
            self.tip.send_modify(|tip| *tip = written.tip.max(*tip));
        }
        let mut appended = written.appended.into_iter();
        let mut deliveries = written.deliveries.into_iter();
        let mut events = Vec::new();
        if watched {
            let incidents = written.incidents.into_iter();
            events.extend(incidents.map(|(row, sequence)| row.into_event(&self.node, sequence)));
        }
        // Nobody may be waiting any more, which is his business.
        for job in jobs {
            match job.work {
                Work::Append { rows, answer } => {
                    let given: Vec<Appended> = appended.by_ref().take(rows.len()).collect();
                    if watched {
                        let new = rows.into_iter().zip(&given).filter(|(_, given)| given.duplicate_of.is_none());
                        events.extend(new.map(|(row, given)| row.into_event(&self.node, given.sequence)));
                    }
                    let _ = answer.send(Ok(given));
                }
                Work::AppendBehind(row) => {
                    let given = appended.next().filter(|given| watched && given.duplicate_of.is_none());
                    events.extend(given.map(|given| row.into_event(&self.node, given.sequence)));
                }
                Work::Complete { answer, .. } | Work::Note { answer, .. } | Work::Flush(answer) => {
                    let _ = answer.send(Ok(()));
                }
                Work::Deliver { answer, .. } => {
                    let _ = answer.send(Ok(deliveries.next().unwrap_or_default()));
                }
                Work::Close => {}
            }
        }
        if written.pending {
            self.pending.notify_one();
        }
        if watched {
            match self.read_back(&written.completed) {
                Ok(changed) => events.extend(changed),
                Err(error) => {
                    tracing::warn!(fault = %StorageFault::from(error), "changed events were not announced");
                }
            }
        }
        for event in events {
            let _ = self.changes.send(Arc::new(event));
        }
    }

    fn read_back(&self, sequences: &[u64]) -> rusqlite::Result<Vec<Event>> {
        let mut statement = self.connection.prepare_cached(&format!("{} WHERE seq = ?1", select_events("")))?;
        sequences
            .iter()
            .map(|&sequence| statement.query_row([row::integer(sequence)], |row| read_event(row, &self.node)))
            .collect()
    }

    pub(super) fn refuse(&mut self, jobs: Vec<Job>, fault: StorageFault) {
        let sheds = self.settings.on_full == OnFull::Shed && !fault.is_of_the_record();
        let records = jobs.iter().map(|job| job.work.records()).sum::<usize>();
        let count = |is_counted: fn(&Work) -> bool| {
            let counted = jobs.iter().filter(|job| is_counted(&job.work));
            counted.map(|job| job.work.rows().len() as u64).sum::<u64>()
        };
        let behind = count(|work| matches!(work, Work::AppendBehind(_)));
        let awaited = count(|work| matches!(work, Work::Append { .. }));
        let (lost, shed) = if sheds { (0, behind + awaited) } else { (behind, 0) };
        // Counted before anybody is answered.
        self.tidings.lost.fetch_add(lost, Ordering::Relaxed);
        self.tidings.shed.fetch_add(shed, Ordering::Relaxed);
        Gap::widen(&mut self.gap, lost + shed, fault);
        self.keep_gap();
        telemetry::emit(RecordsLost { lost, shed, records, fault });
        for job in jobs {
            match job.work {
                Work::Append { rows, answer } if sheds => {
                    drop(answer.send(Ok(vec![Appended::SHED; rows.len()])));
                }
                Work::Append { answer, .. } => drop(answer.send(Err(fault.into()))),
                Work::Deliver { answer, .. } => drop(answer.send(Err(fault.into()))),
                Work::Complete { answer, .. } | Work::Note { answer, .. } | Work::Flush(answer) => {
                    drop(answer.send(Err(fault.into())));
                }
                Work::AppendBehind(_) | Work::Close => {}
            }
        }
    }
}
