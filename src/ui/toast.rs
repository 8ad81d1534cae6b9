//! Short answers to what a person just did. A bounded stack, read out politely; errors stay until
//! they are closed.

use super::{badge::Tone, icon::Icon};
use crate::error::AppError;
use leptos::prelude::*;
use std::time::Duration;

/// More than this many at once nobody reads; the oldest goes.
const MOST: usize = 4;
const SHOWN_FOR: Duration = Duration::from_secs(6);

#[derive(Clone, Debug)]
struct Toast {
    id: u32,
    tone: Tone,
    text: String,
}

/// The stack, from the context.
#[derive(Clone, Copy)]
pub struct Toasts {
    list: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
}

/// Gives the stack to everything below. Once, in `App`.
pub fn provide_toasts() {
    provide_context(Toasts {
        list: RwSignal::new(Vec::new()),
        next: StoredValue::new(0),
    });
}

/// The stack of this page; one that nobody sees where none was provided.
pub fn use_toasts() -> Toasts {
    use_context().unwrap_or_else(|| Toasts {
        list: RwSignal::new(Vec::new()),
        next: StoredValue::new(0),
    })
}

impl Toasts {
    pub fn ok(self, text: impl Into<String>) {
        self.push(Tone::Ok, text);
    }
    pub fn error(self, error: &AppError) {
        let id = error
            .request_id
            .as_ref()
            .map(|id| format!(" (request {id})"))
            .unwrap_or_default();
        self.push(Tone::Bad, format!("{}{id}", error.message));
    }
    pub fn push(self, tone: Tone, text: impl Into<String>) {
        let id = self.next.with_value(|n| n.wrapping_add(1));
        self.next.set_value(id);
        let text = text.into();
        self.list.update(|list| {
            list.retain(|t| t.text != text);
            let surplus = (list.len() + 1).saturating_sub(MOST);
            list.drain(..surplus);
            list.push(Toast { id, tone, text });
        });
        if tone != Tone::Bad {
            set_timeout(move || self.dismiss(id), SHOWN_FOR);
        }
    }
    fn dismiss(self, id: u32) {
        self.list.try_update(|list| list.retain(|t| t.id != id));
    }
}

/// Where they show. Always in the page, so that what is added is read out.
#[component]
pub fn ToastStack() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <section class="toasts" aria-live="polite" aria-label="Messages">
            <For each=move || toasts.list.get() key=|toast| toast.id let:toast>
                <div class=format!("toast toast-{}", toast.tone.as_str())>
                    <Icon name=if toast.tone == Tone::Bad { "warn" } else { toast.tone.icon() }/>
                    <p class="toast-text">{toast.text}</p>
                    <button
                        type="button"
                        class="btn btn-ghost btn-small btn-icon"
                        aria-label="Close message"
                        on:click=move |_| toasts.dismiss(toast.id)
                    >
                        <Icon name="close"/>
                    </button>
                </div>
            </For>
        </section>
    }
}
