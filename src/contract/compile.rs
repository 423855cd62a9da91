//! A contract's schema as a list of members that columns can go to. Reads annotations, judges no value.

use std::collections::HashMap;

use serde_json::Value;

use super::guard::Guard;
use crate::model::text::fold;

/// How a provider writes a value, and with it what a cell has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of the annotation `x-render`")]
pub enum Render {
    Text,
    Name,
    IsoDate,
    E164,
    Email,
    CountryAlpha2,
    Boolean,
    Inn10,
    Inn12,
    Snils,
    Ogrn13,
    Ogrn15,
    PassportSeries,
    PassportNumber,
    PassportDivision,
    DocumentNumber,
    AddressLine,
    Enum,
}

impl Render {
    const NAMES: [(&'static str, Self); 18] = [
        ("text", Self::Text),
        ("name", Self::Name),
        ("iso-date", Self::IsoDate),
        ("e164", Self::E164),
        ("email", Self::Email),
        ("country-alpha2", Self::CountryAlpha2),
        ("boolean", Self::Boolean),
        ("inn-10", Self::Inn10),
        ("inn-12", Self::Inn12),
        ("snils", Self::Snils),
        ("ogrn-13", Self::Ogrn13),
        ("ogrn-15", Self::Ogrn15),
        ("passport-series", Self::PassportSeries),
        ("passport-number", Self::PassportNumber),
        ("passport-division", Self::PassportDivision),
        ("document-number", Self::DocumentNumber),
        ("address-line", Self::AddressLine),
        ("enum", Self::Enum),
    ];

    /// The name that contracts use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, render)| *render == self).map_or("text", |(name, _)| name)
    }

    /// Whether the values come from a closed list.
    #[must_use]
    pub fn is_closed(self) -> bool {
        matches!(self, Self::CountryAlpha2 | Self::Boolean | Self::Enum)
    }

    /// Whether spreadsheets damage such values: long numbers, leading zeros.
    #[must_use]
    pub fn is_identifier(self) -> bool {
        match self {
            Self::E164
            | Self::Inn10
            | Self::Inn12
            | Self::Snils
            | Self::Ogrn13
            | Self::Ogrn15
            | Self::PassportSeries
            | Self::PassportNumber
            | Self::PassportDivision
            | Self::DocumentNumber => true,
            Self::Text
            | Self::Name
            | Self::IsoDate
            | Self::Email
            | Self::CountryAlpha2
            | Self::Boolean
            | Self::AddressLine
            | Self::Enum => false,
        }
    }
}

/// The codes of an enumeration and what people write for them.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    /// The codes, in the contract's order.
    pub codes: Vec<String>,
    by_word: HashMap<String, usize>,
}

impl Codes {
    /// The code that a word means; the code itself counts as a word for it.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<&str> {
        self.by_word.get(&fold(word)).and_then(|&index| self.codes.get(index)).map(String::as_str)
    }

    fn read(schema: &Value) -> Option<Self> {
        let codes: Vec<String> = match (schema.get("enum"), schema.get("const")) {
            (Some(Value::Array(codes)), _) => codes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            (_, Some(Value::String(code))) => vec![code.clone()],
            _ => return None,
        };
        let mut by_word = HashMap::new();
        for (index, code) in codes.iter().enumerate() {
            by_word.insert(fold(code), index);
            let labels = schema.get("x-enum-labels").and_then(|labels| labels.get(code)).and_then(Value::as_object);
            for word in labels.into_iter().flat_map(|languages| languages.values()).filter_map(Value::as_array).flatten() {
                if let Some(word) = word.as_str() {
                    by_word.entry(fold(word)).or_insert(index);
                }
            }
        }
        Some(Self { codes, by_word })
    }
}

/// A member that holds one value.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Vocabulary field: `last_name`, or `documents[].series` in a group.
    pub field: String,
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
    pub constant: Option<String>,
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
}

/// A list of the body.
#[derive(Clone, Debug)]
pub struct Group {
    /// Vocabulary name: `documents`.
    pub field: String,
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

    /// The member for a field in any type of item, where the item's own type has none.
    #[must_use]
    pub fn any_leaf(&self, field: &str) -> Option<&Leaf> {
        self.variants.iter().flat_map(|variant| &variant.leaves).find(|leaf| leaf.field == field)
    }
}

/// The members of a contract.
pub(super) fn members(schema: &Value) -> Result<(Vec<Leaf>, Vec<Group>), String> {
    let mut compiler = Compiler { root: schema, leaves: Vec::new(), groups: Vec::new() };
    compiler.object(schema, &mut Vec::new(), true)?;
    Ok((compiler.leaves, compiler.groups))
}

