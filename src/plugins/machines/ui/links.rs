//! What is done to a link: reconnect, disable, enable.

use crate::{
    plugins::machines::{
        api::{Disable, Enable, Reconnect},
        model::{LinkState, MachineId, MachineRow},
    },
    ui::{Button, PostForm, Variant, command_while, use_toasts},
};
use leptos::prelude::*;

/// The actions that a page shares between its rows.
#[derive(Clone, Copy)]
pub(super) struct Actions {
    reconnect: ServerAction<Reconnect>,
    disable: ServerAction<Disable>,
    enable: ServerAction<Enable>,
}

impl Actions {
    /// Made once per page; what fails is said in a toast.
    pub fn provide() -> Self {
        let this = Self {
            reconnect: ServerAction::new(),
            disable: ServerAction::new(),
            enable: ServerAction::new(),
        };
        let toasts = use_toasts();
        let failed = move |why: Option<crate::error::AppError>| why.iter().for_each(|why| toasts.error(why));
        Effect::new(move |_| failed(this.reconnect.value().get().and_then(Result::err)));
        Effect::new(move |_| failed(this.disable.value().get().and_then(Result::err)));
        Effect::new(move |_| failed(this.enable.value().get().and_then(Result::err)));
        this
    }
}

/// The buttons that make sense in the state of `row`. `small` is for a table's row.
#[component]
pub(super) fn LinkActions(row: Signal<MachineRow>, actions: Actions, #[prop(optional)] small: bool) -> impl IntoView {
    let (id, name) = row.with_untracked(|r| (r.id, r.name.clone()));
    let state = Memo::new(move |_| row.with(|r| r.state));
    move || {
        let (name, again) = (name.clone(), name.clone());
        match state.get() {
            LinkState::Untrusted | LinkState::HostKeyChanged => ().into_any(),
            LinkState::Disabled | LinkState::Maintenance => view! {
                <PostForm action=actions.enable class="form-inline">
                    <IdField id/>
                    <Act icon="start" text="Enable" name small/>
                </PostForm>
            }
            .into_any(),
            _ => view! {
                <PostForm action=actions.reconnect class="form-inline">
                    <IdField id/>
                    <Act icon="refresh" text="Reconnect" name=again small/>
                </PostForm>
                <PostForm action=actions.disable class="form-inline">
                    <IdField id/>
                    <Act icon="pause" text="Disable" name small/>
                </PostForm>
            }
            .into_any(),
        }
    }
}

/// The same for the command palette, on the page of one machine.
pub(super) fn offer(row: Signal<MachineRow>, actions: Actions) {
    let (id, name) = row.with_untracked(|r| (r.id, r.name.clone()));
    let in_use = Memo::new(move |_| match row.with(|r| r.state) {
        LinkState::Untrusted | LinkState::HostKeyChanged => None,
        LinkState::Disabled | LinkState::Maintenance => Some(false),
        _ => Some(true),
    });
    let (on, off) = (
        Signal::derive(move || in_use.get() == Some(true)),
        Signal::derive(move || in_use.get() == Some(false)),
    );
    let here = "This machine";
    command_while(on, format!("Reconnect {name}"), here, "refresh", move || {
        actions.reconnect.dispatch(Reconnect { id });
    });
    command_while(on, format!("Disable {name}"), here, "pause", move || {
        actions.disable.dispatch(Disable { id });
    });
    command_while(off, format!("Enable {name}"), here, "start", move || {
        actions.enable.dispatch(Enable { id });
    });
}

/// The machine that a form is about.
#[component]
pub(super) fn IdField(id: MachineId) -> impl IntoView {
    view! { <input type="hidden" name="id" value=id.to_string()/> }
}

#[component]
fn Act(icon: &'static str, text: &'static str, name: String, small: bool) -> impl IntoView {
    if small {
        view! { <Button icon=icon small=true variant=Variant::Ghost label=format!("{text} {name}")/> }.into_any()
    } else {
        view! { <Button icon=icon>{text}</Button> }.into_any()
    }
}
