//! `TestApp`: a whole server in this process, on a port and a data directory of its own; and `Browser`,
//! which keeps cookies like one (Secure cookies on loopback included).

use pollysystem::{
    core::server::{
        config::{Config, LimitConfig, LogFormat, SessionConfig},
        plugin::PluginServer,
        run::{self, Parts, Started},
        secrets::SecretsConfig,
    },
    plugins,
};
use reqwest::{Method, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub const NAME: &str = "ada";
pub const PASSWORD: &str = "correct horse battery staple";

/// A running server. Call [`TestApp::stop`] at the end: it fails when something was left running.
pub struct TestApp {
    pub server: Started,
    pub data: TempDir,
}

pub fn config(data: &TempDir) -> Config {
    Config {
        data_dir: data.path().to_owned(),
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: None,
        allowed_hosts: Vec::new(),
        trusted_proxies: Vec::new(),
        log: "warn".to_owned(),
        log_format: LogFormat::Human,
        secrets: SecretsConfig {
            master_key_file: None,
            master_key: None,
        },
        metrics_token: None,
        site_dir: None,
        key_probe: Duration::from_secs(2),
        collect: Duration::from_secs(1),
        session: SessionConfig {
            idle: Duration::from_secs(1_800),
            absolute: Duration::from_secs(43_200),
        },
        // All of a test comes from one address.
        limits: LimitConfig {
            per_address: NonZeroU32::MAX,
            per_session: NonZeroU32::MAX,
        },
    }
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_with_plugins(change, Vec::new()).await
    }

    /// With plugins of a test beside our own.
    pub async fn start_with_plugins(change: impl FnOnce(&mut Config), plugins: Vec<Arc<dyn PluginServer>>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = config(&data);
        change(&mut config);
        Self {
            server: start_plugins(config, plugins).await,
            data,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!(
            "http://{}{}{path}",
            self.server.address,
            self.server.core.config.base_path()
        )
    }

    /// A browser that nobody is logged in with.
    pub fn stranger(&self) -> Browser {
        Browser::new(self.url(""), format!("http://{}", self.server.address))
    }

    /// A browser with the first admin, who is made if need be.
    pub async fn admin(&self) -> Browser {
        let browser = self.stranger();
        let done = match self.server.core.auth.setup_code() {
            Some(code) => {
                browser
                    .call(
                        "/api/auth/setup",
                        &[
                            ("code", &code),
                            ("name", NAME),
                            ("password", PASSWORD),
                            ("password_again", PASSWORD),
                        ],
                    )
                    .await
            }
            None => {
                browser
                    .call("/api/auth/login", &[("name", NAME), ("password", PASSWORD)])
                    .await
            }
        };
        assert!(
            done.status().is_success() || done.status().is_redirection(),
            "{}",
            done.text().await.unwrap()
        );
        browser
    }

    /// Stops the server; a task that is left fails the test.
    pub async fn stop(self) -> TempDir {
        let core = self.server.core.clone();
        self.server.stop().await;
        assert!(core.tasks.is_empty(), "{} tasks are left", core.tasks.len());
        assert_eq!(core.hub.sockets(), 0, "sockets are left");
        self.data
    }
}

pub async fn start(config: Config) -> Started {
    start_plugins(config, Vec::new()).await
}

async fn start_plugins(config: Config, more: Vec<Arc<dyn PluginServer>>) -> Started {
    let parts = Parts {
        shell: pollysystem::app::shell,
        app: pollysystem::app::app,
        plugins: plugins::all().into_iter().chain(more).collect(),
        migrations: plugins::migrations(),
    };
    run::start(config, parts).await.expect("the server starts")
}

/// An HTTP client with cookies, which shows redirects instead of following them.
pub struct Browser {
    client: reqwest::Client,
    base: String,
    pub origin: String,
    pub cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    pub fn new(base: String, origin: String) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            client,
            base,
            origin,
            cookies: Mutex::default(),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub fn cookie_header(&self) -> String {
        self.cookies
            .lock()
            .unwrap()
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let cookies = self.cookie_header();
        if cookies.is_empty() {
            request
        } else {
            request.header(header::COOKIE, cookies)
        }
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Response {
        self.try_send(request).await.unwrap()
    }

    /// An error when no server answers.
    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Response> {
        let response = request.send().await?;
        let mut cookies = self.cookies.lock().unwrap();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                cookies.remove(name)
            } else {
                cookies.insert(name.to_owned(), value.to_owned())
            };
        }
        Ok(response)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn html(&self, path: &str) -> String {
        let response = self
            .send(self.request(Method::GET, path).header(header::ACCEPT, "text/html"))
            .await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.unwrap()
    }

    /// Calls a server function as a script of our page would.
    pub async fn call(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.try_call(path, form).await.unwrap()
    }

    /// The same; an error when no server answers.
    pub async fn try_call(&self, path: &str, form: &[(&str, &str)]) -> reqwest::Result<Response> {
        self.try_send(self.form(path, form)).await
    }

    /// The request of [`Browser::call`].
    pub fn form(&self, path: &str, form: &[(&str, &str)]) -> reqwest::RequestBuilder {
        self.request(Method::POST, path)
            .header(header::ORIGIN, &self.origin)
            .header(header::ACCEPT, "application/json")
            .form(form)
    }

    /// Calls a server function that must succeed.
    pub async fn ask<T: DeserializeOwned>(&self, path: &str, form: &[(&str, &str)]) -> T {
        let response = self.call(path, form).await;
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(
            status.is_success() || status.is_redirection(),
            "{path}: {status} {text}"
        );
        serde_json::from_str(&text).unwrap_or_else(|why| panic!("{path}: {why}: {text}"))
    }
}

/// Polls until `probe` gives something; fails after `within`.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    within: Duration,
    mut probe: impl FnMut() -> F,
) -> T {
    let end = Instant::now() + within;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < end, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
