//! A time series with axes: the canvas is drawn by `<polly-chart>` (web/chart), which loads on the first
//! page that shows one. The numbers stand in a table below it, for everybody and without script.

use super::{browser, format};
use crate::core::{id::UnixMillis, series::SeriesSet};
use leptos::{html::Custom, prelude::*};

/// What is measured: how a value is written, and which steps an axis takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 1 is the whole.
    Ratio,
    Bytes,
    /// Bytes per second.
    Rate,
    Count,
}

impl Unit {
    /// The value of the element's `unit`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Bytes => "bytes",
            Self::Rate => "rate",
            Self::Count => "count",
        }
    }

    /// A value as people read it.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Ratio => format::percent(value),
            Self::Bytes => format::bytes(value),
            Self::Rate => format::rate(value),
            Self::Count if value.fract() == 0.0 => format!("{value:.0}"),
            Self::Count => format!("{value:.2}"),
        }
    }

    /// The same for an axis, where `20 %` says what `20.0 %` does.
    pub fn short(self, value: f64) -> String {
        let text = self.text(value);
        let (number, unit) = text.split_once(' ').unwrap_or((&text, ""));
        let number = match number.contains('.') {
            true => number.trim_end_matches('0').trim_end_matches('.'),
            false => number,
        };
        format!("{number} {unit}").trim_end().to_owned()
    }
}

/// One line of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartLine {
    /// Name of its series in the set: `cpu_ratio`.
    pub series: &'static str,
    /// What people call it: `CPU`.
    pub title: &'static str,
}

/// `lines` of `data` over time, below their `label`.
#[component]
pub fn Chart(
    #[prop(into)] label: String,
    unit: Unit,
    lines: Vec<ChartLine>,
    #[prop(into)] data: Signal<SeriesSet>,
) -> impl IntoView {
    let rows = lines
        .iter()
        .enumerate()
        .map(|(n, line)| view! { <LegendRow line=*line n unit data /> })
        .collect_view();
    let canvas = NodeRef::<Custom<&'static str>>::new();
    Effect::new(move |_| {
        if let Some(element) = canvas.get() {
            browser::load_widget("chart");
            browser::draw(&element, unit, &data.with(|set| Plot::of(set, &lines)));
        }
    });
    let caption = label.clone();
    view! {
        <figure class="chart">
            <figcaption class="chart-title">{label}</figcaption>
            <polly-chart class="chart-plot needs-script" attr:unit=unit.as_str() aria-hidden="true" node_ref=canvas></polly-chart>
            <table class="chart-legend">
                <caption class="sr-only">{caption} " in numbers"</caption>
                <thead>
                    <tr>
                        <th scope="col"><span class="sr-only">"Line"</span></th>
                        <th scope="col" class="num">"Now"</th>
                        <th scope="col" class="num">"Lowest"</th>
                        <th scope="col" class="num">"Highest"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </figure>
    }
}

#[component]
fn LegendRow(line: ChartLine, n: usize, unit: Unit, data: Signal<SeriesSet>) -> impl IntoView {
    let summary = Memo::new(move |_| data.with(|set| set.get(line.series).and_then(|s| Summary::of(&s.values))));
    let cell = move |pick: fn(Summary) -> Option<f64>| {
        let text = move || {
            summary
                .get()
                .and_then(pick)
                .map_or("—".to_owned(), |value| unit.text(value))
        };
        view! { <td class="num">{text}</td> }
    };
    view! {
        <tr>
            <th scope="row"><span class=mark(n) aria-hidden="true"></span>{line.title}</th>
            {cell(|s| s.last)}
            {cell(|s| Some(s.min))}
            {cell(|s| Some(s.max))}
        </tr>
    }
}

/// The colour of line `n`; the element takes the same one.
fn mark(n: usize) -> &'static str {
    match n % 6 {
        0 => "chart-mark chart-mark-1",
        1 => "chart-mark chart-mark-2",
        2 => "chart-mark chart-mark-3",
        3 => "chart-mark chart-mark-4",
        4 => "chart-mark chart-mark-5",
        _ => "chart-mark chart-mark-6",
    }
}

