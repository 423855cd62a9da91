//! The sheet of sums: what was run, what became of the rows, which faults there are, what the colours mean. Counts nothing itself.

use super::super::summary::Summary;
use super::super::words::tenths_of_percent;
use super::cells::{self, Looks, push};
use super::looks::Look;
use super::styles::Styles;
use crate::model::Outcome;

/// Kinds of faults that are listed.
const FAULTS_MAX: usize = 200;

/// What the sheet says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    lines: Vec<Vec<Item>>,
}

/// A cell of the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    None,
    Text(Look, String),
    Number(u64),
}

impl Facts {
    pub(super) fn of(summary: &Summary) -> Self {
        let mut facts = Self::default();
        facts.line([Item::Text(Look::Title, "clientferry report".to_owned())]);
        facts.line([]);
        let time = |time: &chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M:%S UTC").to_string();
        for (name, value) in [
            ("Source", summary.source.name.clone()),
            ("SHA-256 of the source", summary.source.sha256.clone()),
            ("Run", summary.run.clone()),
            ("What was done", summary.mode.as_str().to_owned()),
            ("Operation", summary.operation.clone()),
            ("Account", summary.account.clone()),
            ("Began", time(&summary.started)),
            ("Ended", time(&summary.finished)),
            ("Version", summary.version.clone()),
        ] {
            facts.line([text(name), text(&value)]);
        }
        facts.outcomes(summary);
        facts.faults(summary);
        facts.heading(["Colours", "", "", ""]);
        facts.line([
            Item::Text(Look::Faulty, "faulty cell".to_owned()),
            text("The row is not sent until it is mended; the comment tells why."),
        ]);
        facts.line([Item::Text(Look::Odd, "odd cell".to_owned()), text("Worth a look; no reason to keep the row back.")]);
        facts.line([]);
        facts.heading(["How to go on", "", "", ""]);
        facts.line([
            text("Mend"),
            text("Correct the coloured cells where they stand, save, and run `clientferry import` on this workbook."),
        ]);
        facts.line([
            text("Ours"),
            text("The columns and the sheet that begin with `clientferry` are ignored then, and made anew."),
        ]);
        facts
    }

    /// Adds what a reader of the workbook has to know about it.
    pub(super) fn remark(&mut self, notes: &[String]) {
        if notes.is_empty() {
            return;
        }
        self.line([]);
        self.heading(["About this workbook", "", "", ""]);
        for note in notes {
            self.line([Item::None, text(note)]);
        }
    }

    fn outcomes(&mut self, summary: &Summary) {
        self.line([]);
        self.heading(["Outcome", "Meaning", "Rows", "Share"]);
        let rows = summary.outcomes.rows();
        for outcome in Outcome::ALL {
            let count = summary.outcomes.count(outcome);
            let word = Item::Text(Look::of_outcome(outcome), outcome.as_str().to_owned());
            self.line([word, text(meaning(outcome)), Item::Number(count), text(&share(count, rows))]);
        }
        self.line([text("all"), text("Rows of the source."), Item::Number(rows), text(&share(rows, rows))]);
        if summary.source.sheets.len() > 1 {
            self.line([]);
            self.heading(["Sheet", "", "Rows", "Need attention"]);
            for sheet in &summary.source.sheets {
                self.line([
                    text(&sheet.name),
                    Item::None,
                    Item::Number(sheet.rows),
                    text(&sheet.outcomes.needing_attention.to_string()),
                ]);
            }
        }
        self.line([]);
    }

    fn faults(&mut self, summary: &Summary) {
        if summary.faults.is_empty() {
            return;
        }
        self.heading(["Code", "Meaning", "Count", "Next step"]);
        let mut faults: Vec<_> = summary.faults.iter().collect();
        faults.sort_by_key(|(code, count)| (std::cmp::Reverse(code.severity()), std::cmp::Reverse(**count), code.as_str()));
        for (code, count) in faults.iter().take(FAULTS_MAX) {
            self.line([
                text(code.as_str()),
                text(code.meaning_in(summary.lang)),
                Item::Number(**count),
                text(code.next_step_in(summary.lang)),
            ]);
        }
        if let Some(more) = faults.len().checked_sub(FAULTS_MAX).filter(|more| *more > 0) {
            self.line([text(&format!("… and {more} more kinds"))]);
        }
        self.line([]);
    }

    fn heading(&mut self, cells: [&str; 4]) {
        self.line(cells.map(|cell| Item::Text(Look::Heading, if cell.is_empty() { " ".to_owned() } else { cell.to_owned() })));
    }

    fn line<const N: usize>(&mut self, cells: [Item; N]) {
        self.lines.push(cells.into());
    }

    /// The sheet's part.
    pub(super) fn sheet(&self, styles: &Styles, namespace: &str) -> Vec<u8> {
        let mut out = Vec::new();
        push(&mut out, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n");
        push(&mut out, &format!("<worksheet xmlns=\"{namespace}\"><sheetPr><pageSetUpPr fitToPage=\"1\"/></sheetPr>"));
        push(&mut out, "<sheetViews><sheetView showGridLines=\"0\" workbookViewId=\"0\"/></sheetViews><cols>");
        for (column, width) in [(1, 28), (2, 96), (3, 14), (4, 96)] {
            push(&mut out, &format!("<col min=\"{column}\" max=\"{column}\" width=\"{width}\" customWidth=\"1\"/>"));
        }
        push(&mut out, "</cols><sheetData>");
        let looks = Looks::of(styles);
        for (line, cells) in (1_u64..).zip(&self.lines) {
            push(&mut out, &format!("<row r=\"{line}\">"));
            for (column, item) in (0_u32..).zip(cells) {
                match item {
                    Item::None => {}
                    Item::Text(Look::Wrapped, text) => {
                        let look = if Look::of_text(text) == Look::Quoted { looks.quoted } else { styles.look(Look::Wrapped) };
                        cells::text_cell(&mut out, "", column, line, look, text);
                    }
                    Item::Text(look, text) => cells::text_cell(&mut out, "", column, line, styles.look(*look), text),
                    Item::Number(number) => cells::number_cell(&mut out, column, line, styles.look(Look::Number), *number),
                }
            }
            push(&mut out, "</row>");
        }
        push(
            &mut out,
            "</sheetData><pageMargins left=\"0.5\" right=\"0.5\" top=\"0.5\" bottom=\"0.5\" header=\"0.3\" footer=\"0.3\"/>",
        );
        push(&mut out, "<pageSetup orientation=\"landscape\" fitToHeight=\"0\"/></worksheet>");
        out
    }
}

fn text(text: &str) -> Item {
    Item::Text(Look::Wrapped, text.to_owned())
}

fn share(count: u64, rows: u64) -> String {
    if rows == 0 {
        return String::new();
    }
    match tenths_of_percent(count, rows) {
        0 if count > 0 => "< 0.1 %".to_owned(),
        tenths => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Created => "The provider created the client.",
        Outcome::Existing => "The client was there before.",
        Outcome::Invalid => "The row has faults and was not sent.",
        Outcome::Duplicate => "An earlier row is the same client; this one was not sent.",
        Outcome::Rejected => "The provider refused the client.",
        Outcome::Unknown => "It was sent and no reliable answer came.",
        Outcome::NotSent => "It was not sent, for a reason that is not its own.",
    }
}
