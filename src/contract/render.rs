//! How a provider writes a value, and with it what a cell has to hold. Knows no cells.

/// How a provider writes a value, and with it what a cell has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of the annotation `x-render`")]
pub enum Render {
    Text,
    Name,
    IsoDate,
    E164,
    Email,
    CountryAlpha2,
    Boolean,
    Inn10,
    Inn10Unchecked,
    Inn12,
    Inn12Unchecked,
    Snils,
    Ogrn13,
    Ogrn13Unchecked,
    Ogrn15,
    Ogrn15Unchecked,
    PassportSeries,
    PassportNumber,
    PassportDivision,
    DocumentNumber,
    DocumentPart,
    AddressLine,
    Enum,
    Integer,
    Decimal,
    DecimalUs,
    Percent,
    Flag01,
    Codes,
    Uuid,
    E164Digits,
    Nanp10,
    PostalUsCa,
    NineDigits,
    SnilsDashed,
    LatinName,
    LatinLine,
    Token,
    Book,
}

impl Render {
    const NAMES: [(&'static str, Self); 39] = [
        ("text", Self::Text),
        ("name", Self::Name),
        ("iso-date", Self::IsoDate),
        ("e164", Self::E164),
        ("email", Self::Email),
        ("country-alpha2", Self::CountryAlpha2),
        ("boolean", Self::Boolean),
        ("inn-10", Self::Inn10),
        ("inn-10-unchecked", Self::Inn10Unchecked),
        ("inn-12", Self::Inn12),
        ("inn-12-unchecked", Self::Inn12Unchecked),
        ("snils", Self::Snils),
        ("ogrn-13", Self::Ogrn13),
        ("ogrn-13-unchecked", Self::Ogrn13Unchecked),
        ("ogrn-15", Self::Ogrn15),
        ("ogrn-15-unchecked", Self::Ogrn15Unchecked),
        ("passport-series", Self::PassportSeries),
        ("passport-number", Self::PassportNumber),
        ("passport-division", Self::PassportDivision),
        ("document-number", Self::DocumentNumber),
        ("document-part", Self::DocumentPart),
        ("address-line", Self::AddressLine),
        ("enum", Self::Enum),
        ("integer", Self::Integer),
        ("decimal", Self::Decimal),
        ("decimal-us", Self::DecimalUs),
        ("percent", Self::Percent),
        ("flag-01", Self::Flag01),
        ("codes", Self::Codes),
        ("uuid", Self::Uuid),
        ("e164-digits", Self::E164Digits),
        ("nanp-10", Self::Nanp10),
        ("postal-us-ca", Self::PostalUsCa),
        ("nine-digits", Self::NineDigits),
        ("snils-dashed", Self::SnilsDashed),
        ("latin-name", Self::LatinName),
        ("latin-line", Self::LatinLine),
        ("token", Self::Token),
        ("book", Self::Book),
    ];

    /// The name that contracts use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, render)| *render == self).map_or("text", |(name, _)| name)
    }

    /// The way of writing of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, render)| *render)
    }

    /// Whether the values come from a closed list.
    #[must_use]
    pub fn is_closed(self) -> bool {
        matches!(self, Self::CountryAlpha2 | Self::Boolean | Self::Enum | Self::Flag01 | Self::Codes)
    }

    /// Whether spreadsheets damage such values: long numbers, leading zeros.
    #[must_use]
    pub fn is_identifier(self) -> bool {
        match self {
            Self::E164
            | Self::Inn10
            | Self::Inn10Unchecked
            | Self::Inn12
            | Self::Inn12Unchecked
            | Self::Snils
            | Self::Ogrn13
            | Self::Ogrn13Unchecked
            | Self::Ogrn15
            | Self::Ogrn15Unchecked
            | Self::PassportSeries
            | Self::PassportNumber
            | Self::PassportDivision
            | Self::DocumentNumber
            | Self::DocumentPart
            | Self::Uuid
            | Self::E164Digits
            | Self::Nanp10
            | Self::PostalUsCa
            | Self::NineDigits
            | Self::SnilsDashed
            | Self::Token => true,
            Self::Text
            | Self::Name
            | Self::IsoDate
            | Self::Email
            | Self::CountryAlpha2
            | Self::Boolean
            | Self::AddressLine
            | Self::Enum
            | Self::Integer
            | Self::Decimal
            | Self::DecimalUs
            | Self::Percent
            | Self::Flag01
            | Self::Codes
            | Self::LatinName
            | Self::LatinLine
            | Self::Book => false,
        }
    }
}
