//! Sets of HTTP statuses as people write them: `[200, 201, "5xx", "300-399"]`. Knows no meaning of any.

use std::ops::RangeInclusive;

/// A set of HTTP statuses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statuses(Vec<RangeInclusive<u16>>);

impl Statuses {
    /// These ones.
    #[must_use]
    pub fn of(ranges: &[RangeInclusive<u16>]) -> Self {
        Self(ranges.to_vec())
    }

    /// Whether the status belongs to them.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first one.
    #[must_use]
    pub fn first(&self) -> Option<u16> {
        self.0.first().map(|range| *range.start())
    }

    /// Adds what one entry of a list says.
    pub(super) fn add(&mut self, written: &toml::Value) -> Result<(), String> {
        let range = match written {
            toml::Value::Integer(number) => u16::try_from(*number).ok().map(|status| status..=status),
            toml::Value::String(text) => range(text),
            toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => None,
        };
        let fits = |range: &RangeInclusive<u16>| *range.start() >= 100 && *range.end() <= 599 && range.start() <= range.end();
        match range.filter(fits) {
            Some(range) => {
                self.0.push(range);
                Ok(())
            }
            None => Err(format!("{written} is no HTTP status; write 409, \"5xx\" or \"300-399\"")),
        }
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    if let Some(hundred) = text.strip_suffix("xx") {
        let hundred: u16 = hundred.parse().ok().filter(|hundred| *hundred < 10)?;
        return Some(hundred * 100..=hundred * 100 + 99);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_numbers_hundreds_and_ranges() {
        let mut statuses = Statuses::default();
        for written in [toml::Value::Integer(409), toml::Value::from("5xx"), toml::Value::from("300-307")] {
            statuses.add(&written).unwrap();
        }
        let inside: Vec<u16> = (100..600).filter(|status| statuses.contains(*status)).collect();
        assert_eq!(inside.len(), 1 + 100 + 8);
        for wrong in [toml::Value::Integer(99), toml::Value::from("7xx"), toml::Value::from("x"), toml::Value::Boolean(true)] {
            assert!(statuses.add(&wrong).is_err(), "{wrong}");
        }
    }
}
