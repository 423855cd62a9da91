//! Names of the parts of an Office package: how they are compared, and how one part names another. Opens no package.

/// A name in the form in which names are compared: they are the same whatever their case and the direction of strokes.
#[must_use]
pub fn folded_part(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_lowercase()
}

/// Name of the part that holds a part's relations; the package's own are those of the part without a name.
#[must_use]
pub fn relations_part(part: &str) -> String {
    match part.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/_rels/{name}.rels"),
        None => format!("_rels/{part}.rels"),
    }
}

/// A relation's target as a full name; `part` is the one that the relation belongs to. `..` only ever leads up to the package's root.
#[must_use]
pub fn related_part(part: &str, target: &str) -> String {
    let folder = part.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut names: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                let _ = names.pop();
            }
            name => names.push(name),
        }
    }
    names.retain(|name| !name.is_empty());
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_in_the_package() {
        assert_eq!(related_part("xl/workbook.xml", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(related_part("xl/workbook.xml", "/xl/worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(related_part("xl/workbook.xml", "../../../etc/passwd"), "etc/passwd");
        assert_eq!(related_part("", "xl/workbook.xml"), "xl/workbook.xml");
        assert_eq!(folded_part("\\XL\\Workbook.xml"), "xl/workbook.xml");
    }

    #[test]
    fn relations_stand_beside_their_part() {
        assert_eq!(relations_part("xl/worksheets/a.xml"), "xl/worksheets/_rels/a.xml.rels");
        assert_eq!((&*relations_part("book.xml"), &*relations_part("")), ("_rels/book.xml.rels", "_rels/.rels"));
    }
}
