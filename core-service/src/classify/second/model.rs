//! A model for the classification of texts, and its tokenizer.

use std::{borrow::Cow, collections::BTreeMap, fs, path::Path, sync::Arc};

use rten::{ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::{NdTensor, prelude::*};
use serde::Deserialize;
use tokenizers::{Tokenizer, TruncationParams};

use super::gate;
use crate::normalize::is_invisible;

/// Pieces of a window at most, its ends included: what the built-in model was trained on. A window has 48 words.
const PIECES: usize = 64;

/// Bytes of a window that are read: about twice what [`PIECES`] take where a letter takes three, and to find the pieces of a word without end
/// takes a microsecond a byte.
const BYTES: usize = 1024;

/// Of a piece that is in no vocabulary of this kind, and what pieces begin with that begin a word.
const UNKNOWN: &str = "<unk>";
const WORD: char = '\u{2581}';

pub(super) struct Model {
    graph: rten::Model,
    tokenizer: Tokenizer,
    inputs: Vec<(NodeId, Input)>,
    output: NodeId,
    /// A vector of each window, where the model gives one.
    embedding: Option<NodeId>,
    padding: i32,
    /// What the pieces of the built-in vocabulary are, by their numbers. Other models read everything.
    known: Option<Vec<Piece>>,
    /// The label of texts that are no attack; none when there is one label, and it is for attacks.
    benign: Option<usize>,
    /// One thread each, so that a text takes one core and no more.
    pools: Vec<Arc<ThreadPool>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Known,
    /// A word of one letter.
    Letter,
    /// What stands for signs that the vocabulary lacks.
    Strange,
}

impl Piece {
    fn of(text: &str) -> Self {
        let mut chars = text.strip_prefix(WORD).unwrap_or_default().chars();
        match (chars.next(), chars.next()) {
            _ if text == UNKNOWN => Self::Strange,
            // Words of one sign are no rarity where signs are many.
            (Some(letter), None) if letter.is_alphabetic() && !('\u{3400}'..='\u{d7a3}').contains(&letter) => {
                Self::Letter
            }
            _ => Self::Known,
        }
    }
}

/// A window cut up as the model reads it: only of what it knows, so that nothing else can be given to it.
pub struct Pieces(Vec<u32>);

// Pieces are the text.
impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pieces").field(&self.0.len()).finish()
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("parameters", &self.graph.total_params()).field("benign", &self.benign).finish()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    Ids,
    Mask,
    /// Of two texts; there is one.
    Types,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Config {
    id2label: BTreeMap<String, String>,
}

impl Config {
    /// As models name it; the first label where none has such a name.
    fn benign(&self) -> usize {
        const NAMES: [&str; 7] = ["benign", "safe", "legit", "legitimate", "negative", "clean", "no_injection"];
        let named = |(_, label): &(&String, &String)| NAMES.contains(&label.to_lowercase().as_str());
        self.id2label.iter().find(named).and_then(|(id, _)| id.parse().ok()).unwrap_or(0)
    }
}

impl Model {
    pub(super) fn built_in(model: &'static [u8], tokenizer: &[u8]) -> Result<Self, String> {
        let graph = options().load_static_slice(model).map_err(|error| error.to_string())?;
        let tokenizer = Tokenizer::from_bytes(tokenizer).map_err(|error| error.to_string())?;
        let mut known = vec![Piece::Known; tokenizer.get_vocab_size(true)];
        for (text, id) in tokenizer.get_vocab(true) {
            if let Some(piece) = known.get_mut(id as usize) {
                *piece = Piece::of(&text);
            }
        }
        Ok(Self { known: Some(known), ..Self::new(graph, tokenizer, &Config::default())? })
    }

    pub(super) fn load(folder: &Path) -> Result<Self, String> {
        let named = |name: &str| folder.join(name);
        let graph = options().load_file(named("model.onnx")).map_err(|error| format!("model.onnx: {error}"))?;
        let tokenizer =
            Tokenizer::from_file(named("tokenizer.json")).map_err(|error| format!("tokenizer.json: {error}"))?;
        let config = match fs::read(named("config.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| format!("config.json: {error}"))?,
            Err(_) => Config::default(),
        };
        Self::new(graph, tokenizer, &config)
    }

    fn new(graph: rten::Model, mut tokenizer: Tokenizer, config: &Config) -> Result<Self, String> {
        let truncation = TruncationParams { max_length: PIECES, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|error| error.to_string())?;
        let padding = tokenizer.get_padding().map_or(0, |padding| padding.pad_id);
        tokenizer.with_padding(None);
        let named =
            |id: NodeId| graph.node_info(id).and_then(|info| info.name().map(str::to_owned)).unwrap_or_default();
        let inputs = graph.input_ids().iter().map(|&id| match named(id).as_str() {
            "input_ids" => Ok((id, Input::Ids)),
            "attention_mask" => Ok((id, Input::Mask)),
            "token_type_ids" => Ok((id, Input::Types)),
            other => Err(format!("the model wants `{other}`, which is not known here")),
        });
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let outputs = graph.output_ids();
        let output = outputs.iter().copied().find(|&id| named(id) == "logits").or(outputs.first().copied());
        let output = output.ok_or("the model has no output")?;
        let embedding = outputs.iter().copied().find(|&id| named(id) == "embedding" && id != output);
        let padding = i32::try_from(padding).map_err(|error| error.to_string())?;
        let pools = (0..gate::cores()).map(|_| Arc::new(ThreadPool::with_num_threads(1))).collect();
        let mut model = Self { graph, tokenizer, inputs, output, embedding, padding, known: None, benign: None, pools };
        // The first texts of callers shall not be the ones that find out, nor pay for what is made on first use.
        let texts = ["What is the weather like?", "And tomorrow, when we meet?"];
        let texts = texts.iter().filter_map(|text| model.pieces(text).transpose()).collect::<Result<Vec<_>, _>>()?;
        match model.run(&texts, model.output, 0)?.shape() {
            [2, 1] => {}
            [2, labels] if *labels > 1 && config.benign() < *labels => model.benign = Some(config.benign()),
            other => return Err(format!("an output of the shape {other:?} is no classification")),
        }
        if let Some(embedding) = model.embedding {
            match model.run(&texts, embedding, 0)?.shape() {
                [2, width] if *width > 0 => {}
                other => return Err(format!("an embedding of the shape {other:?} is no vector a window")),
            }
        }
        Ok(model)
    }

    pub(super) const fn embeds(&self) -> bool {
        self.embedding.is_some()
    }

    /// A vector of length one for each window; none of a model that gives none.
    pub(super) fn embeddings(&self, windows: &[Pieces], slot: usize) -> Result<Vec<Vec<f32>>, String> {
        let output = self.run(windows, self.embedding.ok_or("the model gives no vectors")?, slot)?;
        let [rows, width] = output.shape() else { return Err("an embedding of another shape".to_owned()) };
        let (rows, width) = (*rows, *width);
        let values: Vec<f32> = output.iter().copied().collect();
        let unit = |row: &[f32]| {
            let length = row.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
            row.iter().map(|value| value / length).collect()
        };
        Ok(values.chunks(width.max(1)).take(rows).map(unit).collect())
    }

    /// See [`super::SecondStage::pieces`].
    pub(super) fn pieces(&self, window: &str) -> Result<Option<Pieces>, String> {
        let encoding = self.tokenizer.encode_fast(visible_head(window), true).map_err(|error| error.to_string())?;
        let readable = self.known.as_ref().is_none_or(|known| {
            let mut all = 0;
            let (mut strange, mut letters) = (0, 0);
            for (id, _) in
                encoding.get_ids().iter().zip(encoding.get_special_tokens_mask()).filter(|(_, end)| **end == 0)
            {
                all += 1;
                match known.get(*id as usize).copied().unwrap_or(Piece::Strange) {
                    Piece::Known => {}
                    Piece::Letter => letters += 1,
                    Piece::Strange => strange += 1,
                }
            }
            // Letters that stand apart hide words, and their order says nothing.
            all > 0 && 5 * strange <= all && 2 * letters <= all
        });
        Ok(readable.then(|| Pieces(encoding.get_ids().to_vec())))
    }

    /// The log-odds of an attack for each window.
    pub(super) fn logits(&self, windows: &[Pieces], slot: usize) -> Result<Vec<f32>, String> {
        let output = self.run(windows, self.output, slot)?;
        let [rows, labels] = output.shape() else { return Err("an output of another shape".to_owned()) };
        let (rows, labels) = (*rows, *labels);
        let values: Vec<f32> = output.iter().copied().collect();
        let odds = |row: &[f32]| match self.benign {
            None => row.first().copied().unwrap_or_default(),
            Some(benign) => {
                let others = row.iter().enumerate().filter(|(label, _)| *label != benign).map(|(_, value)| *value);
                log_of_sum(others) - row.get(benign).copied().unwrap_or_default()
            }
        };
        Ok(values.chunks(labels.max(1)).take(rows).map(odds).collect())
    }

    fn run(&self, windows: &[Pieces], output: NodeId, slot: usize) -> Result<rten_tensor::Tensor<f32>, String> {
        let longest = windows.iter().map(|Pieces(ids)| ids.len()).max().unwrap_or_default();
        let tensor = |input: Input| {
            NdTensor::<i32, 2>::from_fn([windows.len(), longest], |[row, column]| {
                match (input, windows[row].0.get(column)) {
                    (Input::Ids, Some(&id)) => i32::try_from(id).unwrap_or(self.padding),
                    (Input::Ids, None) => self.padding,
                    (Input::Mask, id) => i32::from(id.is_some()),
                    (Input::Types, _) => 0,
                }
            })
        };
        let inputs: Vec<(NodeId, ValueOrView<'_>)> =
            self.inputs.iter().map(|&(id, input)| (id, Value::from(tensor(input)).into())).collect();
        let pool = self.pools.get(slot).or(self.pools.first()).cloned();
        let options = RunOptions::default().with_thread_pool(pool);
        let mut outputs = self.graph.run(inputs, &[output], Some(options)).map_err(|error| error.to_string())?;
        let output = outputs.pop().ok_or("no output")?;
        output.try_into().map_err(|_| "an output that is no tensor of numbers".to_owned())
    }
}

/// The beginning of a window, without what nobody sees: most of that is in no vocabulary, and would keep the model from
/// reading or take the place of the words.
fn visible_head(window: &str) -> Cow<'_, str> {
    let head = &window[..window.floor_char_boundary(BYTES)];
    if !head.contains(is_unseen) {
        return Cow::Borrowed(head);
    }
    let mut seen = String::with_capacity(BYTES);
    for c in window.chars().filter(|c| !is_unseen(*c)) {
        if seen.len() + c.len_utf8() > BYTES {
            break;
        }
        seen.push(c);
    }
    Cow::Owned(seen)
}

/// Invisible characters, and controls that part no words.
fn is_unseen(c: char) -> bool {
    is_invisible(c) || c.is_control() && !c.is_whitespace()
}

fn options() -> ModelOptions {
    let mut options = ModelOptions::with_all_ops();
    // Costs the weights once more in memory, and saves a quarter of the time.
    options.prepack_weights(true);
    options
}

fn log_of_sum(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let largest = values.clone().fold(f32::MIN, f32::max);
    largest + values.map(|value| (value - largest).exp()).sum::<f32>().ln()
}
