//! Custom roles, what is granted to whom and until when, and why somebody may do something.

use super::{
    Account, AuthService, Authorized, Instance, UsersManage, UsersView, check_name, entry, rights::Rule, store,
};
use crate::{
    core::{
        auth::model::{CustomRole, Explained, GrantId, RoleId, UserId, Verdict},
        id::ObjectRef,
        server::db::{Tx, TxFuture},
    },
    error::{AppError, AppResult},
};
use serde_json::{Value, json};

const MAX_ROLES: usize = 100;
const MAX_GRANTS: usize = 50;
/// The longest time that a grant with an end may have: ten years.
const MAX_HOURS: i64 = 87_600;

impl AuthService {
    /// Makes a custom role, or gives the one of this name other rows. `known` are the actions that there are.
    pub async fn save_role(
        &self,
        may: Authorized<Instance, UsersManage>,
        name: &str,
        rules: &str,
        known: &[&str],
    ) -> AppResult<()> {
        let name = check_name(name).map_err(|why| AppError {
            field: Some("role_name".to_owned()),
            ..why
        })?;
        let rules = Rule::parse_all(rules, known)?;
        let text = rules.iter().map(Rule::to_string).collect::<Vec<_>>().join("\n");
        let (audit, actor, now) = (self.audit.clone(), may.into_parts().1, self.clock.now());
        self.rights
            .change(move |tx| {
                Box::pin(async move {
                    let all = store::custom_roles(tx).await?;
                    let old = all.iter().find(|role| role.name.eq_ignore_ascii_case(&name));
                    if old.is_none() && all.len() >= MAX_ROLES {
                        return Err(AppError::conflict(format!(
                            "There are {MAX_ROLES} roles already. Delete one first."
                        )));
                    }
                    let id = old.map_or_else(RoleId::new, |role| role.id);
                    let before = old.map(|role| json!({"rules": role.rules}));
                    store::put_role(
                        tx,
                        &CustomRole {
                            id,
                            name: name.clone(),
                            rules: text.clone(),
                        },
                        now,
                    )
                    .await?;
                    let detail = json!({"before": before, "after": {"rules": text}});
                    audit
                        .change_in(
                            tx,
                            &actor,
                            entry("core.roles.save", ObjectRef::new("role", id, name), detail),
                        )
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Deletes a custom role; what was granted through it ends.
    pub async fn delete_role(&self, may: Authorized<Instance, UsersManage>, id: RoleId) -> AppResult<()> {
        let (audit, actor) = (self.audit.clone(), may.into_parts().1);
        self.rights
            .change(move |tx| {
                Box::pin(async move {
                    let role = role(tx, id).await?;
                    store::delete_role(tx, id).await?;
                    let object = ObjectRef::new("role", id, role.name);
                    audit
                        .change_in(
                            tx,
                            &actor,
                            entry("core.roles.delete", object, json!({"rules": role.rules})),
                        )
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Grants a custom role to an account, for so many hours or for good.
    pub async fn grant(&self, may: Authorized<Account, UsersManage>, id: RoleId, hours: Option<i64>) -> AppResult<()> {
        if hours.is_some_and(|hours| !(1..=MAX_HOURS).contains(&hours)) {
            return Err(AppError::invalid(
                "hours",
                format!("Write 1 to {MAX_HOURS} hours, or nothing: for good."),
            ));
        }
        let now = self.clock.now();
        let until = hours.map(|hours| now.plus_seconds(hours * 3_600));
        self.change_grants(may, "core.users.grant", move |tx, user| {
            Box::pin(async move {
                let role = role(tx, id).await?;
                if store::grants(tx, now)
                    .await?
                    .iter()
                    .filter(|(whose, _)| *whose == user)
                    .count()
                    >= MAX_GRANTS
                {
                    return Err(AppError::conflict(
                        "This account has too many grants. Revoke some first.",
                    ));
                }
                store::insert_grant(tx, GrantId::new(), user, id, until, now).await?;
                Ok(json!({"role": role.name, "rules": role.rules, "until": until}))
            })
        })
        .await
    }

    /// Takes a grant back.
    pub async fn revoke_grant(&self, may: Authorized<Account, UsersManage>, id: GrantId) -> AppResult<()> {
        let now = self.clock.now();
        self.change_grants(may, "core.users.revoke", move |tx, user| {
            Box::pin(async move {
                let all = store::grants(tx, now).await?.into_iter();
                let found = all
                    .filter(|(whose, _)| *whose == user)
                    .find(|(_, grant)| grant.id == id);
                let (_, grant) = found.ok_or_else(|| AppError::not_found("grant"))?;
                store::delete_grant(tx, id).await?;
                Ok(json!({"role": grant.role}))
            })
        })
        .await
    }

    async fn change_grants<F>(
        &self,
        may: Authorized<Account, UsersManage>,
        action: &'static str,
        work: F,
    ) -> AppResult<()>
    where
        F: for<'t> FnOnce(&'t Tx, UserId) -> TxFuture<'t, Value> + Send + 'static,
    {
        let (account, actor) = may.into_parts();
        let (id, object, audit) = (account.id(), account.of(), self.audit.clone());
        self.rights
            .change(move |tx| {
                Box::pin(async move {
                    let detail = work(tx, id).await?;
                    audit.change_in(tx, &actor, entry(action, object, detail)).await?;
                    Ok(())
                })
            })
            .await
    }

    /// What an account may do to a place (a machine's id; empty for the whole installation), and why.
    pub fn explain(
        &self,
        _may: &Authorized<Instance, UsersView>,
        user: UserId,
        place: &str,
        known: &[&str],
    ) -> AppResult<Explained> {
        let tags = self.hub.tags(place);
        let cell = self.rights.cell(user).ok_or_else(|| AppError::not_found("user"))?;
        let rights = cell.load();
        let verdicts = known.iter().map(|action| Verdict {
            action: (*action).to_owned(),
            because: rights.giver(action, &tags),
        });
        Ok(Explained {
            places: self.hub.places(),
            tags: tags.to_vec(),
            verdicts: verdicts.collect(),
        })
    }
}

async fn role(tx: &Tx, id: RoleId) -> AppResult<CustomRole> {
    let found = store::custom_roles(tx).await?.into_iter().find(|role| role.id == id);
    found.ok_or_else(|| AppError::not_found("role"))
}
