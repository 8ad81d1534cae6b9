//! How a page calls the server. Every server function names this client (`tests/it/architecture.rs` sees to it).

use super::live::client;
use crate::error::ErrorKind;
use bytes::Bytes;
use leptos::{
    prelude::*,
    server_fn::{
        client::{Client, browser::BrowserClient},
        error::FromServerFnError,
        request::browser::BrowserRequest,
        response::{ClientRes, browser::BrowserResponse},
    },
};

/// Header of every call: the build that made the page. The server refuses a call of another build.
pub const BUILD_HEADER: &str = "x-polly-build";

/// `fetch`, with the page's build; a refusal for it makes the page offer to reload.
pub struct PageClient;

impl<E, I, O> Client<E, I, O> for PageClient
where
    E: FromServerFnError,
    I: FromServerFnError,
    O: FromServerFnError,
{
    type Request = BrowserRequest;
    type Response = BrowserResponse;

    fn send(request: BrowserRequest) -> impl Future<Output = Result<BrowserResponse, E>> + Send {
        if let Some(build) = page_build() {
            request.headers().set(BUILD_HEADER, &build);
        }
        let answer = <BrowserClient as Client<E, I, O>>::send(request);
        async move {
            let answer = answer.await?;
            if ClientRes::<E>::status(&answer) == ErrorKind::Outdated.status() {
                client::outdated();
            }
            Ok(answer)
        }
    }

    fn open_websocket(
        path: &str,
    ) -> impl Future<
        Output = Result<
            (
                impl futures::Stream<Item = Result<Bytes, Bytes>> + Send + 'static,
                impl futures::Sink<Bytes> + Send + 'static,
            ),
            E,
        >,
    > + Send {
        <BrowserClient as Client<E, I, O>>::open_websocket(path)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<E, I, O>>::spawn(future);
    }
}

fn page_build() -> Option<String> {
    document().document_element()?.get_attribute("data-build")
}
