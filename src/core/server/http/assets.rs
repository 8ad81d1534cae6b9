//! The built site: embedded in the executable, or a directory named by `POLLY_SITE_DIR`.
//!
//! Bundle files live below `/pkg/<content hash>/` and never change; their gzip and brotli forms were
//! made by the build, so serving one is a look-up.

use super::routes::{Policy, RouteTable};
use crate::core::server::{config::Config, state::Core};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{borrow::Cow, collections::HashMap, path::PathBuf, sync::Arc};

pub(super) fn routes(table: &mut RouteTable) {
    table.add(Method::GET, "/pkg/{*path}", Policy::Public, package);
    table.add(Method::GET, "/favicon.svg", Policy::Public, |core, headers| {
        public_file(core, headers, "favicon.svg")
    });
    table.add(Method::GET, "/robots.txt", Policy::Public, |core, headers| {
        public_file(core, headers, "robots.txt")
    });
}

async fn package(State(core): State<Arc<Core>>, Path(path): Path<String>, headers: HeaderMap) -> Response {
    serve(
        &core,
        &format!("pkg/{path}"),
        &headers,
        "public, max-age=31536000, immutable",
    )
}

async fn public_file(State(core): State<Arc<Core>>, headers: HeaderMap, name: &'static str) -> Response {
    serve(&core, name, &headers, "public, max-age=3600")
}

fn serve(core: &Core, path: &str, request: &HeaderMap, cache: &'static str) -> Response {
    let accepted = request
        .get(header::ACCEPT_ENCODING)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let accepts = |name: &str| {
        accepted
            .split(',')
            .any(|part| part.split(';').next().is_some_and(|n| n.trim() == name))
    };
    let forms = [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(name, _)| accepts(name))
        .chain([("", "")]);
    for (encoding, suffix) in forms {
        if let Some(bytes) = core.site().read(&format!("{path}{suffix}")) {
            return file(bytes, path, encoding, cache);
        }
    }
    StatusCode::NOT_FOUND.into_response()
}

fn file(bytes: Cow<'static, [u8]>, path: &str, encoding: &'static str, cache: &'static str) -> Response {
    let mut response = axum::body::Body::from(match bytes {
        Cow::Borrowed(bytes) => bytes::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes::Bytes::from(bytes),
    })
    .into_response();
    let headers = response.headers_mut();
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    if let Ok(kind) = HeaderValue::from_str(kind.essence_str()) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if !encoding.is_empty() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Where the built site is.
#[derive(Clone, Debug)]
pub enum Site {
    Embedded,
    Dir(PathBuf),
}

#[cfg(feature = "embed")]
#[derive(rust_embed::RustEmbed)]
#[folder = "$POLLY_SITE_BUILD_DIR"]
struct Files;

impl Site {
    pub fn of(config: &Config) -> Self {
        config.site_dir.clone().map_or(Self::Embedded, Self::Dir)
    }

    /// One file of the site. Paths that would leave it are not found.
    fn read(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0', ':']);
        if !path.split('/').all(plain) {
            return None;
        }
        match self {
            #[cfg(feature = "embed")]
            Self::Embedded => Files::get(path).map(|f| f.data),
            #[cfg(not(feature = "embed"))]
            Self::Embedded => None,
            Self::Dir(dir) => std::fs::read(dir.join(path)).ok().map(Cow::Owned),
        }
    }

    /// `manifest.json` of the build; what a server without a built site has instead.
    pub fn manifest(&self) -> Manifest {
        let found = self.read("manifest.json");
        let read = found.and_then(|json| serde_json::from_slice(&json).ok());
        read.unwrap_or_else(|| Manifest {
            hash: "dev".to_owned(),
            parts: HashMap::new(),
        })
    }
}

/// What the server must know of the built site.
#[derive(serde::Deserialize)]
pub struct Manifest {
    /// The content hash that names the bundle's directory.
    pub hash: String,
    /// The files of each part that is fetched when a page of it is opened.
    #[serde(default)]
    pub parts: HashMap<String, Vec<String>>,
}
