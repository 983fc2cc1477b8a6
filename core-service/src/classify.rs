//! The trained classifiers: what no rule knows. The first stage takes microseconds, and the second, a transformer, reads
//! what the first is unsure of ([`second`]).
//!
//! A text is read as words ([`tokens`]), words of all languages fall into classes ([`lexicon`]), and words, pairs of
//! them and classes near each other are counted ([`features`]) in windows of 48 words. Each window is scaled by its size and
//! weighed by a linear model ([`weights`]); the best window speaks for the text, less a little for the number of tries.
//! What pattern rules found is added. The weights are made by `portcullis-core train`.

pub mod category;
pub mod features;
pub mod head;
pub mod lexicon;
pub mod second;
pub mod tokens;
pub mod topics;
pub mod weights;

use std::{ops::Range, sync::LazyLock};

use self::{
    features::{Instance, Kind, windows},
    head::{Head, Level},
    lexicon::Lexicon,
    second::SecondStage,
    weights::{Table, Weights},
};

static WEIGHTS: &[u8] = include_bytes!("classify/weights.bin");

static BUILT_IN: LazyLock<Result<Classifier, String>> =
    LazyLock::new(|| Classifier::new(lexicon::built_in()?, Weights::read(WEIGHTS)?));

/// The embedded weights, read once in the life of the process.
pub fn built_in() -> Result<&'static Classifier, String> {
    BUILT_IN.as_ref().map_err(Clone::clone)
}

pub const ATTACK: &str = "attack";
pub const KIND: &str = "kind";
pub const HARM: &str = "harm";

#[derive(Debug)]
pub struct Classifier {
    lexicon: &'static Lexicon,
    attack: Table,
    kind: Table,
    harm: Table,
}

/// What a check wants to know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    pub attacks: bool,
    pub harm: bool,
}

impl Asked {
    pub const fn any(self) -> bool {
        self.attacks || self.harm
    }
}

/// The best window so far.
#[derive(Debug, Clone, Copy)]
struct Best {
    margin: f32,
    /// Of attacks.
    kind: Head,
    /// Which reading of the text it is in.
    reading: usize,
    start: u32,
    end: u32,
}

/// A window of a text, and what the first stage thinks of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suspect {
    margin: f32,
    /// Which reading of the text it is in.
    pub reading: usize,
    /// Its bytes there.
    pub start: u32,
    pub end: u32,
}

/// The worst windows of a text, the worst first.
#[derive(Debug, Default)]
struct Suspects {
    list: [Option<Suspect>; SecondStage::WINDOWS],
}

impl Suspects {
    fn see(&mut self, suspect: Suspect) {
        let worse = |other: &Option<Suspect>| other.is_none_or(|other| suspect.margin > other.margin);
        if let Some(at) = self.list.iter().position(worse) {
            self.list[at..].rotate_right(1);
            self.list[at] = Some(suspect);
        }
    }

    fn iter(&self) -> impl Iterator<Item = Suspect> {
        self.list.iter().map_while(|suspect| *suspect)
    }
}

/// What the second stage makes of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SecondOpinion {
    /// Of both stages and the rules.
    pub probability: f32,
    /// The window that it thinks worst of.
    pub suspect: Suspect,
}

/// Buffers and evidence of one text, used again for the next.
#[derive(Debug, Default)]
pub struct Scratch {
    features: features::Scratch,
    weighed: Weighed,
    attack: Option<Best>,
    suspects: Suspects,
    harms: [Option<Best>; Head::HARMS.len()],
    windows: usize,
}

/// What a head says of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    pub head: Head,
    /// With what the rules found.
    pub probability: f32,
    /// Without.
    pub alone: f32,
    /// Which reading of the text it is about, and the bytes in it that weighed most.
    pub reading: usize,
    pub span: Range<usize>,
}

/// What each instance of a text brings to the margins of attacks: in lists of their own, so that several are added at once.
#[derive(Debug, Default)]
struct Weighed {
    /// As the instance has it.
    before: Vec<u32>,
    /// Its weight, in units of the table, times the value of its kind.
    shares: Vec<f32>,
    /// The square of that value.
    sizes: Vec<f32>,
}

impl Weighed {
    /// Added at once.
    const LANES: usize = 8;

    fn fill(&mut self, table: &Table, instances: &[Instance]) {
        let Self { before, shares, sizes } = self;
        before.clear();
        shares.clear();
        sizes.clear();
        let values = table.header.values.by_kind();
        before.extend(instances.iter().map(|instance| instance.before));
        shares.extend(instances.iter().map(|instance| table.cell(instance.hash) * values[instance.kind as usize]));
        sizes.extend(instances.iter().map(|instance| values[instance.kind as usize].powi(2)));
    }

