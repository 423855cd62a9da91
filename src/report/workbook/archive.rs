//! The zip archive that is written: parts copied as they lie, and parts of ours. Knows no content.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write as _};

use zip::read::ZipFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A middle way: sheets are long and repeat themselves.
const LEVEL: i64 = 3;
/// Where many rows are written: six tenths of the time, a third more bytes on the disk.
const HASTY_LEVEL: i64 = 1;
const BUFFER_BYTES: usize = 256 << 10;

/// An archive in the making.
pub(super) struct Archive {
    zip: ZipWriter<BufWriter<File>>,
    level: i64,
}

impl Archive {
    /// `is_large` where so many rows are to come that time counts for more than bytes.
    pub(super) fn new(file: File, is_large: bool) -> Self {
        let zip = ZipWriter::new(BufWriter::with_capacity(BUFFER_BYTES, file));
        Self { zip, level: if is_large { HASTY_LEVEL } else { LEVEL } }
    }

    /// A part as it lies in another archive, byte for byte.
    pub(super) fn copy(&mut self, part: ZipFile<'_, BufReader<File>>) -> io::Result<()> {
        self.zip.raw_copy_file(part).map_err(failed)
    }

    /// A whole part.
    pub(super) fn put(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.begin(name, content.len() as u64)?.write_all(content)
    }

    /// Begins a part, which is written until the next one begins. `bytes_about` need not be exact below 4 GiB.
    pub(super) fn begin(&mut self, name: &str, bytes_about: u64) -> io::Result<&mut dyn io::Write> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(self.level))
            .large_file(bytes_about > u64::from(u32::MAX / 2));
        self.zip.start_file(name, options).map_err(failed)?;
        Ok(&mut self.zip)
    }

    /// Writes the directory.
    pub(super) fn finish(self) -> io::Result<()> {
        self.zip.finish().map_err(failed)?.flush()
    }
}

fn failed(error: zip::result::ZipError) -> io::Error {
    match error {
        zip::result::ZipError::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
