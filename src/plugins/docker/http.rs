//! Raw routes: the download of a log.

use super::{
    model::ContainerId,
    service::{ContainersLogs, DockerService, authorised},
};
use crate::{
    core::server::{
        http::{Identity, Policy, RouteTable},
        state::Core,
    },
    error::{AppError, AppResult},
    plugins::machines::model::MachineId,
};
use axum::{
    Extension,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::sync::Arc;

pub fn routes(table: &mut RouteTable) {
    table.add(
        Method::GET,
        "/containers/{machine}/{container}/log",
        Policy::Session,
        download,
    );
}

#[derive(Deserialize)]
struct Asked {
    /// `1`: with the time in front of each line.
    #[serde(default)]
    timestamps: String,
}

async fn download(
    State(core): State<Arc<Core>>,
    Extension(who): Extension<Identity>,
    Path((machine, container)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Response {
    match log(&core, who, &machine, &container, asked.timestamps == "1").await {
        Ok(response) => response,
        Err(why) => {
            let status = StatusCode::from_u16(why.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, why.message).into_response()
        }
    }
}

async fn log(core: &Core, who: Identity, machine: &str, container: &str, timestamps: bool) -> AppResult<Response> {
    let missing = || AppError::not_found("container");
    let actor = who.0.ok_or_else(AppError::unauthenticated)?;
    let machine: MachineId = machine.parse().map_err(|_| missing())?;
    let container: ContainerId = container.parse().map_err(|_| missing())?;
    let found = authorised::<ContainersLogs>(&actor, machine, container).await?;
    let row = &found.object().0;
    let name = format!("{}.{}.log", safe(&row.name), safe(&row.machine_name));
    let text = core
        .services
        .get::<DockerService>()?
        .download_log(found, timestamps)
        .await?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(AppError::internal)?,
        ),
    ];
    Ok((headers, Body::from_stream(text)).into_response())
}

/// A name of a host as a part of a file's name: letters, digits, and what cannot lead anywhere.
fn safe(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
            c
        } else {
            '_'
        }
    };
    let name: String = name.chars().take(64).map(plain).collect();
    if name.is_empty() { "container".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn a_file_name_holds_nothing_that_leads_elsewhere() {
        assert_eq!(safe("web-1"), "web-1");
        assert_eq!(safe("../../etc/\"passwd\r\n"), "______etc__passwd__");
        assert_eq!(safe(""), "container");
        assert_eq!(safe(&"x".repeat(500)).len(), 64);
    }
}
