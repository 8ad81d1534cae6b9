//! Session cookies. `__Host-` and Secure where the address is https or loopback; plain names elsewhere,
//! because a browser would throw a Secure cookie of a plain http address away.

use crate::core::{
    auth::service::{Cookies, NewSession},
    server::config::Config,
};
use axum::http::{HeaderMap, HeaderValue, header};
use std::net::IpAddr;

const ACCESS: &str = "polly_access";
const REFRESH: &str = "polly_refresh";
const FLASH: &str = "polly_flash";

/// Whether cookies of this request may be Secure.
fn secure(config: &Config, headers: &HeaderMap) -> bool {
    match &config.public_url {
        Some(url) => url.scheme() == "https" || url.host_str().is_some_and(is_loopback),
        None => host_name(headers).is_some_and(|host| is_loopback(&host)),
    }
}

/// The name in the Host header, without port and brackets.
pub(super) fn host_name(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    Some(name.to_ascii_lowercase())
}

pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn name(cookie: &str, secure: bool) -> String {
    if secure {
        format!("__Host-{cookie}")
    } else {
        cookie.to_owned()
    }
}

/// Whether an answer already sets the session's cookies.
pub(super) fn sets_session(answer: &HeaderMap) -> bool {
    let set = answer
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok());
    set.filter_map(|cookie| cookie.split_once('=')).any(|(cookie, _)| {
        [true, false]
            .map(|secure| name(ACCESS, secure))
            .iter()
            .any(|own| own == cookie)
    })
}

/// The number of the flash that waits for this browser.
pub(super) fn read_flash(config: &Config, headers: &HeaderMap) -> Option<String> {
    cookie(headers, &name(FLASH, secure(config, headers))).map(str::to_owned)
}

/// The `Set-Cookie` value that names a flash, or the one that clears it.
pub(super) fn flash_cookie(config: &Config, request: &HeaderMap, id: Option<&str>) -> Option<HeaderValue> {
    let secure = secure(config, request);
    let (flags, age) = (if secure { "; Secure" } else { "" }, if id.is_some() { 60 } else { 0 });
    let text = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{flags}",
        name(FLASH, secure),
        id.unwrap_or_default()
    );
    HeaderValue::from_str(&text).ok()
}

/// The value of one cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The session cookies of a request.
pub(super) fn read(config: &Config, headers: &HeaderMap) -> Cookies {
    let secure = secure(config, headers);
    let get = |c: &str| {
        cookie(headers, &name(c, secure))
            .filter(|v| v.len() <= 2_048)
            .map(str::to_owned)
    };
    Cookies {
        access: get(ACCESS),
        refresh: get(REFRESH),
    }
}

/// The `Set-Cookie` values for a new session, or the ones that clear it.
pub fn session_cookies(config: &Config, request: &HeaderMap, session: Option<&NewSession>) -> Vec<HeaderValue> {
    let secure = secure(config, request);
    let flags = if secure { "; Secure" } else { "" };
    let one = |cookie: &str, value: &str, max_age: i64| {
        let text = format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{flags}",
            name(cookie, secure)
        );
        HeaderValue::from_str(&text).ok()
    };
    let pair = match session {
        Some(s) => [
            one(ACCESS, &s.access, s.max_age_seconds),
            one(REFRESH, &s.refresh, s.max_age_seconds),
        ],
        None => [one(ACCESS, "", 0), one(REFRESH, "", 0)],
    };
    pair.into_iter().flatten().collect()
}
