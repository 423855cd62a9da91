//! Cells become typed values. Pure functions, one file for each kind of value.
