//! What fits does not go with what does not.

use super::{Writer, Written};
use crate::record::{error::StorageFault, health::HealthStatus, queue::Job};

impl Writer {
    /// Of jobs that shared a transaction, which was undone. Where they did not fit they are tried again in halves, in their
    /// order and down to the single job: one large record undoes nothing but itself. Of a thousand jobs of which one does
    /// not fit that makes some ten commits. When none fits any more it is two attempts a job, and none of them syncs.
    pub(super) fn commit_apart(&mut self, jobs: Vec<Job>, fault: StorageFault) {
        // Who waits for the others is answered when all of them are written or counted.
        let (jobs, flushes): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| job.work.records() > 0);
        let mut undone = Some((jobs, fault));
        let mut parts = Vec::new();
        let mut refused = Vec::<(StorageFault, Vec<Job>)>::new();
        let mut took_records = false;
        loop {
            if let Some((mut jobs, fault)) = undone.take() {
                if fault.is_of_size() && jobs.len() > 1 {
                    let second = jobs.split_off(jobs.len() / 2);
                    parts.extend([second, jobs]);
                } else if let Some((_, with)) = refused.iter_mut().find(|(of, _)| *of == fault) {
                    with.append(&mut jobs);
                } else {
                    refused.push((fault, jobs));
                }
            }
            let Some(part) = parts.pop() else { break };
            match self.write(&part) {
                Ok(written) => {
                    // That a cursor moves within its page says nothing about room.
                    if written.took_records() {
                        took_records = true;
                        self.note(HealthStatus::Ok);
                    }
                    self.acknowledge(part, written);
                }
                Err(error) => {
                    let fault = self.undone(error);
                    undone = Some((part, fault));
                }
            }
        }
        match refused.last_mut() {
            Some((fault, with)) => {
                with.extend(flushes);
                let status = HealthStatus::Failing(*fault);
                // While records are taken, a large one that was not is its caller's affair.
                if !took_records {
                    self.note(status);
                }
            }
            None => {
                // Otherwise the next probe says it.
                if took_records {
                    self.note(HealthStatus::Ok);
                }
                self.acknowledge(flushes, Written::default());
            }
        }
        // At last and together: one gap shows all of them.
        for (fault, jobs) in refused {
            self.refuse(jobs, fault);
        }
        if took_records && self.gap.is_some() {
            // Nothing would try it before the next commit, as the log is well.
            self.tell();
        }
    }
}
