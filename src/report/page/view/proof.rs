//! What the page says of the certificate: sums and hashes as pairs of words. Calculates none.

use super::super::super::{Certified, ContractProof, Summary};
use super::super::mask::clip;
use super::super::say::number;
use super::super::words::Words;
use super::NAME_CHARS_MAX;
use crate::model::{Lang, Outcome};

pub(super) fn certificate(lang: Lang, w: &Words, summary: &Summary) -> Vec<(String, String)> {
    let counts: Vec<String> = Outcome::ALL.iter().map(|&outcome| number(lang, summary.count(outcome))).collect();
    let mut facts = vec![(w.equation.to_owned(), format!("{} = {}", number(lang, summary.source.rows), counts.join(" + ")))];
    facts.push((clip(&summary.source.name, NAME_CHARS_MAX), summary.source.sha256.clone()));
    let Certified { mapping, contracts, journal, control_sums } = &summary.certified;
    facts.extend(mapping.iter().map(|mapping| (w.proof_mapping.to_owned(), mapping.sha256.clone())));
    let contract = |contract: &ContractProof| {
        (format!("{} {}", w.proof_contract, clip(&contract.operation, NAME_CHARS_MAX)), contract.sha256.clone())
    };
    facts.extend(contracts.iter().map(contract));
    facts.extend(
        journal.iter().map(|journal| (format!("{} ({})", w.proof_journal, number(lang, journal.events)), journal.sha256.clone())),
    );
    facts.extend(control_sums.iter().map(|sum| {
        let name = format!("{} {}", w.control_sum, clip(&sum.column, NAME_CHARS_MAX));
        (name, sum.sum.clone().unwrap_or_else(|| "–".to_owned()))
    }));
    facts.extend(summary.files.iter().map(|file| (file.name.to_owned(), file.sha256.clone())));
    facts
}