    /// Shares and sizes of a window that begins at token `from`. What was seen before in it counts once.
    fn sums(&self, window: Range<usize>, from: u32) -> (f32, f32) {
        let counts = |before: u32| f32::from(u8::from(before <= from));
        let (before, before_rest) = self.before[window.clone()].as_chunks::<{ Self::LANES }>();
        let (shares, shares_rest) = self.shares[window.clone()].as_chunks::<{ Self::LANES }>();
        let (sizes, sizes_rest) = self.sizes[window].as_chunks::<{ Self::LANES }>();
        let mut sums = [(0.0, 0.0); Self::LANES];
        for ((before, shares), sizes) in before.iter().zip(shares).zip(sizes) {
            for (lane, sum) in sums.iter_mut().enumerate() {
                let counts = counts(before[lane]);
                sum.0 += shares[lane] * counts;
                sum.1 += sizes[lane] * counts;
            }
        }
        for (((before, share), size), sum) in before_rest.iter().zip(shares_rest).zip(sizes_rest).zip(&mut sums) {
            sum.0 += share * counts(*before);
            sum.1 += size * counts(*before);
        }
        sums.iter().fold((0.0, 0.0), |all, sum| (all.0 + sum.0, all.1 + sum.1))
    }
}

impl Classifier {
    pub fn new(lexicon: &'static Lexicon, weights: Weights) -> Result<Self, String> {
        let harms = weights.table(HARM)?.header.columns.iter().map(String::as_str);
        if !harms.eq(Head::HARMS.map(Head::entity)) {
            return Err("the harms are not those of this build".to_owned());
        }
        let kinds = weights.table(KIND)?.header.columns.iter().map(String::as_str);
        if !kinds.eq(Head::ATTACKS.map(Head::entity)) {
            return Err("the kinds of attack are not those of this build".to_owned());
        }
        if weights.table(ATTACK)?.header.columns.len() != 1 {
            return Err("more than one column for attacks".to_owned());
        }
        let mut tables = weights.tables;
        let mut take = |name: &str| {
            let at = tables.iter().position(|table| table.header.name == name);
            at.map(|at| tables.swap_remove(at)).ok_or_else(|| format!("the table `{name}` is missing"))
        };
        Ok(Self { lexicon, attack: take(ATTACK)?, kind: take(KIND)?, harm: take(HARM)? })
    }

    /// The least probability that is told.
    pub const LEAST: f32 = Level::LOW / 2.0;

    /// Begins a text.
    pub fn begin(&self, scratch: &mut Scratch) {
        scratch.attack = None;
        scratch.suspects = Suspects::default();
        scratch.harms = Default::default();
        scratch.windows = 0;
    }

    /// Takes in one reading of the text: as it stands, or as it reads when something was undone.
    pub fn read(&self, reading: usize, text: &str, asked: Asked, scratch: &mut Scratch) {
        let Scratch { features, weighed, attack, suspects, harms, windows: seen } = scratch;
        features.read(self.lexicon, text);
        if features.tokens.is_empty() {
            return;
        }
        let instances = &features.instances;
        if asked.attacks {
            weighed.fill(&self.attack, instances);
            each_window(features, features::WINDOW, |range, from, to| {
                *seen += 1;
                let window = &instances[range.clone()];
                let margin = self.attack_margin(window, weighed.sums(range.clone(), from), from);
                let (start, end) = bounds(&features.tokens, from, to);
                suspects.see(Suspect { margin, reading, start, end });
                if attack.is_none_or(|best| margin > best.margin) {
                    let kind = self.likeliest(window, from);
                    let (start, end) = strongest(window, &weighed.shares[range], from, &features.tokens);
                    *attack = Some(Best { margin, kind, reading, start, end });
                }
            });
        }
        if asked.harm {
            each_window(features, features::WIDE, |range, from, to| {
                self.harm_margins(&instances[range], from, |column, margin| {
                    if harms[column].is_none_or(|best| margin > best.margin) {
                        let (start, end) = bounds(&features.tokens, from, to);
                        harms[column] = Some(Best { margin, kind: Head::HARMS[column], reading, start, end });
                    }
                });
            });
        }
    }

    fn attack_margin(&self, window: &[Instance], (sum, size): (f32, f32), from: u32) -> f32 {
        let words = window.iter().filter(|instance| instance.kind == Kind::Word && instance.before <= from);
        let enough = words.take(features::FEWEST_WORDS).count() == features::FEWEST_WORDS;
        let sum = if enough { sum * self.attack.unit() } else { 0.0 };
        self.attack.header.biases[0] + sum / f32::max(size, features::LEAST_SIZE).sqrt()
    }

    fn likeliest(&self, window: &[Instance], from: u32) -> Head {
        let mut margins = [0.0; Head::ATTACKS.len()];
        self.margins(&self.kind, window, from, &mut margins);
        let best = margins.iter().zip(Head::ATTACKS).max_by(|(a, _), (b, _)| a.total_cmp(b));
        best.map_or(Head::PromptInjection, |(_, head)| head)
    }

