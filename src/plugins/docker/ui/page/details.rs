//! What the tabs share: the details of a container, asked from its engine and anew when its state changes.

use super::data::Asked;
use crate::{
    plugins::docker::model::{ContainerDetails, ContainerRow},
    ui::{ErrorBox, Skeleton},
};
use leptos::prelude::*;

/// Shows `view` of the details once they are there, and of newer ones when the container changed.
#[component]
pub(super) fn WithDetails(
    row: Signal<ContainerRow>,
    details: Asked<ContainerDetails>,
    view: fn(ContainerDetails, Signal<ContainerRow>) -> AnyView,
) -> impl IntoView {
    let state = Memo::new(move |_| row.with(|r| (r.state, r.health, r.exit_code)));
    Effect::new(move |before: Option<()>| {
        state.track();
        if before.is_some() {
            details.refetch();
        }
    });
    view! {
        <Transition fallback=|| view! { <Skeleton /> }>
            {move || Suspend::new(async move {
                match details.await {
                    Some(Ok(details)) => view(details, row),
                    Some(Err(error)) => view! { <ErrorBox error /> }.into_any(),
                    None => view! { <Skeleton /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// A line of a list of facts, unless there is nothing to say.
pub(super) fn fact(name: &'static str, text: impl Into<String>) -> Option<impl IntoView> {
    let text = text.into();
    (!text.is_empty()).then(|| view! { <dt>{name}</dt><dd class="mono">{text}</dd> })
}

/// Arguments as one would type them: those with spaces in quotes.
pub(super) fn words(words: &[String]) -> String {
    let quoted = |word: &String| {
        let bare = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./:=@,%+".contains(c));
        if bare {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn arguments_are_written_as_one_would_type_them() {
        let of = |list: &[&str]| words(&list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["sh", "-c", "echo it's", ""]), r"sh -c 'echo it'\''s' ''");
    }
}
