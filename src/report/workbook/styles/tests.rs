use super::*;

#[test]
fn a_faulty_cell_keeps_its_format_but_the_fill_and_gets_it_back() {
    let own = FRESH.replace(
        "<cellXfs count=\"1\">",
        "<cellXfs count=\"9\"><xf numFmtId=\"14\" fontId=\"0\" fillId=\"0\" borderId=\"0\"><alignment wrapText=\"1\"/></xf>",
    );
    let mut styles = Styles::read(own.clone()).unwrap();
    let marked = styles.marked(0, Severity::Error);
    assert_eq!(styles.marked(0, Severity::Error), marked);
    assert_ne!(styles.marked(0, Severity::Warning), marked);
    let written = String::from_utf8(styles.write()).unwrap();
    let again = Styles::read(written.clone()).unwrap();
    let raw = again.raw_format(marked);
    assert!(
        raw.contains("numFmtId=\"14\"") && raw.contains("fillId=\"2\"") && raw.ends_with("<alignment wrapText=\"1\"/></xf>"),
        "{raw}"
    );
    assert_eq!(again.raw_format(0), styles.raw_format(0));
    assert!(written.contains(&format!("<cellXfs count=\"{}\">", again.formats.items.len())));
    let mut again = again;
    assert!(again.has_coloured() && !styles.has_coloured());
    assert_eq!((again.cleared(marked), again.cleared(0)), (Some(0), None));
}

#[test]
fn prefixes_are_kept_and_odd_parts_refused() {
    let prefixed = FRESH.replace('<', "<x:").replace("<x:/", "</x:").replace("<x:?", "<?").replace("xmlns=", "xmlns:x=");
    let styles = Styles::read(prefixed).unwrap();
    let written = String::from_utf8(styles.write()).unwrap();
    assert!(!written.contains("<xf") && !written.contains("<fill>") && !written.contains("<alignment"), "{written}");
    assert!(Styles::read("<styleSheet><fonts/></styleSheet>".to_owned()).is_err());
    assert!(Styles::read("<styleSheet><fonts>".to_owned()).is_err());
}

/// A workbook with cells of no colour, of green, of a theme's colour and of a pattern, all alike otherwise.
fn coloured() -> String {
    let fills = "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FF00FF00\" /></patternFill></fill>\
        <fill><patternFill patternType=\"solid\"><fgColor theme=\"4\" tint=\"0.4\"/><bgColor indexed=\"64\"/></patternFill></fill>\
        <fill><patternFill patternType=\"lightUp\"/></fill></fills>";
    let formats = "<cellXfs count=\"4\"><xf fillId=\"0\"/><xf fillId=\"2\"/><xf fillId=\"3\"/><xf fillId=\"4\"/>";
    let own = FRESH.replace("</fills>", fills);
    let (before, rest) = own.split_once("<cellXfs").unwrap();
    format!("{before}{formats}</cellXfs>{}", rest.split_once("</cellXfs>").unwrap().1)
}

#[test]
fn a_mended_cell_gets_its_own_colour_back() {
    let mut styles = Styles::read(coloured()).unwrap();
    let marked: Vec<u32> = (0..4).map(|format| styles.marked(format, Severity::Error)).collect();
    let mut again = Styles::read(String::from_utf8(styles.write()).unwrap()).unwrap();
    assert_eq!(marked.iter().map(|format| again.cleared(*format)).collect::<Vec<_>>(), [Some(0), Some(1), Some(2), Some(3)]);
    assert_eq!((0..4).map(|format| again.cleared(format)).collect::<Vec<_>>(), [None; 4]);
    // Faulty once more, and mended after that.
    let twice: Vec<u32> = marked.iter().map(|format| again.marked(*format, Severity::Warning)).collect();
    let mut third = Styles::read(String::from_utf8(again.write()).unwrap()).unwrap();
    assert_eq!(twice.iter().take(3).map(|format| third.cleared(*format)).collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
}

#[test]
fn a_program_that_writes_backgrounds_of_its_own_is_not_believed() {
    let mut styles = Styles::read(coloured()).unwrap();
    let marked = [styles.marked(0, Severity::Error), styles.marked(1, Severity::Warning)];
    let saved = String::from_utf8(styles.write()).unwrap().replace("FFC11E4E", "FF00FF00").replace("FFFFC7CD", "00ffc7cd");
    let mut again = Styles::read(saved).unwrap();
    assert!(again.has_coloured());
    for format in marked {
        assert_eq!(again.cleared(format), Some(0));
    }
    assert_eq!((again.cleared(1), again.cleared(2)), (None, None));
    // The colour that programs offer is the user's.
    let theirs = Styles::read(coloured().replace("FF00FF00", "FFFFC7CE")).unwrap();
    assert!(!theirs.has_coloured());
}
