//! What only a browser can do. `browser_stub.rs` has the same functions for the server, where no
//! handler or Effect ever runs them.

use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlDialogElement, HtmlDocument, HtmlElement, HtmlFormElement, HtmlInputElement, HtmlTextAreaElement};

/// Milliseconds since 1970 by this device's clock.
#[expect(clippy::cast_possible_truncation, reason = "a date is far below 2^53")]
pub fn now_millis() -> i64 {
    js_sys::Date::now() as i64
}

/// The instant in this device's time zone and language.
#[expect(clippy::cast_precision_loss, reason = "a date is far below 2^53")]
pub fn local_text(millis: i64) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(millis as f64));
    date.to_locale_string("default", &JsValue::UNDEFINED).into()
}

/// The value of `data-theme` on the root element.
pub fn theme_attribute() -> Option<String> {
    document().document_element()?.get_attribute("data-theme")
}

pub fn set_theme_attribute(theme: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-theme", theme);
    }
}

/// Sets a cookie for a year, readable by the server.
pub fn remember(name: &str, value: &str, path: &str) {
    if let Some(document) = document().dyn_ref::<HtmlDocument>() {
        let _ = document.set_cookie(&format!("{name}={value}; Path={path}; Max-Age=31536000; SameSite=Lax"));
    }
}

/// Copies by a selection: works on plain http too, where the clipboard interface does not exist.
pub fn copy_text(text: &str) -> bool {
    let (Some(body), Ok(area)) = (document().body(), document().create_element("textarea")) else {
        return false;
    };
    let Ok(area) = area.dyn_into::<HtmlTextAreaElement>() else {
        return false;
    };
    let focused = document().active_element();
    area.set_value(text);
    area.set_class_name("sr-only");
    let _ = body.append_child(&area);
    area.select();
    let done = document()
        .dyn_ref::<HtmlDocument>()
        .is_some_and(|d| d.exec_command("copy").unwrap_or(false));
    area.remove();
    if let Some(focused) = focused.and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        let _ = focused.focus();
    }
    done
}

/// Opens the dialog as a modal one, unless it is open.
pub fn show_modal(dialog: &HtmlDialogElement) {
    if !dialog.open() {
        let _ = dialog.show_modal();
    }
}

/// Closes the dialog that the event happened in.
pub fn close_dialog(event: &ev::Event) {
    let dialog = target(event).and_then(|e| e.closest("dialog").ok().flatten());
    if let Some(dialog) = dialog.and_then(|e| e.dyn_into::<HtmlDialogElement>().ok()) {
        dialog.close();
        let _ = dialog.hide_popover();
    }
}

/// Hides the popover that a link was followed in (a page change without a load leaves it open), or that an item of
/// a menu was chosen in.
pub fn close_popover(event: &ev::Event) {
    let Some(target) = target(event) else { return };
    if target.closest("a, .menu-item").ok().flatten().is_none() {
        return;
    }
    let popover = target.closest(":popover-open").ok().flatten();
    if let Some(popover) = popover.and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        let _ = popover.hide_popover();
    }
}

/// The value of the checkbox that was clicked in a list of `targets[]`, and whether it is on now.
pub fn clicked_box(event: &ev::MouseEvent) -> Option<(String, bool)> {
    let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
    (input.name() == "targets[]").then(|| (input.value(), input.checked()))
}

/// Whether the event comes from a field for searching, which is followed as one types.
pub fn is_search(event: &ev::Event) -> bool {
    let input = target(event).and_then(|e| e.dyn_into::<HtmlInputElement>().ok());
    input.is_some_and(|input| input.type_() == "search")
}

/// What the form around the event's target says, as a query string. Fields that only add something (`data-once`)
/// are emptied.
pub fn form_query(event: &ev::Event) -> Option<String> {
    let form: HtmlFormElement = target(event)?.closest("form").ok()??.dyn_into().ok()?;
    let data = web_sys::FormData::new_with_form(&form).ok()?;
    let query = web_sys::UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?;
    let once = form.query_selector_all("input[data-once]").ok()?;
    for field in (0..once.length()).filter_map(|i| once.item(i)) {
        if let Ok(field) = field.dyn_into::<HtmlInputElement>() {
            field.set_value("");
        }
    }
    query.to_string().as_string()
}

/// The key of an event as shortcuts name it; `None` where it is not theirs: held with a modifier, typed into a
/// field, pressed on a control, or meant for an open dialog or menu.
pub fn shortcut_key(event: &ev::KeyboardEvent) -> Option<String> {
    const TYPED_INTO: &str = "textarea, select, input:not([type=checkbox]):not([type=radio])";
    let inside = |selector: &str| target(event).is_some_and(|t| t.closest(selector).ok().flatten().is_some());
    let held = event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented();
    let open = document()
        .query_selector(":modal, :popover-open")
        .ok()
        .flatten()
        .is_some();
    let pressed = event.key() == "Enter" && inside("a, button, summary, input");
    (!held && !open && !pressed && !inside(TYPED_INTO)).then(|| event.key())
}

/// Puts the focus on the first element that the selector names.
pub fn focus_on(selector: &str) {
    if let Some(element) = document().query_selector(selector).ok().flatten()
        && let Ok(element) = element.dyn_into::<HtmlElement>()
    {
        let _ = element.focus();
    }
}

pub fn has_focus(selector: &str) -> bool {
    document()
        .active_element()
        .is_some_and(|active| active.matches(selector).unwrap_or(false))
}

/// The table row that the focus is in.
fn row() -> Option<web_sys::Element> {
    document().active_element()?.closest("tr[data-row]").ok()?
}

/// Whether a row itself has the focus, and nothing inside it.
pub fn row_has_focus() -> bool {
    has_focus("tr[data-row]")
}

/// Moves the focus `by` rows, to the first one from outside. The row that has it is the one that Tab comes back to.
pub fn step_row(by: i32) {
    let Ok(rows) = document().query_selector_all("tr[data-row]") else {
        return;
    };
    let rows: Vec<HtmlElement> = (0..rows.length())
        .filter_map(|i| rows.item(i)?.dyn_into().ok())
        .collect();
    let now = row().and_then(|row| rows.iter().position(|other| **other == row));
    let next = now.map_or(0, |now| now.saturating_add_signed(by as isize));
    if let Some(next) = rows.get(next) {
        rows.iter().for_each(|row| row.set_tab_index(-1));
        next.set_tab_index(0);
        let _ = next.focus();
    }
}

/// Clicks what the selector names in the row that the focus is in.
pub fn click_in_row(selector: &str) {
    let found = row().and_then(|row| row.query_selector(selector).ok().flatten());
    if let Some(element) = found.and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        element.click();
    }
}

fn target(event: &ev::Event) -> Option<web_sys::Element> {
    event.target().and_then(|t| t.dyn_into().ok())
}
