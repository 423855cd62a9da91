//! A body as the rules of code see it: values by path, in whatever form the body is. Judges nothing.

use serde_json::Value;

/// A path that rules look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The list whose items are looked at, where it is about items.
    pub list: Option<Vec<String>>,
    /// Members from the root, or from the item, down to the value.
    pub steps: Vec<String>,
}

impl Path {
    /// `/birthDate` or `/documents/*/date`.
    pub(super) fn parse(written: &str) -> Self {
        let steps = |text: &str| text.split('/').filter(|step| !step.is_empty()).map(str::to_owned).collect();
        match written.split_once("/*") {
            Some((list, member)) => Self { list: Some(steps(list)), steps: steps(member) },
            None => Self { list: None, steps: steps(written) },
        }
    }

    pub(super) fn pointer(&self, item: usize) -> String {
        let mut pointer = String::new();
        for step in self.list.iter().flatten() {
            pointer.push('/');
            pointer.push_str(step);
        }
        if self.list.is_some() {
            pointer.push_str(&format!("/{item}"));
        }
        for step in &self.steps {
            pointer.push('/');
            pointer.push_str(step);
        }
        pointer
    }
}

/// A body that rules can look at, in whatever form it is.
pub trait BodyView {
    /// The text at a path, in the list's item where the path is about items.
    fn text(&self, path: usize, item: usize) -> Option<&str>;

    /// How many items the path's list has, or the list that the path itself leads to.
    fn items(&self, path: usize) -> usize;

    /// The number at a path.
    fn number(&self, path: usize, item: usize) -> Option<f64> {
        self.text(path, item)?.parse().ok()
    }

    /// Whether a yes stands at a path.
    fn is_true(&self, path: usize, item: usize) -> bool {
        self.text(path, item) == Some("true")
    }
}

/// A body as a tree of values.
pub(super) struct ValueView<'a> {
    pub(super) body: &'a Value,
    pub(super) paths: &'a [Path],
}

impl ValueView<'_> {
    fn list(&self, path: &Path) -> Option<&Vec<Value>> {
        follow(self.body, path.list.as_ref().unwrap_or(&path.steps))?.as_array()
    }

    fn value(&self, path: usize, item: usize) -> Option<&Value> {
        let path = self.paths.get(path)?;
        let root = match &path.list {
            Some(_) => self.list(path)?.get(item)?,
            None => self.body,
        };
        follow(root, &path.steps)
    }
}

impl BodyView for ValueView<'_> {
    fn text(&self, path: usize, item: usize) -> Option<&str> {
        self.value(path, item)?.as_str()
    }

    fn number(&self, path: usize, item: usize) -> Option<f64> {
        self.value(path, item)?.as_f64()
    }

    fn is_true(&self, path: usize, item: usize) -> bool {
        self.value(path, item).and_then(Value::as_bool) == Some(true)
    }

    fn items(&self, path: usize) -> usize {
        self.paths.get(path).and_then(|path| self.list(path)).map_or(0, Vec::len)
    }
}

fn follow<'a>(root: &'a Value, steps: &[String]) -> Option<&'a Value> {
    steps.iter().try_fold(root, |node, step| node.get(step))
}
