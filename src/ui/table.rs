//! Real tables: a caption, headers with scope, and rows that keep their meaning at every width.

use super::icon::Icon;
use leptos::prelude::*;

/// One column's head.
#[derive(Clone, Copy, Debug, Default)]
pub struct Column {
    pub label: &'static str,
    /// Classes of the header cell: `num`, `only-wide`.
    pub class: &'static str,
    /// The label is read out and not seen (a column of buttons).
    pub quiet: bool,
    /// Name of the column in the page's `?sort=`; empty when it cannot be sorted by.
    pub sort: &'static str,
    /// The first click puts the greatest on top.
    pub greatest_first: bool,
}

impl Column {
    pub const fn new(label: &'static str) -> Self {
        Self {
            label,
            class: "",
            quiet: false,
            sort: "",
            greatest_first: false,
        }
    }
    pub const fn class(self, class: &'static str) -> Self {
        Self { class, ..self }
    }
    pub const fn sort(self, sort: &'static str) -> Self {
        Self { sort, ..self }
    }
    pub const fn greatest_first(self) -> Self {
        Self {
            greatest_first: true,
            ..self
        }
    }
    pub const fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }
}

/// What the page is sorted by, and the address of each other order.
#[derive(Clone, Copy)]
pub struct Sorting {
    /// Column name, `-` before it for descending, as in the address.
    pub current: Signal<String>,
    /// The complete address of this page sorted by the given value.
    pub href: Callback<String, String>,
}

/// A table; `children` are its rows (`<tr>`).
#[component]
pub fn Table(
    #[prop(into)] caption: String,
    columns: &'static [Column],
    #[prop(optional)] sorting: Option<Sorting>,
    /// A head cell of its own before the others, such as one with a checkbox.
    #[prop(optional_no_strip)]
    lead: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let head = columns.iter().map(|column| head_cell(column, sorting)).collect_view();
    let label = caption.clone();
    // Where it is wider than the screen it scrolls, and who has no mouse must be able to do that too.
    view! {
        <div class="table-wrap" role="group" aria-label=label tabindex="0">
            <table class="table">
                <caption class="sr-only">{caption}</caption>
                <thead>
                    <tr>{lead}{head}</tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}

fn head_cell(column: &'static Column, sorting: Option<Sorting>) -> impl IntoView {
    let name = column.sort;
    let sorting = sorting.filter(|_| !name.is_empty());
    let order = move || sorting.and_then(|s| order_of(&s.current.get(), name));
    let label = move || match sorting {
        None => view! { <span class:sr-only=column.quiet>{column.label}</span> }.into_any(),
        Some(sorting) => {
            let next = move || {
                let other = if column.greatest_first {
                    "descending"
                } else {
                    "ascending"
                };
                let turned = (order() == Some(other)) != column.greatest_first;
                sorting
                    .href
                    .run(if turned { format!("-{name}") } else { name.to_owned() })
            };
            let arrow = Signal::derive(move || if order() == Some("descending") { "down" } else { "up" });
            view! {
                <a class="table-sort" href=next>
                    {column.label}
                    {move || order().map(|_| view! { <Icon name=arrow/> })}
                </a>
            }
            .into_any()
        }
    };
    view! { <th scope="col" class=column.class aria-sort=order>{label()}</th> }
}

fn order_of(current: &str, name: &str) -> Option<&'static str> {
    match current.strip_prefix('-') {
        Some(rest) => (rest == name).then_some("descending"),
        None => (current == name).then_some("ascending"),
    }
}
