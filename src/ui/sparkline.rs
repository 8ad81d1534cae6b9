//! A small line without axes, for a table's cell.

use leptos::prelude::*;

/// The values from left to right; `max` is the top, the largest value where it is `None`.
#[component]
pub fn Sparkline(
    #[prop(into)] values: Signal<Vec<f64>>,
    max: Option<f64>,
    #[prop(into)] label: Signal<String>,
) -> impl IntoView {
    let points = move || {
        values.with(|values| {
            let top = max
                .unwrap_or_else(|| values.iter().copied().fold(0.0, f64::max))
                .max(f64::MIN_POSITIVE);
            let step = 100.0 / (values.len().max(2) - 1) as f64;
            values
                .iter()
                .enumerate()
                .map(|(i, v)| format!("{:.1},{:.1}", i as f64 * step, 23.0 - 22.0 * (v / top).clamp(0.0, 1.0)))
                .collect::<Vec<_>>()
                .join(" ")
        })
    };
    view! {
        <svg class="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label=move || label.get()>
            <polyline points=points></polyline>
        </svg>
    }
}
