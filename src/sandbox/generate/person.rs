//! One invented person and the ways a spreadsheet writes one. Draws all chance from the generator it is handed.

use fastrand::Rng;

use super::mess::Mess;
use super::words::{LAST_NAMES, MEN, NO, NOTES, PATRONYMICS, RUSSIA, STREETS, TOWNS, WOMEN, YES};

/// An invented person; the numbers depend on row and seed so that no two persons share one.
pub(super) struct Person {
    row: u64,
    woman: bool,
    last_name: usize,
    first_name: usize,
    patronymic: usize,
    birth: (u64, u64, u64),
    phone: u64,
    /// Twelve digits; `None` where unique ones are used up.
    inn: Option<u64>,
    /// Eleven digits, likewise.
    snils: Option<u64>,
    /// Four digits of series and six of number.
    passport: u64,
}

impl Person {
    pub(super) fn invent(row: u64, seed: u64, rng: &mut Rng) -> Self {
        // Born so that the passport of the 20th or 45th year is a recent one for some years to come.
        let year = if rng.bool() { rng.u64(1950..1979) } else { rng.u64(1986..2006) };
        let birth = (rng.u64(1..29), rng.u64(1..13), year);
        Self {
            row,
            woman: rng.bool(),
            last_name: rng.usize(..LAST_NAMES.len()),
            first_name: rng.usize(..MEN.len()),
            patronymic: rng.usize(..PATRONYMICS.len()),
            birth,
            phone: 9_000_000_000 + shuffled(row, seed, 1_000_000_000),
            inn: (row < 100_000_000).then(|| with_inn_checks(9_900_000_000 + shuffled(row, seed, 100_000_000))),
            // Numbers up to 001001998 have no check digits.
            snils: (row < 900_000_000).then(|| with_snils_check(100_000_000 + shuffled(row, seed, 900_000_000))),
            passport: 1_000_000_000 + shuffled(row, seed, 9_000_000_000),
        }
    }

    /// Writes the row; with a mess, one cell of it is wrong.
    pub(super) fn write(&self, id: u64, mess: Option<Mess>, rng: &mut Rng, out: &mut Vec<u8>) {
        out.extend_from_slice(b"C");
        digits(id + 1, 8, out);
        out.push(b';');
        self.write_name(mess, rng, out);
        self.write_birth(mess, rng, out);
        if mess == Some(Mess::UnknownCountry) {
            text("Атлантида", out)
        } else {
            text(pick(&RUSSIA, rng), out)
        }
        out.push(b';');
        self.write_contacts(mess, rng, out);
        self.write_tax(mess, rng, out);
        self.write_passport(mess, rng, out);
        write_addresses(mess, rng, out);
        if rng.u8(..) < 24 {
            text(pick(&NOTES, rng), out);
        }
        out.push(b'\n');
    }

    fn write_name(&self, mess: Option<Mess>, rng: &mut Rng, out: &mut Vec<u8>) {
        let (man, woman, _) = at(&LAST_NAMES, self.last_name);
        let last_name = if self.woman { woman } else { man };
        if mess == Some(Mess::MixedAlphabets) {
            mixed(last_name, out);
        } else if mess != Some(Mess::NoLastName) {
            spaced(last_name, rng, out);
        }
        out.push(b';');
        spaced(at(if self.woman { &WOMEN } else { &MEN }, self.first_name), rng, out);
        if mess == Some(Mess::DigitInName) {
            out.push(b'0');
        }
        out.push(b';');
        let (man, woman) = at(&PATRONYMICS, self.patronymic);
        if rng.u8(..) >= 6 {
            spaced(if self.woman { woman } else { man }, rng, out);
        }
        out.push(b';');
    }

    fn write_birth(&self, mess: Option<Mess>, rng: &mut Rng, out: &mut Vec<u8>) {
        let (day, month, year) = self.birth;
        if mess == Some(Mess::ImpossibleDate) {
            date((31, 2, year), out);
        } else if mess == Some(Mess::FutureDate) {
            date((day, month, year + 130), out);
        } else if mess == Some(Mess::TwoDigitYear) {
            digits(day, 2, out);
            out.push(b'.');
            digits(month, 2, out);
            out.push(b'.');
            digits(year % 100, 2, out);
        } else {
            date(self.birth, out);
        }
        out.push(b';');
        if rng.bool() {
            text("гор. ", out);
            text(pick(&TOWNS, rng), out);
        }
        out.push(b';');
    }

