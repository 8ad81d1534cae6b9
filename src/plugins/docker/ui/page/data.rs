//! What the tabs show beside the row: asked for at the top of the page, once each. What is made below a Suspense
//! is made anew each time the server looks whether the page is whole, and these ask the host.

use crate::{
    core::{lines::LogLine, series::SeriesSet},
    error::AppError,
    plugins::{
        docker::{
            api::{container_history, inspect, log_tail},
            model::{ContainerDetails, ContainerId},
        },
        machines::model::MachineId,
    },
};
use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

/// The container that the address names, if it names one.
pub(super) type Ids = Option<(MachineId, ContainerId)>;
/// An answer; `None` while no tab that needs it is shown.
pub(super) type Asked<T> = Resource<Option<Result<T, AppError>>>;

#[derive(Clone, Copy)]
pub(super) struct Data {
    pub details: Asked<ContainerDetails>,
    pub history: Asked<SeriesSet>,
    pub log: Asked<Vec<LogLine>>,
}

impl Data {
    pub fn ask(ids: Memo<Ids>, tab: Memo<&'static str>) -> Self {
        let on = move |wanted: fn(&str) -> bool| move || ids.get().filter(|_| wanted(tab.get()));
        Self {
            details: asked(on(|tab| tab != "logs"), inspect),
            history: asked(on(|tab| tab == "overview"), container_history),
            log: asked(on(|tab| tab == "logs"), log_tail),
        }
    }
}

fn asked<T, F>(
    of: impl Fn() -> Ids + Send + Sync + 'static,
    ask: impl Fn(MachineId, ContainerId) -> F + Copy + Send + Sync + 'static,
) -> Asked<T>
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, AppError>> + Send + 'static,
{
    Resource::new(of, move |ids| async move {
        match ids {
            Some((machine, id)) => Some(ask(machine, id).await),
            None => None,
        }
    })
}
