//! What each account may do now, in memory: its role, and what was granted to it besides.
//!
//! An actor holds its account's [`Cell`], so a change of rights counts for calls, streams and jobs that are under way.

use super::{roles, store};
use crate::{
    core::{
        auth::model::{Role, UserId},
        id::UnixMillis,
        live::service::Hub,
        server::{
            clock::Clock,
            db::{Db, Tx, TxFuture},
            tasks::seen_through,
        },
    },
    error::{AppError, AppResult},
};
use arc_swap::ArcSwap;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Rows of one custom role.
pub const MAX_RULES: usize = 50;
const CHANGED: &str = "Your rights were changed.";
const GONE: &str = "Your account was disabled or deleted.";
/// What everybody may do with the jobs that they asked for themselves.
const OWN_JOBS: [&str; 3] = ["core.jobs.view", "core.jobs.cancel", "core.jobs.rerun"];

/// One row of a custom role: an action, or a family of them (`docker.containers.*`), on what carries all the tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub action: String,
    /// Empty: everywhere.
    pub tags: Vec<String>,
}

impl Rule {
    /// Whether it names the action. Accounts are never among what a row gives: who could write rows for themselves
    /// would be an admin.
    fn names(&self, action: &str) -> bool {
        let named = match self.action.strip_suffix('*') {
            Some(family) => action.starts_with(family),
            None => self.action == action,
        };
        named && !action.starts_with("core.users.")
    }
    fn fits(&self, tags: &[String]) -> bool {
        self.tags.iter().all(|tag| tags.contains(tag))
    }

    /// The rows of a text, one a line: `docker.containers.* env=prod`. `known` are the actions that there are.
    pub fn parse_all(text: &str, known: &[&str]) -> AppResult<Vec<Self>> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let rules: Vec<Self> = lines.map(|line| Self::parse(line, known)).collect::<AppResult<_>>()?;
        if rules.is_empty() || rules.len() > MAX_RULES {
            return Err(wrong(format!("A role has 1 to {MAX_RULES} rows.")));
        }
        Ok(rules)
    }

    /// A row as it was stored.
    pub fn read(line: &str) -> Self {
        let mut words = line.split_whitespace().map(str::to_owned);
        Self {
            action: words.next().unwrap_or_default(),
            tags: words.collect(),
        }
    }

    fn parse(line: &str, known: &[&str]) -> AppResult<Self> {
        let rule = Self::read(line);
        if rule.action.contains('*') && !rule.action.ends_with(".*") {
            return Err(wrong(format!(
                "A family of actions ends with \".*\"; {:?} does not.",
                rule.action
            )));
        }
        if !known.iter().any(|action| rule.names(action)) {
            return Err(wrong(format!(
                "There is no action {:?} that a role may give.",
                rule.action
            )));
        }
        if let Some(tag) = rule
            .tags
            .iter()
            .find(|tag| tag.contains(|c: char| c.is_control() || c == ','))
        {
            return Err(wrong(format!("{tag:?} is no tag.")));
        }
        Ok(rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.action)?;
        self.tags.iter().try_for_each(|tag| write!(f, " {tag}"))
    }
}

fn wrong(message: String) -> AppError {
    AppError::invalid("rules", message)
}

/// A custom role that was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    pub role: String,
    pub rules: Arc<[Rule]>,
    pub until: Option<UnixMillis>,
}

/// What one account may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    pub role: Role,
    /// The tag of what they asked for themselves.
    own: String,
    granted: Vec<Granted>,
}

/// The rights of one account as they are now.
pub type Cell = ArcSwap<Rights>;

impl Rights {
    fn new(id: UserId, role: Role, granted: Vec<Granted>) -> Self {
        Self {
            role,
            own: asked_by(id),
            granted,
        }
    }

    /// What gives the right to do `action` to something with these tags, in words.
    pub fn giver(&self, action: &str, tags: &[String]) -> Option<String> {
        if roles::allows(self.role, action) {
            return Some(format!("the role {}", self.role.as_str()));
        }
        if OWN_JOBS.contains(&action) && tags.contains(&self.own) {
            return Some("having asked for it".to_owned());
        }
        let rule = |it: &Granted| {
            it.rules
                .iter()
                .find(|rule| rule.names(action) && rule.fits(tags))
                .cloned()
        };
        let (granted, rule) = self.granted.iter().find_map(|it| Some((it, rule(it)?)))?;
        Some(format!("the row \"{rule}\" of the role {}", granted.role))
    }