    fn write_contacts(&self, mess: Option<Mess>, rng: &mut Rng, out: &mut Vec<u8>) {
        if mess == Some(Mess::ShortPhone) {
            text("+7", out);
            digits(self.phone / 10, 9, out);
        } else if mess == Some(Mess::TwoPhones) {
            text("+7", out);
            digits(self.phone, 10, out);
            text(", +7", out);
            digits(9_000_000_000 + rng.u64(..1_000_000_000), 10, out);
        } else {
            write_phone(self.phone, rng, out);
        }
        out.push(b';');
        let bad = mess == Some(Mess::BadEmail);
        if bad || rng.u8(..) < 200 {
            text(at(&LAST_NAMES, self.last_name).2, out);
            out.push(b'.');
            number(self.row, out);
            text(if bad { ".example.org" } else { "@example.org" }, out);
        }
        out.push(b';');
    }

    fn write_tax(&self, mess: Option<Mess>, rng: &mut Rng, out: &mut Vec<u8>) {
        let inn = self.inn.unwrap_or(990_000_000_115);
        if mess == Some(Mess::ShortInn) {
            digits(inn / 10, 11, out);
        } else if mess == Some(Mess::WrongInn) {
            digits(inn - inn % 10 + (inn + 1) % 10, 12, out);
        } else if self.inn.is_some() && rng.u8(..) >= 16 {
            digits(inn, 12, out);
        }
        out.push(b';');
        let snils = self.snils.unwrap_or(11_223_344_595);
        if mess == Some(Mess::WrongSnils) {
            digits(snils - snils % 100 + (snils % 100 + 1) % 100, 11, out);
        } else if self.snils.is_some() {
            write_snils(snils, rng, out);
        }
        out.push(b';');
        if mess == Some(Mess::UnclearFlag) {
            text("уточнить", out);
        } else if rng.u8(..) < 80 {
            text(pick(&YES, rng), out);
        } else {
            text(pick(&NO, rng), out);
        }
        out.push(b';');
    }

    fn write_passport(&self, mess: Option<Mess>, rng: &mut Rng, out: &mut Vec<u8>) {
        let (series, passport_number) = (self.passport / 1_000_000, self.passport % 1_000_000);
        if rng.bool() {
            digits(series, 4, out);
        } else {
            digits(series / 100, 2, out);
            out.push(b' ');
            digits(series % 100, 2, out);
        }
        out.push(b';');
        if mess == Some(Mess::ScientificNumber) {
            number(1 + passport_number / 100_000, out);
            text(",23E+05", out);
        } else {
            digits(passport_number, 6, out);
        }
        out.push(b';');
        let (day, month, year) = self.birth;
        let age = if year < 1980 { 45 } else { 20 };
        date(if month == 12 { (day, 1, year + age + 1) } else { (day, month + 1, year + age) }, out);
        out.push(b';');
        let town = pick(&TOWNS, rng);
        text(if rng.bool() { "ОВД гор. " } else { "Отделом УФМС по гор. " }, out);
        text(town, out);
        out.push(b';');
        let division = 990_000 + rng.u64(1..1000);
        if mess == Some(Mess::ShortDivision) {
            digits(division % 100_000, 5, out);
        } else if rng.bool() {
            digits(division, 6, out);
        } else {
            digits(division / 1000, 3, out);
            out.push(b'-');
            digits(division % 1000, 3, out);
        }
        out.push(b';');
    }
}

fn write_snils(snils: u64, rng: &mut Rng, out: &mut Vec<u8>) {
    match rng.u8(..) {
        0..16 => {}
        16..128 => digits(snils, 11, out),
        128.. => {
            digits(snils / 100_000_000, 3, out);
            out.push(b'-');
            digits(snils / 100_000 % 1000, 3, out);
            out.push(b'-');
            digits(snils / 100 % 1000, 3, out);
            out.push(b' ');
            digits(snils % 100, 2, out);
        }
    }
}

