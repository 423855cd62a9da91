//! The one table of fault codes: stable name, severity, meaning, next step. Messages and docs are made from it.
//! The same words in Russian, and examples, stand in rooms of their own.

mod examples;
mod russian;

use std::fmt;

use super::Lang;
pub use examples::Example;

/// How grave a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Odd, but no reason to keep the row back.
    Warning,
    /// The row is not sent.
    Error,
}

impl Severity {
    /// The word that reports use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn word_in(self, lang: Lang) -> &'static str {
        match (lang, self) {
            (Lang::En, _) => self.as_str(),
            (Lang::Ru, Self::Info) => "сведение",
            (Lang::Ru, Self::Warning) => "предупреждение",
            (Lang::Ru, Self::Error) => "ошибка",
        }
    }
}

macro_rules! codes {
    ($($variant:ident $code:literal $severity:ident $meaning:literal $next:literal;)*) => {
        /// A stable fault code.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as reports write it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// How grave it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// What it means.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// What to do about it.
            #[must_use]
            pub fn next_step(self) -> &'static str {
                match self { $(Self::$variant => $next,)* }
            }

            /// The code of this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    // the row as text
    RowBlank "row.blank" Info "The row holds nothing." "Nothing to do; remove it if you like.";
    RowHidden "row.hidden" Info "The sheet hides the row, by hand or by a filter; it was read like the others." "Nothing to do if the client is meant; else delete the row in the workbook.";
    RowShort "row.short" Error "The row has fewer cells than the header." "Compare the row with its neighbours: a delimiter is missing or a quote is not closed.";
    RowLong "row.long" Error "The row has more cells than the header." "Compare the row with its neighbours: a value holds the delimiter and needs quotes.";
    RowUnclosedQuote "row.unclosed_quote" Error "A quote is opened in this row and not closed." "Close the quote, or double it where it is part of the text.";
    RowStrayQuote "row.stray_quote" Error "A quote stands inside a quoted value and is not doubled." "Double the quotes that are part of the text; most programs do when they export.";
    RowMarked "row.marked" Error "A cell begins with #MEND!: it was damaged in a way that plain text cannot show, and nobody has mended it yet." "Mend the value, then delete #MEND! in front of it.";
    RowTooLong "row.too_long" Error "The row or one of its cells is longer than the limit." "Look for an unclosed quote above; raise the limit in [source] if the text is right.";
    RowNul "row.nul" Error "The row holds NUL bytes." "Export the file again: the program that wrote it, or a broken disk, filled text with zeros.";
    RowRepeatedHeader "row.repeated_header" Error "The row repeats the column names." "Nothing to do; remove it if you like: printed reports repeat the header on every page.";
    RowTotal "row.total" Error "The row is a total or another closing line, and no client." "Nothing to do; remove it if you like. If it is a client, fill the empty cells.";
    RowComment "row.comment" Error "The line is a comment." "Nothing to do; remove it if you like. If it is a client, give the row all its cells.";
    EncodingBadBytes "encoding.bad_bytes" Error "Bytes do not fit the file's encoding." "Open the file in its own program and save it again, or name the encoding in [source].";
    EncodingDouble "encoding.double" Error "The text was read in a wrong encoding and written again, before it came here." "Take the value from the original system, or correct it to what the fault proposes.";
    // the cell as a spreadsheet shows it
    CellError "cell.error" Error "The spreadsheet shows an error in this cell." "Mend the formula in the workbook and save it.";
    CellFormulaWithoutValue "cell.formula_without_value" Error "The cell holds a formula and the workbook does not hold its value." "Open the workbook in a spreadsheet program, let it calculate, save it.";
    CellMerged "cell.merged" Warning "The cell is merged with others, and a merged value belongs to the first cell only." "If the value is meant for every row, unmerge the cells in the workbook and fill them all.";
    CellScientific "cell.scientific" Error "A long number was turned into scientific notation; digits are lost." "Take the value from the original system; format the column as text before pasting it.";
    CellDigitsLost "cell.digits_lost" Error "The number has more digits than a spreadsheet keeps; the last ones were replaced by zeros." "Take the value from the original system; format the column as text before pasting it.";
    CellZerosLost "cell.zeros_lost" Error "The number is shorter than nearly all others of its column: leading zeros were probably lost." "Take the value from the original system; where the short ones are right, write FIELD = \"as is\" below [formats] of the mapping.";
    CellShownOtherwise "cell.shown_otherwise" Warning "The spreadsheet shows something else than the cell holds." "Look at the cell in the spreadsheet; what the cell holds is what is taken. Where it should be what is shown, write that as text.";
    CellNotText "cell.not_text" Error "The spreadsheet turned the value into a date or a truth value." "Take the value from the original system; format the column as text before pasting it.";
    // which operation
    ClientTypeMissing "client_type.missing" Error "The row does not say what kind of client it is." "Fill the column of the client's kind, or name the operation with --to.";
    ClientTypeUnknown "client_type.unknown" Error "The kind of client is not one that the provider knows." "Use one of the kinds that `clientferry operations` lists, or translate the word in [values.client_type].";
    ClientTypeResidencyUnknown "client_type.residency_unknown" Error "The row does not say whether the client is a resident, and citizenship does not prove it." "Add a residency column (yes/no), or write the exact kind, for example FL_NONRESIDENT.";
    ClientTypeOther "client_type.other" Error "The row says that the client is of another kind than the operation is for." "Correct the row, or import the file with the provider alone after --to, so that the column decides.";
    // any value
    ValueMissing "value.missing" Error "A value that the provider requires is missing." "Fill the cell, or map the column that holds the value.";
    ValueNotAllowed "value.not_allowed" Error "The value is not one of those that the provider knows." "Use one of the allowed values, or translate yours in [values.FIELD] of the mapping.";
    ValueNotSent "value.not_sent" Warning "The provider takes no such value for a client of this kind; it was left out." "Nothing to do if that is as you want it; else ask the provider where the value belongs.";
    ValueFormat "value.format" Error "The value does not have the form that the provider accepts." "Compare the value with the field's description in `clientferry fields`.";
    ValueTooLong "value.too_long" Error "The value is longer than the provider accepts." "Shorten it by hand: it is never cut silently.";
    ValueTooShort "value.too_short" Error "The value is shorter than the provider accepts." "Complete the value.";
    ValueUnexpected "value.unexpected" Error "The provider does not accept this value for a client of this kind." "Empty the cell for this row, or leave the column out of the mapping.";
    ValueWrongType "value.wrong_type" Error "The value is of another JSON type than the provider accepts." "Check what the mapping sends to this member.";
    ValueControlCharacters "value.control_characters" Error "The value holds control characters." "Remove them; they usually come from another system's line ends or field marks.";
    ValueUnusual "value.unusual" Warning "The value is one that the provider takes and that is unusual." "Check the value; the row is sent as it is.";
    NumberUnreadable "number.unreadable" Error "The value is not a number." "Write digits, with a point or a comma before cents; one number a cell.";
    ItemOrphan "item.orphan" Error "A row of the second sheet or file belongs to no client of the first." "Correct the id that joins the two, or remove the row.";
    PaymentRawNumber "payment.raw_number" Error "The value is a card or account number in clear, which must not be sent." "Use the token that the provider's vault gives for it.";
    BooleanUnreadable "boolean.unreadable" Error "The value is neither yes nor no." "Write yes or no, or translate the word in [values.FIELD] of the mapping.";
    // names
    NameDigits "name.digits" Error "A name holds digits or signs that names do not have." "Correct the name as it stands in the identity document.";
    NameMixedAlphabets "name.mixed_alphabets" Error "A word of the name mixes Cyrillic and Latin letters that look alike." "Type the name again in one alphabet: such names fail passport checks.";
    NameNeedsLatin "name.needs_latin" Error "The provider takes Latin letters only, and the value has others." "Add a column in Latin letters as in the foreign passport, or do what the message names.";
    NameTransliterated "name.transliterated" Info "The value was transliterated, as you allowed." "Compare it with the foreign passport where there is one.";
    NameNotSplittable "name.not_splittable" Error "The full name does not have two or three words with the last name first, so last, first and middle name cannot be told apart." "Give last, first and middle name in columns of their own.";
    // dates
    DateUnreadable "date.unreadable" Error "The value is not a date." "Write the date as DD.MM.YYYY or YYYY-MM-DD.";
    DateNoSuchDay "date.no_such_day" Error "There is no such day in the calendar." "Take the date from the document.";
    DateOrderConflict "date.order_conflict" Error "The date contradicts the order of day and month in the rest of the column." "Write this date in the order of the others.";
    DateTwoDigitYear "date.two_digit_year" Error "The year has two digits, so the century is a guess." "Write the year with four digits, or settle the form with [formats] in the mapping, for example \"DD.MM.YY\".";
    DateHasTime "date.has_time" Error "The date carries a time of day." "Remove the time, or check that the column is the right one.";
    DateInFuture "date.in_future" Error "The date has not come yet." "Check the year.";
    DateTooEarly "date.too_early" Error "The date is before 1900." "Check the year.";
    DateOutOfOrder "date.out_of_order" Error "The date contradicts another date of the row." "Check both dates: nothing is issued before birth or expires before it is issued.";
    BirthDateUnlikelyAge "birth_date.unlikely_age" Warning "The client would be younger than 14 or older than 110 years." "Check the birth date.";
    // contacts
    ContactMissing "contact.missing" Error "Neither phone nor e-mail is given." "Fill at least one of them.";
    PhoneTooShort "phone.too_short" Error "The phone number has too few digits." "Complete the number.";
    PhoneTooLong "phone.too_long" Error "The phone number has too many digits." "Correct the number; one number a cell.";
    PhoneLetters "phone.letters" Error "The phone number holds letters or signs that do not belong there." "Write digits only; one number a cell.";
    PhoneSeveral "phone.several" Error "The cell holds several phone numbers." "Keep one number.";
    PhoneExtension "phone.extension" Error "The phone number has an extension, which the provider cannot keep." "Give a direct number.";
    PhoneAmbiguous "phone.ambiguous" Error "The number could belong to several countries or lacks its area code." "Write it with + and the country code, or name the country of such numbers in the mapping: phone_region under [formats].";
    PhoneInvalid "phone.invalid" Error "No such number exists in the numbering plan of its country." "Check the number against the client's papers.";
    PhoneUnlisted "phone.unlisted" Warning "The number has a possible length, but the numbering plan of its country as known here does not list it." "Check the number; it is sent as it is.";
    EmailFormat "email.format" Error "The value is not an e-mail address." "Correct the address.";
    EmailSeveral "email.several" Error "The cell holds several e-mail addresses." "Keep one address.";
    EmailMixedAlphabets "email.mixed_alphabets" Error "The address mixes Cyrillic and Latin letters that look alike." "Type the address again in one alphabet.";
    // country and address
    CountryUnknown "country.unknown" Error "The country is not known." "Write the name in full or its ISO 3166-1 code.";
    CountryNoCode "country.no_code" Error "The value names no country of today, so it has no code." "Ask the provider how to enter such a client.";
    AddressMissing "address.missing" Error "An address that the provider requires for this kind of client is missing." "Add the address, or map the column that holds it.";
    AddressTooLong "address.too_long" Error "The address is longer than the provider accepts." "Shorten it by hand: it is never cut silently.";
    AddressUnusualKind "address.unusual_kind" Warning "The kind of address is unusual for this kind of client, or stands twice." "Check which column went to which kind of address.";
    // documents
    DocumentMissing "document.missing" Error "A document that the provider requires for this kind of client is missing." "Add the document, or map the columns that hold it.";
    DocumentTooFew "document.too_few" Error "A non-resident shows two documents, a citizen of Belarus at least a foreign passport." "Add the document that proves the right to stay: migration card, visa, permit, patent or contract.";
    DocumentIncomplete "document.incomplete" Error "The document lacks a part that its kind requires." "Fill the missing part.";
    DocumentTwice "document.twice" Error "The same document or address stands twice in the row." "Empty one of them.";
    DocumentTypeUnknown "document.type_unknown" Error "The row does not say what kind of document this is." "Fill the document type, or settle it in [constants] of the mapping.";
    DocumentExpired "document.expired" Warning "The document has expired, or a Russian passport is past the birthday at which it is exchanged." "Ask the client for the new document.";
    DocumentUnusual "document.unusual" Warning "The documents are unusual for this kind of client." "Check the kinds of the documents.";
    PassportSeries "passport.series" Error "The series of a Russian passport has four digits." "Correct the series; do not drop leading zeros.";
    PassportNumber "passport.number" Error "The number of a Russian passport has six digits." "Correct the number; do not drop leading zeros.";
    PassportUnreadable "passport.unreadable" Error "Series and number cannot be told apart." "Write four digits, a blank, six digits, or use two columns.";
    PassportDivision "passport.division" Error "The division code has six digits, 000-000." "Correct the code; do not drop leading zeros.";
    // numbers of registers
    InnLength "inn.length" Error "A person's INN has 12 digits, an organisation's 10." "Correct the number; where a leading zero was lost, put it back.";
    InnCheckDigits "inn.check_digits" Error "The check digits of the INN do not fit." "Compare the number with the client's papers.";
    SnilsLength "snils.length" Error "A SNILS has 11 digits." "Correct the number; where a leading zero was lost, put it back.";
    SnilsCheckDigits "snils.check_digits" Error "The check digits of the SNILS do not fit." "Compare the number with the client's papers.";
    OgrnLength "ogrn.length" Error "An OGRN has 13 digits, an OGRNIP 15." "Correct the number.";
    OgrnCheckDigit "ogrn.check_digit" Error "The check digit of the OGRN does not fit." "Compare the number with the register.";
    NumberZeros "number.zeros" Error "The number consists of zeros." "Empty the cell or give the real number.";
    NumberLetters "number.letters" Error "The number holds characters that are no digits." "Correct the number.";
    ForeignOrganisationNumberMissing "organisation.inn_or_kio" Error "A foreign organisation has neither INN nor KIO." "Give one of them.";
    RegisterUnusual "register.unusual" Warning "The number of a register has an unusual form." "Compare the number with the papers.";
    ResidencyUnusual "residency.unusual" Warning "Residency and citizenship are an unusual pair." "Check both; the row is sent as it is.";
    // reference books
    ReferenceUnknown "reference.unknown" Error "The provider's reference book has no such entry." "Use one of the entries that the message names, or the entry's number.";
    ReferenceNotChecked "reference.not_checked" Info "The value is an entry of a reference book that was not asked." "Nothing to do; sending asks the book.";
    // identity
    OwnIdMissing "own_id.missing" Error "Clients of this kind cannot be told apart without an id of your own." "Map a column to external_id and fill it.";
    ClientTwice "client.twice" Error "An earlier row of the file is the same client." "Merge the two rows, or correct the number that they share.";
    ClientOtherNumbers "client.other_numbers" Error "A client with this row's own id was created earlier with other identifying numbers." "Where it is that client and a number was corrected: leave the row out and change the client in the provider's own interface. Where it is somebody else: give the row an id of its own.";
    ClientSameName "client.same_name" Warning "An earlier row has the same name and birth date but other numbers." "Check that they are two persons.";
    ClientChanged "client.changed" Warning "The client was created earlier with other data." "Change the client in the provider's own interface; this program only creates.";
    // sending
    SendOnlyChecked "send.only_checked" Info "The row is good; nothing was sent because the run only checked." "Run `import` when every row is as you want it.";
    SendInterrupted "send.interrupted" Warning "The run was interrupted before this row's turn." "Run the same command again.";
    SendHalted "send.halted" Warning "The provider stopped the run before this row's turn." "Mend what the run's message names, then run the same command again.";
    SendLimit "send.limit" Warning "The limit of rows to send was reached before this row's turn." "Run the same command again without --limit, or with a higher one.";
    SendUnreachable "send.unreachable" Warning "The provider could not be reached; it certainly has not got this row." "Run the same command again.";
    SendAbsent "send.absent" Warning "The row was sent without an answer, and it was found out that the provider has not got it." "Run the same command again: it sends the row.";
    ProviderRejected "provider.rejected" Error "The provider refused the client." "Read the provider's message, mend the row in rejected.csv and send it again.";
    ProviderRemark "provider.remark" Warning "The provider has the client, and there is something to know about it." "Read the remark; look at the client at the provider where it matters.";
    ProviderUnknown "provider.unknown" Error "The client was sent and no reliable answer came." "Run `clientferry resolve`; where the provider cannot tell, look yourself and give `resolve --answers FILE` what you found. Never send the row from elsewhere before it is settled.";
}

