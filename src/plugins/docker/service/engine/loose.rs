//! Reading what an engine says without losing everything to one odd field: an unknown word, a `null`
//! or a value of another type is a missing value.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use std::ops::{Deref, DerefMut};

/// A value that may be missing, `null`, or of a type that nobody expected.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::plugins::docker::service) struct Loose<T>(pub Option<T>);

impl<T> Default for Loose<T> {
    fn default() -> Self {
        Self(None)
    }
}
impl<T> Deref for Loose<T> {
    type Target = Option<T>;
    fn deref(&self) -> &Option<T> {
        &self.0
    }
}
impl<T> DerefMut for Loose<T> {
    fn deref_mut(&mut self) -> &mut Option<T> {
        &mut self.0
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(from)?;
        Ok(Self(serde_json::from_value(value).ok()))
    }
}

/// A list whose odd members are left out.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::plugins::docker::service) struct LooseList<T>(pub Vec<T>);

impl<T> Default for LooseList<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for LooseList<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let members = Loose::<Vec<serde_json::Value>>::deserialize(from)?
            .0
            .unwrap_or_default();
        let read = members
            .into_iter()
            .filter_map(|value| serde_json::from_value(value).ok());
        Ok(Self(read.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Thing {
        name: Loose<String>,
        labels: Loose<HashMap<String, String>>,
        ports: LooseList<u16>,
    }

    #[test]
    fn dk_07_an_odd_field_is_a_missing_one_and_its_neighbours_stay() {
        let thing: Thing =
            serde_json::from_str(r#"{"name": 7, "labels": null, "ports": [1, "x", null, 2], "new": {}}"#).unwrap();
        assert_eq!((thing.name.0, thing.labels.0, thing.ports.0), (None, None, vec![1, 2]));
        let thing: Thing = serde_json::from_str(r#"{"ports": null}"#).unwrap();
        assert_eq!(thing.ports.0, Vec::<u16>::new());
    }
}
