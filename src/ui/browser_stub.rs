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
pub fn remember(_name: &str, _value: &str, _path: &str) {}
pub fn copy_text(_text: &str) -> bool {
    false
}
pub fn show_modal(_dialog: &HtmlDialogElement) {}
pub fn close_dialog(_event: &ev::Event) {}
pub fn close_popover(_event: &ev::Event) {}
pub fn load_widget(_name: &str) {}
pub(super) fn draw(_element: &HtmlElement, _unit: Unit, _plot: &Plot) {}
pub fn scroll_to_end(_area: &HtmlElement) {}
pub fn at_end(_area: &HtmlElement) -> Option<bool> {
    None
}
pub fn turned_up(_event: &ev::WheelEvent) -> bool {
    false
}
pub fn show_line(_area: &HtmlElement, _key: u64) {}
