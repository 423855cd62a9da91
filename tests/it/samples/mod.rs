//! The committed samples are what their makers make; `CLIENTFERRY_BLESS=1 cargo test samples` makes them anew.

mod all_types;
mod borrowers;
mod businesses;
mod clean;
mod english;
mod finlego;
mod finlego_small;
mod legacy;
pub(crate) mod make;
mod messy;
mod three_ways;

use super::bless::assert_committed;

/// A sample: its file, the words after `--to`, its mapping if it needs one, and its maker.
pub(crate) struct Sample {
    pub(crate) file: &'static str,
    pub(crate) to: &'static str,
    pub(crate) mapping: Option<&'static str>,
    pub(crate) make: fn() -> Vec<u8>,
}

pub(crate) const SAMPLES: &[Sample] = &[
    Sample { file: "clients-clean.csv", to: "tbank/fl-resident", mapping: None, make: clean::make },
    Sample { file: "clients-messy.csv", to: "tbank/fl-resident", mapping: None, make: messy::make },
    Sample { file: "clients-all-types.xlsx", to: "tbank", mapping: None, make: all_types::make },
    Sample { file: "clients-english.csv", to: "tbank/fl-nonresident", mapping: None, make: english::make },
    Sample { file: "clients-legacy.csv", to: "tbank/fl-resident", mapping: Some("mapping-example.toml"), make: legacy::make },
    Sample {
        file: "brainysoft-borrowers.csv",
        to: "brainysoft/individual",
        mapping: Some("brainysoft-borrowers.toml"),
        make: borrowers::make,
    },
    Sample {
        file: "brainysoft-proprietors.csv",
        to: "brainysoft/sole-proprietor",
        mapping: Some("brainysoft-proprietors.toml"),
        make: businesses::proprietors,
    },
    Sample {
        file: "brainysoft-companies.csv",
        to: "brainysoft/legal-entity",
        mapping: Some("brainysoft-companies.toml"),
        make: businesses::companies,
    },
    Sample { file: "three-ways.csv", to: "brainysoft/individual", mapping: Some("three-ways.toml"), make: three_ways::make },
    Sample {
        file: "finlego-people.csv",
        to: "finlego/onboarding-individual",
        mapping: Some("finlego-people.mapping.toml"),
        make: finlego::people,
    },
    Sample {
        file: "finlego-companies.csv",
        to: "finlego/core-company",
        mapping: Some("finlego-companies.mapping.toml"),
        make: finlego::companies,
    },
    Sample {
        file: "finlego-onboarding-companies.csv",
        to: "finlego/onboarding-company",
        mapping: None,
        make: finlego_small::companies,
    },
    Sample {
        file: "finlego-core-people.csv",
        to: "finlego/core-individual",
        mapping: Some("finlego-core-people.mapping.toml"),
        make: finlego_small::people,
    },
];

type Make = fn() -> Vec<u8>;

/// Files that samples need beside them.
const BESIDE: &[(&str, Make)] = &[("finlego-owners.csv", finlego::owners)];

#[test]
fn samples_are_what_their_makers_make() {
    for sample in SAMPLES {
        assert_committed(&format!("samples/{}", sample.file), &(sample.make)());
    }
    for (file, make) in BESIDE {
        assert_committed(&format!("samples/{file}"), &make());
    }
}