struct Compiler<'a> {
    root: &'a Value,
    leaves: Vec<Leaf>,
    groups: Vec<Group>,
}

impl<'a> Compiler<'a> {
    fn object(&mut self, schema: &'a Value, path: &mut Vec<String>, required: bool) -> Result<(), String> {
        let needed = required_members(schema);
        for (member, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            path.push(member.clone());
            let required = required && needed.contains(&member.as_str());
            if property.get("items").is_some() {
                let group = self.group(property, path, required)?;
                self.groups.push(group);
            } else if property.get("properties").is_some() || self.target(property).get("properties").is_some() {
                self.object(self.target(property), path, required)?;
            } else {
                let leaf = self.leaf(property, path.clone(), required)?;
                self.leaves.push(leaf);
            }
            path.pop();
        }
        Ok(())
    }

    fn group(&self, property: &'a Value, path: &[String], required: bool) -> Result<Group, String> {
        let items = self.target(property.get("items").unwrap_or(&Value::Null));
        let text =
            |key: &str| property.get("x-group").and_then(|group| group.get(key)).and_then(Value::as_str).map(str::to_owned);
        let type_member = text("type");
        let type_leaf = match &type_member {
            Some(member) => {
                let schema = items.pointer(&format!("/properties/{member}")).ok_or("x-group names a member that items lack")?;
                Some(self.leaf(schema, vec![member.clone()], true)?)
            }
            None => None,
        };
        let mut variants = Vec::new();
        for branch in items.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            let Some(member) = &type_member else { break };
            let code = branch.pointer(&format!("/if/properties/{member}/const")).and_then(Value::as_str);
            if let (Some(code), Some(then)) = (code, branch.get("then")) {
                variants
                    .push(Variant { code: Some(code.to_owned()), leaves: self.item(self.target(then), type_member.as_deref())? });
            }
        }
        if variants.is_empty() {
            variants.push(Variant { code: None, leaves: self.item(items, type_member.as_deref())? });
        }
        let field = property.get("x-field").and_then(Value::as_str).unwrap_or_default().to_owned();
        let title = property.get("title").and_then(Value::as_str).unwrap_or(&field).to_owned();
        Ok(Group { field, path: path.to_vec(), title, required, type_leaf, default_type: text("default"), variants })
    }

    fn item(&self, schema: &'a Value, type_member: Option<&str>) -> Result<Vec<Leaf>, String> {
        let needed = required_members(schema);
        schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter(|(member, _)| Some(member.as_str()) != type_member)
            .map(|(member, property)| self.leaf(property, vec![member.clone()], needed.contains(&member.as_str())))
            .collect()
    }

    fn leaf(&self, schema: &'a Value, path: Vec<String>, required: bool) -> Result<Leaf, String> {
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        let codes = Codes::read(schema);
        let render = match text("x-render") {
            Some(name) => {
                Render::NAMES.iter().find(|(known, _)| *known == name).ok_or_else(|| format!("x-render `{name}` is not known"))?.1
            }
            None if text("type") == Some("boolean") => Render::Boolean,
            None if codes.is_some() => Render::Enum,
            None => Render::Text,
        };
        Ok(Leaf {
            field: text("x-field").map_or_else(|| format!("/{}", path.join("/")), str::to_owned),
            title: text("title").unwrap_or_else(|| path.last().map_or("", String::as_str)).to_owned(),
            description: text("description").unwrap_or_default().to_owned(),
            render,
            required,
            mappable: schema.get("x-mappable").and_then(Value::as_bool).unwrap_or(true),
            codes,
            constant: text("const").map(str::to_owned),
            true_words: schema
                .get("x-true")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            max_length: schema.get("maxLength").or_else(|| self.reference(schema)?.get("maxLength")).and_then(Value::as_u64),
            example: schema
                .get("examples")
                .and_then(|examples| examples.get(0))
                .map(|example| example.as_str().map_or_else(|| example.to_string(), str::to_owned)),
            pii: text("x-pii").map(str::to_owned),
            guard: Guard::read(self.root, schema, render.is_closed()),
            path,
        })
    }

    fn reference(&self, schema: &'a Value) -> Option<&'a Value> {
        self.root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
    }

    /// The schema itself, or the one it refers to where it says nothing else.
    fn target(&self, schema: &'a Value) -> &'a Value {
        self.reference(schema).unwrap_or(schema)
    }
}

fn required_members(schema: &Value) -> Vec<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}
