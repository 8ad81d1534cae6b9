//! Start, stop and restart: forms that work without script, calls with it.

use crate::{
    plugins::docker::{
        api::{Restart, Start, Stop},
        model::{ContainerAction, ContainerRow},
    },
    ui::{Button, PostForm, use_toasts},
};
use leptos::prelude::*;

/// The actions that the page shares between its rows.
#[derive(Clone, Copy)]
pub(super) struct Actions {
    start: ServerAction<Start>,
    stop: ServerAction<Stop>,
    restart: ServerAction<Restart>,
}

impl Actions {
    /// Made once per page: what fails is said in a toast, what runs stands in the activity drawer.
    pub fn provide() -> Self {
        let this = Self {
            start: ServerAction::new(),
            stop: ServerAction::new(),
            restart: ServerAction::new(),
        };
        let toasts = use_toasts();
        Effect::new(move |_| {
            let failed = [
                this.start.value().get().and_then(Result::err),
                this.stop.value().get().and_then(Result::err),
                this.restart.value().get().and_then(Result::err),
            ];
            failed.iter().flatten().for_each(|why| toasts.error(why));
        });
        this
    }
}

/// The buttons of one container; those that make no sense now are disabled, not gone, so that rows keep their shape.
#[component]
pub(super) fn ContainerActions(
    row: Signal<ContainerRow>,
    actions: Actions,
    #[prop(optional)] large: bool,
) -> impl IntoView {
    let Actions { start, stop, restart } = actions;
    let (machine, id) = row.with_untracked(|r| (r.machine.to_string(), r.id.to_string()));
    let ids = StoredValue::new((machine, id));
    let ids = move || {
        let (machine, id) = ids.get_value();
        view! {
            <input type="hidden" name="machine" value=machine />
            <input type="hidden" name="container" value=id />
        }
    };
    let label = move |action: ContainerAction| {
        row.with_untracked(|r| format!("{} {} on {}", action.label(), r.name, r.machine_name))
    };
    let off = move |action: ContainerAction| Signal::derive(move || row.with(|r| !action.fits(r.state)));
    let button = move |action: ContainerAction, icon: &'static str| {
        if large {
            view! { <Button icon=icon disabled=off(action)>{action.label()}</Button> }.into_any()
        } else {
            view! { <Button variant=crate::ui::Variant::Ghost small=true icon=icon label=label(action) disabled=off(action) /> }.into_any()
        }
    };
    view! {
        <div class="cluster nowrap">
            <PostForm action=start class="form-inline">{ids()}{button(ContainerAction::Start, "start")}</PostForm>
            <PostForm action=stop class="form-inline">{ids()}{button(ContainerAction::Stop, "stop")}</PostForm>
            <PostForm action=restart class="form-inline">{ids()}{button(ContainerAction::Restart, "restart")}</PostForm>
        </div>
    }
}
