//! Everything that was done and tried, with filters in the address.

use super::AuditTable;
use crate::{
    core::{
        audit::{
            api::list,
            model::{AuditFilter, AuditPage, Ending},
        },
        url::url,
    },
    error::AppError,
    ui::{Button, EmptyState, Field, FormError, LinkButton, PageHeader, Skeleton, lazy::lazy_page},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{hooks::use_query_map, location::Url};

/// Fields that show their own error.
const FIELDS: &[&str] = &["actor", "action", "object", "from", "to"];

lazy_page!(pages, AuditRoute = AuditLogPage);

#[component]
fn AuditLogPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| {
        query.with(|q| AuditFilter {
            actor: q.get("actor").unwrap_or_default(),
            action: q.get("action").unwrap_or_default(),
            object: q.get("object").unwrap_or_default(),
            ending: q.get("ending").unwrap_or_default(),
            from: q.get("from").unwrap_or_default(),
            to: q.get("to").unwrap_or_default(),
            before: q.get("before").and_then(|text| text.parse().ok()),
        })
    });
    let found = Resource::new(move || filter.get(), list);
    view! {
        <Title text="Audit" />
        <PageHeader title="Audit" lead="Who did what, from where, and how it ended; refused tries too. Rows are chained: pollysystem audit verify names the first that was changed." />
        <Transition fallback=|| view! { <Skeleton /> }>
            {move || Suspend::new(async move {
                let (page, filter) = (found.await, filter.get_untracked());
                let error = page.as_ref().err().filter(|e| e.field.is_some()).cloned();
                // A filter that cannot be used stands in its field, above no rows.
                let shown = match page {
                    Err(why) if error.is_none() => Err(why),
                    other => Ok(other.ok().map(|page| view! { <Found page filter=filter.clone() /> })),
                };
                shown.map(|shown| view! { <Filter filter error=Signal::stored(error) />{shown} })
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Filter(filter: AuditFilter, error: Signal<Option<AppError>>) -> impl IntoView {
    let any = filter != AuditFilter::default();
    let options = Ending::ALL
        .map(|ending| view! { <option value=ending.as_str() selected=filter.ending == ending.as_str()>{ending.words()}</option> })
        .into_iter()
        .collect_view();
    view! {
        <form class="form-grid" method="get" action=url("/audit") role="search" aria-label="Filter the audit log">
            <FormError error fields=FIELDS />
            <Field label="Who" name="actor" value=filter.actor error />
            <Field label="Action" name="action" value=filter.action error placeholder="docker.containers" />
            <Field label="Object" name="object" value=filter.object error />
            <div class="field">
                <label class="field-label" for="field-ending">"Outcome"</label>
                <select class="input" id="field-ending" name="ending">{options}</select>
            </div>
            <Field label="From (UTC)" name="from" kind="date" value=filter.from error />
            <Field label="To (UTC)" name="to" kind="date" value=filter.to error />
            <div class="form-actions">
                <Button>"Filter"</Button>
                {any.then(|| view! { <a href=url("/audit")>"Show all"</a> })}
            </div>
        </form>
    }
}

#[component]
fn Found(page: AuditPage, filter: AuditFilter) -> impl IntoView {
    if page.rows.is_empty() {
        return view! {
            <EmptyState icon="audit" title="No row matches" text="Nothing that fits was done or tried. Widen the filter.">
                <LinkButton href=url("/audit")>"Show all"</LinkButton>
            </EmptyState>
        }
        .into_any();
    }
    let newest = filter.before.is_some().then(|| href(&filter, None));
    let older = page.next.map(|seq| href(&filter, Some(seq)));
    view! {
        <AuditTable rows=page.rows caption="Audit log" objects=true />
        <nav class="cluster" aria-label="Pages">
            {newest.map(|href| view! { <LinkButton href>"Newest"</LinkButton> })}
            {older.map(|href| view! { <LinkButton href>"Older"</LinkButton> })}
        </nav>
    }
    .into_any()
}

/// The address of this filter's page that begins below row `before`.
fn href(filter: &AuditFilter, before: Option<i64>) -> String {
    let fields = [
        ("actor", &filter.actor),
        ("action", &filter.action),
        ("object", &filter.object),
        ("ending", &filter.ending),
        ("from", &filter.from),
        ("to", &filter.to),
    ];
    let mut parts: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", Url::escape(value)))
        .collect();
    parts.extend(before.map(|seq| format!("before={seq}")));
    url(&format!(
        "/audit{}{}",
        if parts.is_empty() { "" } else { "?" },
        parts.join("&")
    ))
}
