//! Check digits and structure of the numbers that states give out. Each function takes the number without
//! separators, letters in capitals, and says whether it could have been issued.

pub mod americas;
pub mod asia;
pub mod europe;
pub mod oceania_africa;

/// A check, a number that passes it and one that does not.
#[cfg(test)]
type Case = (fn(&str) -> bool, &'static str, &'static str);

#[cfg(test)]
fn assert_told_apart(cases: &[Case]) {
    for (number, (check, valid, invalid)) in cases.iter().enumerate() {
        assert!(check(valid), "case {number}");
        assert!(!check(invalid) && !check("") && !check("é"), "case {number}");
    }
}
