//! Pages whose code the browser fetches when one of them is opened.
//!
//! The bundle is one program that the build splits: what every page needs, and parts with the pages. Pages that
//! share much are one part, for a part is one request.

use super::ErrorBox;
#[cfg(feature = "ssr")]
use crate::core::url::url;
use crate::error::AppError;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use std::sync::LazyLock;

/// Makes `$route`, which stands in the list of routes as `view={Lazy::<$route>::new()}`, of the page `$page` in the
/// part `$part`. On the server it is the page, and the head of the document tells the browser what to fetch.
#[rustfmt::skip]
macro_rules! lazy_page {
    ($part:ident, $route:ident = $page:path) => {
        pub struct $route;
        const _: () = {
            #[cfg_attr(not(feature = "ssr"), leptos::wasm_split::wasm_split(
                $part, wasm_split_path = leptos::wasm_split, preload(load), fallible
            ))]
            #[allow(non_snake_case, reason = "the seam's name is made of it, and must be its own")]
            fn $route() -> Result<leptos::prelude::AnyView, $crate::ui::lazy::NotFetched> {
                Ok(leptos::prelude::IntoAny::into_any($page()))
            }
            impl leptos_router::LazyRoute for $route {
                fn data() -> Self {
                    Self
                }
                #[cfg(feature = "ssr")]
                async fn view(_: Self) -> leptos::prelude::AnyView {
                    $crate::ui::lazy::preload(stringify!($part));
                    $route().unwrap_or_else($crate::ui::lazy::not_fetched)
                }
                #[cfg(not(feature = "ssr"))]
                async fn view(_: Self) -> leptos::prelude::AnyView {
                    $route().await.unwrap_or_else($crate::ui::lazy::not_fetched)
                }
                // The browser takes over only a page that is there at once.
                #[cfg(not(feature = "ssr"))]
                async fn preload() {
                    $crate::ui::lazy::fetching(load()).await;
                }
            }
        };
    };
}
pub(crate) use lazy_page;

/// Parts that are on their way: of this tab, for there is one router in it.
static FETCHING: LazyLock<ArcRwSignal<u32>> = LazyLock::new(ArcRwSignal::default);

/// Counts a part while it is on its way. Whether it came is told by the page that is made of it.
#[cfg(not(feature = "ssr"))]
pub async fn fetching<T>(part: impl Future<Output = T>) {
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            FETCHING.update(|count| *count -= 1);
        }
    }
    FETCHING.update(|count| *count += 1);
    let _counted = Counted;
    part.await;
}

/// A bar above the page while the next one is fetched.
#[component]
pub fn FetchBar() -> impl IntoView {
    let on = RwSignal::new(false);
    Effect::new(move |_| on.set(FETCHING.get() > 0));
    move || {
        on.get()
            .then(|| view! { <div class="fetch-bar" role="progressbar" aria-label="The page is being fetched"></div> })
    }
}

/// A part could not be fetched: the line is cut, or the server was replaced by another build.
pub struct NotFetched;

#[cfg(not(feature = "ssr"))]
impl From<leptos::wasm_split::SplitLoaderError> for NotFetched {
    fn from(_: leptos::wasm_split::SplitLoaderError) -> Self {
        Self
    }
}

/// What stands instead of a page that could not be fetched.
pub fn not_fetched(_: NotFetched) -> AnyView {
    let here = use_location();
    let query = here.query.with_untracked(|query| query.to_query_string());
    let retry = format!("{}{query}", here.pathname.get_untracked());
    let error = AppError::unavailable(
        "This page could not be fetched from the server. Check the connection; if the server was just updated, trying again brings the new version.",
    );
    view! { <ErrorBox error retry page=true /> }.into_any()
}

/// The files of each part of the bundle.
#[cfg(feature = "ssr")]
#[derive(Clone)]
pub struct Parts(pub std::sync::Arc<std::collections::HashMap<String, Vec<String>>>);

/// Says in the head of the document that this part is needed: it is fetched beside the rest, not after it.
#[cfg(feature = "ssr")]
pub fn preload(part: &str) {
    use leptos_meta::Link;
    let (Some(parts), Some(options)) = (use_context::<Parts>(), use_context::<LeptosOptions>()) else {
        return;
    };
    for file in parts.0.get(part).into_iter().flatten() {
        let href = url(&format!("/{}/{file}", options.site_pkg_dir));
        // A tag of the head is told of by being made; what it leaves in the page is nothing.
        let _ = view! { <Link rel="preload" href as_="fetch" type_="application/wasm" crossorigin="" /> }.to_html();
    }
}