impl Code {
    /// What it means, in a language.
    #[must_use]
    pub fn meaning_in(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.meaning(),
            Lang::Ru => russian::words(self).0,
        }
    }

    /// What to do about it, in a language.
    #[must_use]
    pub fn next_step_in(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.next_step(),
            Lang::Ru => russian::words(self).1,
        }
    }
}

impl Code {
    /// A case in which it occurs.
    #[must_use]
    pub fn example(self) -> Example {
        examples::example(self)
    }

    /// The code that was probably meant by a name that is none.
    #[must_use]
    pub fn nearest(name: &str) -> Option<Self> {
        const ALIKE: f64 = 0.7;
        let wanted = name.trim().to_lowercase();
        let likeness = |code: Self| strsim::jaro_winkler(&wanted, code.as_str());
        let nearest = Self::ALL.iter().copied().max_by(|one, other| likeness(*one).total_cmp(&likeness(*other)));
        nearest.filter(|code| likeness(*code) > ALIKE)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_unique_and_found_by_its_name() {
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for &code in Code::ALL {
            assert_eq!(Code::from_name(code.as_str()), Some(code));
        }
    }

    #[test]
    fn every_code_has_whole_sentences_in_every_language() {
        let is_russian = |text: &str| text.chars().any(|ch| matches!(ch, 'а'..='я' | 'ё'));
        for &code in Code::ALL {
            for lang in Lang::ALL {
                for text in [code.meaning_in(lang), code.next_step_in(lang)] {
                    assert!(text.ends_with('.') && text.trim() == text, "{code} {lang}: {text}");
                    assert_eq!(is_russian(text), lang == Lang::Ru, "{code} {lang}: {text}");
                }
            }
        }
    }
}
