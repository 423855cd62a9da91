//! `outcomes.parquet`: a row of the source is a row here, with what `outcomes.csv` says of it, for warehouses and notebooks. Behind the
//! feature `parquet`. Decides no outcome.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::ReportError;
use super::complaint::Complaint;
use super::lines::key_of;
use super::partial::PartialFile;
use super::row::ReportRow;
use super::summary::Summary;
use super::writer::Writer;
use crate::model::Source;

pub(super) const NAME: &str = "outcomes.parquet";

/// Rows that are held before they are written together.
const GROUP_ROWS: usize = 4096;

/// The columns in the order of [`ParquetFile::columns`]. What a row may not have is null.
const SCHEMA: &str = "message outcomes {
    OPTIONAL BINARY sheet (UTF8); REQUIRED INT64 line; REQUIRED BINARY row_id (UTF8); OPTIONAL BINARY old_id (UTF8);
    OPTIONAL BINARY operation (UTF8); REQUIRED BINARY outcome (UTF8); OPTIONAL BINARY provider_id (UTF8);
    OPTIONAL BINARY code (UTF8); OPTIONAL BINARY message (UTF8); OPTIONAL BINARY next_step (UTF8); REQUIRED INT64 attempts;
    OPTIONAL INT64 http_status; OPTIONAL BINARY idempotency_key (UTF8); OPTIONAL INT64 settled_at (TIMESTAMP(MILLIS, true));
    OPTIONAL BINARY provider_code (UTF8); OPTIONAL BINARY request_id (UTF8);
}";

/// Values of a column; a null is counted and holds no place among them.
#[derive(Debug)]
struct Column<T> {
    values: Vec<T>,
    /// 1 for a value and 0 for a null, in columns that know nulls.
    levels: Option<Vec<i16>>,
}

impl<T> Column<T> {
    fn required() -> Self {
        Self { values: Vec::new(), levels: None }
    }

    fn optional() -> Self {
        Self { levels: Some(Vec::new()), ..Self::required() }
    }

    fn push(&mut self, value: Option<T>) {
        if let Some(levels) = &mut self.levels {
            levels.push(i16::from(value.is_some()));
        }
        self.values.extend(value);
    }

    fn clear(&mut self) {
        self.values.clear();
        if let Some(levels) = &mut self.levels {
            levels.clear();
        }
    }
}

#[derive(Debug)]
enum Gathered {
    Text(Column<ByteArray>),
    Number(Column<i64>),
}

/// One value of a row.
enum Cell<'a> {
    Text(Option<&'a str>),
    Number(Option<i64>),
}

/// The file in the making.
pub(super) struct ParquetFile {
    file: PartialFile,
    /// `None` when it has ended.
    writer: Option<SerializedFileWriter<File>>,
    columns: Vec<Gathered>,
    rows: usize,
    sheets: Vec<Arc<str>>,
    operations: Vec<String>,
}

impl fmt::Debug for ParquetFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetFile").field("file", &self.file).field("rows", &self.rows).finish_non_exhaustive()
    }
}

fn failed(error: ParquetError) -> ReportError {
    let cause = match error {
        ParquetError::External(cause) => cause.downcast::<std::io::Error>().map_or_else(std::io::Error::other, |cause| *cause),
        other => std::io::Error::other(other),
    };
    ReportError::Write { path: NAME.into(), cause }
}

impl ParquetFile {
    pub(super) fn create(folder: &Path, source: &Source, operations: &[String]) -> Result<Self, ReportError> {
        let mut file = PartialFile::create(folder, NAME)?;
        let schema = Arc::new(parse_message_type(SCHEMA).map_err(failed)?);
        let properties =
            WriterProperties::builder().set_created_by(concat!("clientferry ", env!("CARGO_PKG_VERSION")).to_owned());
        let columns = schema.get_fields().iter().map(|field| match (field.get_physical_type(), field.is_optional()) {
            (parquet::basic::Type::INT64, true) => Gathered::Number(Column::optional()),
            (parquet::basic::Type::INT64, false) => Gathered::Number(Column::required()),
            (_, true) => Gathered::Text(Column::optional()),
            (_, false) => Gathered::Text(Column::required()),
        });
        let columns = columns.collect();
        let writer = SerializedFileWriter::new(file.share()?, schema, Arc::new(properties.build())).map_err(failed)?;
        Ok(Self { file, writer: Some(writer), columns, rows: 0, sheets: source.sheets.clone(), operations: operations.to_vec() })
    }