    fn harm_margins(&self, window: &[Instance], from: u32, mut tell: impl FnMut(usize, f32)) {
        let mut margins = [0.0; Head::HARMS.len()];
        self.margins(&self.harm, window, from, &mut margins);
        margins.iter().enumerate().for_each(|(column, &margin)| tell(column, margin));
    }

    fn margins<const N: usize>(&self, table: &Table, window: &[Instance], from: u32, margins: &mut [f32; N]) {
        let values = table.header.values.by_kind();
        let mut size = 0.0;
        for instance in window.iter().filter(|instance| instance.before <= from) {
            let value = values[instance.kind as usize];
            if value > 0.0 {
                size += value * value;
                for (margin, weight) in margins.iter_mut().zip(table.row::<N>(instance.hash)) {
                    *margin += weight * value;
                }
            }
        }
        let scale = table.unit() / f32::max(size, features::LEAST_SIZE).sqrt();
        for (margin, bias) in margins.iter_mut().zip(&table.header.biases) {
            *margin = *margin * scale + bias;
        }
    }

    /// What the heads say. `rules` is the best score of each entity that pattern rules found in the text. `second` is
    /// asked for another opinion of an attack: it gets the margin of it all, and the worst windows.
    pub fn opinions(
        &self,
        scratch: &Scratch,
        rules: &[(&str, f32)],
        second: impl FnOnce(f32, &[Suspect]) -> Option<SecondOpinion>,
        mut tell: impl FnMut(Opinion),
    ) {
        #[allow(clippy::cast_precision_loss, reason = "a count of windows")]
        let tries = (scratch.windows.max(1) as f32).ln();
        if let Some(best) = scratch.attack {
            let header = &self.attack.header;
            let alone = best.margin - header.length * tries;
            let found: f32 =
                rules.iter().filter_map(|(entity, score)| header.rules.get(*entity).map(|weight| weight * score)).sum();
            let probability = |margin| header.calibrations[0].probability(margin);
            let suspects: Vec<Suspect> = scratch.suspects.iter().collect();
            let (best, both) = match second(alone + found, &suspects) {
                None => (best, probability(alone + found)),
                Some(SecondOpinion { probability, suspect }) => {
                    let Suspect { margin, reading, start, end } = suspect;
                    // The first stage's own words, where it is the same window.
                    let same = best.reading == reading && start <= best.start && best.end <= end;
                    (if same { best } else { Best { margin, reading, start, end, ..best } }, probability)
                }
            };
            opine(best, both, probability(alone), &mut tell);
        }
        for (column, best) in scratch.harms.iter().enumerate() {
            let Some(best) = *best else { continue };
            let header = &self.harm.header;
            let probability = header.calibrations[column].probability(best.margin);
            opine(best, probability, probability, &mut tell);
        }
    }
}

/// The instances of each window, with its first token and the one after its last.
fn each_window(features: &features::Scratch, size: usize, mut see: impl FnMut(Range<usize>, u32, u32)) {
    let instances = &features.instances;
    let (mut first, mut end) = (0, 0);
    for (from, to) in windows(features.tokens.len(), size) {
        first += instances[first..].iter().take_while(|instance| instance.at < from).count();
        end += instances[end..].iter().take_while(|instance| instance.at < to).count();
        see(first..end, from, to);
    }
}

fn opine(best: Best, probability: f32, alone: f32, tell: &mut impl FnMut(Opinion)) {
    if probability >= Classifier::LEAST {
        let span = best.start as usize..best.end as usize;
        tell(Opinion { head: best.kind, probability, alone, reading: best.reading, span });
    }
}

fn bounds(tokens: &[tokens::Token], from: u32, to: u32) -> (u32, u32) {
    let end = tokens[from as usize..to as usize].last().map_or(0, |token| token.end);
    (tokens[from as usize].start, end)
}

/// The run of tokens of a window that weighs most, by what each brings over the window's mean.
fn strongest(window: &[Instance], shares: &[f32], from: u32, tokens: &[tokens::Token]) -> (u32, u32) {
    let mut weights = [0.0_f32; features::WINDOW];
    for (instance, share) in window.iter().zip(shares) {
        if instance.before <= from {
            weights[(instance.at - from) as usize] += share;
        }
    }
    let count = (tokens.len() - from as usize).min(features::WINDOW);
    let (mut best, mut range) = (f32::MIN, 0..count);
    let (mut sum, mut start) = (0.0, 0);
    for (index, weight) in weights[..count].iter().enumerate() {
        if sum <= 0.0 {
            (sum, start) = (0.0, index);
        }
        sum += weight;
        if sum > best {
            (best, range) = (sum, start..index + 1);
        }
    }
    bounds(tokens, from + range.start as u32, from + range.end as u32)
}

#[cfg(test)]
mod tests;
