//! Workbooks and packed files of every format through the reader's door: files made here byte by byte, and real ones.

mod corpora;
