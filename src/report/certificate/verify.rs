//! Holds a report folder against its certificate: every file, every byte, every sum. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::chain::{ChainRecord, Reread, reread};
use super::{Certificate, FORMAT, NAME, is_sealed, recount};

/// Bytes of a certificate; the largest that are written have less than 200 KB.
const CERTIFICATE_BYTES_MAX: u64 = 16 << 20;
/// Stretches of lines that a finding names.
const STRETCHES_SHOWN: usize = 5;

/// Why a folder cannot be held against a certificate.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no such folder, or it is a file.
    #[error("{}: this is no folder of a report", path.display())]
    NoFolder {
        /// What was named.
        path: PathBuf,
    },
    /// There is a folder, and no certificate in it.
    #[error("{}: the folder holds no {NAME}", path.display())]
    NoCertificate {
        /// The folder.
        path: PathBuf,
    },
    /// The certificate is of another version of this program.
    #[error("{}: the certificate has format {found}, this program knows {FORMAT}", path.display())]
    Format {
        /// The certificate.
        path: PathBuf,
        /// The format that it names.
        found: u32,
    },
    /// A file or the folder cannot be read.
    #[error("{}: cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
}

impl VerifyError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoFolder { .. } => "name the report folder, for example reports/RUN",
            Self::NoCertificate { .. } => {
                "if the certificate was lost, write the report again with `clientferry report RUN` and compare"
            }
            Self::Format { .. } => "use the version of clientferry that wrote the report",
            Self::Unreadable { .. } => "allow reading it, then verify again",
        }
    }
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The certificate itself was changed; what it says proves nothing.
    Certificate,
    /// The certificate is whole, and not the one whose seal was noted.
    Seal,
    /// A file of the report is gone.
    Missing {
        /// Its name.
        file: String,
    },
    /// A file of the report has another name now.
    Renamed {
        /// Its name.
        file: String,
        /// The name that it has now.
        now: String,
    },
    /// A file that is no part of the report.
    Extra {
        /// Its name.
        file: String,
    },
    /// A file has another content.
    Changed {
        /// Its name.
        file: String,
        /// Its size when it was written, and now.
        bytes: (u64, u64),
        /// First and last line of each stretch that is not what was written, where lines are chained.
        lines: Vec<(u64, u64)>,
    },
    /// Sums that do not hold.
    Sums {
        /// What differs.
        what: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate => write!(f, "{NAME}: changed; its seal does not hold, so nothing that it says proves anything"),
            Self::Seal => write!(f, "{NAME}: not the certificate whose seal was noted"),
            Self::Missing { file } => write!(f, "{file}: missing"),
            Self::Renamed { file, now } => write!(f, "{file}: has the name {now} now"),
            Self::Extra { file } if file.ends_with(".partial") => {
                write!(f, "{file}: left by a report that was not finished, or that is being written now")
            }
            Self::Extra { file } => write!(f, "{file}: no part of this report"),
            Self::Changed { file, bytes: (written, now), lines } => {
                write!(f, "{file}: changed")?;
                if written != now {
                    write!(f, "; {written} bytes were written, {now} are there")?;
                }
                for (index, (first, last)) in lines.iter().take(STRETCHES_SHOWN).enumerate() {
                    f.write_str(if index == 0 { "; among lines " } else { ", " })?;
                    write!(f, "{first} to {last}")?;
                }
                match lines.len().saturating_sub(STRETCHES_SHOWN) {
                    0 => Ok(()),
                    more => write!(f, " and in {more} more places"),
                }
            }
            Self::Sums { what } => f.write_str(what),
        }
    }
}

/// What was found out about a folder.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What the folder's certificate says; `None` where it was changed.
    pub certificate: Option<Certificate>,
    /// Everything that is not as it was written; none is good.
    pub findings: Vec<Finding>,
}

