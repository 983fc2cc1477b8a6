//! From a place in a view back to the original text.
//!
//! A run is a row of equally long units, a fixed step apart in the original: text copied as it is (units of one
//! byte), two-byte lookalikes folded to one byte, letters with a separator between them, text read backwards. So a
//! map is a few runs for most views, and 20 bytes a character at the very worst.

use std::ops::Range;

#[derive(Clone, Copy)]
struct Run {
    /// Where it starts in the view.
    at: u32,
    /// Bytes of one unit in the view.
    unit: u32,
    /// Where its first unit came from.
    from: u32,
    /// Bytes of one unit in the original.
    from_len: u32,
    /// From one unit to the next in the original; negative in text read backwards.
    step: i32,
}

impl Run {
    fn source_of(&self, unit: u32) -> Range<u32> {
        let start = (i64::from(self.from) + i64::from(unit) * i64::from(self.step)) as u32;
        start..start + self.from_len
    }

    fn is_copy(&self) -> bool {
        self.unit == 1 && self.from_len == 1 && self.step == 1
    }
}

#[derive(Clone, Default)]
pub(super) struct Origins {
    runs: Vec<Run>,
    len: u32,
}

impl Origins {
    /// `unit` bytes of the view that came, as one, from `from`. Offsets fit 32 bits: `normalize` takes no longer text.
    pub(super) fn push(&mut self, unit: usize, from: Range<usize>) {
        self.push_unit(unit as u32, from.start as u32..from.end as u32);
    }

    /// `len` bytes of the view that stand in the original as they are.
    pub(super) fn copy(&mut self, len: usize, from: usize) {
        let (len, from) = (len as u32, from as u32);
        if len == 0 {
            return;
        }
        let count = self.last_count();
        if let Some(last) = self.runs.last_mut()
            && last.unit == 1
            && last.from_len == 1
            && (count == 1 || last.step == 1)
            && last.from + count == from
        {
            last.step = 1;
        } else {
            self.runs.push(Run { at: self.len, unit: 1, from, from_len: 1, step: 1 });
        }
        self.len += len;
    }

    fn last_count(&self) -> u32 {
        self.runs.last().map_or(0, |last| (self.len - last.at) / last.unit)
    }

    fn push_unit(&mut self, unit: u32, from: Range<u32>) {
        if unit == 0 {
            return;
        }
        let from_len = from.end - from.start;
        let count = self.last_count();
        if let Some(last) = self.runs.last_mut() {
            if count == 1 && last.source_of(0) == from {
                last.unit += unit;
                self.len += unit;
                return;
            }
            if last.unit == unit && last.from_len == from_len {
                let step = i64::from(from.start) - i64::from(last.source_of(count - 1).start);
                if count == 1 || step == i64::from(last.step) {
                    last.step = step as i32;
                    self.len += unit;
                    return;
                }
            }
        }
        self.runs.push(Run { at: self.len, unit, from: from.start, from_len, step: 0 });
        self.len += unit;
    }

    /// The runs that touch a range that is not empty, each with the first and the last unit touched.
    fn touched(&self, range: Range<u32>) -> impl Iterator<Item = (&Run, Range<u32>, u32, u32)> {
        let first = self.runs.partition_point(|run| run.at <= range.start).saturating_sub(1);
        let ends = self.runs[first.min(self.runs.len())..].iter().skip(1).map(|run| run.at).chain([self.len]);
        self.runs[first.min(self.runs.len())..].iter().zip(ends).take_while(move |(run, _)| run.at < range.end).map(
            move |(run, end)| {
                let part = range.start.max(run.at)..range.end.min(end);
                let units = (part.start - run.at) / run.unit..(part.end - 1 - run.at) / run.unit;
                (run, part, units.start, units.end)
            },
        )
    }

    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        let end = (range.end as u32).min(self.len);
        let start = (range.start as u32).min(end);
        if start == end {
            let place = self.place(start);
            return place..place;
        }
        let (mut low, mut high) = (u32::MAX, 0);
        for (run, _, first, last) in self.touched(start..end) {
            for unit in [first, last] {
                let from = run.source_of(unit);
                low = low.min(from.start);
                high = high.max(from.end);
            }
        }
        low as usize..high as usize
    }

    fn place(&self, at: u32) -> usize {
        if at < self.len {
            return self.touched(at..at + 1).next().map_or(0, |(run, _, unit, _)| run.source_of(unit).start) as usize;
        }
        let count = self.last_count();
        self.runs.last().map_or(0, |last| last.source_of(count.saturating_sub(1)).end) as usize
    }

    /// The map of a view of a view: `self` leads to the parent's text, `parent` from there to the original.
    pub(super) fn after(&self, parent: &Self) -> Self {
        let mut out = Self::default();
        if let ([only], 1) = (&parent.runs[..], parent.last_count()) {
            out.push_unit(self.len, only.source_of(0));
            return out;
        }
        for (index, run) in self.runs.iter().enumerate() {
            let end = self.runs.get(index + 1).map_or(self.len, |next| next.at);
            let count = (end - run.at) / run.unit;
            if run.is_copy() {
                parent.slice(run.from..run.from + count, &mut out);
                continue;
            }
            for unit in 0..count {
                let from = run.source_of(unit);
                let from = parent.origin(from.start as usize..from.end as usize);
                out.push(run.unit as usize, from);
            }
        }
        out
    }

    fn slice(&self, range: Range<u32>, out: &mut Self) {
        if range.is_empty() {
            return;
        }
        for (run, part, first, last) in self.touched(range) {
            if run.is_copy() {
                out.copy((part.end - part.start) as usize, run.source_of(first).start as usize);
                continue;
            }
            for unit in first..=last {
                let start = (run.at + unit * run.unit).max(part.start);
                let end = (run.at + (unit + 1) * run.unit).min(part.end);
                out.push_unit(end - start, run.source_of(unit));
            }
        }
    }
}
