//! What a plugin says about itself on both targets. The server's side of the contract is
//! `core::server::plugin::PluginServer`.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::{any::Any, collections::HashMap, marker::PhantomData, sync::Arc};

/// The name of a plugin: lower case, also the prefix of its topics, actions, job kinds and migrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct PluginId(pub &'static str);

/// One entry of the left rail.
#[derive(Clone, Copy, Debug)]
pub struct NavItem {
    /// Path below the base path, beginning with `/`.
    pub path: &'static str,
    pub label: &'static str,
    /// Name of an icon in `ui::icon`.
    pub icon: &'static str,
    /// The keys that go there: `g m`.
    pub keys: &'static str,
    /// Place in the rail; lower is higher.
    pub order: i32,
}

/// One setting of a plugin, kept in the settings table under `<plugin>.<name>`.
#[derive(Clone, Copy, Debug)]
pub struct SettingSpec {
    pub name: &'static str,
    pub help: &'static str,
    pub default: &'static str,
}

/// Everything about a plugin that both targets know.
#[derive(Clone, Copy, Debug)]
pub struct PluginMeta {
    pub id: PluginId,
    pub title: &'static str,
    pub version: &'static str,
    pub depends_on: &'static [PluginId],
    /// Names of the actions it declares (`docker.containers.start`).
    pub permissions: &'static [&'static str],
    pub settings: &'static [SettingSpec],
    pub nav: &'static [NavItem],
}

/// What the settings page shows of one plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginStatus {
    pub id: String,
    pub title: String,
    pub version: String,
    pub depends_on: Vec<String>,
    pub running: bool,
    /// Why it is not healthy, in a sentence; `None` when all is well.
    pub problem: Option<String>,
}

/// A place in a page that other plugins may fill. The owner declares it in its `slots.rs`, the
/// others are registered in `plugins/mod.rs`, and the page finds them in the [`Slots`] of the context.
pub struct Slot<P: 'static> {
    pub name: &'static str,
    _props: PhantomData<fn(P)>,
}

/// One widget of a slot.
pub struct Widget<P: 'static> {
    pub plugin: PluginId,
    pub title: &'static str,
    pub view: fn(P) -> AnyView,
}

/// A place for anything else that plugins give: sources of the palette. Registered beside the widgets.
pub struct Offers<T: 'static> {
    pub name: &'static str,
    _kind: PhantomData<fn() -> T>,
}

impl<T: Clone + Send + Sync + 'static> Offers<T> {
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            _kind: PhantomData,
        }
    }
    /// Everything that was given, in registry order.
    pub fn all(&self) -> Vec<T> {
        let slots = use_context::<Slots>().unwrap_or_default();
        let given = slots.0.get(self.name).map(Vec::as_slice).unwrap_or_default();
        given
            .iter()
            .filter_map(|one| one.downcast_ref::<T>().cloned())
            .collect()
    }
}

/// Every filled slot, by name. Built once by the registry, given to the pages by context.
#[derive(Clone, Default)]
pub struct Slots(Arc<HashMap<&'static str, Vec<Arc<dyn Any + Send + Sync>>>>);

impl<P: 'static> Slot<P> {
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            _props: PhantomData,
        }
    }
    /// The slot's widgets rendered with `props`, in registry order; none when nobody fills it.
    pub fn render(&self, props: &P) -> Vec<(&'static str, AnyView)>
    where
        P: Clone,
    {
        self.widgets(|w| Some((w.title, (w.view)(props.clone()))))
    }
    /// The titles of the slot's widgets, in registry order: for tabs, of which one is rendered.
    pub fn titles(&self) -> Vec<&'static str> {
        self.widgets(|w| Some(w.title))
    }
    /// The widget of this title rendered with `props`.
    pub fn render_one(&self, title: &str, props: P) -> Option<AnyView>
    where
        P: Clone,
    {
        self.widgets(|w| (w.title == title).then(|| (w.view)(props.clone())))
            .pop()
    }

    fn widgets<T>(&self, of: impl FnMut(&Widget<P>) -> Option<T>) -> Vec<T> {
        let slots = use_context::<Slots>().unwrap_or_default();
        let widgets = slots.0.get(self.name).map(Vec::as_slice).unwrap_or_default();
        let typed = widgets.iter().filter_map(|w| w.downcast_ref::<Widget<P>>());
        typed.filter_map(of).collect()
    }
}

impl Slots {
    /// Adds one widget; the type of the slot and of the widget must agree, so a wrong one cannot be given.
    #[must_use]
    pub fn with<P: 'static>(self, slot: &Slot<P>, widget: Widget<P>) -> Self {
        self.put(slot.name, Arc::new(widget))
    }

    /// Adds one thing to `offers`.
    #[must_use]
    pub fn offer<T: Send + Sync + 'static>(self, offers: &Offers<T>, one: T) -> Self {
        self.put(offers.name, Arc::new(one))
    }

    fn put(self, name: &'static str, one: Arc<dyn Any + Send + Sync>) -> Self {
        let mut map = Arc::unwrap_or_clone(self.0);
        map.entry(name).or_default().push(one);
        Self(Arc::new(map))
    }
}
