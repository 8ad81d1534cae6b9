//! Somebody who may edit the machines with one tag, and nothing else: what they change, ask and destroy stays inside.

use crate::{
    app::{Browser, TestApp, eventually},
    rights::host,
    rows::container,
    users::{id_of, member},
};
use pollysystem::{
    core::{audit::model::Phase, auth::model::UserList},
    plugins::machines::model::{MachineDetail, MachineId},
};
use std::time::Duration;

const RULES: &str = "machines.* env=prod\ndocker.containers.* env=prod";

struct House {
    app: TestApp,
    admin: Browser,
    eve: Browser,
    prod: MachineId,
    secret: MachineId,
}

impl House {
    async fn open() -> Self {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let prod = host(&app, &admin, "prod-1", "env=prod").await;
        let secret = host(&app, &admin, "secret-2", "env=test").await;
        let form = [("role_name", "editor"), ("rules", RULES)];
        assert!(admin.call("/api/roles/save", &form).await.status().is_success());
        let eve = member(&app, &admin, "eve", "member").await;
        let list: UserList = admin.ask("/api/users/list", &[]).await;
        let (user, role) = (id_of(&admin, "eve").await, list.roles[0].id.to_string());
        let form = [("id", user.as_str()), ("role", role.as_str()), ("hours", "")];
        assert!(admin.call("/api/users/grant", &form).await.status().is_success());
        Self {
            app,
            admin,
            eve,
            prod,
            secret,
        }
    }

    /// Eve's edit of her machine with one field changed; the status.
    async fn edit(&self, change: (&str, &str)) -> u16 {
        let id = self.prod.to_string();
        let mut form = vec![
            ("id", id.as_str()),
            ("machine[name]", "prod-1"),
            ("machine[host]", "127.0.0.9"),
            ("machine[port]", "9"),
            ("machine[user]", "root"),
            ("machine[key_mode]", "keep"),
            ("machine[tags]", "env=prod"),
        ];
        form.retain(|(name, _)| *name != change.0);
        form.push(change);
        self.eve.call("/api/machines/edit", &form).await.status().as_u16()
    }

    async fn detail(&self, who: &Browser, id: MachineId) -> MachineDetail {
        who.ask("/api/machines/detail", &[("id", &id.to_string())]).await
    }

    /// The answer to a removal of these containers, without the number of the request.
    async fn remove(&self, targets: &[String]) -> (u16, String) {
        let form: Vec<_> = [("action", "remove")]
            .into_iter()
            .chain(targets.iter().map(|target| ("targets[]", target.as_str())))
            .collect();
        let answer = self.eve.call("/api/docker/act", &form).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

fn target(machine: MachineId, name: &str, n: usize) -> String {
    format!("{machine}/{}", container(machine, name, n).id)
}

#[tokio::test]
async fn az_07_who_may_edit_some_machines_cannot_point_one_at_another_host_with_the_servers_keys() {
    let house = House::open().await;
    let key = house
        .detail(&house.admin, house.secret)
        .await
        .key
        .unwrap()
        .id
        .to_string();
    for change in [
        ("machine[host]", "127.0.0.10"),
        ("machine[port]", "22"),
        ("machine[user]", "polly"),
        ("machine[key_mode]", "generate"),
        ("machine[tags]", "env=test"),
        ("machine[tags]", ""),
    ] {
        assert_eq!(house.edit(change).await, 403, "{change:?}");
    }
    let id = house.prod.to_string();
    let form = [
        ("id", id.as_str()),
        ("machine[name]", "prod-1"),
        ("machine[host]", "127.0.0.9"),
        ("machine[port]", "9"),
        ("machine[user]", "root"),
        ("machine[key_mode]", "existing"),
        ("machine[key_id]", key.as_str()),
        ("machine[tags]", "env=prod"),
    ];
    assert_eq!(house.eve.call("/api/machines/edit", &form).await.status(), 403);
    assert_eq!(
        house.edit(("machine[name]", "prod-one")).await,
        200,
        "a name may be changed"
    );
    let after = house.detail(&house.admin, house.prod).await;
    assert_eq!(
        (after.row.name.as_str(), after.row.tags.as_slice()),
        ("prod-one", ["env=prod".to_owned()].as_slice())
    );
    house.app.stop().await;
}

#[tokio::test]
async fn az_03_the_page_of_a_machine_names_no_hidden_one() {
    let house = House::open().await;
    let seen = house.detail(&house.admin, house.prod).await;
    assert_eq!(seen.duplicates.len(), 1, "both have one address");
    let hidden = house.detail(&house.eve, house.prod).await;
    assert!(!serde_json::to_string(&hidden).unwrap().contains("secret-2"));
    assert!(hidden.duplicates.is_empty() && hidden.key_shared_with == 0);
    house.app.stop().await;
}

#[tokio::test]
async fn az_03_a_removal_tells_nothing_of_hidden_containers_and_is_audited() {
    let house = House::open().await;
    let hidden = [target(house.secret, "secret-2", 0), target(house.secret, "secret-2", 1)];
    let bogus = [target(MachineId::new(), "x", 0), target(MachineId::new(), "x", 1)];
    let ((status, text), (other, _)) = (house.remove(&hidden).await, house.remove(&bogus).await);
    assert_eq!((status, other), (404, 404));
    assert!(!text.contains("secret-2"), "{text}");
    let own = [target(house.prod, "prod-1", 0), hidden[0].clone()];
    let (status, text) = house.remove(&own).await;
    assert!(
        status == 400 && text.contains("1 on prod-1, 1 that cannot be found"),
        "{status} {text}"
    );
    eventually(
        "the refusals are in the audit log",
        Duration::from_secs(5),
        async || {
            let rows = house.app.server.core.audit.list(None, 200, None).await.unwrap();
            let refused = |object: &str| {
                let mut of = rows
                    .iter()
                    .filter(|r| r.action == "docker.containers.remove" && r.phase != Phase::Intent);
                of.any(|r| r.object.id.contains(object))
            };
            hidden
                .iter()
                .all(|target| refused(target.rsplit('/').next().unwrap()))
                .then_some(())
        },
    )
    .await;
    house.app.stop().await;
}
