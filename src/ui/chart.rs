//! Measurements over time.

use crate::core::series::SeriesSet;
use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Ratio,
    Bytes,
    Rate,
    Count,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartLine {
    pub series: &'static str,
    pub title: &'static str,
}

#[component]
pub fn Chart(label: String, unit: Unit, lines: Vec<ChartLine>, #[prop(into)] data: Signal<SeriesSet>) -> impl IntoView {
    let _ = (unit, lines, data);
    view! { <p class="muted">{label}</p> }
}
