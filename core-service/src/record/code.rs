//! The numbers that stand for closed sets in the file.

use crate::{
    domain::{
        decision::{Action, Verdict},
        exchange::Direction,
    },
    telemetry::DeliveryFailure,
};

use super::{
    delivery::UndeliveredState,
    entry::{Analysis, PayloadFault, RecordKind},
};

/// A value is stored as its place in `ALL`: add at the end, never reorder. The SQL of this crate spells some of
/// these numbers out, where an index needs it.
pub(crate) trait Code: Copy + PartialEq + 'static {
    const ALL: &'static [Self];

    fn code(self) -> i64 {
        Self::ALL.iter().zip(0..).find(|(value, _)| **value == self).map_or(-1, |(_, code)| code)
    }

    fn from_code(code: i64) -> Option<Self> {
        usize::try_from(code).ok().and_then(|code| Self::ALL.get(code)).copied()
    }
}

impl Code for RecordKind {
    const ALL: &'static [Self] = &[Self::Decision, Self::Exchange, Self::Canary, Self::Log];
}

impl Code for Analysis {
    const ALL: &'static [Self] = &[Self::None, Self::Pending, Self::Done];
}

impl Code for PayloadFault {
    const ALL: &'static [Self] = &[Self::Damaged, Self::Erased, Self::Locked, Self::NotKept, Self::Elsewhere];
}

impl Code for Action {
    const ALL: &'static [Self] = &[Self::Allow, Self::Alert, Self::Mask, Self::Block];
}

impl Code for Verdict {
    const ALL: &'static [Self] = &[Self::Undecided, Self::Pass, Self::Fail];
}

impl Code for Direction {
    const ALL: &'static [Self] = &[Self::Request, Self::Response];
}

impl Code for UndeliveredState {
    const ALL: &'static [Self] = &[Self::Held, Self::Dead, Self::Redrive];
}

impl Code for DeliveryFailure {
    const ALL: &'static [Self] = Self::ALL;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survives<T: Code + std::fmt::Debug>() {
        for &value in T::ALL {
            assert_eq!(T::from_code(value.code()), Some(value));
        }
        assert_eq!(T::from_code(-1), None);
        assert_eq!(T::from_code(i64::MAX), None);
    }

    #[test]
    fn every_value_comes_back() {
        survives::<RecordKind>();
        survives::<Analysis>();
        survives::<PayloadFault>();
        survives::<Action>();
        survives::<Verdict>();
        survives::<Direction>();
        survives::<UndeliveredState>();
        survives::<DeliveryFailure>();
    }

    #[test]
    fn the_numbers_in_the_sql_are_these() {
        assert_eq!(Analysis::Pending.code(), 1);
        assert_eq!(Analysis::Done.code(), 2);
        assert_eq!(
            [Action::Allow.code(), Action::Alert.code(), Action::Mask.code(), Action::Block.code()],
            [0, 1, 2, 3]
        );
        assert_eq!(UndeliveredState::Dead.code(), 1);
    }
}