    /// Writes what is gathered as one group of rows.
    fn flush(&mut self) -> Result<(), ReportError> {
        let Some(writer) = self.writer.as_mut().filter(|_| self.rows > 0) else { return Ok(()) };
        let mut group = writer.next_row_group().map_err(failed)?;
        for column in &mut self.columns {
            let Some(mut target) = group.next_column().map_err(failed)? else { break };
            let written = match (target.untyped(), &*column) {
                (ColumnWriter::ByteArrayColumnWriter(target), Gathered::Text(column)) => {
                    target.write_batch(&column.values, column.levels.as_deref(), None)
                }
                (ColumnWriter::Int64ColumnWriter(target), Gathered::Number(column)) => {
                    target.write_batch(&column.values, column.levels.as_deref(), None)
                }
                (_, Gathered::Text(_) | Gathered::Number(_)) => Err(ParquetError::General("a column of another type".to_owned())),
            };
            written.map_err(failed)?;
            target.close().map_err(failed)?;
            match column {
                Gathered::Text(column) => column.clear(),
                Gathered::Number(column) => column.clear(),
            }
        }
        group.close().map_err(failed)?;
        self.rows = 0;
        Ok(())
    }
}

/// What the complaints say, each thing once.
fn joined(complaints: &[Complaint<'_>], part: impl Fn(&Complaint<'_>) -> String) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for text in complaints.iter().map(part).filter(|text| !text.is_empty()) {
        if !parts.contains(&text) {
            parts.push(text);
        }
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

impl Writer for ParquetFile {
    fn row(&mut self, row: &ReportRow<'_>) -> Result<(), ReportError> {
        let ReportRow { prepared, settled, lines, complaints } = *row;
        let place = prepared.row.place;
        let refusal = settled.refusal.as_ref();
        let filled = |text: &'_ &str| !text.is_empty();
        let operation = prepared.operation.and_then(|index| self.operations.get(usize::from(index))).map(String::as_str);
        let code = joined(complaints, |complaint| complaint.code.as_str().to_owned());
        let message = joined(complaints, |complaint| {
            let column = lines.column(complaint.column);
            if column.is_empty() { complaint.message.to_string() } else { format!("{column}: {}", complaint.message) }
        });
        let next_step = joined(complaints, |complaint| complaint.next_step().to_owned());
        let key = key_of(prepared, settled).map(|key| key.to_string());
        let sheet = self.sheets.get(usize::from(place.sheet)).map(|name| &**name);
        let cells = [
            Cell::Text(sheet.filter(filled)),
            Cell::Number(Some(i64::try_from(place.line).unwrap_or(i64::MAX))),
            Cell::Text(Some(lines.row_id())),
            Cell::Text(prepared.own_id.as_deref().filter(filled)),
            Cell::Text(operation.filter(filled)),
            Cell::Text(Some(settled.outcome.as_str())),
            Cell::Text(settled.remote_id.as_deref()),
            Cell::Text(code.as_deref()),
            Cell::Text(message.as_deref()),
            Cell::Text(next_step.as_deref()),
            Cell::Number(Some(i64::from(settled.attempts))),
            Cell::Number(settled.http_status.map(i64::from)),
            Cell::Text(key.as_deref()),
            Cell::Number(settled.settled_at_ms),
            Cell::Text(refusal.map(|refusal| &*refusal.code).filter(filled)),
            Cell::Text(refusal.and_then(|refusal| refusal.request_id.as_deref())),
        ];
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            match (column, cell) {
                (Gathered::Text(column), Cell::Text(text)) => column.push(text.map(ByteArray::from)),
                (Gathered::Number(column), Cell::Number(number)) => column.push(number),
                (Gathered::Text(_) | Gathered::Number(_), Cell::Text(_) | Cell::Number(_)) => {
                    return Err(failed(ParquetError::General("a column of another type".to_owned())));
                }
            }
        }
        self.rows += 1;
        self.file.rows += 1;
        if self.rows == GROUP_ROWS { self.flush() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>, _: &Summary) -> Result<Vec<PartialFile>, ReportError> {
        self.flush()?;
        if let Some(writer) = self.writer.take() {
            writer.close().map_err(failed)?;
        }
        let Self { mut file, .. } = *self;
        file.sync()?;
        Ok(vec![file])
    }
}
