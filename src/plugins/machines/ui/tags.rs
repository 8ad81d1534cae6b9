//! Tags as links to all machines that have them.

use super::query::Query;
use leptos::prelude::*;

#[component]
pub(super) fn Tags(#[prop(into)] tags: Signal<Vec<String>>) -> impl IntoView {
    move || {
        let tags = tags.get();
        (!tags.is_empty()).then(|| {
            let links = tags
                .into_iter()
                .map(|tag| {
                    let href = Query {
                        tag: tag.clone(),
                        ..Query::default()
                    }
                    .href();
                    view! { <li><a class="tag" href=href>{tag}</a></li> }
                })
                .collect_view();
            view! { <ul class="tags" aria-label="Tags">{links}</ul> }
        })
    }
}
