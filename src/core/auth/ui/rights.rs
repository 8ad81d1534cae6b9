//! What an account may do to a place, and why: every action with its answer.

use crate::{
    core::{
        auth::{
            api::{explain, users},
            model::{Explained, UserId, UserList, Verdict},
        },
        url::url,
    },
    error::AppError,
    ui::{Button, Column, Crumb, PageHeader, Skeleton, StateBadge, Table, Tone, lazy::lazy_page},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

const COLUMNS: &[Column] = &[Column::new("Action"), Column::new("Answer"), Column::new("Because")];

lazy_page!(pages, RightsRoute = RightsPage);

#[component]
fn RightsPage() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|q| {
            (
                q.get("user").and_then(|id| id.parse::<UserId>().ok()),
                q.get("place").unwrap_or_default(),
            )
        })
    });
    let list = Resource::new(|| (), |()| users());
    let found = Resource::new(
        move || asked.get(),
        |(user, place)| async move {
            match user {
                Some(user) => explain(user, place).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <Title text="Rights" />
        <PageHeader
            title="Rights"
            crumbs=vec![Crumb {
                label: "Users".to_owned(),
                href: url("/users"),
            }]
            lead="What an account may do, to the installation as a whole or to one host and its containers, and why."
        />
        <Transition fallback=|| view! { <Skeleton /> }>
            {move || Suspend::new(async move {
                let (list, found) = (list.await?, found.await?);
                let (user, place) = asked.get_untracked();
                let places = found.as_ref().map(|found| found.places.clone()).unwrap_or_default();
                Ok::<_, AppError>(view! {
                    <Asked list user place places />
                    {found.map(|found| view! { <Answers found /> })}
                })
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Asked(list: UserList, user: Option<UserId>, place: String, places: Vec<(String, String)>) -> impl IntoView {
    let users = list
        .users
        .into_iter()
        .map(|it| view! { <option value=it.id.to_string() selected=user == Some(it.id)>{it.name}</option> })
        .collect_view();
    let places = places
        .into_iter()
        .map(|(id, name)| {
            let chosen = id == place;
            view! { <option value=id selected=chosen>{name}</option> }
        })
        .collect_view();
    view! {
        <form class="form-grid" method="get" action=url("/users/rights") aria-label="Ask about rights">
            <div class="field">
                <label class="field-label" for="rights-user">"User"</label>
                <select class="input" id="rights-user" name="user">{users}</select>
            </div>
            <div class="field">
                <label class="field-label" for="rights-place">"Host"</label>
                <select class="input" id="rights-place" name="place">
                    <option value="">"The installation as a whole"</option>
                    {places}
                </select>
            </div>
            <div class="form-actions"><Button>"Show"</Button></div>
        </form>
    }
}

#[component]
fn Answers(found: Explained) -> impl IntoView {
    let tags = match found.tags.is_empty() {
        true => "It carries no tags.".to_owned(),
        false => format!("It carries the tags {}.", found.tags.join(" ")),
    };
    let rows = found
        .verdicts
        .into_iter()
        .map(|verdict| view! { <Line verdict /> })
        .collect_view();
    view! {
        <p class="muted">{tags}</p>
        <Table caption="Rights" columns=COLUMNS>{rows}</Table>
    }
}

#[component]
fn Line(verdict: Verdict) -> impl IntoView {
    let (tone, text) = match verdict.because {
        Some(_) => (Tone::Ok, "may"),
        None => (Tone::Idle, "may not"),
    };
    let because = verdict.because.map_or_else(
        || "neither role nor grant gives it here".to_owned(),
        |giver| format!("by {giver}"),
    );
    view! {
        <tr>
            <th scope="row" class="mono">{verdict.action}</th>
            <td><StateBadge tone text=text.to_owned() /></td>
            <td>{because}</td>
        </tr>
    }
}
