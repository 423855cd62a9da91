//! One telephone number, as E.164. Guesses no country code and no missing digit; does not ask whether the line exists.

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumberFormat, Region, ValidationError};

use super::text::{is_dash, is_invisible, trim};
use super::{CellFault, Parsed, damage};
use crate::model::{CellKind, Code, Wording};

/// E.164 allows fifteen digits; beyond this many a cell holds more than one number.
const DIGITS_MAX: usize = 15;
const ONE_NUMBER_MAX: usize = 19;

/// The number as `+` and digits. Numbers without `+` or `00` are read as people of `region` (alpha-2 code) dial them; without a
/// region they are a fault, as nobody can tell their country.
///
/// A number with a country code must have a length that its country uses. Numbering plans grow faster than programs, so one
/// that the known plan does not list is no fault here: [`doubt`] tells.
pub fn parse(text: &str, kind: CellKind, region: Option<&str>) -> Parsed<String> {
    let number = Number::of_cell(text, kind)?;
    if number.plus || number.digits().starts_with("00") {
        return international(&number);
    }
    match region {
        Some(region) if region.eq_ignore_ascii_case("RU") => russian(&number),
        Some(region) => national(&number, region),
        None => Err(CellFault::new(Code::PhoneAmbiguous, Wording::PhoneWhose)),
    }
}

/// A warning about a number in E.164 that the known numbering plan of its country does not list.
#[must_use]
pub fn doubt(e164: &str) -> Option<CellFault> {
    // Every Russian mobile number is listed.
    if e164.starts_with("+79") && e164.len() == 12 {
        return None;
    }
    let listed = PHONE_NUMBER_UTIL.parse(e164, None).is_ok_and(|number| PHONE_NUMBER_UTIL.is_valid_number(&number));
    (!listed).then(|| CellFault::new(Code::PhoneUnlisted, Wording::PhoneNotListed))
}

/// The digits of a cell and what stood around them.
pub(super) struct Number {
    /// One place is kept for the `+` that the phone library wants in front.
    buffer: [u8; 1 + ONE_NUMBER_MAX],
    count: usize,
    plus: bool,
    /// Digits before the first separator.
    first_group: usize,
}

impl Number {
    /// The one number of a cell.
    pub(super) fn of_cell(text: &str, kind: CellKind) -> Parsed<Self> {
        if let Some(fault) = damage::check(text, kind) {
            return Err(match fault.code {
                Code::NumberLetters => CellFault::new(Code::PhoneLetters, fault.message),
                _ => fault,
            });
        }
        let trimmed = trim(text);
        if trimmed.is_empty() {
            return Err(CellFault::empty());
        }
        let number = Self::read(damage::integer_part(trimmed))?;
        number.refuse_several()?;
        Ok(number)
    }

    /// Whether a plus stands in front.
    pub(super) fn plus(&self) -> bool {
        self.plus
    }

    fn read(text: &str) -> Parsed<Self> {
        let mut number = Self { buffer: [b'+'; 1 + ONE_NUMBER_MAX], count: 0, plus: false, first_group: 0 };
        for ch in text.chars() {
            match ch {
                '0'..='9' => {
                    if let Some(place) = number.buffer.get_mut(1 + number.count) {
                        *place = ch as u8;
                    }
                    number.count += 1;
                }
                '+' if number.count == 0 && !number.plus => number.plus = true,
                '(' => number.end_first_group(),
                ' ' | ')' | '.' | '-' if number.count > 0 => number.end_first_group(),
                // A line break stands between two numbers, not inside one.
                '\n' | '\r' => return Err(stranger(text)),
                _ if number.count > 0 && is_dash(ch) || ch.is_whitespace() => number.end_first_group(),
                _ if is_invisible(ch) => {}
                _ => return Err(stranger(text)),
            }
        }
        number.end_first_group();
        Ok(number)
    }

    fn end_first_group(&mut self) {
        if self.first_group == 0 {
            self.first_group = self.count;
        }
    }

    /// The digits that fit one number.
    pub(super) fn digits(&self) -> &str {
        self.with_plus().get(1..).unwrap_or("")
    }

    fn with_plus(&self) -> &str {
        let end = 1 + self.count.min(ONE_NUMBER_MAX);
        self.buffer.get(..end).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }

    fn refuse_several(&self) -> Parsed<()> {
        if self.count <= ONE_NUMBER_MAX {
            return Ok(());
        }
        let message = Wording::PhoneMoreThanOne.with([self.count.into()]);
        Err(CellFault::new(Code::PhoneSeveral, message))
    }
}

