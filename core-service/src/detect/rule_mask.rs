//! A set of rules, by their numbers in a scanner.

/// Index of a rule in its scanner.
pub type RuleIndex = u32;

/// Which rules of a scanner a check asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RuleMask(Vec<u64>);

impl RuleMask {
    /// None of so many rules.
    pub fn none_of(rules: usize) -> Self {
        Self(vec![0; rules.div_ceil(64)])
    }

    pub fn insert(&mut self, index: RuleIndex) {
        self.0[index as usize / 64] |= 1 << (index % 64);
    }

    pub fn remove(&mut self, index: RuleIndex) {
        self.0[index as usize / 64] &= !(1 << (index % 64));
    }

    pub fn contains(&self, index: RuleIndex) -> bool {
        self.0[index as usize / 64] & (1 << (index % 64)) != 0
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    pub fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(mine, theirs)| mine & theirs != 0)
    }

    /// Whether it asks for all that the other does.
    pub fn holds(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| theirs & !mine == 0)
    }

    pub fn with(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.union(other);
        both
    }

    pub fn union(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }
}
