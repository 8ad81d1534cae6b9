//! What the address of the containers page says: filter, order, page and columns. One reading and one spelling,
//! for the page, for forms without script, and for the server that picks the rows. Whatever cannot be read is
//! left out: an address may come from anywhere.

use super::{ContainerState, Health};
use crate::core::live::model::View;
use std::fmt;

/// Rows of a page, unless the address says otherwise.
pub const PER_PAGE: u32 = 200;
/// Most rows of a page.
pub const MAX_PER_PAGE: u32 = 1_000;
/// Longest text of one value, in characters.
const MAX_TEXT: usize = 256;
/// Values of one filter.
const MAX_VALUES: usize = 64;

/// Gives the variants of an enum their spelling in the address, both ways.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($variant),+ }
        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
            fn read(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == word)
            }
        }
    };
}

words!(
    /// What the rows can be in order of.
    SortBy {
        Name = "name",
        Image = "image",
        State = "state",
        Health = "health",
        Host = "host",
        Cpu = "cpu",
        Memory = "memory",
        Network = "network",
        Age = "age",
    }
);

words!(
    /// Columns that can be left out.
    Cell {
        Image = "image",
        State = "state",
        Health = "health",
        Ports = "ports",
        Host = "host",
        Cpu = "cpu",
        Memory = "memory",
        Network = "network",
        Age = "age",
    }
);

/// The order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sort {
    pub by: SortBy,
    pub descending: bool,
}

impl Sort {
    /// By name where the text is none of ours.
    pub fn read(text: &str) -> Self {
        let (word, descending) = text.strip_prefix('-').map_or((text, false), |word| (word, true));
        SortBy::read(word).map_or_else(Self::default, |by| Self { by, descending })
    }
}
impl Default for Sort {
    fn default() -> Self {
        Self {
            by: SortBy::Name,
            descending: false,
        }
    }
}
impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.descending { "-" } else { "" }, self.by.as_str())
    }
}

/// What the address says. Several hosts, states, healths or images: any of them; several labels or tags: all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerQuery {
    /// Words that each occur in name, image, host or stack, or begin the id.
    pub words: String,
    /// Names or ids of machines.
    pub host: Vec<String>,
    pub state: Vec<ContainerState>,
    pub health: Vec<Health>,
    /// `key` or `key=value`.
    pub label: Vec<String>,
    /// Part of the image's name.
    pub image: Vec<String>,
    /// Tag of the machine.
    pub tag: Vec<String>,
    pub sort: Sort,
    /// From 1.
    pub page: u32,
    pub per: u32,
    pub cells: Vec<Cell>,
}

impl Default for ContainerQuery {
    fn default() -> Self {
        Self {
            words: String::new(),
            host: Vec::new(),
            state: Vec::new(),
            health: Vec::new(),
            label: Vec::new(),
            image: Vec::new(),
            tag: Vec::new(),
            sort: Sort::default(),
            page: 1,
            per: PER_PAGE,
            cells: Cell::ALL.to_vec(),
        }
    }
}

impl ContainerQuery {
    /// Reads a query string, with or without its `?`.
    pub fn read(text: &str) -> Self {
        let mut it = Self::default();
        let mut cells = Vec::new();
        for (name, value) in form_urlencoded::parse(text.trim_start_matches('?').as_bytes()) {
            let value = clean(&value);
            match &*name {
                "q" => it.words = value,
                "host" => add(&mut it.host, value),
                "label" => add(&mut it.label, value),
                "image" => add(&mut it.image, value),
                "tag" => add(&mut it.tag, value),
                "state" => it
                    .state
                    .extend(ContainerState::ALL.iter().filter(|s| s.as_str() == value)),
                "health" => it.health.extend(Health::ALL.iter().filter(|h| h.as_str() == value)),
                "sort" => it.sort = Sort::read(&value),
                "page" => it.page = value.parse().unwrap_or(1).max(1),
                "per" => it.per = value.parse().unwrap_or(PER_PAGE).clamp(1, MAX_PER_PAGE),
                "cols" => cells.extend(Cell::read(&value)),
                _ => {}
            }
        }
        it.state.sort_unstable();
        it.state.dedup();
        it.health.sort_unstable();
        it.health.dedup();
        cells.sort_unstable();
        cells.dedup();
        if !cells.is_empty() {
            it.cells = cells;
        }
        for list in [&mut it.host, &mut it.label, &mut it.image, &mut it.tag] {
            list.sort_unstable();
            list.dedup();
        }
        it
    }

