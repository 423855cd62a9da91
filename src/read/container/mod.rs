//! Files inside files: what gzip or a zip archive of one file holds is unpacked before anybody looks at it, within the limits.
//! Does not know what the unpacked bytes say; a workbook that is itself a zip archive stays as it is.

pub(super) mod zip;

use std::fs::File;
use std::io::{self, BufReader, Read, Write};

use flate2::read::MultiGzDecoder;

use super::source::SourceFile;
use super::{ReadError, ReadSettings};

const COPY_BYTES: usize = 256 << 10;
/// Below this size something packed may be as dense as it likes.
const RATIO_EXEMPT_BYTES: u64 = 64 << 20;
const GZIP: &[u8] = b"\x1f\x8b";

/// How a source is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zip,
}

impl Packing {
    /// The words that `inspect` shows.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zip => "a zip archive",
        }
    }
}

/// Unpacks a packed file once; an archive inside an archive is refused.
pub(super) fn unpack(source: SourceFile, settings: &ReadSettings) -> Result<(SourceFile, Option<Packing>), ReadError> {
    let Some(packing) = packing(&source)? else { return Ok((source, None)) };
    let content = match packing {
        Packed::Gzip => {
            let packed = BufReader::with_capacity(COPY_BYTES, source.open()?);
            copy(&source, settings, source.bytes(), MultiGzDecoder::new(packed))?
        }
        Packed::Zip(index) => {
            zip::check_limits(&mut source.open()?, &source, settings)?;
            let mut archive = ::zip::ZipArchive::new(BufReader::with_capacity(COPY_BYTES, source.open()?))
                .map_err(|error| zip_failed(&source, error))?;
            let entry = archive.by_index(index).map_err(|error| zip_failed(&source, error))?;
            let packed_bytes = entry.compressed_size().min(source.bytes());
            copy(&source, settings, packed_bytes, entry)?
        }
    };
    let packing = match packing {
        Packed::Gzip => Packing::Gzip,
        Packed::Zip(_) => Packing::Zip,
    };
    let source = source.with_content(content)?;
    if source.bytes() == 0 {
        return Err(ReadError::Empty { file: source.name.to_string() });
    }
    if self::packing(&source)?.is_some() {
        let found = format!("{} that holds another archive", packing.as_str());
        return Err(ReadError::Unsupported { file: source.name.to_string(), found });
    }
    Ok((source, Some(packing)))
}

enum Packed {
    Gzip,
    /// The number of the only file in the archive's directory.
    Zip(usize),
}

fn packing(source: &SourceFile) -> Result<Option<Packed>, ReadError> {
    let mut file = source.open()?;
    let mut head = Vec::new();
    (&mut file).take(4).read_to_end(&mut head).map_err(|error| source.failed(error))?;
    Ok(if head.starts_with(GZIP) {
        Some(Packed::Gzip)
    } else if is_zip(&head) {
        match zip::kind(&mut file, source)? {
            zip::Kind::OneFile(index) => Some(Packed::Zip(index)),
            zip::Kind::Xlsx | zip::Kind::Xlsb | zip::Kind::Ods | zip::Kind::Other(_) => None,
        }
    } else {
        None
    })
}

/// Whether a file begins as zip archives do.
pub(super) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// An error when something grows beyond the limits by being unpacked.
pub(super) fn check_growth(source: &SourceFile, settings: &ReadSettings, packed: u64, unpacked: u64) -> Result<(), ReadError> {
    let limit = |what, found, allowed| Err(ReadError::Limit { file: source.name.to_string(), what, found, allowed });
    let ratio = unpacked / packed.max(1);
    if unpacked > settings.unpacked_bytes_max {
        return limit("bytes when unpacked:", unpacked, settings.unpacked_bytes_max);
    }
    if unpacked > RATIO_EXEMPT_BYTES && ratio > settings.unpack_ratio_max {
        return limit("times as large when unpacked:", ratio, settings.unpack_ratio_max);
    }
    Ok(())
}

/// Copies what is unpacked to a file without a name; what directories and headers say about its size is not believed.
fn copy(source: &SourceFile, settings: &ReadSettings, packed_bytes: u64, mut unpacked: impl Read) -> Result<File, ReadError> {
    let mut file = tempfile::tempfile().map_err(|error| source.failed(error))?;
    let mut buffer = vec![0; COPY_BYTES];
    let mut copied = 0_u64;
    loop {
        let read = match unpacked.read(&mut buffer) {
            Ok(0) => return Ok(file),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(source, error)),
        };
        copied = copied.saturating_add(read as u64);
        check_growth(source, settings, packed_bytes, copied)?;
        file.write_all(buffer.get(..read).unwrap_or(&[])).map_err(|error| source.failed(error))?;
    }
}

/// What a decoder says of bytes that it cannot unpack.
fn broken(source: &SourceFile, error: io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
            archive_damaged(source)
        }
        _ => source.failed(error),
    }
}

fn archive_damaged(source: &SourceFile) -> ReadError {
    ReadError::ArchiveDamaged { file: source.name.to_string() }
}

fn zip_failed(source: &SourceFile, error: ::zip::result::ZipError) -> ReadError {
    match error {
        ::zip::result::ZipError::Io(error) => broken(source, error),
        ::zip::result::ZipError::UnsupportedArchive(_) => {
            ReadError::Unsupported { file: source.name.to_string(), found: "a zip archive packed in a rare way".to_owned() }
        }
        _ => archive_damaged(source),
    }
}