/// What the element draws: instants in milliseconds, and per line one value for each.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plot {
    pub at: Vec<i64>,
    pub lines: Vec<(&'static str, Vec<Option<f64>>)>,
}

impl Plot {
    /// A series that is not in the set is a line without values. Where readings are missing altogether (the link was
    /// down) an empty one is put in, so that no line is drawn across.
    fn of(set: &SeriesSet, lines: &[ChartLine]) -> Self {
        let holes = holes(&set.at);
        let at = with(&set.at, &holes, |i| UnixMillis(set.at.get(i).map_or(0, |at| at.0 + 1)));
        let lines = lines.iter().map(|line| {
            let mut values = set.get(line.series).map(|s| s.values.clone()).unwrap_or_default();
            values.resize(set.at.len(), None);
            (line.title, with(&values, &holes, |_| None))
        });
        Self {
            at: at.iter().map(|at| at.0).collect(),
            lines: lines.collect(),
        }
    }
}

/// The readings after which the next one is late: by more than three of the usual steps.
fn holes(at: &[UnixMillis]) -> Vec<usize> {
    let steps: Vec<i64> = at.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    let mut sorted = steps.clone();
    sorted.sort_unstable();
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let late = |(_, step): &(usize, &i64)| **step > 3 * usual;
    steps.iter().enumerate().filter(late).map(|(i, _)| i).collect()
}

/// `list` with one `more` after each of `places`.
fn with<T: Clone>(list: &[T], places: &[usize], more: impl Fn(usize) -> T) -> Vec<T> {
    let mut places = places.iter().peekable();
    let mut out = Vec::with_capacity(list.len() + places.len());
    for (i, item) in list.iter().enumerate() {
        out.push(item.clone());
        if places.next_if_eq(&&i).is_some() {
            out.push(more(i));
        }
    }
    out
}

/// What a line amounts to.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Summary {
    /// The newest reading; `None` while the line has a gap there.
    last: Option<f64>,
    min: f64,
    max: f64,
}

impl Summary {
    /// `None` where nothing was measured at all.
    fn of(values: &[Option<f64>]) -> Option<Self> {
        let mut measured = values.iter().flatten().copied().filter(|v| v.is_finite());
        let first = measured.next()?;
        let (min, max) = measured.fold((first, first), |(min, max), v| (min.min(v), max.max(v)));
        Some(Self {
            last: values.last().copied().flatten(),
            min,
            max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_says_less_than_a_cell() {
        assert_eq!(Unit::Ratio.text(0.2), "20.0 %");
        assert_eq!(Unit::Ratio.short(0.2), "20 %");
        assert_eq!(Unit::Bytes.short(1024.0 * 1024.0 * 1.5), "1.5 MiB");
        assert_eq!(Unit::Bytes.short(0.0), "0 B");
        assert_eq!(Unit::Rate.short(100_000.0), "100 kB/s");
        assert_eq!(Unit::Count.short(10.0), "10");
        assert_eq!(Unit::Count.short(0.5), "0.5");
    }

    #[test]
    fn no_line_is_drawn_across_readings_that_never_came() {
        let mut set = SeriesSet::empty(&["a"]);
        for at in [0, 5_000, 10_100, 60_000, 65_000] {
            set.push(UnixMillis(at), &[Some(1.0)], 600_000);
        }
        let line = |series, title| ChartLine { series, title };
        let plot = Plot::of(&set, &[line("a", "A"), line("b", "B")]);
        assert_eq!(plot.at, [0, 5_000, 10_100, 10_101, 60_000, 65_000]);
        assert_eq!(
            plot.lines[0],
            ("A", vec![Some(1.0), Some(1.0), Some(1.0), None, Some(1.0), Some(1.0)])
        );
        assert_eq!(plot.lines[1], ("B", vec![None; 6]));
        assert_eq!(Plot::of(&SeriesSet::default(), &[]), Plot::default());
    }

    #[test]
    fn a_summary_knows_that_the_newest_reading_is_missing() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[None, None]), None);
        let summary = Summary::of(&[Some(2.0), None, Some(1.0), Some(3.0), None]).unwrap();
        assert_eq!((summary.last, summary.min, summary.max), (None, 1.0, 3.0));
    }
}
