//! The weights file: a header that says how it was made, then a byte for each feature.
//!
//! `PCLW`, the length of the header (32 bits, little-endian), the header (JSON), the tables in the header's order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::features::Kind;

const MAGIC: &[u8; 4] = b"PCLW";
/// Of the layout and of what features mean: weights of another version say nothing about ours.
pub const VERSION: u32 = 2;
/// No table is larger.
const MAX_BITS: u32 = 20;

/// From a margin to a probability: `1 / (1 + exp(-(slope * margin + offset)))`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    pub slope: f32,
    pub offset: f32,
}

impl Calibration {
    pub fn probability(self, margin: f32) -> f32 {
        1.0 / (1.0 + (-(self.slope * margin + self.offset)).exp())
    }
}

/// How much a feature of each kind counts before a window is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Values {
    pub word: f32,
    pub pair: f32,
    pub class: f32,
    pub harm: f32,
    #[serde(default)]
    pub stem: f32,
}

impl Values {
    /// By the number of the kind.
    pub const fn by_kind(&self) -> [f32; Kind::COUNT] {
        let Self { word, pair, class, harm, stem } = *self;
        [word, pair, class, harm, stem]
    }
}

/// One linear model, or several that are read together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableHeader {
    pub name: String,
    /// The columns of a row, by name.
    pub columns: Vec<String>,
    /// Rows are two to the power of this.
    pub bits: u32,
    pub values: Values,
    /// The weight that the largest byte stands for.
    pub scale: f32,
    /// Of each column.
    pub biases: Vec<f32>,
    pub calibrations: Vec<Calibration>,
    /// Taken off a text's best margin, times the natural logarithm of its windows.
    pub length: f32,
    /// Added for findings of the pattern rules, by entity, times their score.
    pub rules: BTreeMap<String, f32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    pub version: u32,
    /// SHA-256 of all that the weights were learned from.
    pub data: String,
    pub seed: u64,
    pub texts: usize,
    /// SHA-256 of the language files: other classes make other features.
    pub lexicon: String,
    pub tables: Vec<TableHeader>,
}

/// The largest byte.
const MOST: f32 = 127.0;

#[derive(Debug)]
pub struct Table {
    pub header: TableHeader,
    cells: Box<[i8]>,
    mask: u32,
}

/// A byte says the square of its share of the scale: finer near nought, where most weights are. This is the square alone,
/// which is to be taken times [`Table::unit`].
fn square(byte: i8) -> f32 {
    let byte = f32::from(byte);
    byte * byte.abs()
}

/// The byte whose worth is nearest.
#[allow(clippy::cast_possible_truncation, reason = "between -127 and 127")]
pub fn byte(weight: f32, scale: f32) -> i8 {
    if scale <= 0.0 {
        return 0;
    }
    let share = (weight / scale).clamp(-1.0, 1.0);
    (share.signum() * share.abs().sqrt() * MOST).round() as i8
}

impl Table {
    pub fn new(header: TableHeader, cells: Box<[i8]>) -> Result<Self, String> {
        let columns = header.columns.len();
        let sound = header.bits <= MAX_BITS
            && columns > 0
            && cells.len() == columns << header.bits
            && header.biases.len() == columns
            && header.calibrations.len() == columns;
        if !sound {
            return Err(format!("the table `{}` is not as its header says", header.name));
        }
        Ok(Self { mask: (1 << header.bits) - 1, header, cells })
    }

    /// What a square of one is worth.
    pub fn unit(&self) -> f32 {
        self.header.scale / (MOST * MOST)
    }

    /// Of a feature: the weights of the table's `N` columns, in [`Self::unit`]s.
    pub fn row<const N: usize>(&self, hash: u32) -> [f32; N] {
        let (rows, _) = self.cells.as_chunks::<N>();
        rows[(hash & self.mask) as usize].map(square)
    }

    /// The same of a table with one column.
    pub fn cell(&self, hash: u32) -> f32 {
        let [cell] = self.row(hash);
        cell
    }
}

#[derive(Debug)]
pub struct Weights {
    pub header: Header,
    pub tables: Vec<Table>,
}

impl Weights {
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let broken = || "these are no weights".to_owned();
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(broken)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(broken)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (header, mut rest) = rest.split_at_checked(length).ok_or_else(broken)?;
        let header: Header = serde_json::from_slice(header).map_err(|error| format!("the header: {error}"))?;
        if header.version != VERSION {
            return Err(format!("weights of version {}, where {VERSION} is read", header.version));
        }
        let mut tables = Vec::new();
        for table in &header.tables {
            let size = table.columns.len() << table.bits.min(MAX_BITS);
            let (cells, after) = rest.split_at_checked(size).ok_or_else(broken)?;
            rest = after;
            tables.push(Table::new(table.clone(), cells.iter().map(|byte| byte.cast_signed()).collect())?);
        }
        if !rest.is_empty() {
            return Err(broken());
        }
        Ok(Self { header, tables })
    }

    pub fn write(&self) -> Result<Vec<u8>, String> {
        let header = serde_json::to_vec(&self.header).map_err(|error| error.to_string())?;
        let length = u32::try_from(header.len()).map_err(|error| error.to_string())?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(length.to_le_bytes());
        bytes.extend(header);
        for table in &self.tables {
            bytes.extend(table.cells.iter().map(|byte| byte.cast_unsigned()));
        }
        Ok(bytes)
    }

    pub fn table(&self, name: &str) -> Result<&Table, String> {
        let found = self.tables.iter().find(|table| table.header.name == name);
        found.ok_or_else(|| format!("the table `{name}` is missing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights() -> Weights {
        let table = TableHeader {
            name: "attack".to_owned(),
            columns: vec!["attack".to_owned()],
            bits: 2,
            values: Values { word: 1.0, pair: 1.0, class: 1.0, harm: 1.0, stem: 1.0 },
            scale: 2.0,
            biases: vec![-1.0],
            calibrations: vec![Calibration { slope: 1.0, offset: 0.0 }],
            length: 0.5,
            rules: BTreeMap::new(),
        };
        let header = Header {
            version: VERSION,
            data: String::new(),
            seed: 1,
            texts: 0,
            lexicon: String::new(),
            tables: vec![table.clone()],
        };
        let cells = [2.0, -0.5, 0.0, 0.01].map(|weight| byte(weight, 2.0));
        Weights { header, tables: vec![Table::new(table, cells.into()).unwrap()] }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = weights().write().unwrap();
        let read = Weights::read(&bytes).unwrap();
        assert_eq!(read.header, weights().header);
        let table = read.table("attack").unwrap();
        for (hash, weight) in [(0, 2.0), (1, -0.5), (2, 0.0), (3, 0.01), (4, 2.0)] {
            assert!((table.cell(hash) * table.unit() - weight).abs() < 0.02, "{hash}");
        }
    }

    #[test]
    fn what_is_cut_or_of_another_version_is_refused() {
        let bytes = weights().write().unwrap();
        for end in 0..bytes.len() {
            assert!(Weights::read(&bytes[..end]).is_err(), "{end}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(Weights::read(&longer).is_err());
        let mut other = weights();
        other.header.version += 1;
        assert!(Weights::read(&other.write().unwrap()).is_err());
    }
}
