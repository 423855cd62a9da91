//! One e-mail address, kept as it is written. Does not ask whether the mailbox exists.

use email_address::{EmailAddress, Options};

use super::text::{mixes_alphabets, parse as parse_text, trim};
use super::{CellFault, Parsed};
use crate::model::{Code, Message, Wording};

const CHARACTERS_MAX: usize = 254;

/// The address without blanks around it and without `mailto:`; its case is kept.
pub fn parse(text: &str) -> Parsed<String> {
    let clean = parse_text(text)?;
    let address = without_scheme(&clean);
    if address.bytes().filter(|&byte| byte == b'@').count() > 1 {
        let separators = |ch: char| ch.is_whitespace() || matches!(ch, ',' | ';' | '/' | '|');
        let addresses = address.split(separators).filter(|part| part.contains('@')).count();
        if addresses > 1 {
            return Err(CellFault::new(Code::EmailSeveral, Wording::EmailAddresses.with([addresses.into()])));
        }
    }
    if address.split(['@', '.', '-', '_', '+', ' ', '<']).any(mixes_alphabets) {
        let message = Wording::EmailMixes;
        return Err(CellFault::new(Code::EmailMixedAlphabets, message));
    }
    match complaint(address) {
        Some(message) => Err(CellFault::new(Code::EmailFormat, message)),
        None => Ok(address.to_owned()),
    }
}

fn without_scheme(address: &str) -> &str {
    const SCHEME: &str = "mailto:";
    match address.get(..SCHEME.len()) {
        Some(start) if start.eq_ignore_ascii_case(SCHEME) => trim(address.get(SCHEME.len()..).unwrap_or("")),
        Some(_) | None => address,
    }
}

fn complaint(address: &str) -> Option<Message> {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Some(Wording::EmailNoAt.into());
    };
    let characters = address.chars().count();
    if characters > CHARACTERS_MAX {
        return Some(Wording::EmailTooLong.with([characters.into(), CHARACTERS_MAX.into()]));
    }
    if address.contains(|ch: char| ch.is_whitespace() || matches!(ch, '<' | '>' | ',' | ';' | '"')) || local.contains('@') {
        return Some(Wording::EmailSigns.into());
    }
    let top = domain.rsplit('.').next().unwrap_or("");
    if !domain.contains('.') || top.chars().count() < 2 || !top.chars().any(char::is_alphabetic) {
        return Some(Wording::EmailDomain.into());
    }
    let options = Options::default().with_minimum_sub_domains(2).without_display_text().without_domain_literal();
    // The crate's errors may quote the address, so they are not passed on.
    EmailAddress::parse_with_options(address, options).is_err().then(|| Wording::EmailForm.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_as_written() {
        for (found, wanted) in [
            (" Anna.Obraztsova@Example.org ", "Anna.Obraztsova@Example.org"),
            ("mailto:anna@example.org", "anna@example.org"),
            ("MAILTO: anna@example.org", "anna@example.org"),
            ("d@пример.рф", "d@пример.рф"),
            ("анна@пример.рф", "анна@пример.рф"),
            ("a+tag@mail.example.co.uk", "a+tag@mail.example.co.uk"),
            ("a/b@example.org", "a/b@example.org"),
            ("\u{feff}a@example.xn--p1ai", "a@example.xn--p1ai"),
        ] {
            assert_eq!(parse(found).unwrap(), wanted);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("a@{}.org", "b.".repeat(130));
        for (found, code) in [
            ("anna@", Code::EmailFormat),
            ("anna", Code::EmailFormat),
            ("a@b", Code::EmailFormat),
            ("a@b.c", Code::EmailFormat),
            ("a..b@example.org", Code::EmailFormat),
            ("a@example.org.", Code::EmailFormat),
            ("a@127.0.0.1", Code::EmailFormat),
            ("a@[127.0.0.1]", Code::EmailFormat),
            ("Анна <anna@example.org>", Code::EmailFormat),
            ("\"a b\"@example.org", Code::EmailFormat),
            ("a@@example.org", Code::EmailFormat),
            ("a b@example.org", Code::EmailFormat),
            ("a@example .org", Code::EmailFormat),
            (&long, Code::EmailFormat),
            ("a@example.org; b@example.org", Code::EmailSeveral),
            ("a@example.org,b@example.org", Code::EmailSeveral),
            ("a@example.org\nb@example.org", Code::EmailSeveral),
            ("a@exаmple.ru", Code::EmailMixedAlphabets),
            ("аnna@example.ru", Code::EmailMixedAlphabets),
            ("a@example.org\u{0}", Code::ValueControlCharacters),
            ("", Code::ValueMissing),
        ] {
            assert_eq!(parse(found).unwrap_err().code, code, "{found}");
        }
    }
}