/// What a cell with something else than digits, blanks, brackets, dots and dashes holds.
fn stranger(text: &str) -> CellFault {
    let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let numbers = text.split([';', ',', '/', '|', '\n', '\r', '+', '&']).filter(|part| digits(part) >= 5).count();
    if numbers > 1 {
        return CellFault::new(Code::PhoneSeveral, Wording::PhoneNumbers.with([numbers.into()]));
    }
    if let Some(at) = text.find(|ch: char| ch.is_alphabetic() || ch == '#')
        && let Some((number, mark)) = text.split_at_checked(at)
    {
        let lower = mark.to_lowercase();
        let marks = ["доб", "внутр", "вн", "ext", "x", "х", "#"];
        if digits(number) >= 5 && digits(mark) > 0 && marks.iter().any(|start| lower.starts_with(start)) {
            return CellFault::new(Code::PhoneExtension, Wording::PhoneHasExtension);
        }
        // "+7 900 000-00-01 или +7 900 000-00-02"
        if digits(number) >= 5 && mark.split(char::is_alphabetic).any(|part| digits(part) >= 5) {
            return CellFault::new(Code::PhoneSeveral, Wording::PhoneSeveralNumbers);
        }
    }
    let others = text.chars().filter(|&ch| !(ch.is_ascii_digit() || ch.is_whitespace() || is_dash(ch))).count();
    CellFault::new(Code::PhoneLetters, Wording::PhoneSigns.with([digits(text).into(), others.into()]))
}

fn russian(number: &Number) -> Parsed<String> {
    let digits = number.digits();
    match (digits.len(), digits.as_bytes().first()) {
        (11, Some(b'7' | b'8')) => seven(digits.get(1..).unwrap_or("")),
        (10, Some(b'9')) => seven(digits),
        (10, _) => Err(CellFault::new(Code::PhoneAmbiguous, Wording::PhoneAreaUncertain)),
        (0..=9, _) => Err(too_short(digits.len(), Wording::RussianHasEleven)),
        (length, _) => {
            let abroad = length <= DIGITS_MAX && possible(number.with_plus(), None).is_ok_and(|(_, listed)| listed);
            Err(if abroad || length == 11 {
                let message = Wording::PhoneNoPlus.with([length.into()]);
                CellFault::new(Code::PhoneAmbiguous, message)
            } else {
                too_long(length, Wording::RussianHasEleven)
            })
        }
    }
}

/// A number of the Russian and Kazakh plan from its ten national digits.
fn seven(national: &str) -> Parsed<String> {
    let mut e164 = String::with_capacity(12);
    e164.push_str("+7");
    e164.push_str(national);
    match national.as_bytes().first() {
        Some(b'0' | b'1' | b'2' | b'5') => Err(CellFault::new(Code::PhoneInvalid, Wording::PhoneNoAreaCode)),
        Some(_) | None => Ok(e164),
    }
}

fn international(number: &Number) -> Parsed<String> {
    if number.count == 0 {
        return Err(too_short(0, Wording::AbroadAtLeast));
    }
    let digits = number.digits();
    let digits = if number.plus { digits } else { digits.get(2..).unwrap_or("") };
    if let Some(national) = digits.strip_prefix('7') {
        return match national.len() {
            10 => seven(national),
            0..=9 => Err(too_short(digits.len(), Wording::SevenHasEleven)),
            _ => Err(too_long(digits.len(), Wording::SevenHasEleven)),
        };
    }
    // "+8 (495) …": the trunk prefix of Russia behind a plus; without the gap it may be a country of the far east.
    if digits.starts_with("89") || (digits.starts_with('8') && number.plus && number.first_group == 1) {
        let message = Wording::PhonePlusEight;
        return Err(CellFault::new(Code::PhoneInvalid, message));
    }
    if digits.len() > DIGITS_MAX {
        return Err(too_long(digits.len(), Wording::AbroadAtMost));
    }
    if digits.starts_with('0') {
        return Err(CellFault::new(Code::PhoneInvalid, Wording::PhoneCountryZero));
    }
    let (e164, listed) = if number.plus { possible(number.with_plus(), None) } else { possible(&format!("+{digits}"), None) }?;
    // "+916 123-45-67": as likely a Russian mobile number that lost its 7.
    if !listed && digits.len() == 10 && digits.starts_with('9') {
        let message = Wording::PhonePlusNine;
        return Err(CellFault::new(Code::PhoneInvalid, message));
    }
    Ok(e164)
}

fn national(number: &Number, region: &str) -> Parsed<String> {
    let region = region.parse::<Region>().map_err(|_| no_region())?;
    match possible(number.digits(), Some(region))? {
        (e164, true) => Ok(e164),
        (_, false) => Err(CellFault::new(Code::PhoneInvalid, Wording::PhoneNotInRegion)),
    }
}

