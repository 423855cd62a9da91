//! What a contract's members are: leaves that hold a value, lists of items. Compiled data; how it is read stands in `compile`.

use serde_json::Value;

use super::codes::Codes;
use super::guard::Guard;
use super::render::Render;

/// A member that holds one value.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The name that proposals use: a vocabulary field (`last_name`, `documents[].series`), or the body path.
    pub field: String,
    /// The member's own path as mappings write it: `additionalInfo.conviction`, `Phones.results[].phone`. Always accepted.
    pub body_path: String,
    /// Members from the root, or from the group's item, down to the value.
    pub path: Vec<String>,
    /// The name people read.
    pub title: String,
    /// What it holds.
    pub description: String,
    /// How it is written.
    pub render: Render,
    /// Whether the body needs it.
    pub required: bool,
    /// Whether a column may fill it.
    pub mappable: bool,
    /// Its codes, where it is an enumeration.
    pub codes: Option<Codes>,
    /// A fixed value.
    pub constant: Option<Value>,
    /// Further words for yes, where it is a flag.
    pub true_words: Vec<String>,
    /// Longest value, characters.
    pub max_length: Option<u64>,
    /// An example as the provider writes it.
    pub example: Option<String>,
    /// Personal-data class.
    pub pii: Option<String>,
    /// What its value has to be by itself.
    pub guard: Guard,
    /// Further fields, in order: the first whose cell is filled gives the value when the member's own does not.
    pub alternatives: Vec<String>,
    /// Parts that are joined where no column fills the member itself.
    pub join: Option<Join>,
    /// Headers that mean this member for this contract, folded.
    pub headers: Vec<String>,
    /// Which item of a mapping's list it takes its value from, where it stands in a single object.
    pub selector: Option<Selector>,
    /// Alpha-2 code of the country of phone numbers that do not say theirs, where the contract settles it.
    pub phone_region: Option<String>,
    /// The provider's reference book that tells its ids.
    pub book: Option<String>,
}

impl Leaf {
    /// `series` of `documents[].series`; the whole field outside lists.
    #[must_use]
    pub fn part(&self) -> &str {
        part_of(&self.field)
    }

    /// The path below the item or the root, as mappings write it.
    #[must_use]
    pub fn inner_path(&self) -> &str {
        part_of(&self.body_path)
    }

    /// Whether a mapping may call it so.
    #[must_use]
    pub fn is_called(&self, field: &str) -> bool {
        self.field == field || self.body_path == field
    }
}

fn part_of(field: &str) -> &str {
    field.split_once("[].").map_or(field, |(_, part)| part)
}

/// How parts make one value: an address line from street and house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The parts, in the order in which they are joined.
    pub parts: Vec<String>,
    /// What stands between them.
    pub separator: String,
}

/// Which item of a mapping's list fills a single object: `addresses[registration address].city`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The vocabulary's group.
    pub group: String,
    /// Labels of kinds, tried in order, or words that the vocabulary knows no kind for; `*` is any kind, and an item without one;
    /// `?` is an item whose kind nothing says.
    pub kinds: Vec<String>,
    /// The part of the item.
    pub part: String,
}

impl Selector {
    /// Reads `addresses[registration address|*].city`; `None` where a field is none.
    pub(super) fn parse(field: &str) -> Option<Self> {
        let (group, rest) = field.split_once('[')?;
        let (kinds, part) = rest.split_once("].")?;
        let kinds: Vec<String> = kinds.split('|').map(|kind| kind.trim().to_owned()).filter(|kind| !kind.is_empty()).collect();
        (!kinds.is_empty()).then(|| Self { group: group.to_owned(), kinds, part: part.to_owned() })
    }
}

/// A list of the body.
#[derive(Clone, Debug)]
pub struct Group {
    /// The name that mappings use: a vocabulary name (`documents`), or the body path.
    pub field: String,
    /// Its own path as mappings write it: `Phones.results`. Always accepted.
    pub body_path: String,
    /// Members from the root down to the list.
    pub path: Vec<String>,
    /// The name people read.
    pub title: String,
    /// Whether the body needs it.
    pub required: bool,
    /// The member that says which variant an item is.
    pub type_leaf: Option<Leaf>,
    /// The type of an item whose type no column and no mapping says.
    pub default_type: Option<String>,
    /// The flag that the first item gets where no column fills it.
    pub primary: Option<String>,
    /// Words that with a number and a member's header name an item's member, folded: `ubo` in `UBO 1 First Name`.
    pub header_words: Vec<String>,
    /// What an item may hold, by type.
    pub variants: Vec<Variant>,
}

/// What an item of one type may hold.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The type's code; `None` where items of all types are alike.
    pub code: Option<String>,
    /// Its members, without the type.
    pub leaves: Vec<Leaf>,
}

impl Group {
    /// The members of an item of this type.
    #[must_use]
    pub fn leaves(&self, code: Option<&str>) -> &[Leaf] {
        self.variants
            .iter()
            .find(|variant| variant.code.is_none() || variant.code.as_deref() == code)
            .map_or(&[], |variant| &variant.leaves)
    }

    /// The members of items of all types, those of several types several times, without the type.
    pub fn all_leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.variants.iter().flat_map(|variant| &variant.leaves)
    }

    /// The member for a field in any type of item, where the item's own type has none.
    #[must_use]
    pub fn any_leaf(&self, field: &str) -> Option<&Leaf> {
        self.all_leaves().find(|leaf| leaf.is_called(field))
    }

    /// Whether a mapping may call it so.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.field == name || self.body_path == name
    }
}
