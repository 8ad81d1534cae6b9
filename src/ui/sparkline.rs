//! A small line without axes, for cells and cards: inline SVG, drawn by the server too.

use leptos::prelude::*;
use std::fmt::Write;

/// The drawing's own units; CSS stretches it to the size of its place.
const WIDTH: f64 = 100.0;
const HEIGHT: f64 = 24.0;
/// Room for the line's own width at the top and the bottom.
const MARGIN: f64 = 1.5;

/// The last readings, oldest first, from 0 to `max` (without one: to the highest of them). What is not a finite
/// number is a gap. `label` says in words what the line says to the eye: `CPU, last 10 minutes: 12 % now`.
#[component]
pub fn Sparkline(
    #[prop(into)] values: Signal<Vec<f64>>,
    #[prop(optional_no_strip)] max: Option<f64>,
    #[prop(into)] label: Signal<String>,
) -> impl IntoView {
    let shape = Memo::new(move |_| values.with(|values| shape(values, max)));
    view! {
        <svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label=move || label.get()>
            <path class="spark-area" d=move || shape.with(|s| s.area.clone())></path>
            <path class="spark-line" d=move || shape.with(|s| s.line.clone())></path>
        </svg>
    }
}

/// The two paths of a line.
#[derive(Debug, Default, PartialEq)]
struct Shape {
    line: String,
    area: String,
}

fn shape(values: &[f64], max: Option<f64>) -> Shape {
    let top = max
        .filter(|max| *max > 0.0)
        .unwrap_or_else(|| values.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max));
    let step = WIDTH / (values.len().max(2) - 1) as f64;
    // A single reading stands at the right, where the newest is.
    let start = if values.len() == 1 { WIDTH } else { 0.0 };
    let height = |value: f64| {
        let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
        HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN)
    };
    let mut shape = Shape::default();
    let mut run = Vec::new();
    for (i, value) in values.iter().chain([&f64::NAN]).enumerate() {
        if value.is_finite() {
            run.push((start + i as f64 * step, height(*value)));
        } else {
            shape.add(&run);
            run.clear();
        }
    }
    shape
}

impl Shape {
    /// One piece between gaps; a lone reading becomes a short dash, which can be seen.
    fn add(&mut self, run: &[(f64, f64)]) {
        let Some((&first, &last)) = run.first().zip(run.last()) else {
            return;
        };
        let from = if run.len() == 1 {
            (first.0 - 2.0).max(0.0)
        } else {
            first.0
        };
        let to = if run.len() == 1 {
            (from + 2.0).min(WIDTH)
        } else {
            last.0
        };
        let mut points = format!("{from:.1} {:.1}", first.1);
        for (x, y) in run.iter().skip(1) {
            let _ = write!(points, "L{x:.1} {y:.1}");
        }
        if run.len() == 1 {
            let _ = write!(points, "H{to:.1}");
        }
        let _ = write!(self.line, "M{points}");
        let _ = write!(self.area, "M{points}V{HEIGHT}H{from:.1}Z");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_measured_draws_nothing() {
        assert_eq!(shape(&[], None), Shape::default());
        assert_eq!(shape(&[f64::NAN, f64::INFINITY], Some(1.0)), Shape::default());
    }

    #[test]
    fn one_reading_can_be_seen_at_the_right() {
        assert_eq!(shape(&[0.5], Some(1.0)).line, "M98.0 12.0H100.0");
    }

    #[test]
    fn a_flat_line_stands_where_its_value_is() {
        assert_eq!(shape(&[0.0, 0.0, 0.0], None).line, "M0.0 22.5L50.0 22.5L100.0 22.5");
        assert_eq!(shape(&[3.0, 3.0], None).line, "M0.0 1.5L100.0 1.5");
        assert_eq!(shape(&[3.0, 3.0], Some(6.0)).line, "M0.0 12.0L100.0 12.0");
    }

    #[test]
    fn a_gap_parts_the_line_and_its_area() {
        let shape = shape(&[1.0, 1.0, f64::NAN, 1.0, f64::NAN], Some(1.0));
        assert_eq!(shape.line, "M0.0 1.5L25.0 1.5M73.0 1.5H75.0");
        assert_eq!(shape.area, "M0.0 1.5L25.0 1.5V24H0.0ZM73.0 1.5H75.0V24H73.0Z");
    }

    #[test]
    fn what_is_above_the_top_stays_in_the_picture() {
        assert_eq!(shape(&[-1.0, 9.0], Some(1.0)).line, "M0.0 22.5L100.0 1.5");
    }
}