fn no_region() -> CellFault {
    CellFault::new(Code::PhoneAmbiguous, Wording::PhoneNoRegion)
}

/// The number as E.164 when its length is one that its country uses, and whether the numbering plan lists it.
fn possible(number: &str, region: Option<Region>) -> Parsed<(String, bool)> {
    let digits = number.trim_start_matches('+').len();
    let parsed = PHONE_NUMBER_UTIL.parse(number, region).map_err(|error| match error {
        ParseError::InvalidCountryCode if region.is_some() => no_region(),
        ParseError::InvalidCountryCode => CellFault::new(Code::PhoneInvalid, Wording::PhoneNoCountryCode),
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => too_short(digits, Wording::CountryHasMore),
        ParseError::TooLongNsn => too_long(digits, Wording::CountryHasFewer),
        ParseError::NotANumber(_) => too_short(digits, Wording::TelephoneHasMore),
    })?;
    match PHONE_NUMBER_UTIL.is_possible_number_with_reason(&parsed) {
        Ok(NumberLengthType::IsPossible) => {}
        Ok(NumberLengthType::IsPossibleLocalOnly) => {
            return Err(CellFault::new(Code::PhoneAmbiguous, Wording::PhoneTooFewForArea.with([digits.into()])));
        }
        Err(ValidationError::TooShort) => return Err(too_short(digits, Wording::CountryHasMore)),
        Err(ValidationError::TooLong) => return Err(too_long(digits, Wording::CountryHasFewer)),
        Err(ValidationError::InvalidCountryCode | ValidationError::InvalidLength) => {
            return Err(CellFault::new(
                Code::PhoneInvalid,
                Wording::PhoneDigits.with([digits.into(), Wording::CountryHasOther.into()]),
            ));
        }
    }
    let e164 = PHONE_NUMBER_UTIL.format(&parsed, PhoneNumberFormat::E164);
    if is_e164(&e164) {
        Ok((e164.into_owned(), PHONE_NUMBER_UTIL.is_valid_number(&parsed)))
    } else {
        Err(CellFault::new(Code::PhoneInvalid, Wording::PhoneNoForm))
    }
}

fn is_e164(number: &str) -> bool {
    let Some(digits) = number.strip_prefix('+') else { return false };
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && match digits.as_bytes().first() {
            Some(b'7') => digits.len() == 11,
            Some(b'1'..=b'9') => (7..=DIGITS_MAX).contains(&digits.len()),
            Some(_) | None => false,
        }
}

fn too_short(digits: usize, wanted: Wording) -> CellFault {
    CellFault::new(Code::PhoneTooShort, Wording::PhoneDigits.with([digits.into(), wanted.into()]))
}