    pub fn may(&self, action: &str, tags: &[String]) -> bool {
        roles::allows(self.role, action)
            || (OWN_JOBS.contains(&action) && tags.contains(&self.own))
            || self.rules().any(|rule| rule.names(action) && rule.fits(tags))
    }

    /// Whether there may be something that they may do it to.
    pub fn may_somewhere(&self, action: &str) -> bool {
        roles::allows(self.role, action) || OWN_JOBS.contains(&action) || self.rules().any(|rule| rule.names(action))
    }

    /// Whether tags make a difference.
    pub fn is_scoped(&self) -> bool {
        self.rules().any(|rule| !rule.tags.is_empty())
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.granted.iter().flat_map(|granted| granted.rules.iter())
    }
}

/// The tag of what an account asked for.
pub fn asked_by(id: UserId) -> String {
    format!("asked-by=user:{id}")
}

/// The rights of all accounts; offered in the service map for [`super::Actor::new`].
pub struct RightsBook {
    db: Db,
    hub: Arc<Hub>,
    clock: Clock,
    cells: Mutex<HashMap<UserId, Arc<Cell>>>,
    /// Held from reading until storing: what was read before a change is never stored after it.
    reading: tokio::sync::Mutex<()>,
}

impl RightsBook {
    pub async fn open(db: Db, hub: Arc<Hub>, clock: Clock) -> AppResult<Self> {
        let book = Self {
            db,
            hub,
            clock,
            cells: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        };
        book.reload().await?;
        Ok(book)
    }

