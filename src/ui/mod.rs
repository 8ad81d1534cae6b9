//! The shared primitives of every page: one file each, plain markup with the classes of `style/`.
//!
//! All of them render whole on the server and work without script where that is possible at all
//! (links, forms, HTML popovers); what needs script has the class `needs-script` and is hidden
//! without it. What only a browser can do stands in [`browser`], which does nothing on the server.

pub mod ansi;
pub mod arrival;
pub mod badge;
#[cfg_attr(feature = "ssr", path = "browser_stub.rs")]
pub mod browser;
pub mod button;
pub mod chart;
pub mod copy;
pub mod dialog;
pub mod empty;
pub mod error;
pub mod field;
pub mod form;
pub mod format;
pub mod frame;
pub mod header;
pub mod icon;
pub mod lazy;
pub mod link;
pub mod log_view;
pub mod menu;
pub mod shortcuts;
pub mod skeleton;
pub mod sparkline;
pub mod table;
pub mod tabs;
pub mod theme;
pub mod time;
pub mod toast;

pub use arrival::{Heading, provide_arrival};
pub use badge::{ConnBadge, StateBadge, Tone};
pub use button::{Button, LinkButton, Variant};
pub use chart::{Chart, ChartLine, Unit};
pub use copy::{CopyButton, Snippet};
pub use dialog::{Confirm, DialogActions, Modal};
pub use empty::EmptyState;
pub use error::{ErrorBox, FormError, Note};
pub use field::{Choice, Field, TextArea};
pub use form::PostForm;
pub use frame::{AppFrame, AuthFrame};
pub use header::{Crumb, PageHeader, PageTitle};
pub use icon::Icon;
pub use lazy::FetchBar;
pub use link::web_link;
pub use log_view::{LogStore, LogView};
pub use menu::Menu;
pub use shortcuts::{
    Command, Keys, ShortcutHelp, Shortcuts, command, command_while, provide_shortcuts, shortcut, use_shortcuts,
};
pub use skeleton::Skeleton;
pub use sparkline::Sparkline;
pub use table::{Column, Table};
pub use tabs::Tabs;
pub use theme::{Theme, ThemeChoice, ThemeSwitch, provide_theme};
pub use time::{Ago, provide_clock};
pub use toast::{ToastStack, Toasts, provide_toasts, use_toasts};
