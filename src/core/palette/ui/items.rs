//! What the palette lists, and in which order.

use super::{Found, recent::Recent};
use crate::{
    core::{
        palette::{EVERYWHERE, PALETTE_LINKS, model::score},
        plugin::NavItem,
    },
    ui::Command,
};
use leptos::prelude::*;

/// Lines shown at once.
const MOST_ITEMS: usize = 50;
/// What was chosen lately goes before what fits equally well.
const RECENT_BONUS: i32 = 60;

/// One line.
#[derive(Clone)]
pub(super) struct Item {
    pub title: String,
    pub detail: String,
    pub icon: &'static str,
    pub keys: &'static str,
    pub does: Does,
}

#[derive(Clone)]
pub(super) enum Does {
    /// Goes to a path below the base path.
    Go(String),
    Run(Callback<()>),
}

/// What the page knows without asking: commands of what is shown, pages, links, and the commands of every page.
pub(super) fn local(nav: &[NavItem], commands: Vec<Command>) -> Vec<Item> {
    let command = |command: Command| Item {
        title: command.label.try_get().unwrap_or_default(),
        detail: command.scope.to_owned(),
        icon: command.icon.unwrap_or("right"),
        keys: command.keys,
        does: Does::Run(command.run),
    };
    let (everywhere, here): (Vec<_>, Vec<_>) = commands.into_iter().partition(|c| c.scope == EVERYWHERE);
    let page = |title: &str, icon, keys, path: &str| Item {
        title: title.to_owned(),
        detail: "Page".to_owned(),
        icon,
        keys,
        does: Does::Go(path.to_owned()),
    };
    let pages = nav.iter().map(|item| page(item.label, item.icon, item.keys, item.path));
    let links = PALETTE_LINKS
        .all()
        .into_iter()
        .map(|link| page(link.title, link.icon, "", link.path));
    let here = here.into_iter().map(command);
    here.chain(pages)
        .chain(links)
        .chain(everywhere.into_iter().map(command))
        .collect()
}

/// Without a query what was chosen lately, then everything at hand; with one what fits it, best first.
pub(super) fn listed(query: &str, recent: &[Recent], local: Vec<Item>, found: &[Found]) -> Vec<Item> {
    let lately = recent.iter().map(|hit| go(hit.clone(), "clock"));
    let mut all: Vec<Item> = lately.chain(local).collect();
    all.extend(found.iter().map(|(icon, hit)| go(hit.clone(), icon)));
    if query.trim().is_empty() {
        return once(all);
    }
    let mut ranked: Vec<(i32, Item)> = all
        .into_iter()
        .filter_map(|item| {
            let known = recent
                .iter()
                .any(|hit| matches!(&item.does, Does::Go(path) if *path == hit.path));
            let score = score(query, &item.title, &item.detail)?;
            Some((score + RECENT_BONUS * i32::from(known), item))
        })
        .collect();
    ranked.sort_by(|(a, _), (b, _)| b.cmp(a));
    once(ranked.into_iter().map(|(_, item)| item).collect())
}

fn go(hit: Recent, icon: &'static str) -> Item {
    Item {
        title: hit.title,
        detail: hit.detail,
        icon,
        keys: "",
        does: Does::Go(hit.path),
    }
}

/// The first line of each address, and no more than a list can show.
fn once(items: Vec<Item>) -> Vec<Item> {
    let mut seen = Vec::new();
    let mut out = Vec::new();
    for item in items {
        if let Does::Go(path) = &item.does {
            if seen.contains(path) {
                continue;
            }
            seen.push(path.clone());
        }
        out.push(item);
    }
    out.truncate(MOST_ITEMS);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::palette::model::Hit;

    fn hit(title: &str) -> Hit {
        Hit {
            title: title.to_owned(),
            detail: "Container on alpha".to_owned(),
            path: format!("/containers/{title}"),
        }
    }

    fn titles(query: &str, recent: &[Hit], found: &[Hit]) -> Vec<String> {
        let nav = [NavItem {
            path: "/machines",
            label: "Machines",
            icon: "machines",
            keys: "g m",
            order: 1,
        }];
        let found: Vec<Found> = found.iter().map(|hit| ("containers", hit.clone())).collect();
        let owner = Owner::new();
        let items = owner.with(|| listed(query, recent, local(&nav, Vec::new()), &found));
        items.into_iter().map(|item| item.title).collect()
    }

    #[test]
    fn without_a_query_what_was_chosen_lately_comes_first() {
        assert_eq!(titles("", &[hit("web")], &[]), ["web", "Machines"]);
    }

    #[test]
    fn an_address_stands_there_once_and_a_recent_one_before_its_like() {
        assert_eq!(
            titles("web", &[hit("web-9")], &[hit("web-1"), hit("web-9")]),
            ["web-9", "web-1"]
        );
    }

    #[test]
    fn what_does_not_fit_is_not_listed() {
        assert_eq!(titles("mach", &[hit("web")], &[]), ["Machines"]);
        assert!(titles("zzz", &[hit("web")], &[hit("db")]).is_empty());
    }
}
