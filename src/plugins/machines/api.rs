//! Server functions of the machines: authorise, one call, done. All take plain forms.

use super::model::{HostNumbers, KeySummary, MachineDetail, MachineForm, MachineId, MachineRow};
use crate::{
    core::{call::PageClient, live::model::Rows, palette::model::Hit, series::SeriesSet},
    error::AppError,
};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use {
    super::service::{
        Machine, MachinesCreate, MachinesDelete, MachinesDisable, MachinesEdit, MachinesEnable, MachinesReconnect,
        MachinesService, MachinesTrust, MachinesView,
    },
    crate::core::auth::{
        api::{actor, go_to, service, wants_page},
        service::{Anywhere, Instance},
    },
};

/// Every machine, from memory.
#[server(prefix = "/api", endpoint = "machines/list", client = PageClient)]
pub async fn list() -> Result<Rows<MachineRow>, AppError> {
    let may = actor()?.authorise::<Anywhere, MachinesView>(()).await?;
    Ok(service::<MachinesService>()?.list(&may))
}

/// Machines whose name, address or tags fit what was typed.
#[server(prefix = "/api", endpoint = "machines/find", client = PageClient)]
pub async fn find(query: String) -> Result<Vec<Hit>, AppError> {
    let may = actor()?.authorise::<Anywhere, MachinesView>(()).await?;
    Ok(service::<MachinesService>()?.find(&may, &query))
}

/// One machine; asks the host for its keys while a decision about them is due.
#[server(prefix = "/api", endpoint = "machines/detail", client = PageClient)]
pub async fn detail(id: MachineId) -> Result<MachineDetail, AppError> {
    let machine = actor()?.authorise::<Machine, MachinesView>(id).await?;
    service::<MachinesService>()?.detail(&machine).await
}

/// The newest numbers of every machine that is up.
#[server(prefix = "/api", endpoint = "machines/numbers", client = PageClient)]
pub async fn numbers() -> Result<Rows<HostNumbers>, AppError> {
    let may = actor()?.authorise::<Anywhere, MachinesView>(()).await?;
    Ok(service::<MachinesService>()?.numbers(&may))
}

/// The newest numbers of one machine, while it is up.
#[server(prefix = "/api", endpoint = "machines/reading", client = PageClient)]
pub async fn reading(id: MachineId) -> Result<Rows<HostNumbers>, AppError> {
    let machine = actor()?.authorise::<Machine, MachinesView>(id).await?;
    Ok(service::<MachinesService>()?.reading(&machine))
}

/// The last hour of a machine's numbers, by the names of `HOST_SERIES`.
#[server(prefix = "/api", endpoint = "machines/history", client = PageClient)]
pub async fn history(id: MachineId) -> Result<SeriesSet, AppError> {
    let machine = actor()?.authorise::<Machine, MachinesView>(id).await?;
    Ok(service::<MachinesService>()?.history(&machine))
}

/// Processor and memory of every machine over the last ten minutes, at most 60 points each.
#[server(prefix = "/api", endpoint = "machines/sparks", client = PageClient)]
pub async fn sparks() -> Result<Vec<(MachineId, SeriesSet)>, AppError> {
    let may = actor()?.authorise::<Anywhere, MachinesView>(()).await?;
    Ok(service::<MachinesService>()?.sparks(&may))
}

/// The public sides of the keys that the server holds.
#[server(prefix = "/api", endpoint = "machines/keys", client = PageClient)]
pub async fn keys() -> Result<Vec<KeySummary>, AppError> {
    let may = actor()?.authorise::<Instance, MachinesCreate>(()).await?;
    service::<MachinesService>()?.keys(&may).await
}

/// Enrols a host and goes to its page, where its keys are compared.
#[server(prefix = "/api", endpoint = "machines/add", client = PageClient)]
pub async fn add(machine: MachineForm) -> Result<MachineId, AppError> {
    let may = actor()?.authorise::<Instance, MachinesCreate>(()).await?;
    let id = service::<MachinesService>()?.create(may, machine.checked()?).await?;
    go_to(&format!("/machines/{id}"));
    Ok(id)
}

/// Adds the host that the server runs on.
#[server(prefix = "/api", endpoint = "machines/add_local", client = PageClient)]
pub async fn add_local() -> Result<MachineId, AppError> {
    let may = actor()?.authorise::<Instance, MachinesCreate>(()).await?;
    let id = service::<MachinesService>()?.add_local(may).await?;
    go_to(&format!("/machines/{id}"));
    Ok(id)
}

/// Accepts the host keys that the page showed.
#[server(prefix = "/api", endpoint = "machines/trust", client = PageClient)]
pub async fn trust(id: MachineId, #[server(default)] fingerprints: Vec<String>) -> Result<(), AppError> {
    let machine = actor()?.authorise::<Machine, MachinesTrust>(id).await?;
    service::<MachinesService>()?.trust(machine, &fingerprints).await?;
    back_to(id);
    Ok(())
}

/// Ends the link and connects now.
#[server(prefix = "/api", endpoint = "machines/reconnect", client = PageClient)]
pub async fn reconnect(id: MachineId) -> Result<(), AppError> {
    let machine = actor()?.authorise::<Machine, MachinesReconnect>(id).await?;
    service::<MachinesService>()?.reconnect(machine).await?;
    back_to(id);
    Ok(())
}

/// Ends the link until the machine is enabled.
#[server(prefix = "/api", endpoint = "machines/disable", client = PageClient)]
pub async fn disable(id: MachineId) -> Result<(), AppError> {
    let machine = actor()?.authorise::<Machine, MachinesDisable>(id).await?;
    service::<MachinesService>()?.disable(machine).await?;
    back_to(id);
    Ok(())
}

/// Connects again.
#[server(prefix = "/api", endpoint = "machines/enable", client = PageClient)]
pub async fn enable(id: MachineId) -> Result<(), AppError> {
    let machine = actor()?.authorise::<Machine, MachinesEnable>(id).await?;
    service::<MachinesService>()?.enable(machine).await?;
    back_to(id);
    Ok(())
}

/// Changes what people say about the machine; another address, account, key or socket connects it anew.
#[server(prefix = "/api", endpoint = "machines/edit", client = PageClient)]
pub async fn edit(id: MachineId, machine: MachineForm) -> Result<(), AppError> {
    let may = actor()?.authorise::<Machine, MachinesEdit>(id).await?;
    service::<MachinesService>()?.edit(may, machine).await?;
    go_to(&format!("/machines/{id}"));
    Ok(())
}

/// Forgets the machine, once its name was `typed`; nothing on the host is changed.
#[server(prefix = "/api", endpoint = "machines/delete", client = PageClient)]
pub async fn delete(id: MachineId, typed: String) -> Result<(), AppError> {
    let machine = actor()?.authorise::<Machine, MachinesDelete>(id).await?;
    service::<MachinesService>()?.delete(machine, &typed).await?;
    go_to("/machines");
    Ok(())
}

/// Without JavaScript the answer is the machine's page; a script stays where it is.
#[cfg(feature = "ssr")]
fn back_to(id: MachineId) {
    if wants_page() {
        go_to(&format!("/machines/{id}"));
    }
}
