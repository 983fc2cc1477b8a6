//! Check digits and structure of the numbers that states give out. Each function takes the number without
//! separators, letters in capitals, and says whether it could have been issued.

pub mod americas;
pub mod asia;
pub mod europe;
pub mod oceania_africa;
