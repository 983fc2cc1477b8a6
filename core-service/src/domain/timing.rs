//! Where the time of a check went.

use std::time::{Duration, Instant};

use super::finding::Detector;

/// What is done one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Payloads to texts.
    Extract,
    /// What hides text is undone. A part of `Detect`.
    Normalise,
    Detect,
    /// What the policies make of what was found, and what the session remembers.
    Decide,
    /// Until the log has it: on disk, or in the queue for it.
    Record,
}

impl Stage {
    pub const ALL: [Self; 5] = [Self::Extract, Self::Normalise, Self::Detect, Self::Decide, Self::Record];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Normalise => "normalise",
            Self::Detect => "detect",
            Self::Decide => "decide",
            Self::Record => "record",
        }
    }
}

/// Who reads a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reader {
    /// The one pass that wakes rules, of all detectors.
    Prefilter,
    /// The one classifier of all detectors that are trained.
    Classifier,
    /// The rules of one detector that were woken.
    Rules(Detector),
}

impl Reader {
    pub const COUNT: usize = 2 + Detector::ALL.len();

    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Prefilter, Self::Classifier].into_iter().chain(Detector::ALL.into_iter().map(Self::Rules))
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prefilter => "prefilter",
            Self::Classifier => "classifier",
            Self::Rules(detector) => detector.as_str(),
        }
    }

    /// Its place in [`Self::all`].
    pub const fn place(self) -> usize {
        match self {
            Self::Prefilter => 0,
            Self::Classifier => 1,
            Self::Rules(detector) => 2 + detector as usize,
        }
    }
}

/// From the beginning of a stage to its end, and how much of that it worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    pub begun: Instant,
    pub ended: Instant,
    pub busy: Duration,
}

/// Of the scans of one check.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScanTimes {
    pub normalise: Option<Spent>,
    readers: [Duration; Reader::COUNT],
}

impl ScanTimes {
    pub const fn add(&mut self, reader: Reader, time: Duration) {
        let readers = &mut self.readers[reader.place()];
        *readers = readers.saturating_add(time);
    }

    /// Those that read anything.
    pub fn readers(&self) -> impl Iterator<Item = (Reader, Duration)> {
        Reader::all().zip(self.readers).filter(|(_, time)| !time.is_zero())
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Timings {
    stages: [Option<Spent>; Stage::ALL.len()],
    pub scan: ScanTimes,
}

impl Timings {
    pub fn time<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        self.ended(stage, begun);
        done
    }

    /// Just now.
    pub fn ended(&mut self, stage: Stage, begun: Instant) {
        let ended = Instant::now();
        self.stages[stage as usize] = Some(Spent { begun, ended, busy: ended.duration_since(begun) });
    }

    pub fn stages(&self) -> impl Iterator<Item = (Stage, Spent)> {
        let spent = |stage| match stage {
            Stage::Normalise => self.scan.normalise,
            stage => self.stages[stage as usize],
        };
        Stage::ALL.into_iter().filter_map(move |stage| Some((stage, spent(stage)?)))
    }
}

/// A clock for what follows each other: one reading an end.
#[derive(Debug)]
pub struct Lap(Instant);

impl Lap {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since the last one.
    pub fn take(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.0, now))
    }

    /// The same for what is done again and again, added to what it was before.
    pub fn take_into(&mut self, spent: &mut Option<Spent>) {
        let begun = self.0;
        let busy = self.take();
        let before = spent.get_or_insert(Spent { begun, ended: begun, busy: Duration::ZERO });
        before.ended = self.0;
        before.busy += busy;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_has_a_place_of_its_own() {
        let all: Vec<_> = Reader::all().collect();
        assert_eq!(all.len(), Reader::COUNT);
        assert!(all.iter().enumerate().all(|(place, reader)| reader.place() == place));
    }

    #[test]
    fn what_is_done_in_turns_is_one_stage() {
        let (mut lap, mut normalise) = (Lap::start(), None);
        lap.take_into(&mut normalise);
        let first = normalise.unwrap();
        lap.take();
        lap.take_into(&mut normalise);
        let both = normalise.unwrap();
        assert_eq!(both.begun, first.begun);
        assert!(both.ended >= first.ended && both.busy <= both.ended.duration_since(both.begun));
        let mut timings = Timings { scan: ScanTimes { normalise, ..ScanTimes::default() }, ..Timings::default() };
        assert_eq!(timings.time(Stage::Extract, || 7), 7);
        assert_eq!(timings.stages().map(|(stage, _)| stage).collect::<Vec<_>>(), [Stage::Extract, Stage::Normalise]);
    }
}
