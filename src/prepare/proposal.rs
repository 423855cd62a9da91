//! A proposed mapping: what every column seems to be, how sure that is, and what is left to ask. Written out for people to edit.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::mapping::{Mapping, Targets};

/// What a column seems to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// The source's header.
    pub header: String,
    /// The field, where one fits.
    pub field: Option<String>,
    /// How sure that is, percent.
    pub confidence: u8,
    /// What makes it doubtful, for a person.
    pub doubt: Option<String>,
    /// Whether it is of a kind that no operation takes (sex, notes).
    pub ignored: bool,
}

/// A proposed mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// What `--to` says.
    pub operation: String,
    /// One guess for each column, in the source's order.
    pub columns: Vec<Guess>,
    /// Field → value that headers alone settle, such as the type of a document.
    pub constants: BTreeMap<String, String>,
    /// Required fields that no column holds, with what people read for them.
    pub missing: Vec<(String, String)>,
}

impl Proposal {
    /// Whether the program may use it without asking.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.missing.is_empty() && self.columns.iter().all(|guess| guess.doubt.is_none())
    }

    /// Everything that has to be decided by a person, a line each.
    #[must_use]
    pub fn questions(&self) -> Vec<String> {
        let doubts =
            self.columns.iter().filter_map(|guess| Some(format!("column `{}`: {}", guess.header, guess.doubt.as_ref()?)));
        let missing =
            self.missing.iter().map(|(field, title)| format!("no column for `{field}` ({title}), which the operation requires"));
        doubts.chain(missing).collect()
    }

    /// Columns that are not sent and that nothing is asked about.
    #[must_use]
    pub fn left_out(&self) -> Vec<&str> {
        let unused = |guess: &&Guess| guess.field.is_none() && guess.doubt.is_none();
        self.columns.iter().filter(unused).map(|guess| &*guess.header).collect()
    }

    /// The mapping, doubtful columns left out. It ignores nothing on purpose: nobody has looked at it,
    /// so the report names every column that is not sent.
    #[must_use]
    pub fn mapping(&self) -> Mapping {
        let settled = |guess: &&Guess| guess.doubt.is_none();
        Mapping {
            operation: Some(self.operation.clone()),
            columns: self
                .columns
                .iter()
                .filter(settled)
                .filter_map(|guess| Some((guess.header.clone(), Targets::One(guess.field.clone()?))))
                .collect(),
            constants: self.constants.iter().map(|(field, value)| (field.clone(), toml::Value::String(value.clone()))).collect(),
            // Nobody has said that the others may be left out: the report has to name them.
            ..Mapping::default()
        }
    }

    /// The mapping as a file to edit: in the source's order, doubts as comments, left-out columns listed for a person to see.
    #[must_use]
    pub fn to_toml(&self) -> String {
        self.to_toml_after("Proposed by `clientferry map`. Settle the lines marked ?, then give this file with --mapping.")
    }

    /// The same behind another first line.
    #[must_use]
    pub fn to_toml_after(&self, first_line: &str) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut text = format!("# {first_line}\n");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "operation = {}\n\n[columns]", quoted(&self.operation));
        for guess in &self.columns {
            let header = quoted(&guess.header);
            match (&guess.field, &guess.doubt) {
                (Some(field), None) => {
                    let _ = writeln!(text, "{header} = {}  # {} %", quoted(field), guess.confidence);
                }
                (Some(field), Some(doubt)) => {
                    let _ = writeln!(text, "# ? {doubt}\n# {header} = {}  # {} %", quoted(field), guess.confidence);
                }
                (None, Some(doubt)) => {
                    let _ = writeln!(text, "# ? {doubt}\n# {header} = \"\"");
                }
                (None, None) => {}
            }
        }
        text.push_str("\n[constants]\n");
        for (field, value) in &self.constants {
            let _ = writeln!(text, "{} = {}", quoted(field), quoted(value));
        }
        for (field, title) in &self.missing {
            let _ = writeln!(text, "# ? required and found in no column: {title}\n# {} = \"\"", quoted(field));
        }
        text.push_str("\n[ignore]\ncolumns = [");
        let left_out: Vec<String> = self.left_out().into_iter().map(quoted).collect();
        let _ = writeln!(text, "{}]", left_out.join(", "));
        text
    }
}
