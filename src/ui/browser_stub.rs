//! The server's side of `browser.rs`: handlers and Effects do not run there, so nothing happens.

use super::chart::{Plot, Unit};
use leptos::ev;
use leptos::web_sys::{HtmlDialogElement, HtmlElement};

pub fn now_millis() -> i64 {
    0
}
pub fn local_text(_millis: i64) -> String {
    String::new()
}
pub fn theme_attribute() -> Option<String> {
    None
}
pub fn set_theme_attribute(_theme: &str) {}
pub fn set_cookie(_cookie: &str) {}
pub fn pressed_key(_event: &ev::KeyboardEvent) -> Option<String> {
    None
}
pub fn plain_click(_event: &ev::MouseEvent) -> bool {
    false
}
pub fn focus(_element: &HtmlElement) {}
pub fn reveal(_id: &str) {}
pub fn submit(_id: &str) {}
pub fn reload() {}
pub fn stored(_key: &str) -> Option<String> {
    None
}
pub fn store(_key: &str, _value: &str) {}
pub fn copy_text(_text: &str) -> bool {
    false
}
pub fn show_modal(_dialog: &HtmlDialogElement) {}
pub fn close_dialog(_event: &ev::Event) {}
pub fn close_popover(_event: &ev::Event) {}
pub fn load_widget(_name: &str) {}
pub(super) fn draw(_element: &HtmlElement, _unit: Unit, _plot: &Plot) {}
pub fn clicked_box(_event: &ev::MouseEvent) -> Option<(String, bool)> {
    None
}
pub fn is_search(_event: &ev::Event) -> bool {
    false
}
pub fn form_query(_event: &ev::Event) -> Option<String> {
    None
}
pub fn focus_on(_selector: &str) {}
pub fn has_focus(_selector: &str) -> bool {
    false
}
pub fn row_has_focus() -> bool {
    false
}
pub fn step_row(_by: i32) {}
pub fn click_in_row(_selector: &str) {}
pub fn scroll_to_end(_area: &HtmlElement) {}
pub fn at_end(_area: &HtmlElement) -> Option<bool> {
    None
}
pub fn turned_up(_event: &ev::WheelEvent) -> bool {
    false
}
pub fn show_line(_area: &HtmlElement, _key: u64) {}
