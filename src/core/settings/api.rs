//! Server functions of the settings page.

use crate::{
    core::{call::PageClient, plugin::PluginStatus},
    error::AppError,
};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use crate::core::{
    audit::service::Entry,
    auth::{
        api::{actor, app, go_to, wants_page},
        service::{Authorized, Instance, SettingsManage},
    },
    id::ObjectRef,
};

/// Every plugin and how it is.
#[server(prefix = "/api", endpoint = "settings/plugins", client = PageClient)]
pub async fn plugins() -> Result<Vec<PluginStatus>, AppError> {
    manage().await?;
    Ok(app()?.core.plugins.status())
}

/// Keeps the choice of theme in this browser. With script the page sets the same cookie by itself.
#[server(prefix = "/api", endpoint = "settings/theme", client = PageClient)]
pub async fn set_theme(theme: String) -> Result<(), AppError> {
    actor()?;
    crate::core::auth::api::set_cookie(&crate::ui::Theme::parse(&theme).cookie(&crate::core::url::url("/")));
    Ok(())
}

/// Stops a plugin and all that need it.
#[server(prefix = "/api", endpoint = "settings/stop_plugin", client = PageClient)]
pub async fn stop_plugin(id: String) -> Result<(), AppError> {
    switch(id, false).await
}

/// Starts a plugin.
#[server(prefix = "/api", endpoint = "settings/start_plugin", client = PageClient)]
pub async fn start_plugin(id: String) -> Result<(), AppError> {
    switch(id, true).await
}

#[cfg(feature = "ssr")]
async fn manage() -> Result<Authorized<Instance, SettingsManage>, AppError> {
    actor()?.authorise::<Instance, SettingsManage>(()).await
}

#[cfg(feature = "ssr")]
async fn switch(id: String, on: bool) -> Result<(), AppError> {
    let granted = manage().await?;
    let core = app()?.core;
    let action = if on { "core.plugin.start" } else { "core.plugin.stop" };
    let entry = Entry {
        action: action.to_owned(),
        object: ObjectRef::new("plugin", &id, &id),
        detail: serde_json::Value::Null,
    };
    let intent = core.audit.intent(granted.actor(), entry).await?;
    let done = if on {
        core.plugins.start(&core, &id).await
    } else {
        core.plugins.stop(&core, &id).await.map(|_| ())
    };
    core.audit.outcome(intent, &done).await?;
    done?;
    if wants_page() {
        go_to("/settings");
    }
    Ok(())
}
