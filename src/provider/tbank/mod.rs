//! T-Bank T-API: beneficiaries of a nominal account.
