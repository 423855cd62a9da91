//! Room 4: settled rows become files that people read. Columns are declared once; one writer for each format.