fn write_phone(phone: u64, rng: &mut Rng, out: &mut Vec<u8>) {
    let (area, first, second, third) = (phone / 10_000_000, phone / 10_000 % 1000, phone / 100 % 100, phone % 100);
    let form = rng.u8(..6);
    match form {
        0 => digits(phone, 10, out),
        1 => {
            text("+7", out);
            digits(phone, 10, out);
        }
        2 => {
            text("8", out);
            digits(phone, 10, out);
        }
        _ => {
            text(if form == 3 { "8 (" } else { "+7 (" }, out);
            digits(area, 3, out);
            text(") ", out);
            let between = if form == 5 { b' ' } else { b'-' };
            digits(first, 3, out);
            out.push(between);
            digits(second, 2, out);
            out.push(between);
            digits(third, 2, out);
        }
    }
}

fn write_addresses(mess: Option<Mess>, rng: &mut Rng, out: &mut Vec<u8>) {
    if mess != Some(Mess::NoAddress) {
        address(rng, out);
    }
    out.push(b';');
    if mess != Some(Mess::NoAddress) && rng.u8(..) < 24 {
        address(rng, out);
    }
    out.push(b';');
}

fn address(rng: &mut Rng, out: &mut Vec<u8>) {
    digits(990_000 + rng.u64(..1000), 6, out);
    text(", г. ", out);
    text(pick(&TOWNS, rng), out);
    text(", ", out);
    text(pick(&STREETS, rng), out);
    text(", д. ", out);
    number(rng.u64(1..200), out);
    text(", кв. ", out);
    number(rng.u64(1..300), out);
}

/// A different number below `modulus` for each row below it; `modulus` has no prime factors but 2, 3 and 5.
fn shuffled(row: u64, seed: u64, modulus: u64) -> u64 {
    /// Has none of these factors, so no two rows meet.
    const STEP: u64 = 6_180_339_887;
    let start = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (u128::from(row) * u128::from(STEP) + u128::from(start)) % u128::from(modulus);
    u64::try_from(number).unwrap_or(0)
}

/// Adds the two check digits to ten digits of an INN.
fn with_inn_checks(ten: u64) -> u64 {
    let first = weighted(ten, &[8, 6, 4, 9, 5, 3, 10, 4, 2, 7]) % 11 % 10;
    let eleven = ten * 10 + first;
    eleven * 10 + weighted(eleven, &[8, 6, 4, 9, 5, 3, 10, 4, 2, 7, 3]) % 11 % 10
}

/// Adds the check number to nine digits of a SNILS.
fn with_snils_check(nine: u64) -> u64 {
    nine * 100 + weighted(nine, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 101 % 100
}

/// Sum of digits by weights, both from the last digit on.
fn weighted(mut number: u64, weights: &[u64]) -> u64 {
    let mut sum = 0;
    for weight in weights {
        sum += number % 10 * weight;
        number /= 10;
    }
    sum
}

fn pick<T: Copy>(words: &[T], rng: &mut Rng) -> T {
    words[rng.usize(..words.len())]
}

fn at<T: Copy>(words: &[T], position: usize) -> T {
    words[position % words.len()]
}

fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(text.as_bytes());
}

/// A name, sometimes with the blanks that hands leave around it.
fn spaced(name: &str, rng: &mut Rng, out: &mut Vec<u8>) {
    let blank = rng.u8(..) < 8;
    if blank {
        out.push(b' ');
    }
    text(name, out);
    if blank {
        out.push(b' ');
    }
}

/// A name with Latin letters for Cyrillic ones that look the same.
fn mixed(name: &str, out: &mut Vec<u8>) {
    for letter in name.chars() {
        let letter = match letter {
            'о' => 'o',
            'е' => 'e',
            'а' => 'a',
            'у' => 'y',
            'ё' => 'ë',
            'Ё' => 'Ë',
            other => other,
        };
        text(letter.encode_utf8(&mut [0; 4]), out);
    }
}

fn date((day, month, year): (u64, u64, u64), out: &mut Vec<u8>) {
    digits(day, 2, out);
    out.push(b'.');
    digits(month, 2, out);
    out.push(b'.');
    digits(year, 4, out);
}

/// A number of any length.
fn number(number: u64, out: &mut Vec<u8>) {
    digits(number, number.checked_ilog10().map_or(1, |log| log as usize + 1), out);
}

/// A number with this many digits, zeros in front included.
fn digits(mut number: u64, width: usize, out: &mut Vec<u8>) {
    let from = out.len();
    out.resize(from + width, b'0');
    for digit in out[from..].iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}
