//! A question before something that cannot be undone.
//!
//! The dialog is an HTML popover, so its button opens it without script; with script the same button
//! opens it as a modal dialog, which keeps the focus inside.

use super::{browser, icon::Icon};
use leptos::{ev, html::Dialog, prelude::*};

/// A button, and the dialog that it opens. `children` is the body: say what goes, and end with a
/// form that holds [`DialogActions`]. `id` must be unique in the page.
#[component]
pub fn Confirm(
    #[prop(into)] id: String,
    /// Text of the button; it also names the action in rows: `Delete web-1`.
    #[prop(into)]
    button: String,
    #[prop(optional)] icon: Option<&'static str>,
    #[prop(default = "btn btn-danger")] class: &'static str,
    /// The question: `Delete web-1?`
    #[prop(into)]
    title: String,
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let open = move |event: ev::MouseEvent| {
        if let Some(dialog) = dialog.get_untracked() {
            event.prevent_default();
            browser::show_modal(&dialog);
        }
    };
    let heading = format!("{id}-title");
    let label = heading.clone();
    view! {
        <button type="button" class=class popovertarget=id.clone() aria-haspopup="dialog" on:click=open>
            {icon.map(|name| view! { <Icon name=name/> })}
            {button}
        </button>
        <dialog
            class="dialog"
            id=id
            popover="auto"
            aria-labelledby=label
            node_ref=dialog
            on:submit=|event| browser::close_dialog(&event)
        >
            <div class="dialog-body">
                <h2 id=heading>{title}</h2>
                {children()}
            </div>
        </dialog>
    }
}

/// A modal dialog that a signal opens; for what needs script anyway. Its content is made anew at each opening.
#[component]
pub fn Modal(
    id: &'static str,
    open: RwSignal<bool>,
    /// Its accessible name.
    label: &'static str,
    #[prop(default = "dialog")] class: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        if open.get() {
            browser::show_modal(&dialog);
        } else {
            dialog.close();
        }
    });
    // A click beside it closes it, and so does Escape; both say so by the event.
    view! {
        <dialog class=class id=id aria-label=label node_ref=dialog on:close=move |_| open.set(false)>
            {move || open.get().then(|| children())}
        </dialog>
    }
}

/// The end of a dialog's form: Cancel, then what is given.
#[component]
pub fn DialogActions(#[prop(into)] dialog: String, children: Children) -> impl IntoView {
    view! {
        <div class="dialog-actions">
            <button
                type="button"
                class="btn"
                popovertarget=dialog
                popovertargetaction="hide"
                on:click=|event| browser::close_dialog(&event)
            >
                "Cancel"
            </button>
            {children()}
        </div>
    }
}
