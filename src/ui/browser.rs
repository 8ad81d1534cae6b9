//! What only a browser can do. `browser_stub.rs` has the same functions for the server, where no
//! handler or Effect ever runs them.

use super::chart::{Plot, Unit};
use leptos::{ev, prelude::*};
use std::{cell::RefCell, collections::HashMap};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
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
    root_attribute("data-theme")
}

pub fn set_theme_attribute(theme: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-theme", theme);
    }
}

/// Sets a cookie, given as `Set-Cookie` has it.
pub fn set_cookie(cookie: &str) {
    if let Some(document) = document().dyn_ref::<HtmlDocument>() {
        let _ = document.set_cookie(cookie);
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

/// Opens the dialog as a modal one, unless it is open. A click beside it closes it.
pub fn show_modal(dialog: &HtmlDialogElement) {
    if !dialog.open() {
        let _ = dialog.set_attribute("closedby", "any");
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

/// The key of an event as shortcuts name it; `None` where it is not theirs: a modifier alone, text that is typed
/// into a field, a button that is pressed, anything behind a modal dialog.
pub fn pressed_key(event: &ev::KeyboardEvent) -> Option<String> {
    let key = event.key();
    let alone = matches!(
        key.as_str(),
        "Shift" | "Control" | "Meta" | "Alt" | "Dead" | "Unidentified" | ""
    );
    if event.default_prevented() || event.is_composing() || event.alt_key() || alone {
        return None;
    }
    if event.ctrl_key() || event.meta_key() {
        return Some(format!("Mod+{}", key.to_lowercase()));
    }
    let inside = |selector: &str| target(event).is_some_and(|t| t.closest(selector).ok().flatten().is_some());
    let taken = inside(TYPED_INTO) || (matches!(key.as_str(), "Enter" | " ") && inside("a, button, summary, input"));
    let behind = document()
        .query_selector(":modal, :popover-open")
        .ok()
        .flatten()
        .is_some();
    match () {
        () if taken || behind => None,
        () if key == " " => Some("Space".to_owned()),
        () if event.shift_key() && key.chars().count() > 1 => Some(format!("Shift+{key}")),
        () => Some(key),
    }
}

/// Where keys are text.
const TYPED_INTO: &str = "input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=submit]), textarea, select, [contenteditable=true]";

/// A click that only means "here": no other button, no modifier that opens a new tab.
pub fn plain_click(event: &ev::MouseEvent) -> bool {
    event.button() == 0 && !event.ctrl_key() && !event.meta_key() && !event.shift_key() && !event.alt_key()
}

pub fn focus(element: &HtmlElement) {
    let _ = element.focus();
}

/// Scrolls to an element, as little as needed.
pub fn reveal(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Sends a form of the page as a click on its button would.
pub fn submit(id: &str) {
    let form = document()
        .get_element_by_id(id)
        .and_then(|e| e.dyn_into::<web_sys::HtmlFormElement>().ok());
    if let Some(form) = form {
        let _ = form.request_submit();
    }
}

pub fn reload() {
    let _ = window().location().reload();
}

/// What this browser keeps under `key`.
pub fn stored(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

pub fn store(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(key, value);
    }
}

/// Loads the custom element of `web/<name>` once. A script that a trusted one adds is trusted itself ('strict-dynamic').
pub fn load_widget(name: &str) {
    let (id, package) = (format!("widget-{name}"), root_attribute("data-package"));
    let (Some(head), Some(package)) = (document().head(), package) else {
        return;
    };
    if document().get_element_by_id(&id).is_some() {
        return;
    }
    if let Ok(script) = document().create_element("script") {
        script.set_id(&id);
        let _ = script.set_attribute("type", "module");
        let _ = script.set_attribute("src", &format!("{package}/{name}.js"));
        let _ = head.append_child(&script);
    }
}

/// Hands `plot` to a `<polly-chart>`, before or after its class is loaded.
#[expect(clippy::cast_precision_loss, reason = "a date is far below 2^53")]
pub(super) fn draw(element: &HtmlElement, unit: Unit, plot: &Plot) {
    let data = js_sys::Object::new();
    let at: js_sys::Array = plot.at.iter().map(|at| JsValue::from_f64(*at as f64)).collect();
    let lines = plot.lines.iter().map(|(title, values)| {
        let line = js_sys::Object::new();
        let values: js_sys::Array = values
            .iter()
            .map(|v| v.map_or(JsValue::NULL, JsValue::from_f64))
            .collect();
        set(&line, "title", &JsValue::from_str(title));
        set(&line, "values", &values);
        line
    });
    set(&data, "at", &at);
    set(&data, "lines", &lines.collect::<js_sys::Array>());
    set(element, "text", &text_of(unit));
    set(element, "data", &data);
}

/// `(value, short) => text`, made once per unit and kept: a chart may ask until it is gone.
fn text_of(unit: Unit) -> JsValue {
    thread_local! {
        static TEXTS: RefCell<HashMap<&'static str, JsValue>> = RefCell::default();
    }
    let make = || {
        let text = move |value: f64, short: bool| if short { unit.short(value) } else { unit.text(value) };
        Closure::<dyn Fn(f64, bool) -> String>::new(text).into_js_value()
    };
    TEXTS.with_borrow_mut(|texts| texts.entry(unit.as_str()).or_insert_with(make).clone())
}

fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = js_sys::Reflect::set(object, &JsValue::from_str(name), value);
}

fn root_attribute(name: &str) -> Option<String> {
    document().document_element()?.get_attribute(name)
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

/// How near the end of its content an element counts as scrolled to it, in pixels.
const NEAR: i32 = 24;

thread_local! {
    /// How high the content was when it was last scrolled to its end.
    static HEIGHT: std::cell::Cell<i32> = const { std::cell::Cell::new(0) };
}

pub fn scroll_to_end(area: &HtmlElement) {
    let height = area.scroll_height();
    HEIGHT.set(height);
    area.set_scroll_top(height);
}

/// Whether the element is scrolled to its end; `None` where that cannot be told, because lines came in since
/// [`scroll_to_end`] and it is their coming that is seen.
pub fn at_end(area: &HtmlElement) -> Option<bool> {
    let height = area.scroll_height();
    if height - area.scroll_top() - area.client_height() <= NEAR {
        return Some(true);
    }
    (height == HEIGHT.get()).then_some(false)
}

/// Whether the wheel was turned towards the beginning.
pub fn turned_up(event: &ev::WheelEvent) -> bool {
    event.delta_y() < 0.0
}

/// Brings the line with this `data-line` into the middle of its log.
pub fn show_line(area: &HtmlElement, key: u64) {
    let line = area.query_selector(&format!("[data-line=\"{key}\"]")).ok().flatten();
    if let Some(line) = line.and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        area.set_scroll_top(line.offset_top() - area.client_height() / 2);
    }
}
