//! Measurements over time as charts take them: one list of instants, one list of values per series.

use super::id::UnixMillis;
use serde::{Deserialize, Serialize};

/// One line of a chart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What is measured, with its unit at the end: `cpu_ratio`, `memory_used_bytes`.
    pub name: String,
    /// One value per instant of the set; `None` where nothing was measured.
    pub values: Vec<Option<f64>>,
}

/// Series that share their instants, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeriesSet {
    pub at: Vec<UnixMillis>,
    pub series: Vec<Series>,
}

impl SeriesSet {
    /// A set of these series with nothing measured yet.
    pub fn empty(names: &[&str]) -> Self {
        let series = names
            .iter()
            .map(|name| Series {
                name: (*name).to_owned(),
                values: Vec::new(),
            })
            .collect();
        Self { at: Vec::new(), series }
    }

    /// Adds one reading (one value per series, in their order) and forgets what is older than `window_millis`.
    /// A reading that is not newer than the last one is left out: frames may repeat what the page already has.
    pub fn push(&mut self, at: UnixMillis, values: &[Option<f64>], window_millis: i64) {
        if self.at.last().is_some_and(|last| *last >= at) {
            return;
        }
        self.at.push(at);
        for (i, series) in self.series.iter_mut().enumerate() {
            series.values.push(values.get(i).copied().flatten());
        }
        let old = self.at.partition_point(|t| t.0 < at.0 - window_millis);
        self.at.drain(..old);
        for series in &mut self.series {
            series.values.drain(..old.min(series.values.len()));
        }
    }

    /// The series of this name.
    pub fn get(&self, name: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_keeps_its_window_and_takes_no_reading_twice() {
        let mut set = SeriesSet::empty(&["a", "b"]);
        for n in 0..10 {
            set.push(UnixMillis(n * 1000), &[Some(n as f64), None], 3000);
            set.push(UnixMillis(n * 1000), &[Some(99.0), None], 3000);
        }
        assert_eq!(set.at, [6000, 7000, 8000, 9000].map(UnixMillis));
        assert_eq!(set.get("a").unwrap().values, [6.0, 7.0, 8.0, 9.0].map(Some));
        assert_eq!(set.get("b").unwrap().values.len(), 4);
    }
}
