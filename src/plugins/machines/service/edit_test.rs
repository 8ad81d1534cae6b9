//! Changing a machine: what is written, what is shown, and what becomes of its link.

use super::*;
use crate::plugins::machines::model::{MachineForm, MachineKind};

/// Opens the settings of a machine, changes something there, and saves.
pub(super) async fn edit(house: &House, id: MachineId, change: impl FnOnce(&mut MachineForm)) -> AppResult<()> {
    let detail = house.detail(id).await;
    let (host, port) = match &detail.row.kind {
        MachineKind::Ssh { host, port } => (host.to_string(), port.to_string()),
        MachineKind::Local => Default::default(),
    };
    let mut form = MachineForm {
        name: detail.row.name.clone(),
        host,
        port,
        user: detail.row.user.clone().unwrap_or_default(),
        key_mode: "keep".to_owned(),
        tags: detail.row.tags.join(" "),
        docker_socket: detail.docker_socket.unwrap_or_default(),
        notes: detail.notes,
        ..MachineForm::default()
    };
    change(&mut form);
    house
        .service
        .edit(house.may::<Machine, MachinesEdit>(id).await, form)
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_09_a_new_key_is_used_for_the_next_byte_and_the_old_link_is_gone() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    let old = house.detail(id).await.key.unwrap();
    let (link, master) = (house.fleet.link(id).unwrap(), ssh_processes(&house.run_dir()));
    edit(&house, id, |form| form.key_mode = "generate".to_owned())
        .await
        .unwrap();
    assert!(house.fleet.link(id).is_err(), "nobody is given the old link any more");
    let row = house
        .until(id, |row| {
            row.state == LinkState::Unreachable && row.reason.as_deref().is_some_and(|r| r.contains("authorized_keys"))
        })
        .await;
    assert_eq!(
        link.exec(&["true"], None, LIMITS).await.unwrap_err().kind,
        ErrorKind::HostUnreachable
    );
    assert!(
        ssh_processes(&house.run_dir()).iter().all(|pid| !master.contains(pid)),
        "the old master is gone"
    );
    let new = house.detail(id).await.key.unwrap();
    assert!(row.key_id == Some(new.id) && new.fingerprint != old.fingerprint);
    let before = sshd.log().len();
    sshd.authorize(&new.public_line);
    house.until(id, |row| row.state.is_up()).await;
    let log = sshd.log()[before..].to_owned();
    assert!(
        log.contains(&new.fingerprint) && !log.contains(&old.fingerprint),
        "{log}"
    );
    let kept = house
        .service
        .keys(&house.may::<Instance, MachinesCreate>(()).await)
        .await
        .unwrap();
    assert_eq!(
        kept.iter().map(|k| k.id).collect::<Vec<_>>(),
        [new.id],
        "nobody uses the old key"
    );
    assert!(house.audited("machines.edit").await);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_09_a_new_address_is_measured_by_the_accepted_keys_before_any_login() {
    let (sshd, other, house) = (TestSshd::start(), TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    edit(&house, id, |form| form.port = other.port.to_string())
        .await
        .unwrap();
    let row = house.until(id, |row| row.state == LinkState::HostKeyChanged).await;
    assert!(row.address.ends_with(&other.port.to_string()));
    let log = other.log();
    assert!(!log.contains("publickey") && !log.contains("Accepted"), "{log}");
    assert_eq!(house.detail(id).await.pinned.len(), 2, "the pins stay");
    edit(&house, id, |form| form.port = sshd.port.to_string())
        .await
        .unwrap();
    house.until(id, |row| row.state.is_up()).await;
    edit(&house, id, |form| form.user = "nobody-of-this-name".to_owned())
        .await
        .unwrap();
    let row = house.until(id, |row| row.state == LinkState::Unreachable).await;
    assert!(row.reason.unwrap().contains("Check the user name"));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_tags_and_notes_are_shown_at_once_and_leave_the_link_alone() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    house.add(&sshd, "taken", KeyChoice::Generate).await;
    let (master, mut events) = (ssh_processes(&house.run_dir()), house.fleet.watch());
    edit(&house, id, |form| {
        form.name = "web-1".to_owned();
        form.tags = "web, env=prod web".to_owned();
        form.notes = "rack 4".to_owned();
    })
    .await
    .unwrap();
    let detail = house.detail(id).await;
    assert_eq!(
        (
            detail.row.name.as_str(),
            detail.row.tags.as_slice(),
            detail.notes.as_str()
        ),
        ("web-1", &["env=prod".to_owned(), "web".to_owned()][..], "rack 4")
    );
    assert_eq!(
        events.recv().await.unwrap(),
        LinkEvent::Online { id },
        "who holds a copy of the name is told"
    );
    assert_eq!(ssh_processes(&house.run_dir()), master);
    for (field, change) in [
        ("name", (|form| form.name = "TAKEN".into()) as fn(&mut MachineForm)),
        ("tags", |form| form.tags = "Env=prod".into()),
        ("host", |form| form.host = "-oProxyCommand=id".into()),
        ("private_key", |form| {
            form.key_mode = "paste".into();
            form.private_key = "ssh-ed25519 AAAA a public one".into();
        }),
    ] {
        let refused = edit(&house, id, change).await.unwrap_err();
        assert_eq!(refused.field.as_deref(), Some(field));
    }
    let rows = house.audit.list(None, 100, None).await.unwrap();
    let edits = rows.iter().filter(|row| row.action == "machines.edit").count();
    edit(&house, id, |_| ()).await.unwrap();
    let again = house.audit.list(None, 100, None).await.unwrap();
    assert_eq!(
        (edits, again.len()),
        (1, rows.len()),
        "one row per change, none for what was refused or changed nothing"
    );
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_is_deleted_only_by_its_name() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.add(&sshd, "web", KeyChoice::Generate).await;
    for wrong in ["", "Web", "web2"] {
        let refused = house
            .service
            .delete(house.may::<Machine, MachinesDelete>(id).await, wrong)
            .await
            .unwrap_err();
        assert_eq!(
            (refused.kind, refused.field.as_deref()),
            (ErrorKind::Invalid, Some("typed"))
        );
    }
    assert!(house.fleet.row(id).is_some() && !house.audited("machines.delete").await);
    house
        .service
        .delete(house.may::<Machine, MachinesDelete>(id).await, " web ")
        .await
        .unwrap();
    assert!(house.fleet.row(id).is_none());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_pasted_twice_is_one_key_and_stays_while_one_machine_uses_it() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let text = LoginKey::generate("shared").unwrap().to_text().unwrap();
    let paste = || KeyChoice::Paste {
        private: text.to_string(),
        passphrase: None,
    };
    let first = house.add(&sshd, "first", paste()).await;
    let second = house.add(&sshd, "second", paste()).await;
    let (one, two) = (house.detail(first).await, house.detail(second).await);
    assert_eq!(
        (one.key.clone().unwrap().id, one.key_shared_with),
        (two.key.unwrap().id, 1)
    );
    house
        .service
        .delete(house.may::<Machine, MachinesDelete>(first).await, "first")
        .await
        .unwrap();
    let left = house.detail(second).await;
    assert_eq!((left.key.unwrap().id, left.key_shared_with), (one.key.unwrap().id, 0));
    house.stop().await;
}
