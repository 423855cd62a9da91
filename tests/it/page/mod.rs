//! `report.html` as people open it, and as whoever must not see personal data reads it.

mod bounds;
mod browser;
mod made;
mod masked;
mod opened;
