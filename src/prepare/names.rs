//! How mappings write fields: `last_name`, `documents[1].series`, `relatedIndividuals[0].document.number`. Knows no contract.

/// Members within members; nobody maps deeper.
const STEPS_MAX: usize = 12;
/// Items of a list that a mapping may number.
pub(super) const ITEMS_MAX: u32 = 100;

/// A field as a mapping writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'f> {
    /// The list, where the field is about an item.
    pub(super) list: Option<&'f str>,
    /// The item's number; `None` for all items, or outside lists.
    pub(super) number: Option<u32>,
    /// The part of the item; the whole field outside lists.
    pub(super) part: &'f str,
}

impl<'f> Name<'f> {
    pub(super) fn parse(field: &'f str) -> Self {
        let whole = Self { list: None, number: None, part: field };
        let Some((list, rest)) = field.split_once('[') else { return whole };
        let Some((number, part)) = rest.split_once("].") else { return whole };
        if number.is_empty() {
            return Self { list: Some(list), number: None, part };
        }
        match number.parse() {
            Ok(number) => Self { list: Some(list), number: Some(number), part },
            Err(_) => whole,
        }
    }
}

/// The field without the number of its item: `documents[].series`.
pub(super) fn general(field: &str) -> String {
    match Name::parse(field) {
        Name { list: Some(list), part, .. } => format!("{list}[].{part}"),
        Name { list: None, part, .. } => part.to_owned(),
    }
}

/// Whether a field is written as a path of members, with at most one list in it.
pub(super) fn is_path(field: &str) -> bool {
    let name = Name::parse(field);
    let is_step = |step: &str| {
        step.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && step.len() <= 100
            && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let mut steps =
        name.list.unwrap_or(name.part).split('.').chain(name.list.map(|_| name.part.split('.')).into_iter().flatten());
    name.number.is_none_or(|number| number < ITEMS_MAX) && steps.clone().count() <= STEPS_MAX && steps.all(is_step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_taken_apart() {
        let name = Name::parse("relatedIndividuals[12].document.number");
        assert_eq!((name.list, name.number, name.part), (Some("relatedIndividuals"), Some(12), "document.number"));
        assert_eq!(general("Phones.results[0].phone"), "Phones.results[].phone");
        assert_eq!(general("additionalInfo.conviction"), "additionalInfo.conviction");
        for path in ["nickName", "some.path[0].member", "a.b.c", "_x"] {
            assert!(is_path(path), "{path}");
        }
        for no_path in ["", "a..b", "a[0]", "a[0].b[1].c", "a b", "ё", "a[100].b", "1a", "a[-1].b", "a.", "[0].a", "a\"b"] {
            assert!(!is_path(no_path), "{no_path}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_name(field in "\\PC{0,30}|[a-z.\\[\\]0-9]{0,20}") {
            let once = general(&field);
            prop_assert_eq!(general(&once), once.clone());
            prop_assert!(!is_path(&field) || Name::parse(&field).part.split('.').all(|step| !step.is_empty()));
        }
    }
}