    /// The filter alone, in its one spelling.
    pub fn filter_text(&self) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.filters() {
            out.append_pair(name, &value);
        }
        out.finish()
    }

    /// The filter as pairs of name and value, as chips show it.
    pub fn filters(&self) -> Vec<(&'static str, String)> {
        let words = (!self.words.is_empty()).then(|| ("q", self.words.clone()));
        let texts = [
            ("host", &self.host),
            ("image", &self.image),
            ("label", &self.label),
            ("tag", &self.tag),
        ];
        let texts = texts
            .into_iter()
            .flat_map(|(name, list)| list.iter().map(move |value| (name, value.clone())));
        let states = self.state.iter().map(|s| ("state", s.as_str().to_owned()));
        let healths = self.health.iter().map(|h| ("health", h.as_str().to_owned()));
        words.into_iter().chain(texts).chain(states).chain(healths).collect()
    }

    /// The same without one value of the filter, from the first page.
    #[must_use]
    pub fn without(&self, name: &str, value: &str) -> Self {
        let mut it = Self {
            page: 1,
            ..self.clone()
        };
        match name {
            "q" => it.words.clear(),
            "host" => it.host.retain(|v| v != value),
            "image" => it.image.retain(|v| v != value),
            "label" => it.label.retain(|v| v != value),
            "tag" => it.tag.retain(|v| v != value),
            "state" => it.state.retain(|v| v.as_str() != value),
            "health" => it.health.retain(|v| v.as_str() != value),
            _ => {}
        }
        it
    }

    /// The same with no filter, from the first page.
    #[must_use]
    pub fn cleared(&self) -> Self {
        Self {
            sort: self.sort,
            per: self.per,
            cells: self.cells.clone(),
            ..Self::default()
        }
    }

    /// The whole query in its one spelling, without `?`; what is as by default is left out.
    pub fn text(&self) -> String {
        let mut out = form_urlencoded::Serializer::new(self.filter_text());
        if self.sort != Sort::default() {
            out.append_pair("sort", &self.sort.to_string());
        }
        if self.per != PER_PAGE {
            out.append_pair("per", &self.per.to_string());
        }
        if self.cells != Cell::ALL {
            self.cells.iter().for_each(|cell| {
                out.append_pair("cols", cell.as_str());
            });
        }
        if self.page > 1 {
            out.append_pair("page", &self.page.to_string());
        }
        out.finish()
    }

    /// The path of the page that shows this.
    pub fn path(&self) -> String {
        match self.text() {
            text if text.is_empty() => "/containers".to_owned(),
            text => format!("/containers?{text}"),
        }
    }

    /// What the server is asked for.
    pub fn view(&self) -> View {
        View {
            filter: self.filter_text(),
            sort: self.sort.to_string(),
            offset: (self.page - 1).saturating_mul(self.per),
            limit: self.per,
        }
    }
}

/// Cut, and without characters that nobody types.
fn clean(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect();
    text.trim().to_owned()
}

fn add(list: &mut Vec<String>, value: String) {
    if !value.is_empty() && list.len() < MAX_VALUES {
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[^\\p{C}\\p{Z}]{1,12}", 0..4).prop_map(|mut list| {
            list.sort();
            list.dedup();
            list
        })
    }

    fn some<T: Copy + Ord + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Vec<T>> {
        proptest::sample::subsequence(all, 0..=all.len())
    }

    fn queries() -> impl Strategy<Value = ContainerQuery> {
        let filters = (
            "[^\\p{C}\\p{Z}]{0,12}",
            texts(),
            texts(),
            texts(),
            texts(),
            some(&ContainerState::ALL),
            some(&Health::ALL),
        );
        let rest = (
            proptest::sample::select(SortBy::ALL),
            any::<bool>(),
            1_u32..,
            1..=MAX_PER_PAGE,
            proptest::sample::subsequence(Cell::ALL, 1..=Cell::ALL.len()),
        );
        (filters, rest).prop_map(
            |((words, host, label, image, tag, state, health), (by, descending, page, per, cells))| ContainerQuery {
                words,
                host,
                state,
                health,
                label,
                image,
                tag,
                sort: Sort { by, descending },
                page,
                per,
                cells,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(query in queries()) {
            prop_assert_eq!(&ContainerQuery::read(&query.text()), &query);
            let filter = ContainerQuery::read(&query.filter_text());
            prop_assert_eq!(filter.filters(), query.filters());
        }

        #[test]
        fn in_06_any_text_is_a_harmless_query(text in "\\PC{0,300}") {
            let query = ContainerQuery::read(&text);
            prop_assert!(query.per >= 1 && query.per <= MAX_PER_PAGE && query.page >= 1);
            prop_assert_eq!(&ContainerQuery::read(&query.text()), &query);
        }
    }

    #[test]
    fn in_06_hostile_order_filter_and_limit_are_left_out() {
        let hostile = "sort=name;DROP%20TABLE%20x&per=99999999999999999999&page=-1&state=running'--&health=%00\
                       &cols=%3Cscript%3E&host=&host=%20%20&q=a%0d%0ab&sort2=x&__err=x";
        let query = ContainerQuery::read(hostile);
        let expected = ContainerQuery {
            words: "ab".to_owned(),
            ..ContainerQuery::default()
        };
        assert_eq!(query, expected);
        let many: String = (0..500).map(|n| format!("host=h{n}&")).collect();
        assert_eq!(ContainerQuery::read(&many).host.len(), MAX_VALUES);
        let long = format!("q={}", "x".repeat(100_000));
        assert_eq!(ContainerQuery::read(&long).words.len(), MAX_TEXT);
        assert_eq!(ContainerQuery::read("per=0&page=0").view().limit, 1);
        assert_eq!(ContainerQuery::read("page=4294967295&per=1000").view().offset, u32::MAX);
    }

    #[test]
    fn a_filter_is_taken_out_one_by_one() {
        let query = ContainerQuery::read("?host=a&host=b&state=exited&page=3&sort=-cpu");
        assert_eq!(
            query.without("host", "a").path(),
            "/containers?host=b&state=exited&sort=-cpu"
        );
        assert_eq!(query.cleared().path(), "/containers?sort=-cpu");
    }
}
