//! The languages that people are spoken to in. Translates nothing itself.

use std::fmt;
use std::str::FromStr;

/// A language that people are spoken to in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
}

impl Lang {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Ru];

    /// Its ISO 639-1 code, as `--lang` takes it and `<html lang>` wants it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
        }
    }

    /// The one of two texts that is in this language.
    #[must_use]
    pub fn pick<T>(self, english: T, russian: T) -> T {
        match self {
            Self::En => english,
            Self::Ru => russian,
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Lang {
    type Err = String;

    /// Also takes a locale as POSIX and BCP 47 write it: `ru_RU.UTF-8`, `en-GB`.
    fn from_str(text: &str) -> Result<Self, String> {
        let language = text.split(['_', '-', '.']).next().unwrap_or(text);
        Self::ALL
            .into_iter()
            .find(|lang| language.eq_ignore_ascii_case(lang.as_str()))
            .ok_or_else(|| format!("there is no language `{text}` here; say en or ru"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_read_as_people_and_systems_write_them() {
        assert_eq!(["ru", "RU", "ru_RU.UTF-8"].map(|text| text.parse()), [Ok(Lang::Ru), Ok(Lang::Ru), Ok(Lang::Ru)]);
        assert_eq!("en-GB".parse(), Ok(Lang::En));
        assert!("de".parse::<Lang>().unwrap_err().contains("en or ru"));
    }
}
