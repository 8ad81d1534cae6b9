//! Errors of forms that were posted without script: kept here for a minute, shown once by the next page.
//! They never travel in an address: whoever can make somebody follow a link could put words on our pages.

use super::{MAX_BODY_BYTES, cookies, request::answer};
use crate::{
    core::{
        flash::{Flash, is_secret},
        server::state::Core,
    },
    error::AppError,
};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use rand::RngCore;
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use url::{Url, form_urlencoded};

/// More than this wait for their page only if somebody makes them; the oldest goes.
const MOST_KEPT: usize = 512;
const KEPT_FOR: Duration = Duration::from_secs(60);
/// A form with more than this is not given back; its error is.
const MOST_FIELD_BYTES: usize = 8 << 10;
/// Names under which server_fn writes an error into an address.
const IN_ADDRESS: [&str; 2] = ["__path", "__err"];

/// The flashes that wait for their page.
#[derive(Default)]
pub struct Flashes(Mutex<VecDeque<Kept>>);

struct Kept {
    id: String,
    until: Instant,
    flash: Flash,
}

impl Flashes {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Keeps it; gives the number that takes it out again.
    fn keep(&self, flash: Flash) -> String {
        let mut bytes = [0_u8; 16];
        rand::thread_rng().fill_bytes(&mut bytes);
        let id = hex::encode(bytes);
        let mut all = self.lock();
        all.retain(|kept| kept.until > Instant::now());
        let surplus = (all.len() + 1).saturating_sub(MOST_KEPT);
        all.drain(..surplus);
        all.push_back(Kept {
            id: id.clone(),
            until: Instant::now() + KEPT_FOR,
            flash,
        });
        id
    }
    fn take(&self, id: &str) -> Option<Flash> {
        let mut all = self.lock();
        let place = all.iter().position(|kept| kept.id == id)?;
        all.remove(place)
            .filter(|kept| kept.until > Instant::now())
            .map(|kept| kept.flash)
    }
}

/// What a form without script holds, secrets left out; `None` for any other request.
pub(super) async fn fields(request: Request) -> Result<(Request, Option<Vec<(String, String)>>), Response> {
    if !is_plain_form(request.headers()) {
        return Ok((request, None));
    }
    let (parts, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MAX_BODY_BYTES).await else {
        return Err(answer(&AppError::invalid("form", "The form is too large.")).into_response());
    };
    let kept = form_urlencoded::parse(&bytes).filter(|(name, _)| !is_secret(name));
    let mut fields: Vec<(String, String)> = kept
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    if fields
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum::<usize>()
        > MOST_FIELD_BYTES
    {
        fields.clear();
    }
    Ok((Request::from_parts(parts, Body::from(bytes)), Some(fields)))
}

fn is_plain_form(headers: &HeaderMap) -> bool {
    let says = |name, what: &str| {
        headers
            .get(name)
            .is_some_and(|v: &HeaderValue| v.to_str().is_ok_and(|v| v.contains(what)))
    };
    says(header::ACCEPT, "text/html") && says(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
}

/// Takes the error out of the address that the answer sends the browser to, and keeps it for the page there.
pub(super) fn out_of_the_address(
    core: &Core,
    request: &HeaderMap,
    fields: Vec<(String, String)>,
    mut response: Response,
) -> Response {
    let location = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
    let Some(mut url) = location.and_then(|text| text.parse::<Url>().ok()) else {
        return response;
    };
    let find = |name: &str| {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let [path, error] = IN_ADDRESS.map(find);
    let (Some(path), Some(error)) = (path, error) else {
        // What server_fn leaves of the way back when there was no error.
        if url.query() == Some("") {
            url.set_query(None);
            lead_to(&mut response, &url);
        }
        return response;
    };
    let plain = without(url.query().unwrap_or_default());
    url.set_query(plain.as_deref());
    let id = core.flashes.keep(Flash { path, error, fields });
    lead_to(&mut response, &url);
    if let Some(cookie) = cookies::flash_cookie(&core.config, request, Some(&id)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn lead_to(response: &mut Response, url: &Url) {
    if let Ok(value) = HeaderValue::from_str(url.as_str()) {
        response.headers_mut().insert(header::LOCATION, value);
    }
}

/// The way to the same page for an address that holds an error: nobody but us writes those, and we do not.
pub(super) fn detour(uri: &Uri) -> Option<Response> {
    let query = uri.query()?;
    let forged = form_urlencoded::parse(query.as_bytes()).any(|(key, _)| IN_ADDRESS.contains(&&*key));
    forged.then(|| {
        // "//host" and "/\\host" would lead to another server.
        let path = uri.path().trim_start_matches(['/', '\\']);
        let query = without(query).map(|q| format!("?{q}")).unwrap_or_default();
        Redirect::to(&format!("/{path}{query}")).into_response()
    })
}

fn without(query: &str) -> Option<String> {
    let rest = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| !IN_ADDRESS.contains(&&**key));
    let text = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(rest)
        .finish();
    (!text.is_empty()).then_some(text)
}

/// The flash of a request for a page.
pub(super) fn take(core: &Core, request: &HeaderMap) -> Option<Flash> {
    core.flashes.take(&cookies::read_flash(&core.config, request)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flash(path: &str) -> Flash {
        Flash {
            path: path.to_owned(),
            error: String::new(),
            fields: Vec::new(),
        }
    }

    #[test]
    fn a_flash_is_shown_once_and_their_number_is_bounded() {
        let flashes = Flashes::default();
        let first = flashes.keep(flash("first"));
        let id = flashes.keep(flash("second"));
        assert_eq!(flashes.take(&id).unwrap().path, "second");
        assert!(flashes.take(&id).is_none());
        (0..MOST_KEPT).for_each(|_| drop(flashes.keep(flash("more"))));
        assert!(flashes.take(&first).is_none(), "the oldest went");
        assert_eq!(flashes.lock().len(), MOST_KEPT);
    }

    #[test]
    fn wb_08_a_forged_error_leads_to_the_same_page_of_this_server() {
        let to = |uri: &'static str| {
            let response = detour(&Uri::from_static(uri))?;
            Some(response.headers()[header::LOCATION].to_str().unwrap().to_owned())
        };
        assert_eq!(
            to("/login?next=%2Fa&__err=eyJ9&__path=%2Fapi").as_deref(),
            Some("/login?next=%2Fa")
        );
        assert_eq!(to("/login?__path=x").as_deref(), Some("/login"));
        assert_eq!(to("//evil.example/?__err=x").as_deref(), Some("/evil.example/"));
        assert_eq!(to("/\\evil.example/?__err=x").as_deref(), Some("/evil.example/"));
        assert_eq!(to("/login?next=__err"), None);
    }
}
