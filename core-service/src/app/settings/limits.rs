//! How much and how long.

use std::time::Duration;

use serde::Deserialize;

use super::SettingsError;

/// Longer than any balancer needs to look again: a stop that waits on is taken for a program that hangs.
const LONGEST_NOTICE_MS: u64 = 60_000;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsFile {
    pub body_bytes: Option<usize>,
    /// Milliseconds within which a body has to arrive.
    pub body_timeout_ms: Option<u64>,
    /// Bytes of bodies that are held at the same time.
    pub body_budget_bytes: Option<usize>,
    /// Milliseconds that the adapter waits for the core.
    pub call_timeout_ms: Option<u64>,
    /// Of each port, at the same time.
    pub connections: Option<usize>,
    /// Milliseconds from the signal to stop, in which the program is not ready and takes calls all the same.
    pub drain_notice_ms: Option<u64>,
    /// Clean texts that are known again; 0 for none.
    pub known_texts: Option<usize>,
}

/// 100 to 400 bytes each.
const KNOWN_TEXTS: usize = 65_536;
const MOST_KNOWN_TEXTS: usize = 10_000_000;

pub(super) fn known_texts(file: &LimitsFile) -> Result<usize, SettingsError> {
    let texts = file.known_texts.unwrap_or(KNOWN_TEXTS);
    if texts > MOST_KNOWN_TEXTS {
        let message = format!("0 to {MOST_KNOWN_TEXTS}");
        return Err(SettingsError::Invalid { name: "limits.known_texts", message });
    }
    Ok(texts)
}

pub(super) fn drain_notice(flag: Option<u64>, file: &LimitsFile) -> Result<Duration, SettingsError> {
    let millis = flag.or(file.drain_notice_ms).unwrap_or_default();
    if millis > LONGEST_NOTICE_MS {
        let message = format!("0 to {LONGEST_NOTICE_MS}");
        return Err(SettingsError::Invalid { name: "limits.drain_notice_ms", message });
    }
    Ok(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_none_unless_it_is_said_and_never_without_end() {
        let file = |drain_notice_ms| LimitsFile { drain_notice_ms, ..LimitsFile::default() };
        assert_eq!(drain_notice(None, &file(None)).unwrap(), Duration::ZERO);
        assert_eq!(drain_notice(None, &file(Some(60_000))).unwrap(), Duration::from_secs(60));
        assert_eq!(drain_notice(Some(0), &file(Some(5))).unwrap(), Duration::ZERO, "a flag wins");
        let error = drain_notice(Some(60_001), &file(None)).unwrap_err();
        assert!(matches!(error, SettingsError::Invalid { name: "limits.drain_notice_ms", .. }), "{error}");
    }

    #[test]
    fn texts_are_known_again_unless_it_is_said_and_not_without_end() {
        let file = |known_texts| LimitsFile { known_texts, ..LimitsFile::default() };
        assert_eq!(known_texts(&file(None)).unwrap(), KNOWN_TEXTS);
        assert_eq!(known_texts(&file(Some(0))).unwrap(), 0);
        let error = known_texts(&file(Some(MOST_KNOWN_TEXTS + 1))).unwrap_err();
        assert!(matches!(error, SettingsError::Invalid { name: "limits.known_texts", .. }), "{error}");
    }
}
