//! A form that posts to a server function: without script a plain POST, with it a call.

use crate::core::{flash, url::url};
use leptos::{
    context::Provider,
    ev::SubmitEvent,
    form::FromFormData,
    prelude::*,
    server_fn::{Http, ServerFn, client::Client, codec::PostUrl, request::ClientReq},
    web_sys::FormData,
};
use serde::de::DeserializeOwned;

/// Like Leptos' `ActionForm`, with the base path in its `action`: a form that the server rendered
/// must find its way without script.
#[component]
pub fn PostForm<F, Out>(
    action: ServerAction<F>,
    #[prop(default = "form")] class: &'static str,
    /// The form's accessible name, where the page has several.
    #[prop(optional, into)]
    label: Option<String>,
    /// Always posted by the browser itself: the answer is a page, with or without script.
    #[prop(optional)]
    native: bool,
    /// For buttons and fields elsewhere in the page that belong to it (`form=`).
    #[prop(optional, into)]
    id: Option<String>,
    children: Children,
) -> impl IntoView
where
    F: DeserializeOwned + ServerFn<Protocol = Http<PostUrl, Out>> + Clone + Send + Sync + 'static,
    <<F::Client as Client<F::Error>>::Request as ClientReq<F::Error>>::FormData: From<FormData>,
    F::Output: Send + Sync + 'static,
    F::Error: Send + Sync + 'static,
    F::Client: Client<F::Error>,
{
    let submit = move |event: SubmitEvent| {
        if native || event.default_prevented() {
            return;
        }
        // What cannot be read is left to the browser: it posts the form itself.
        if let Ok(input) = F::from_event(&event) {
            event.prevent_default();
            action.dispatch(input);
        }
    };
    view! {
        <form class=class id=id method="post" action=url(F::url()) aria-label=label on:submit=submit>
            <Provider value=FormOf(F::PATH)>{children()}</Provider>
        </form>
    }
}

/// Path of the server function that the form around a field posts to.
#[derive(Clone, Copy)]
struct FormOf(&'static str);

/// What was typed into the field `name` of this form before it came back with an error.
pub(super) fn typed(name: &str) -> Option<String> {
    let FormOf(path) = use_context::<FormOf>()?;
    flash::typed(path, name)
}

/// The error of the last try of `action`, for [`super::Field`] and [`super::FormError`].
pub fn error_of<F>(action: ServerAction<F>) -> Signal<Option<crate::error::AppError>>
where
    F: ServerFn<Error = crate::error::AppError> + Send + Sync + Clone + 'static,
    F::Output: Clone + Send + Sync + 'static,
{
    let value = action.value();
    Signal::derive(move || value.with(|v| v.as_ref().and_then(|r| r.as_ref().err().cloned())))
}
