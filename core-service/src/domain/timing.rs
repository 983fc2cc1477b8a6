//! Where the time of a check went.

use std::time::{Duration, Instant};

use super::{coverage::SecondRun, finding::Detector};

/// What is done one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Payloads to texts.
    Extract,
    /// What hides text is undone. A part of `Detect`.
    Normalise,
    /// Policies are chosen, what the session knows is recalled, and the texts are read.
    Detect,
    /// What the policies make of what was found.
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
    /// What the classifier is unsure of and what denied topics leave open, with the wait for a turn.
    SecondStage,
    /// The rules of one detector that were woken.
    Rules(Detector),
}

impl Reader {
    pub const COUNT: usize = 3 + Detector::ALL.len();

    pub fn all() -> impl Iterator<Item = Self> {
        let shared = [Self::Prefilter, Self::Classifier, Self::SecondStage];
        shared.into_iter().chain(Detector::ALL.into_iter().map(Self::Rules))
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prefilter => "prefilter",
            Self::Classifier => "classifier",
            Self::SecondStage => SecondRun::NAME,
            Self::Rules(detector) => detector.as_str(),
        }
    }

    /// Its place in [`Self::all`].
    pub const fn place(self) -> usize {
        match self {
            Self::Prefilter => 0,
            Self::Classifier => 1,
            Self::SecondStage => 2,
            Self::Rules(detector) => 3 + detector as usize,
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

impl Spent {
    /// The same stage again.
    fn join(before: &mut Option<Self>, next: Self) {
        match before {
            None => *before = Some(next),
            Some(before) => {
                before.ended = next.ended;
                before.busy += next.busy;
            }
        }
    }
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

    /// With those of a later scan.
    pub fn join(&mut self, next: &Self) {
        if let Some(next) = next.normalise {
            Spent::join(&mut self.normalise, next);
        }
        for (reader, time) in next.readers() {
            self.add(reader, time);
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Timings {
    stages: [Option<Spent>; Stage::ALL.len()],
    pub scan: ScanTimes,
}

impl Timings {
    /// Just now: what follows begins here.
    pub fn ended(&mut self, stage: Stage, lap: &mut Lap) {
        lap.take_into(&mut self.stages[stage as usize]);
    }

    fn spent(&self, stage: Stage) -> Option<Spent> {
        match stage {
            Stage::Normalise => self.scan.normalise,
            stage => self.stages[stage as usize],
        }
    }

    pub fn stages(&self) -> impl Iterator<Item = (Stage, Spent)> {
        Stage::ALL.into_iter().filter_map(|stage| Some((stage, self.spent(stage)?)))
    }

    /// What is kept with the judgement.
    pub fn durations(&self) -> Durations {
        let time = |part| match part {
            Part::Stage(stage) => self.spent(stage).map(|spent| spent.busy),
            Part::Reader(reader) => Some(self.scan.readers[reader.place()]).filter(|time| !time.is_zero()),
        };
        Durations(Part::all().filter_map(|part| Some((part, micros(time(part)?)))).collect())
    }
}

/// In whole microseconds.
pub fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// A part of a judgement whose time is kept: all but [`Stage::Record`], which ends when what is recorded cannot change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Stage(Stage),
    Reader(Reader),
}

impl Part {
    /// In the order in which they are told: the whole before its parts.
    pub fn all() -> impl Iterator<Item = Self> {
        let before = [Stage::Extract, Stage::Detect, Stage::Normalise].map(Self::Stage);
        before.into_iter().chain(Reader::all().map(Self::Reader)).chain([Self::Stage(Stage::Decide)])
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stage(stage) => stage.as_str(),
            Self::Reader(reader) => reader.as_str(),
        }
    }

    /// The stage whose part it is.
    pub const fn within(self) -> Option<Stage> {
        match self {
            Self::Stage(Stage::Normalise) | Self::Reader(_) => Some(Stage::Detect),
            Self::Stage(_) => None,
        }
    }
}

/// Microseconds that the parts of a judgement took, without those that had nothing to do. Empty where they were not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations(pub Vec<(Part, u32)>);

/// A clock for what follows each other: one reading an end.
#[derive(Debug)]
pub struct Lap(Instant);

impl Lap {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// When it was last read.
    pub const fn latest(&self) -> Instant {
        self.0
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
        Spent::join(spent, Spent { begun, ended: self.0, busy });
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
        timings.ended(Stage::Extract, &mut lap);
        assert_eq!(timings.stages().map(|(stage, _)| stage).collect::<Vec<_>>(), [Stage::Extract, Stage::Normalise]);
    }

    #[test]
    fn what_is_kept_stands_in_one_order_and_without_the_record() {
        let (mut timings, mut lap) = (Timings::default(), Lap::start());
        for stage in [Stage::Extract, Stage::Detect, Stage::Decide, Stage::Record] {
            timings.ended(stage, &mut lap);
        }
        let mut more = ScanTimes::default();
        more.add(Reader::Rules(Detector::Pii), Duration::from_nanos(2500));
        timings.scan.add(Reader::Prefilter, Duration::from_micros(7));
        timings.scan.join(&more);
        timings.scan.join(&more);
        let Durations(kept) = timings.durations();
        let names: Vec<_> = kept.iter().map(|(part, _)| part.as_str()).collect();
        assert_eq!(names, ["extract", "detect", "prefilter", "pii", "decide"]);
        assert_eq!([kept[2].1, kept[3].1], [7, 5]);
        assert!(kept.iter().all(|(part, _)| part.within().is_some() == matches!(part, Part::Reader(_))));
    }
}
