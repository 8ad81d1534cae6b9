//! The monitoring page. It says honestly that there is no history yet.

use crate::{
    core::url::url,
    ui::{EmptyState, LinkButton, PageHeader, Variant, lazy::lazy_page},
};
use leptos::prelude::*;
use leptos_meta::Title;

lazy_page!(pages, MonitoringRoute = MonitoringPage);

#[component]
fn MonitoringPage() -> impl IntoView {
    view! {
        <Title text="Monitoring"/>
        <PageHeader title="Monitoring" lead="Load of hosts and containers over time."/>
        <EmptyState
            icon="monitoring"
            title="No history yet"
            text="This version shows the state of every host and container as it is now; it does not record measurements. Nothing is being collected in the background."
        >
            <LinkButton href=url("/machines") variant=Variant::Primary>"State of the hosts"</LinkButton>
            <LinkButton href=url("/containers")>"State of the containers"</LinkButton>
        </EmptyState>
    }
    .into_any()
}
