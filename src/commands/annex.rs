//! Second sheets and files whose rows are items of the clients' lists: found, read, and held against the clients' own file in the
//! first pass. Joins nothing itself.

use std::collections::HashSet;
use std::path::Path;

use crate::failure::Failure;
use crate::model::text::fold;
use crate::prepare::{self, Annex, Mapping, MappingError, Plan};
use crate::read::{Input, ReadSettings, Table};
use crate::terminal;

/// The annexes that a mapping names, read. Their files lie beside the mapping, or are the clients' own file.
pub(super) fn open(mapping: &Mapping, path: &Path, clients: &Input) -> Result<Vec<Annex>, Failure> {
    let mut annexes = Vec::new();
    for (list, written) in &mapping.items {
        let input = match &written.file {
            Some(file) => {
                let folder = path.parent().unwrap_or_else(|| Path::new(""));
                Input::find(&folder.join(file), &ReadSettings::default())?
            }
            None => clients.clone(),
        };
        let settings = ReadSettings { sheet: written.sheet.clone(), ..ReadSettings::default() };
        let is_header = |word: &str| {
            let is_named = |header: &String| fold(header) == fold(word);
            is_named(&written.key) || written.columns.keys().any(is_named) || prepare::knows_header(word)
        };
        let table = input.open(&settings, &is_header)?;
        let mut annex = Annex::new(list, written, table.source.clone()).map_err(MappingError::from)?;
        for row in table.rows()? {
            annex.add(&row?).map_err(MappingError::from)?;
        }
        annexes.push(annex);
    }
    Ok(annexes)
}

/// The first pass: counts the rows, lets every date column prove its own order of day and month, and looks for items whose client is
/// not there.
pub(super) fn prove(table: &Table, plan: &mut Plan) -> Result<u64, Failure> {
    let bar = terminal::bar("reading", None);
    let width = table.source.columns.len();
    let (mut own, mut added): (Vec<_>, Vec<_>) = plan.watches().into_iter().partition(|(column, _)| *column < width);
    let parents = plan.annexes().map(prepare::Annexes::parents).unwrap_or_default();
    let mut seen: Vec<HashSet<Box<str>>> = parents.iter().map(|_| HashSet::new()).collect();
    let own_columns = own.len();
    let scanned: Vec<usize> = own.iter().map(|(column, _)| *column).chain(parents.iter().copied()).collect();
    let annexes = plan.annexes();
    let count = table.scan(&scanned, &mut |at, place, text, kind| {
        if let Some((_, watch)) = own.get_mut(place) {
            watch.observe(at, text, kind);
        } else if let (Some(parent), Some(annexes)) = (place.checked_sub(own_columns), annexes)
            && let (Some(key), Some(seen)) = (annexes.key_of(parent, text), seen.get_mut(parent))
        {
            seen.insert(key);
        }
    })?;
    if let Some(annexes) = annexes {
        for (column, watch) in &mut added {
            annexes.each_value(*column, |at, text, kind| watch.observe(at, text, kind));
        }
        annexes.check_parents(&seen, &table.source).map_err(MappingError::from)?;
    }
    bar.finish_and_clear();
    own.append(&mut added);
    plan.settle(&own).map_err(|questions| Failure::DatesOpen { questions })?;
    Ok(count.rows)
}