/// Holds a report folder against its certificate, and this against the seal that somebody noted.
///
/// # Errors
/// When there is nothing to verify, or a file cannot be read.
pub fn verify(folder: &Path, noted_seal: Option<&str>) -> Result<Verified, VerifyError> {
    if !folder.is_dir() {
        return Err(VerifyError::NoFolder { path: folder.to_path_buf() });
    }
    let path = folder.join(NAME);
    let text = read_certificate(&path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => VerifyError::NoCertificate { path: folder.to_path_buf() },
        _ => VerifyError::Unreadable { path: path.clone(), cause },
    })?;
    let parsed = serde_json::from_slice::<Certificate>(&text).ok().filter(|_| is_sealed(&text));
    let Some(certificate) = parsed else {
        // A whole certificate of another format is no damage.
        let format = serde_json::from_slice::<serde_json::Value>(&text).ok().filter(|_| is_sealed(&text));
        let found = format.and_then(|value| u32::try_from(value.get("format")?.as_u64()?).ok());
        return match found.filter(|found| *found != FORMAT) {
            Some(found) => Err(VerifyError::Format { path, found }),
            None => Ok(Verified { certificate: None, findings: vec![Finding::Certificate] }),
        };
    };
    if certificate.format != FORMAT {
        return Err(VerifyError::Format { path, found: certificate.format });
    }
    let mut findings = Vec::new();
    if noted_seal.is_some_and(|noted| !noted.trim().eq_ignore_ascii_case(&certificate.seal)) {
        findings.push(Finding::Seal);
    }
    findings.extend(files(folder, &certificate)?);
    let broken: BTreeSet<&str> = findings.iter().filter_map(Finding::file).collect();
    let whole: Vec<&str> =
        certificate.files.iter().map(|file| file.name.as_str()).filter(|name| !broken.contains(name)).collect();
    let sums = recount::differences(folder, &certificate, &whole);
    findings.extend(sums.into_iter().map(|what| Finding::Sums { what }));
    Ok(Verified { certificate: Some(certificate), findings })
}

impl Finding {
    /// The file of the report that is not there as it was.
    fn file(&self) -> Option<&str> {
        match self {
            Self::Missing { file } | Self::Renamed { file, .. } | Self::Changed { file, .. } => Some(file),
            Self::Certificate | Self::Seal | Self::Extra { .. } | Self::Sums { .. } => None,
        }
    }
}

fn read_certificate(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(CERTIFICATE_BYTES_MAX).read_to_end(&mut text)?;
    Ok(text)
}

/// Files that are changed, gone, renamed or too many.
fn files(folder: &Path, certificate: &Certificate) -> Result<Vec<Finding>, VerifyError> {
    let mut findings = Vec::new();
    let mut present = names(folder)?;
    present.remove(NAME);
    let mut missing: BTreeMap<&str, &str> = BTreeMap::new();
    for file in &certificate.files {
        // A name that leads out of the folder is no name of ours.
        let is_plain = Path::new(&file.name).components().count() == 1 && !file.name.starts_with('.');
        if !is_plain || !present.remove(&file.name) || !folder.join(&file.name).is_file() {
            missing.insert(&file.name, &file.sha256);
            continue;
        }
        let chain = certificate.chains.iter().find(|chain| chain.file == file.name);
        let found = read_again(&folder.join(&file.name), chain)?;
        if found.sha256 != file.sha256 || found.bytes != file.bytes {
            findings.push(Finding::Changed { file: file.name.clone(), bytes: (file.bytes, found.bytes), lines: found.changed });
        } else if let Some(chain) = chain.filter(|chain| !found.changed.is_empty() || found.lines != chain.lines) {
            let what = format!("{}: the certificate's chain of lines is not that of the file", chain.file);
            findings.push(Finding::Sums { what });
        }
    }
    for extra in present {
        let path = folder.join(&extra);
        let hash = if missing.is_empty() || path.is_dir() { None } else { Some(read_again(&path, None)?.sha256) };
        let original = missing.iter().find(|(_, sha256)| Some(**sha256) == hash.as_deref()).map(|(name, _)| *name);
        match original {
            Some(name) => {
                missing.remove(name);
                findings.push(Finding::Renamed { file: name.to_owned(), now: extra });
            }
            None => findings.push(Finding::Extra { file: extra }),
        }
    }
    findings.extend(missing.into_keys().map(|file| Finding::Missing { file: file.to_owned() }));
    Ok(findings)
}

fn read_again(path: &Path, chain: Option<&ChainRecord>) -> Result<Reread, VerifyError> {
    let failed = |cause| VerifyError::Unreadable { path: path.to_path_buf(), cause };
    reread(File::open(path).map_err(failed)?, chain).map_err(failed)
}

/// What lies in the folder, without what operating systems and open spreadsheets put there.
fn names(folder: &Path) -> Result<BTreeSet<String>, VerifyError> {
    let failed = |cause| VerifyError::Unreadable { path: folder.to_path_buf(), cause };
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        let is_foreign = matches!(name.as_str(), ".DS_Store" | "Thumbs.db" | "desktop.ini")
            || name.starts_with("~$")
            || name.starts_with(".~lock.");
        if !is_foreign {
            names.insert(name);
        }
    }
    Ok(names)
}
