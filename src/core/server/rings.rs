//! The last hour of what is measured, in memory: a ring of readings per object, compact, and bounded over all
//! objects of the server together.

use crate::core::{
    id::UnixMillis,
    series::{Series, SeriesSet},
};
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};
use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Series that the server keeps at most. A full hour of one is 720 readings of 4 bytes.
const SERIES: usize = 50_000;
/// Readings that follow sooner are left out: a fast pace must not make an hour longer than 900 readings.
const SPACING_MILLIS: i64 = 4_000;

/// How many series there may be, over everything that keeps some.
pub struct SeriesBudget {
    max: usize,
    used: AtomicUsize,
    shown: Gauge,
    refused: Counter,
}

impl SeriesBudget {
    /// The bound of a server; how much of it is used, and what it refused, become metrics.
    pub fn new(registry: &mut Registry) -> Arc<Self> {
        let budget = Self::of(SERIES);
        registry.register("history_series", "Series in memory", budget.shown.clone());
        registry.register(
            "history_refused_readings",
            "Readings that were not kept because too many series are in memory",
            budget.refused.clone(),
        );
        budget
    }
    /// A bound of its own.
    pub fn of(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            used: AtomicUsize::new(0),
            shown: Gauge::default(),
            refused: Counter::default(),
        })
    }
    /// Series that are kept now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
    /// Readings that were not kept.
    pub fn refused(&self) -> u64 {
        self.refused.get()
    }
    fn take(&self, series: usize) -> bool {
        let fits = |used: usize| used.checked_add(series).filter(|sum| *sum <= self.max);
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .is_ok();
        if taken {
            self.show();
        } else {
            self.refused.inc();
        }
        taken
    }
    fn give(&self, series: usize) {
        self.used.fetch_sub(series, Ordering::Relaxed);
        self.show();
    }
    fn show(&self) {
        self.shown.set(i64::try_from(self.used()).unwrap_or(i64::MAX));
    }
}

/// The readings of one object. `values` holds `width` numbers per instant, NaN where nothing was measured.
#[derive(Clone, Default)]
struct Ring {
    at: VecDeque<i64>,
    values: VecDeque<f32>,
}

impl Ring {
    fn push(&mut self, at: i64, values: &[Option<f64>], window: i64) {
        // the server's clock was set back: what now lies in the future is forgotten
        while self.at.back().is_some_and(|last| *last > at) {
            self.at.pop_back();
            self.values.truncate(self.at.len() * values.len());
        }
        if self.at.back().is_some_and(|last| at - *last < SPACING_MILLIS) {
            return;
        }
        while self.at.front().is_some_and(|first| *first < at - window) {
            self.at.pop_front();
            self.values.drain(..values.len().min(self.values.len()));
        }
        self.at.push_back(at);
        self.values
            .extend(values.iter().map(|value| value.map_or(f32::NAN, |v| v as f32)));
    }

    /// The series numbered `columns` (of `width`) since `from`, as means of at most `points` groups of neighbours.
    fn set(&self, names: &[&str], columns: &[usize], width: usize, from: i64, points: usize) -> SeriesSet {
        let first = self.at.partition_point(|at| *at < from);
        let group = (self.at.len() - first).div_ceil(points.max(1)).max(1);
        let starts = || (first..self.at.len()).step_by(group);
        let end = |start: usize| (start + group).min(self.at.len());
        let value = |column: usize, start: usize| {
            let values = (start..end(start)).filter_map(|i| self.values.get(i * width + column).copied());
            mean(values.filter(|v| v.is_finite()))
        };
        let series = |column: &usize| Series {
            name: names[*column].to_owned(),
            values: starts().map(|start| value(*column, start)).collect(),
        };
        SeriesSet {
            at: starts().map(|start| UnixMillis(self.at[end(start) - 1])).collect(),
            series: columns.iter().map(series).collect(),
        }
    }
}

fn mean(values: impl Iterator<Item = f32>) -> Option<f64> {
    let (count, sum) = values.fold((0_u32, 0_f64), |(count, sum), v| (count + 1, sum + f64::from(v)));
    (count > 0).then(|| shortest(sum / f64::from(count)))
}

/// The shortest number that is the same as an `f32`: an `f32` widened as it is has ten digits of noise.
fn shortest(value: f64) -> f64 {
    (value as f32).to_string().parse().unwrap_or(value)
}

/// The rings of one kind of object, by its key; all have the same series.
pub struct Rings<K> {
    names: &'static [&'static str],
    window_millis: i64,
    budget: Arc<SeriesBudget>,
    rings: Mutex<HashMap<K, Ring>>,
}

