//! Changing a machine: what people call it and know about it, and where and how it is reached.

use super::{
    Machine, MachinesEdit, MachinesService,
    manage::refuse_taken,
    store::{self, Record, SshTarget},
};
use crate::{
    core::auth::service::{Action, Actor, Authorized, Guarded},
    error::{AppError, AppResult},
    plugins::machines::model::{Edited, EditedTarget, KeySummary, MachineForm},
};
use serde_json::{Map, Value, json};

impl MachinesService {
    /// Writes the change with its audit row. With another address, account, key or socket path nobody is given the
    /// old link once this returns: it ends, and the next is made with the new values. Accepted host keys stay, and
    /// are what a host at a new address is measured by.
    ///
    /// Errors: `Invalid` with the field; `Conflict` when the name is taken or somebody else changed it meanwhile.
    pub async fn edit(&self, machine: Authorized<Machine, MachinesEdit>, form: MachineForm) -> AppResult<()> {
        let id = machine.object().0.id;
        let before = store::by_id(self.world().db.read(), id)
            .await?
            .ok_or_else(|| AppError::not_found(Machine::KIND))?;
        let edited = form.edited(before.ssh.is_none())?;
        let (after, fresh) = self.applied(&before, edited).await?;
        if after == before {
            return Ok(());
        }
        self.may_move(machine.actor(), &before, &after)?;
        let detail = changes(&before, &after, fresh.as_ref().map(|(key, _)| key));
        let (old, new) = (before.clone(), after.clone());
        self.change(
            machine.actor(),
            MachinesEdit::NAME,
            machine.object().object_ref(),
            detail,
            move |tx| {
                Box::pin(async move {
                    if store::by_id(tx, old.id).await?.as_ref() != Some(&old) {
                        return Err(AppError::conflict(
                            "Somebody changed this machine while you did. Open it in another tab, compare, and save again.",
                        ));
                    }
                    refuse_taken(tx, &new).await?;
                    if let Some((key, sealed)) = fresh {
                        store::insert_key(tx, &key, &sealed, crate::core::id::UnixMillis::now()).await?;
                    }
                    store::update(tx, &new).await?;
                    match old.ssh {
                        Some(ssh) => store::drop_unused_key(tx, ssh.key_id).await,
                        None => Ok(()),
                    }
                })
            },
        )
        .await?;
        self.show(&before, &after);
        Ok(())
    }

    /// With another address, account, key or tag a machine is another one, to which other people's rights apply, and
    /// which the server's keys would open: whoever may edit only some machines does not choose that.
    fn may_move(&self, actor: &Actor, before: &Record, after: &Record) -> AppResult<()> {
        let same = before.ssh == after.ssh && before.docker_socket == after.docker_socket && before.tags == after.tags;
        if same || actor.may(MachinesEdit::NAME, &[]).allowed {
            return Ok(());
        }
        Err(AppError::forbidden(
            "You may edit the machines with certain tags: their names and notes. An address, account, key, socket or tag is changed by somebody who may edit all.",
        ))
    }

    fn show(&self, before: &Record, after: &Record) {
        self.fleet().describe(after);
        if before.ssh != after.ssh || before.docker_socket != after.docker_socket {
            self.forget_offer(after.id);
            self.fleet().renew(after.id);
        }
    }

    /// The record as it is to be; a new key comes with its sealed private side.
    async fn applied(&self, before: &Record, edited: Edited) -> AppResult<(Record, Option<(KeySummary, String)>)> {
        let mut after = Record {
            name: edited.name.to_string(),
            tags: edited.tags,
            docker_socket: edited.docker_socket,
            notes: edited.notes,
            ..before.clone()
        };
        let (Some(old), Some(target)) = (&before.ssh, edited.target) else {
            return Ok((after, None));
        };
        let EditedTarget { host, port, user, key } = target;
        let (key_id, fresh) = match key {
            None => (old.key_id, None),
            Some(choice) => {
                let (key, sealed) = self.login_key(choice, &edited.name).await?;
                (key.id, sealed.map(|sealed| (key, sealed)))
            }
        };
        after.ssh = Some(SshTarget {
            host,
            port,
            user,
            key_id,
        });
        Ok((after, fresh))
    }
}

/// What the audit row says: each changed field, before and after. Of notes only that they changed.
fn changes(before: &Record, after: &Record, fresh: Option<&KeySummary>) -> Value {
    let mut found = Map::new();
    let mut note = |name: &str, old: Value, new: Value| {
        if old != new {
            found.insert(name.to_owned(), json!({ "before": old, "after": new }));
        }
    };
    let ssh = |record: &Record, part: fn(&SshTarget) -> Value| record.ssh.as_ref().map_or(Value::Null, part);
    note("name", json!(before.name), json!(after.name));
    for (name, part) in [
        ("host", (|s| json!(s.host.with_port(s.port))) as fn(&SshTarget) -> Value),
        ("user", |s| json!(s.user.as_str())),
        ("key", |s| json!(s.key_id.to_string())),
    ] {
        note(name, ssh(before, part), ssh(after, part));
    }
    note("tags", json!(before.tags), json!(after.tags));
    note("docker_socket", json!(before.docker_socket), json!(after.docker_socket));
    if before.notes != after.notes {
        found.insert("notes".to_owned(), json!("changed"));
    }
    if let Some(key) = fresh {
        found.insert("new_key".to_owned(), json!(key.fingerprint));
    }
    Value::Object(found)
}
