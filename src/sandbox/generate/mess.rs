//! What can be wrong with a row of synthetic clients. Names the faults; writing them is the person's.

use fastrand::Rng;

/// What is wrong with a messy row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mess {
    /// An earlier row once more.
    SameRow,
    /// The person of an earlier row under another id.
    SamePerson,
    /// A digit of the phone is lost.
    ShortPhone,
    /// Two phones in one cell.
    TwoPhones,
    /// A digit of the INN is lost.
    ShortInn,
    /// A check digit of the INN is wrong.
    WrongInn,
    /// A check digit of the SNILS is wrong.
    WrongSnils,
    /// Born on a day that does not exist.
    ImpossibleDate,
    /// Born in the future.
    FutureDate,
    /// The year has two digits.
    TwoDigitYear,
    /// No last name.
    NoLastName,
    /// Latin letters in a Cyrillic name.
    MixedAlphabets,
    /// A digit in the first name.
    DigitInName,
    /// No such country.
    UnknownCountry,
    /// Neither yes nor no.
    UnclearFlag,
    /// Not an address of e-mail.
    BadEmail,
    /// The leading digit of the division code is lost.
    ShortDivision,
    /// The passport number became scientific notation.
    ScientificNumber,
    /// No address of registration and none of stay.
    NoAddress,
}

impl Mess {
    const ALL: [Self; 19] = [
        Self::SameRow,
        Self::SamePerson,
        Self::ShortPhone,
        Self::TwoPhones,
        Self::ShortInn,
        Self::WrongInn,
        Self::WrongSnils,
        Self::ImpossibleDate,
        Self::FutureDate,
        Self::TwoDigitYear,
        Self::NoLastName,
        Self::MixedAlphabets,
        Self::DigitInName,
        Self::UnknownCountry,
        Self::UnclearFlag,
        Self::BadEmail,
        Self::ShortDivision,
        Self::ScientificNumber,
        Self::NoAddress,
    ];

    pub(super) fn choose(rng: &mut Rng) -> Self {
        Self::ALL[rng.usize(..Self::ALL.len())]
    }
}
