//! Form fields: a label, the input, a hint and the error that a try gave this field.

use super::{form::typed, icon::Icon};
use crate::error::AppError;
use leptos::prelude::*;

/// The message for `name`, if the last try failed on it. Of `machine[host]` the field is `host`.
fn message(error: Signal<Option<AppError>>, name: &'static str) -> Signal<Option<String>> {
    let key = name
        .split_once('[')
        .map_or(name, |(_, rest)| rest.trim_end_matches(']'));
    Signal::derive(move || {
        error
            .get()
            .filter(|e| e.field.as_deref() == Some(key))
            .map(|e| e.message)
    })
}

fn described_by(
    id: String,
    hint: bool,
    message: Signal<Option<String>>,
) -> impl Fn() -> Option<String> + Clone + Send + Sync + 'static {
    move || match (hint, message.get().is_some()) {
        (true, true) => Some(format!("{id}-hint {id}-error")),
        (true, false) => Some(format!("{id}-hint")),
        (false, true) => Some(format!("{id}-error")),
        (false, false) => None,
    }
}

#[component]
fn Below(id: String, #[prop(into)] hint: Option<String>, message: Signal<Option<String>>) -> impl IntoView {
    let error_id = format!("{id}-error");
    view! {
        {hint.map(|text| view! { <p class="field-hint" id=format!("{id}-hint")>{text}</p> })}
        {move || {
            message.get().map(|text| {
                view! {
                    <p class="field-error" id=error_id.clone()>
                        <Icon name="warn"/>
                        <span>{text}</span>
                    </p>
                }
            })
        }}
    }
}

/// One line of input. Its id is `field-<name>`.
#[component]
pub fn Field(
    #[prop(into)] label: String,
    name: &'static str,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<AppError>>,
    #[prop(optional)] required: bool,
    #[prop(optional)] code: bool,
    #[prop(optional)] focus: bool,
    #[prop(optional)] placeholder: Option<&'static str>,
    #[prop(optional)] autocomplete: Option<&'static str>,
    #[prop(optional)] inputmode: Option<&'static str>,
    #[prop(optional)] minlength: Option<&'static str>,
) -> impl IntoView {
    let id = format!("field-{name}");
    let message = message(error, name);
    let described = described_by(id.clone(), hint.is_some(), message);
    let value = typed(name).filter(|_| kind != "password").unwrap_or(value);
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>{label}</label>
            <input
                class=if code { "input input-code" } else { "input" }
                id=id.clone()
                name=name
                type=kind
                value=value
                required=required
                autofocus=focus
                placeholder=placeholder
                autocomplete=autocomplete
                inputmode=inputmode
                minlength=minlength
                spellcheck="false"
                autocapitalize="none"
                aria-invalid=move || message.get().map(|_| "true")
                aria-describedby=described
            />
            <Below id=id hint=hint message=message/>
        </div>
    }
}

/// Several lines. Never given a value by the server: what a person pastes here is theirs.
#[component]
pub fn TextArea(
    #[prop(into)] label: String,
    name: &'static str,
    #[prop(default = "5")] rows: &'static str,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<AppError>>,
    #[prop(optional)] placeholder: Option<&'static str>,
) -> impl IntoView {
    let id = format!("field-{name}");
    let message = message(error, name);
    let described = described_by(id.clone(), hint.is_some(), message);
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>{label}</label>
            <textarea
                class="input input-code"
                id=id.clone()
                name=name
                rows=rows
                placeholder=placeholder
                autocomplete="off"
                spellcheck="false"
                aria-invalid=move || message.get().map(|_| "true")
                aria-describedby=described
            ></textarea>
            <Below id=id hint=hint message=message/>
        </div>
    }
}

/// One of several choices; its `children` are the fields that belong to it, shown while it is chosen.
#[component]
pub fn Choice(
    name: &'static str,
    value: &'static str,
    #[prop(into)] label: String,
    #[prop(into)] hint: String,
    #[prop(optional)] checked: bool,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let checked = typed(name).map_or(checked, |chosen| chosen == value);
    view! {
        <div class="choice">
            <label class="choice-label">
                <input type="radio" name=name value=value checked=checked/>
                <span class="choice-text">
                    <span class="field-label">{label}</span>
                    <span class="field-hint">{hint}</span>
                </span>
            </label>
            {children.map(|c| view! { <div class="choice-body">{c()}</div> })}
        </div>
    }
}
