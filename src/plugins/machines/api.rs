//! Server functions of the machines: authorise, one call, done. All take plain forms.

use super::model::{HostNumbers, KeySummary, MachineDetail, MachineId, MachineRow, NewMachine};
use crate::{
    core::{live::model::Rows, series::SeriesSet},
    error::AppError,
};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use {
    super::service::{
        Machine, MachinesCreate, MachinesDelete, MachinesDisable, MachinesEnable, MachinesReconnect, MachinesService,
        MachinesTrust, MachinesView,
    },
    crate::core::auth::{
        api::{actor, go_to, service, wants_page},
        service::Instance,
    },
};

/// Every machine, from memory.
#[server(prefix = "/api", endpoint = "machines/list")]
pub async fn list() -> Result<Rows<MachineRow>, AppError> {
    let may = actor()?.authorise::<Instance, MachinesView>(()).await?;
    Ok(service::<MachinesService>()?.list(&may))
}

/// One machine; asks the host for its keys while a decision about them is due.
#[server(prefix = "/api", endpoint = "machines/detail")]
pub async fn detail(id: MachineId) -> Result<MachineDetail, AppError> {
    let machine = actor()?.authorise::<Machine, MachinesView>(id).await?;
    service::<MachinesService>()?.detail(&machine).await
}

/// The newest numbers of every machine that is up.
#[server(prefix = "/api", endpoint = "machines/numbers")]
pub async fn numbers() -> Result<Rows<HostNumbers>, AppError> {
    let may = actor()?.authorise::<Instance, MachinesView>(()).await?;
    Ok(service::<MachinesService>()?.numbers(&may))
}

/// The last hour of a machine's numbers, by the names of `HOST_SERIES`.
#[server(prefix = "/api", endpoint = "machines/history")]
pub async fn history(id: MachineId) -> Result<SeriesSet, AppError> {
    let machine = actor()?.authorise::<Machine, MachinesView>(id).await?;
    Ok(service::<MachinesService>()?.history(&machine))
}

/// Processor and memory of every machine over the last ten minutes, at most 60 points each.
#[server(prefix = "/api", endpoint = "machines/sparks")]
pub async fn sparks() -> Result<Vec<(MachineId, SeriesSet)>, AppError> {
    let may = actor()?.authorise::<Instance, MachinesView>(()).await?;
    Ok(service::<MachinesService>()?.sparks(&may))
}

/// The public sides of the keys that the server holds.
#[server(prefix = "/api", endpoint = "machines/keys")]
pub async fn keys() -> Result<Vec<KeySummary>, AppError> {
    let may = actor()?.authorise::<Instance, MachinesCreate>(()).await?;
    service::<MachinesService>()?.keys(&may).await
}

/// Enrols a host and goes to its page, where its keys are compared.
#[server(prefix = "/api", endpoint = "machines/add")]
pub async fn add(machine: NewMachine) -> Result<MachineId, AppError> {
    let may = actor()?.authorise::<Instance, MachinesCreate>(()).await?;
    let id = service::<MachinesService>()?.create(may, machine.checked()?).await?;
    go_to(&format!("/machines/{id}"));
    Ok(id)
}

/// Adds the host that the server runs on.
#[server(prefix = "/api", endpoint = "machines/add_local")]
pub async fn add_local() -> Result<MachineId, AppError> {
    let may = actor()?.authorise::<Instance, MachinesCreate>(()).await?;
    let id = service::<MachinesService>()?.add_local(may).await?;
    go_to(&format!("/machines/{id}"));
    Ok(id)
}

/// Accepts the host keys that the page showed.
#[server(prefix = "/api", endpoint = "machines/trust")]
pub async fn trust(id: MachineId, #[server(default)] fingerprints: Vec<String>) -> Result<(), AppError> {
    let machine = actor()?.authorise::<Machine, MachinesTrust>(id).await?;
    service::<MachinesService>()?.trust(machine, &fingerprints).await?;
    back_to(id);
    Ok(())
}

/// Ends the link and connects now.
#[server(prefix = "/api", endpoint = "machines/reconnect")]
pub async fn reconnect(id: MachineId) -> Result<(), AppError> {
    let machine = actor()?.authorise::<Machine, MachinesReconnect>(id).await?;
    service::<MachinesService>()?.reconnect(machine).await?;
    back_to(id);
    Ok(())
}

/// Ends the link until the machine is enabled.
#[server(prefix = "/api", endpoint = "machines/disable")]
pub async fn disable(id: MachineId) -> Result<(), AppError> {
    let machine = actor()?.authorise::<Machine, MachinesDisable>(id).await?;
    service::<MachinesService>()?.disable(machine).await?;
    back_to(id);
    Ok(())
}

/// Connects again.
#[server(prefix = "/api", endpoint = "machines/enable")]
pub async fn enable(id: MachineId) -> Result<(), AppError> {
    let machine = actor()?.authorise::<Machine, MachinesEnable>(id).await?;
    service::<MachinesService>()?.enable(machine).await?;
    back_to(id);
    Ok(())
}

/// Forgets the machine; nothing on the host is changed.
#[server(prefix = "/api", endpoint = "machines/delete")]
pub async fn delete(id: MachineId) -> Result<(), AppError> {
    let machine = actor()?.authorise::<Machine, MachinesDelete>(id).await?;
    service::<MachinesService>()?.delete(machine).await?;
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
