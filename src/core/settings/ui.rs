//! The settings page.

use super::api::{StartPlugin, StopPlugin, plugins};
use crate::{
    core::plugin::PluginStatus,
    ui::{
        Button, Column, FormError, PageHeader, PostForm, Skeleton, StateBadge, Table, Tone, form::error_of,
        lazy::lazy_page,
    },
};
use leptos::prelude::*;
use leptos_meta::Title;

const COLUMNS: &[Column] = &[
    Column::new("Plugin"),
    Column::new("State"),
    Column::new("Needs").class("only-wide"),
    Column::new("Version").class("only-wide"),
    Column::new("Actions").quiet(),
];

lazy_page!(pages, SettingsRoute = SettingsPage);

#[component]
fn SettingsPage() -> impl IntoView {
    let (start, stop) = (ServerAction::<StartPlugin>::new(), ServerAction::<StopPlugin>::new());
    let list = Resource::new(move || (start.version().get(), stop.version().get()), |_| plugins());
    view! {
        <Title text="Settings" />
        <PageHeader title="Settings" />
        <section class="card" aria-labelledby="plugins-title">
            <h2 class="card-title" id="plugins-title">"Plugins"</h2>
            <FormError error=error_of(start) />
            <FormError error=error_of(stop) />
            <Transition fallback=|| view! { <Skeleton lines=3 /> }>
                {move || Suspend::new(async move {
                    let list = list.await?;
                    let rows = list.into_iter().map(|plugin| view! { <PluginLine plugin start stop /> }).collect_view();
                    Ok::<_, crate::error::AppError>(view! { <Table caption="Plugins" columns=COLUMNS>{rows}</Table> })
                })}
            </Transition>
        </section>
    }
    .into_any()
}

#[component]
fn PluginLine(plugin: PluginStatus, start: ServerAction<StartPlugin>, stop: ServerAction<StopPlugin>) -> impl IntoView {
    let PluginStatus {
        id,
        title,
        version,
        depends_on,
        running,
        problem,
    } = plugin;
    let (tone, text) = match (running, &problem) {
        (true, None) => (Tone::Ok, "running".to_owned()),
        (true, Some(why)) => (Tone::Warn, why.clone()),
        (false, _) => (Tone::Idle, "stopped".to_owned()),
    };
    let form = if running {
        let label = format!("Stop {title}");
        view! { <PostForm action=stop><input type="hidden" name="id" value=id /><Button small=true label>"Stop"</Button></PostForm> }.into_any()
    } else {
        let label = format!("Start {title}");
        view! { <PostForm action=start><input type="hidden" name="id" value=id /><Button small=true label>"Start"</Button></PostForm> }.into_any()
    };
    view! {
        <tr>
            <th scope="row">{title}</th>
            <td><StateBadge tone text /></td>
            <td class="only-wide">{depends_on.join(", ")}</td>
            <td class="only-wide num">{version}</td>
            <td class="actions">{form}</td>
        </tr>
    }
}
