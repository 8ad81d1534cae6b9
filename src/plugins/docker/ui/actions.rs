//! What can be done to one container: buttons that work without script. A page has one form per action; the buttons
//! of all its rows name the form that they send and the container that they mean.

use crate::{
    plugins::docker::{
        api::Act,
        model::{ContainerAction, ContainerRef, ContainerRow},
    },
    ui::{Confirm, DialogActions, Icon, PostForm, command_while, use_toasts},
};
use leptos::prelude::*;

/// The actions of a page.
#[derive(Clone, Copy)]
pub(super) struct Actions {
    pub act: ServerAction<Act>,
}

impl Actions {
    /// Made once per page: what fails is said in a toast, what runs stands in the activity drawer.
    pub fn provide() -> Self {
        let act = ServerAction::<Act>::new();
        let toasts = use_toasts();
        Effect::new(move |_| {
            if let Some(Err(why)) = act.value().get() {
                toasts.error(&why);
            }
        });
        Self { act }
    }
}

/// Id of the form that does `action` to whatever its button names.
pub(super) fn form_id(action: ContainerAction) -> &'static str {
    match action {
        ContainerAction::Start => "do-start",
        ContainerAction::Stop => "do-stop",
        ContainerAction::Restart => "do-restart",
        ContainerAction::Pause => "do-pause",
        ContainerAction::Unpause => "do-unpause",
        ContainerAction::Kill => "do-kill",
        ContainerAction::Remove => "do-remove",
    }
}

/// The forms of the page's buttons, once per page.
#[component]
pub(super) fn ActionForms(actions: Actions) -> impl IntoView {
    let forms = ContainerAction::ALL.map(|action| {
        view! {
            <PostForm action=actions.act id=form_id(action)>
                <input type="hidden" name="action" value=action.as_str() />
            </PostForm>
        }
    });
    view! { <div hidden>{forms.into_iter().collect_view()}</div> }
}

/// `machine/container`
pub(super) fn target(row: &ContainerRow) -> String {
    format!("{}/{}", row.machine, row.id)
}

/// `Stop web on h1`
pub(super) fn sentence(action: ContainerAction, row: &ContainerRow) -> String {
    format!("{} {} on {}", action.label(), row.name, row.machine_name)
}

/// A button that does `action`; disabled, not gone, where it makes no sense, so that rows keep their shape.
pub(super) fn action_button(
    action: ContainerAction,
    row: Signal<ContainerRow>,
    class: &'static str,
    text: bool,
) -> impl IntoView {
    let (value, label) = row.with_untracked(|r| (target(r), sentence(action, r)));
    // Its name; without text beside the icon everybody may want to read it.
    let (label, title) = if text { (Some(label), None) } else { (None, Some(label)) };
    view! {
        <button
            type="submit"
            class=class
            form=form_id(action)
            name="targets[]"
            value=value
            data-act=action.as_str()
            aria-label=label
            title=title
            disabled=move || !action.fits(row.with(|r| r.state))
        >
            <Icon name=action.icon() />
            {text.then(|| action.label())}
        </button>
    }
}

/// All that can be done to one container, for the head of its page. Brings its own forms.
#[component]
pub(super) fn ContainerActions(
    row: Signal<ContainerRow>,
    actions: Actions,
    /// Kept for the caller's sake: there is one size.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let _ = large;
    use ContainerAction::{Kill, Pause, Restart, Start, Stop, Unpause};
    let all = [Start, Stop, Restart, Pause, Unpause, Kill];
    all.into_iter().for_each(|action| offer(action, row, actions));
    let buttons = all.map(|action| action_button(action, row, "btn", true));
    view! {
        <ActionForms actions />
        {buttons.into_iter().collect_view()}
        <RemoveOne row actions />
    }
}

/// The same for the command palette.
fn offer(action: ContainerAction, row: Signal<ContainerRow>, actions: Actions) {
    let fits = Signal::derive(move || action.fits(row.with(|r| r.state)));
    let (label, machine, container) = row.with_untracked(|r| (sentence(action, r), r.machine, r.id.clone()));
    command_while(fits, label, "This container", action.icon(), move || {
        let targets = vec![ContainerRef {
            machine,
            container: container.clone(),
        }];
        actions.act.dispatch(Act {
            action,
            targets,
            matching: String::new(),
            seen: String::new(),
            typed: String::new(),
            force: false,
            volumes: false,
        });
    });
}

/// Asks before one container is removed, and names what goes.
#[component]
fn RemoveOne(row: Signal<ContainerRow>, actions: Actions) -> impl IntoView {
    let (name, value) = row.with_untracked(|r| (format!("{} on {}", r.name, r.machine_name), target(r)));
    let end = StoredValue::new((value, name.clone()));
    view! {
        <Confirm id="remove-container" button="Remove" icon="trash" title=format!("Remove {name}?")>
            <p>"The container and everything written inside it are deleted on the host. Its image and named volumes stay."</p>
            <PostForm action=actions.act>
                <input type="hidden" name="action" value="remove" />
                <input type="hidden" name="targets[]" value=end.with_value(|(value, _)| value.clone()) />
                <RemoveOptions />
                <DialogActions dialog="remove-container">
                    <button type="submit" class="btn btn-danger-fill">
                        <Icon name="trash" />
                        "Remove "
                        {end.with_value(|(_, name)| name.clone())}
                    </button>
                </DialogActions>
            </PostForm>
        </Confirm>
    }
}

/// How containers are removed.
#[component]
pub(super) fn RemoveOptions() -> impl IntoView {
    view! {
        <div class="stack stack-s">
            <label class="check">
                <input type="checkbox" name="force" value="true" />
                "Also when it runs (it is killed first)"
            </label>
            <label class="check">
                <input type="checkbox" name="volumes" value="true" />
                "With its anonymous volumes and the data in them"
            </label>
        </div>
    }
}