impl<K: Eq + Hash> Rings<K> {
    /// Rings of the series `names`, which keep readings for `window_millis`.
    pub fn new(names: &'static [&'static str], window_millis: i64, budget: Arc<SeriesBudget>) -> Self {
        Self {
            names,
            window_millis,
            budget,
            rings: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Ring>> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps one reading, one value per series in their order. A new object is refused, and counted, when the
    /// server keeps as many series as it may.
    pub fn push(&self, key: K, at: UnixMillis, values: &[Option<f64>]) {
        debug_assert_eq!(values.len(), self.names.len());
        let mut rings = self.lock();
        if !rings.contains_key(&key) && !self.budget.take(self.names.len()) {
            return;
        }
        rings.entry(key).or_default().push(at.0, values, self.window_millis);
    }

    /// Everything that is kept of an object; without readings where nothing is.
    pub fn all(&self, key: &K) -> SeriesSet {
        let columns: Vec<usize> = (0..self.names.len()).collect();
        self.read(key, &columns, i64::MIN, usize::MAX)
    }

    /// Some of its series over the time before its last reading, as at most `points` means.
    pub fn recent(&self, key: &K, names: &[&str], window_millis: i64, points: usize) -> SeriesSet {
        let column = |name: &&str| self.names.iter().position(|n| n == name);
        let columns: Vec<usize> = names.iter().filter_map(column).collect();
        let last = self.lock().get(key).and_then(|ring| ring.at.back().copied());
        self.read(key, &columns, last.unwrap_or(0).saturating_sub(window_millis), points)
    }

    fn read(&self, key: &K, columns: &[usize], from: i64, points: usize) -> SeriesSet {
        // copied, so that readings do not wait for the conversion
        let ring = self.lock().get(key).cloned().unwrap_or_default();
        ring.set(self.names, columns, self.names.len(), from, points)
    }

    /// Forgets the objects that `keep` does not name.
    pub fn retain(&self, keep: impl Fn(&K) -> bool) {
        let mut rings = self.lock();
        let before = rings.len();
        rings.retain(|key, _| keep(key));
        self.budget.give((before - rings.len()) * self.names.len());
    }
}

impl<K> Drop for Rings<K> {
    fn drop(&mut self) {
        let rings = self.rings.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.budget.give(rings.len() * self.names.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["a", "b"];
    const HOUR: i64 = 3_600_000;

    fn rings(budget: &Arc<SeriesBudget>) -> Rings<u8> {
        Rings::new(&NAMES, HOUR, budget.clone())
    }

    #[test]
    fn a_ring_keeps_its_window_and_not_more_than_the_spacing_allows() {
        let rings = rings(&SeriesBudget::of(2));
        for second in 0..7_200 {
            rings.push(1, UnixMillis(second * 1000), &[Some(0.1), None]);
        }
        let set = rings.all(&1);
        assert_eq!(
            (set.at.len(), set.at[0], set.at[1]),
            (901, UnixMillis(3_596_000), UnixMillis(3_600_000))
        );
        assert_eq!(set.series[0].values[0], Some(0.1), "no noise of the narrow number");
        assert_eq!(
            (
                set.series[0].values.len(),
                set.series[1].values.len(),
                set.series[1].values[7]
            ),
            (901, 901, None)
        );
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_the_history() {
        let rings = rings(&SeriesBudget::of(2));
        for at in [10_000, 20_000, 30_000, 15_000, 25_000] {
            rings.push(1, UnixMillis(at), &[Some(at as f64), Some(1.0)]);
        }
        let set = rings.all(&1);
        assert_eq!(set.at, [10_000, 15_000, 25_000].map(UnixMillis));
        assert_eq!(set.series[0].values, [10_000.0, 15_000.0, 25_000.0].map(Some));
    }

    #[test]
    fn a_sparkline_s_points_are_means_of_neighbours() {
        let rings = rings(&SeriesBudget::of(2));
        for n in 0..100_i64 {
            let b = (n % 2 == 0).then_some(4.0);
            rings.push(1, UnixMillis(n * 10_000), &[Some(n as f64), b]);
        }
        let set = rings.recent(&1, &["b", "a"], 190_000, 10);
        assert_eq!(set.at.len(), 10);
        assert_eq!(set.at[9], UnixMillis(990_000));
        assert_eq!((set.series[0].name.as_str(), set.series[0].values[9]), ("b", Some(4.0)));
        assert_eq!(
            (set.series[1].name.as_str(), set.series[1].values[0]),
            ("a", Some(80.5))
        );
        assert_eq!(rings.recent(&9, &["a"], 1000, 10).at, []);
    }

    #[test]
    fn ld_09_too_many_series_are_refused_and_counted_and_what_is_gone_makes_room() {
        let budget = SeriesBudget::of(5);
        let (rings, other) = (rings(&budget), rings(&budget));
        for key in 0..4 {
            rings.push(key, UnixMillis(0), &[None, None]);
        }
        other.push(7, UnixMillis(0), &[None, None]);
        assert_eq!((budget.used(), budget.refused()), (4, 3));
        assert_eq!((rings.all(&0).at.len(), rings.all(&3).at.len()), (1, 0));
        rings.retain(|key| *key == 1);
        other.push(7, UnixMillis(0), &[None, None]);
        assert_eq!((budget.used(), budget.refused()), (4, 3));
        drop((rings, other));
        assert_eq!(budget.used(), 0);
    }
}
