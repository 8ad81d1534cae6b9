//! What a person may do with machines. Each change is written with its audit row, then its actor is woken.

use super::{
    Fleet, Machine, MachinesCreate, MachinesDelete, MachinesDisable, MachinesEnable, MachinesReconnect, MachinesTrust,
    MachinesView, World,
    connect::key_place,
    ssh::{hostkey::HostKey, keys::LoginKey, probe},
    store::{self, Record, SshTarget},
};
use crate::{
    core::{
        audit::service::Entry,
        auth::service::{Action, Actor, Anywhere, Authorized, Guarded, Instance},
        id::{ObjectRef, UnixMillis},
        live::model::Rows,
        palette::model::{Hit, best},
        series::SeriesSet,
        server::db::{Tx, TxFuture},
    },
    error::{AppError, AppResult},
    plugins::machines::model::{
        Duplicate, HostNumbers, KeyChoice, KeyId, KeySummary, MachineDetail, MachineId, MachineKind, MachineName,
        MachineRow, Sharing, ValidMachine,
    },
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// An offer that a person looks at is held this long.
const OFFER_HELD: Duration = Duration::from_secs(600);
/// Pages that are loaded again within this time get the same offer: a host must not see a probe per reload.
const OFFER_FRESH: Duration = Duration::from_secs(5);

/// What people may do with machines.
pub struct MachinesService {
    fleet: Arc<Fleet>,
    offers: Mutex<HashMap<MachineId, Offer>>,
}

/// The host keys that a machine showed to a probe of ours.
#[derive(Clone)]
struct Offer {
    at: Instant,
    keys: Vec<HostKey>,
}

impl MachinesService {
    pub fn new(fleet: Arc<Fleet>) -> Self {
        Self {
            fleet,
            offers: Mutex::default(),
        }
    }

    pub(super) fn world(&self) -> &Arc<World> {
        self.fleet.world()
    }
    pub(super) fn fleet(&self) -> &Fleet {
        &self.fleet
    }
    /// What the host offered belongs to an address that it may not have any more.
    pub(super) fn forget_offer(&self, id: MachineId) {
        self.offers().remove(&id);
    }
    fn offers(&self) -> MutexGuard<'_, HashMap<MachineId, Offer>> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every machine, from memory, and where their streams start.
    pub fn list(&self, may: &Authorized<Anywhere, MachinesView>) -> Rows<MachineRow> {
        let (rows, seqs) = self.fleet.rows().rows();
        let seen = self.seen(may.actor());
        Rows {
            rows: rows.into_iter().filter(|row| seen.contains(&row.id)).collect(),
            seqs: seqs
                .into_iter()
                .filter(|seq| seen.iter().any(|id| id.to_string() == seq.shard))
                .collect(),
        }
    }

    /// The machines that `actor` may see.
    fn seen(&self, actor: &Actor) -> BTreeSet<MachineId> {
        let (rows, _) = self.fleet.rows().rows();
        let seen = |row: &MachineRow| actor.may(MachinesView::NAME, &row.tags).allowed;
        rows.into_iter().filter(seen).map(|row| row.id).collect()
    }

    /// The newest numbers of the machines that are up.
    pub fn numbers(&self, may: &Authorized<Anywhere, MachinesView>) -> Rows<HostNumbers> {
        let (Rows { rows, seqs }, seen) = (self.world().numbers.rows(), self.seen(may.actor()));
        Rows {
            rows: rows.into_iter().filter(|row| seen.contains(&row.machine)).collect(),
            seqs: seqs
                .into_iter()
                .filter(|seq| seen.iter().any(|id| id.to_string() == seq.shard))
                .collect(),
        }
    }

    /// The newest numbers of one machine, while it is up.
    pub fn reading(&self, machine: &Authorized<Machine, MachinesView>) -> Rows<HostNumbers> {
        self.world().numbers.row(machine.object().0.id)
    }

    /// The last hour of a machine's numbers.
    pub fn history(&self, machine: &Authorized<Machine, MachinesView>) -> SeriesSet {
        self.world().numbers.history(machine.object().0.id)
    }

    /// The last minutes of every machine, as lists show them.
    pub fn sparks(&self, may: &Authorized<Anywhere, MachinesView>) -> Vec<(MachineId, SeriesSet)> {
        let machines = self.seen(may.actor()).into_iter();
        machines.map(|id| (id, self.world().numbers.spark(id))).collect()
    }

    /// Machines for the palette, best first.
    pub fn find(&self, may: &Authorized<Anywhere, MachinesView>, query: &str) -> Vec<Hit> {
        let Rows { rows, .. } = self.list(may);
        let hit = |row: MachineRow| Hit {
            detail: format!("Machine at {} {}", row.address, row.tags.join(" "))
                .trim_end()
                .to_owned(),
            path: format!("/machines/{}", row.id),
            title: row.name,
        };
        best(query, rows.into_iter().map(hit))
    }

    /// The keys that the server holds, public sides only.
    pub async fn keys(&self, _may: &Authorized<Instance, MachinesCreate>) -> AppResult<Vec<KeySummary>> {
        store::keys(self.world().db.read()).await
    }

    /// One machine. While a decision about its host keys is due it is asked for them, which takes up to 10 s.
    pub async fn detail(&self, machine: &Authorized<Machine, MachinesView>) -> AppResult<MachineDetail> {
        let row = machine.object().0.clone();
        let db = self.world().db.read();
        let pins = store::pins(db, row.id).await?;
        let record = store::by_id(db, row.id)
            .await?
            .ok_or_else(|| AppError::not_found(Machine::KIND))?;
        // Of other machines only those are told of that this user may see.
        let mut others = self.fleet.rows().rows().0;
        others.retain(|other| other.id != row.id && machine.actor().may(MachinesView::NAME, &other.tags).allowed);
        let shares_key = |other: &&MachineRow| row.key_id.is_some() && other.key_id == row.key_id;
        let key_shared_with = u32::try_from(others.iter().filter(shares_key).count()).unwrap_or(u32::MAX);
        let asked = match &record.ssh {
            Some(target) if row.state.needs_trust() => self.offer(row.id, target).await,
            _ => Ok(Vec::new()),
        };
        let (offered, probe_error) = asked.map_or_else(|error| (Vec::new(), Some(error)), |keys| (keys, None));
        let mut key = match row.key_id {
            Some(id) => store::key_by_id(db, id).await?,
            None => None,
        };
        // A key is called after the machine that it was made for.
        if let Some(key) = &mut key
            && !machine.actor().may(MachinesCreate::NAME, &[]).allowed
        {
            key.name.clone_from(&row.name);
        }
        Ok(MachineDetail {
            notes: record.notes,
            docker_socket: record.docker_socket,
            key_shared_with,
            connects: self.fleet.connects(row.id),
            duplicates: self.duplicates(&row, others).await?,
            offered: offered.iter().map(|k| k.offered(&pins)).collect(),
            pinned: store::pinned(db, row.id).await?,
            key,
            probe_error,
            row,
        })
    }

    /// Machines that seem to be the same host: each has a link of its own, and one of them is too many.
    async fn duplicates(&self, row: &MachineRow, others: Vec<MachineRow>) -> AppResult<Vec<Duplicate>> {
        if matches!(row.kind, MachineKind::Local) {
            return Ok(Vec::new());
        }
        let same_key = store::same_host_key(self.world().db.read(), row.id).await?;
        let mut found: Vec<Duplicate> = others
            .into_iter()
            .filter_map(|other| {
                let shares = match () {
                    () if other.kind == row.kind => Sharing::Address,
                    () if same_key.contains(&other.id) => Sharing::HostKey,
                    () => return None,
                };
                Some(Duplicate {
                    id: other.id,
                    name: other.name,
                    shares,
                })
            })
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// What the host shows now, kept so that only what was shown can be accepted. The error is a sentence.
    async fn offer(&self, id: MachineId, target: &SshTarget) -> Result<Vec<HostKey>, String> {
        let fresh = self
            .offers()
            .get(&id)
            .filter(|offer| offer.at.elapsed() < OFFER_FRESH)
            .cloned();
        if let Some(offer) = fresh {
            return Ok(offer.keys);
        }
        let keys = probe::offered(&target.host, target.port)
            .await
            .map_err(|failure| failure.sentence())?;
        self.offers().insert(
            id,
            Offer {
                at: Instant::now(),
                keys: keys.clone(),
            },
        );
        Ok(keys)
    }

    /// Enrols a host. Nothing is sent to it before its keys are accepted.
    ///
    /// Errors: `Invalid` with the field, `Conflict` when the name is taken.
    pub async fn create(&self, may: Authorized<Instance, MachinesCreate>, new: ValidMachine) -> AppResult<MachineId> {
        let ValidMachine {
            name,
            host,
            port,
            user,
            key,
            tags,
        } = new;
        let (key, fresh) = self.login_key(key, &name).await?;
        let target = SshTarget {
            host,
            port,
            user,
            key_id: key.id,
        };
        let record = Record {
            tags,
            ..record(&name, Some(target))
        };
        let detail = json!({ "host": record.ssh.as_ref().map(|s| s.host.with_port(s.port)), "user": record.ssh.as_ref().map(|s| s.user.as_str()), "key": key.fingerprint });
        let stored = record.clone();
        self.change(may.actor(), MachinesCreate::NAME, object(&record), detail, move |tx| {
            Box::pin(async move {
                refuse_taken(tx, &stored).await?;
                if let Some(sealed) = fresh {
                    store::insert_key(tx, &key, &sealed, stored.created_at).await?;
                }
                store::insert(tx, &stored).await
            })
        })
        .await?;
        self.fleet.add(&record);
        Ok(record.id)
    }

    /// Adds this host. Errors: `Conflict` when it is there already.
    pub async fn add_local(&self, may: Authorized<Instance, MachinesCreate>) -> AppResult<MachineId> {
        let record = record(&MachineName::parse(&local_name())?, None);
        let stored = record.clone();
        self.change(
            may.actor(),
            MachinesCreate::NAME,
            object(&record),
            json!({ "local": true }),
            move |tx| {
                Box::pin(async move {
                    if store::has_local(tx).await? {
                        return Err(AppError::conflict("This host is one of the machines already."));
                    }
                    refuse_taken(tx, &stored).await?;
                    store::insert(tx, &stored).await
                })
            },
        )
        .await?;
        self.fleet.add(&record);
        Ok(record.id)
    }

    /// Accepts the host keys that the person saw; they must be exactly those that a probe of ours was shown.
    ///
    /// Errors: `Conflict` when they are not, or when too much time passed.
    pub async fn trust(&self, machine: Authorized<Machine, MachinesTrust>, seen: &[String]) -> AppResult<()> {
        let row = machine.object().0.clone();
        let held = self
            .offers()
            .get(&row.id)
            .filter(|offer| offer.at.elapsed() < OFFER_HELD)
            .cloned();
        let keys = held.map(|offer| offer.keys).unwrap_or_default();
        let shown: BTreeSet<String> = keys.iter().map(HostKey::fingerprint).collect();
        if shown.is_empty() || shown != seen.iter().cloned().collect() {
            return Err(AppError::conflict(
                "These are not the keys that the host shows now. Look at them again, compare, and then accept.",
            ));
        }
        let (by, before) = (
            machine.actor().name().to_owned(),
            store::pinned(self.world().db.read(), row.id).await?,
        );
        let before: Vec<String> = before.into_iter().map(|pin| pin.fingerprint).collect();
        let detail = json!({ "accepted": shown, "before": before });
        self.change(
            machine.actor(),
            MachinesTrust::NAME,
            machine.object().object_ref(),
            detail,
            move |tx| Box::pin(async move { store::pin(tx, row.id, &keys, &by, UnixMillis::now()).await }),
        )
        .await?;
        self.offers().remove(&row.id);
        self.fleet.renew(row.id);
        Ok(())
    }

    /// Ends the link and connects now.
    pub async fn reconnect(&self, machine: Authorized<Machine, MachinesReconnect>) -> AppResult<()> {
        let id = machine.object().0.id;
        self.change(
            machine.actor(),
            MachinesReconnect::NAME,
            machine.object().object_ref(),
            json!({}),
            |_| Box::pin(async { Ok(()) }),
        )
        .await?;
        self.fleet.renew(id);
        Ok(())
    }

    /// Ends the link and makes no other until the machine is enabled.
    pub async fn disable(&self, machine: Authorized<Machine, MachinesDisable>) -> AppResult<()> {
        self.set_disabled(&machine, Some(UnixMillis::now())).await
    }

    pub async fn enable(&self, machine: Authorized<Machine, MachinesEnable>) -> AppResult<()> {
        self.set_disabled(&machine, None).await
    }

    async fn set_disabled<A: Action>(&self, machine: &Authorized<Machine, A>, at: Option<UnixMillis>) -> AppResult<()> {
        let id = machine.object().0.id;
        self.change(
            machine.actor(),
            A::NAME,
            machine.object().object_ref(),
            json!({}),
            move |tx| Box::pin(async move { store::set_disabled(tx, id, at).await }),
        )
        .await?;
        self.fleet.renew(id);
        Ok(())
    }

    /// Forgets the machine, its accepted host keys, and its login key when no other machine uses it.
    /// Returns when its link has ended.
    ///
    /// Errors: `Invalid` in field `typed` unless it is the machine's name.
    pub async fn delete(&self, machine: Authorized<Machine, MachinesDelete>, typed: &str) -> AppResult<()> {
        let row = machine.object().0.clone();
        if typed.trim() != row.name {
            let message = format!("Type the machine's name, {}, exactly as it stands here.", row.name);
            return Err(AppError::invalid("typed", message));
        }
        let detail = json!({ "address": row.address });
        self.change(
            machine.actor(),
            MachinesDelete::NAME,
            machine.object().object_ref(),
            detail,
            move |tx| Box::pin(async move { store::delete(tx, row.id).await }),
        )
        .await?;
        self.offers().remove(&row.id);
        self.fleet.remove(row.id).await;
        Ok(())
    }

    /// One change and its audit row, both or neither.
    pub(super) async fn change<F>(
        &self,
        actor: &Actor,
        action: &str,
        object: ObjectRef,
        detail: Value,
        work: F,
    ) -> AppResult<()>
    where
        F: for<'t> FnOnce(&'t Tx) -> TxFuture<'t, ()> + Send + 'static,
    {
        let (audit, actor) = (self.world().audit.clone(), actor.clone());
        let entry = Entry {
            action: action.to_owned(),
            object,
            detail,
        };
        self.world()
            .db
            .write(move |tx| {
                Box::pin(async move {
                    work(tx).await?;
                    audit.change_in(tx, &actor, entry).await.map(|_| ())
                })
            })
            .await
    }

    /// The key that was chosen; a new one comes with its sealed private side, to be stored with the machine.
    pub(super) async fn login_key(
        &self,
        choice: KeyChoice,
        machine: &MachineName,
    ) -> AppResult<(KeySummary, Option<String>)> {
        let key = match choice {
            KeyChoice::Existing { id } => {
                let key = store::key_by_id(self.world().db.read(), id).await?;
                return key
                    .map(|key| (key, None))
                    .ok_or_else(|| AppError::invalid("key_id", "This key is no longer there. Choose another one."));
            }
            KeyChoice::Generate => LoginKey::generate("pollysystem")?,
            KeyChoice::Paste { private, passphrase } => {
                LoginKey::read(Zeroizing::new(private), passphrase.map(Zeroizing::new)).await?
            }
        };
        let summary = key.summary(KeyId::new(), machine.as_str())?;
        // pasted again for another host, it is still one key
        if let Some(held) = store::key_by_fingerprint(self.world().db.read(), &summary.fingerprint).await? {
            return Ok((held, None));
        }
        let sealed = self
            .world()
            .secrets
            .seal(key_place(&summary.id.to_string()), key.to_text()?.as_bytes())?;
        Ok((summary, Some(sealed)))
    }
}

fn record(name: &MachineName, ssh: Option<SshTarget>) -> Record {
    Record {
        id: MachineId::new(),
        name: name.to_string(),
        ssh,
        disabled: false,
        tags: Vec::new(),
        docker_socket: None,
        notes: String::new(),
        created_at: UnixMillis::now(),
    }
}

fn object(record: &Record) -> ObjectRef {
    ObjectRef::new(Machine::KIND, record.id, record.name.clone())
}

/// Errors: `Conflict` in field `name` when another machine has the name of this one.
pub(super) async fn refuse_taken(tx: &Tx, record: &Record) -> AppResult<()> {
    let other = store::by_name(tx, &record.name).await?;
    if other.is_some_and(|other| other.id != record.id) {
        let message = "Another machine has this name. Choose another one.";
        return Err(AppError {
            field: Some("name".to_owned()),
            ..AppError::conflict(message)
        });
    }
    Ok(())
}

/// The name of this host, as far as it makes a good one.
fn local_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().take(64).collect();
    if MachineName::parse(&name).is_ok() {
        name
    } else {
        "this host".to_owned()
    }
}