fn too_long(digits: usize, wanted: Wording) -> CellFault {
    CellFault::new(Code::PhoneTooLong, Wording::PhoneDigits.with([digits.into(), wanted.into()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ru(text: &str) -> Result<String, Code> {
        parse(text, CellKind::Text, Some("RU")).map_err(|fault| fault.code)
    }

    #[test]
    fn russian_spellings_become_e164() {
        for text in [
            "+79000000001",
            "89000000001",
            "79000000001",
            "9000000001",
            "8 (900) 000-00-01",
            "+7 (900) 000-00-01",
            "8.900.000.00.01",
            "8\u{a0}900\u{a0}000–00–01",
            "\u{202a}+7 900 000‑00‑01\u{202c}",
            "(900) 000 00 01",
            "007 900 000 00 01",
            "79000000001.0",
            " 8-900-000-00-01\n",
        ] {
            assert_eq!(ru(text).as_deref(), Ok("+79000000001"), "{text}");
        }
        assert_eq!(ru("8-800-555-35-35").as_deref(), Ok("+78005553535"));
        assert_eq!(ru("8 (495) 000-00-01").as_deref(), Ok("+74950000001"));
        assert_eq!(parse("79000000001", CellKind::Number(79_000_000_001.0), Some("RU")).unwrap(), "+79000000001");
    }

    #[test]
    fn numbers_of_other_countries_need_their_code() {
        assert_eq!(ru("+375 29 000-00-01").as_deref(), Ok("+375290000001"));
        assert_eq!(ru("00375290000001").as_deref(), Ok("+375290000001"));
        assert_eq!(ru("+49 30 000001").as_deref(), Ok("+4930000001"));
        assert_eq!(ru("+7 700 000 00 01").as_deref(), Ok("+77000000001"));
        assert_eq!(parse("(201) 555-0123", CellKind::Text, Some("us")).unwrap(), "+12015550123");
        assert_eq!(ru("998901234567"), Err(Code::PhoneAmbiguous));
        assert_eq!(parse("2015550123", CellKind::Text, Some("XX")).unwrap_err().code, Code::PhoneAmbiguous);
        // Nobody's country is the default.
        let fault = parse("9161234567", CellKind::Text, None).unwrap_err();
        assert!(fault.code == Code::PhoneAmbiguous && fault.message.to_string().contains("phone_region"), "{}", fault.message);
        assert_eq!(parse("+371 2612 3456", CellKind::Text, None).unwrap(), "+37126123456");
    }

    #[test]
    fn what_is_no_single_number_is_refused() {
        for (text, code) in [
            ("8903", Code::PhoneTooShort),
            ("+7900000001", Code::PhoneTooShort),
            ("+", Code::PhoneTooShort),
            ("890000000011", Code::PhoneTooLong),
            ("+790000000011", Code::PhoneTooLong),
            ("+1234567890123456", Code::PhoneTooLong),
            ("4951234567", Code::PhoneAmbiguous),
            ("8916123456", Code::PhoneAmbiguous),
            ("+09000000001", Code::PhoneInvalid),
            ("+8 916 123-45-67", Code::PhoneInvalid),
            ("+89161234567", Code::PhoneInvalid),
            ("+8 (495) 123-45-67", Code::PhoneInvalid),
            ("80000000000", Code::PhoneInvalid),
            ("+9161234567", Code::PhoneInvalid),
            ("+999 123 456 78", Code::PhoneInvalid),
            ("+79161234 56O", Code::PhoneLetters),
            ("+7916123456О", Code::PhoneLetters),
            ("нет", Code::PhoneLetters),
            ("-", Code::PhoneLetters),
            ("+7 900 ***-**-01", Code::PhoneLetters),
            ("89161234567; 84951234567", Code::PhoneSeveral),
            ("89161234567, 84951234567", Code::PhoneSeveral),
            ("89161234567\n84951234567", Code::PhoneSeveral),
            ("89161234567 84951234567", Code::PhoneSeveral),
            ("+79161234567 +74951234567", Code::PhoneSeveral),
            ("8 916 123-45-67 или 8 495 123-45-67", Code::PhoneSeveral),
            ("8 (495) 123-45-67 доб. 12", Code::PhoneExtension),
            ("84951234567 ext 12", Code::PhoneExtension),
            ("84951234567#12", Code::PhoneExtension),
            ("7,9E+10", Code::CellScientific),
            ("8.9161234567E10", Code::CellScientific),
            ("", Code::ValueMissing),
        ] {
            assert_eq!(ru(text), Err(code), "{text}");
        }
        assert_eq!(parse("-5", CellKind::Number(-5.0), Some("RU")).unwrap_err().code, Code::PhoneLetters);
        assert_eq!(parse("1", CellKind::Number(1e17), Some("RU")).unwrap_err().code, Code::CellDigitsLost);
    }

    #[test]
    fn unlisted_numbers_pass_with_a_warning() {
        for text in ["+375290000001", "+74950000001", "+77000000002", "+4930000001", "+79000000001", "+12015550123"] {
            assert_eq!(ru(text).as_deref(), Ok(text));
        }
        assert_eq!(doubt("+375290000001").map(|fault| fault.code), Some(Code::PhoneUnlisted));
        assert_eq!(doubt("+375291234567"), None);
        assert_eq!(doubt("+79000000001"), None);
    }

    #[test]
    fn messages_say_what_was_found_and_expected() {
        let fault = parse("8903", CellKind::Text, Some("RU")).unwrap_err();
        assert_eq!(fault.message.to_string(), "has 4 digits, a Russian number has 11");
    }

    proptest! {
        #[test]
        fn what_comes_out_goes_in_again(text in "[+]?[0-9 ()-]{4,20}") {
            if let Ok(number) = ru(&text) {
                prop_assert!(is_e164(&number));
                prop_assert_eq!(ru(&number), Ok(number));
            }
        }

        #[test]
        fn any_spelling_of_a_mobile_is_the_same_number(area in "9[0-9]{2}", rest in "[0-9]{7}", prefix in "(8|7|\\+7)", gap in "[ -]{0,1}") {
            let (a, b) = rest.split_at(3);
            let text = format!("{prefix}{gap}({area}){gap}{a}{gap}{b}");
            prop_assert_eq!(ru(&text), Ok(format!("+7{area}{rest}")));
        }
    }
}