    fn cells(&self) -> MutexGuard<'_, HashMap<UserId, Arc<Cell>>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn cell(&self, id: UserId) -> Option<Arc<Cell>> {
        self.cells().get(&id).cloned()
    }

    /// Changes what somebody may do, and makes it count before it is answered: for calls at once, for open pages as
    /// soon as they have come again. A caller who goes away leaves nothing half done.
    pub async fn change<F>(self: &Arc<Self>, work: F) -> AppResult<()>
    where
        F: for<'t> FnOnce(&'t Tx) -> TxFuture<'t, ()> + Send + 'static,
    {
        let book = self.clone();
        seen_through(async move {
            book.db.write(work).await?;
            book.reload().await
        })
        .await
    }

    /// Reads everything anew. The open pages of those whose rights are others than before end.
    pub async fn reload(&self) -> AppResult<()> {
        let _reading = self.reading.lock().await;
        let (roles, grants) = store::all_roles(self.db.read(), self.clock.now()).await?;
        let mut granted: HashMap<UserId, Vec<Granted>> = HashMap::new();
        for (user, granted_one) in grants {
            granted.entry(user).or_default().push(granted_one);
        }
        let now = roles.into_iter().map(|(id, role)| {
            let granted = granted.remove(&id).unwrap_or_default();
            (id, Rights::new(id, role, granted))
        });
        for (id, reconnect) in self.store(now.collect()) {
            let why = if reconnect { CHANGED } else { GONE };
            self.hub.end_user(id, reconnect, why);
        }
        Ok(())
    }

    /// Gives the accounts whose rights were others, and whether they may act at all now.
    fn store(&self, mut now: HashMap<UserId, Rights>) -> Vec<(UserId, bool)> {
        let mut changed = Vec::new();
        let mut cells = self.cells();
        cells.retain(|id, cell| {
            let (stays, rights) = match now.remove(id) {
                Some(rights) => (true, rights),
                // Who is gone may do nothing, whoever still holds the cell.
                None => (false, Rights::new(*id, Role::Member, Vec::new())),
            };
            if !stays || **cell.load() != rights {
                cell.store(Arc::new(rights));
                changed.push((*id, stays));
            }
            stays
        });
        let new = now
            .into_iter()
            .map(|(id, rights)| (id, Arc::new(Cell::from_pointee(rights))));
        cells.extend(new);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const KNOWN: &[&str] = &[
        "docker.containers.view",
        "docker.containers.stop",
        "machines.view",
        "core.users.manage",
        "core.audit.view",
    ];

    fn rights(role: Role, text: &str) -> (UserId, Rights) {
        let id = UserId::new();
        let granted = Granted {
            role: "web".into(),
            rules: Rule::parse_all(text, KNOWN).unwrap().into(),
            until: None,
        };
        (id, Rights::new(id, role, vec![granted]))
    }
    fn tags(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn az_01_a_row_gives_its_action_on_what_carries_all_its_tags_and_nothing_else() {
        let (id, rights) = rights(Role::Member, "docker.containers.* env=prod web\nmachines.view env=prod");
        for (action, on, may) in [
            ("docker.containers.view", "env=prod web", true),
            ("docker.containers.stop", "dc=1 web env=prod", true),
            ("docker.containers.view", "env=prod", false),
            ("docker.containers.view", "", false),
            ("docker.containers.view", "env=production web", false),
            ("machines.view", "env=prod", true),
            ("machines.delete", "env=prod", false),
            ("core.audit.view", "env=prod web", false),
            ("core.users.manage", "env=prod web", false),
        ] {
            assert_eq!(rights.may(action, &tags(on)), may, "{action} on {on}");
            assert_eq!(rights.giver(action, &tags(on)).is_some(), may, "{action} on {on}");
        }
        assert!(rights.may_somewhere("machines.view") && !rights.may_somewhere("machines.delete"));
        assert!(rights.is_scoped());
        assert!(
            rights.may("core.jobs.cancel", &[asked_by(id)])
                && !rights.may("core.jobs.cancel", &[asked_by(UserId::new())])
        );
    }

    #[test]
    fn az_07_no_row_gives_accounts_and_nonsense_is_refused_in_words() {
        for bad in [
            "core.users.manage",
            "core.users.*",
            "docker.nothing",
            "docker*",
            "*",
            "",
            "machines.view a,b",
            "; DROP TABLE",
        ] {
            assert_eq!(
                Rule::parse_all(bad, KNOWN).unwrap_err().field.as_deref(),
                Some("rules"),
                "{bad}"
            );
        }
        let (_, all) = rights(Role::Member, "core.*\ndocker.*\nmachines.*");
        assert!(all.may("core.audit.view", &[]) && !all.may("core.users.manage", &[]));
        let many = "machines.view\n".repeat(MAX_RULES + 1);
        assert!(Rule::parse_all(&many, KNOWN).is_err());
    }
    async fn book() -> (tempfile::TempDir, Arc<RightsBook>, UserId) {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path(), Vec::new()).await.unwrap();
        let id = UserId::new();
        let book = RightsBook::open(db, Hub::new("test"), Clock::default()).await.unwrap();
        let book = Arc::new(book);
        book.change(move |tx| {
            Box::pin(async move {
                let user = store::User {
                    id,
                    name: "olga".into(),
                    password_phc: String::new(),
                    role: Role::Operator,
                };
                store::insert_user(tx, &user).await
            })
        })
        .await
        .unwrap();
        (dir, book, id)
    }

    async fn set(book: &Arc<RightsBook>, id: UserId, role: Role) -> AppResult<()> {
        book.change(move |tx| Box::pin(async move { store::set_role(tx, id, role).await }))
            .await
    }

    #[tokio::test]
    async fn az_12_what_was_read_before_a_change_is_never_stored_after_it() {
        let (_dir, book, id) = book().await;
        let cell = book.cell(id).unwrap();
        // A reading that has read and not yet stored.
        let reading = book.reading.lock().await;
        let read = HashMap::from([(id, Rights::new(id, Role::Operator, Vec::new()))]);
        let changing = book.clone();
        let change = tokio::spawn(async move { set(&changing, id, Role::Viewer).await });
        // Each round reads as much as a change that does not wait: twenty are more than it needs.
        let mut rounds_after = 0;
        while rounds_after < 20 {
            let (roles, _) = store::all_roles(book.db.read(), book.clock.now()).await.unwrap();
            rounds_after += u32::from(roles[&id] == Role::Viewer);
        }
        assert!(!change.is_finished(), "it is answered when it counts");
        assert!(book.store(read).is_empty());
        drop(reading);
        change.await.unwrap().unwrap();
        assert_eq!(cell.load().role, Role::Viewer);
    }

    #[tokio::test]
    async fn az_11_a_change_whose_caller_goes_away_counts_all_the_same() {
        let (_dir, book, id) = book().await;
        let cell = book.cell(id).unwrap();
        let mut change = Box::pin(set(&book, id, Role::Viewer));
        assert!(futures::poll!(&mut change).is_pending());
        drop(change);
        let counts = async {
            while cell.load().role != Role::Viewer {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), counts).await.unwrap();
    }
}
