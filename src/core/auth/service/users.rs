//! Accounts of others: listed, invited, given a role, disabled, deleted. There is always one admin who can log in.

use super::{
    AuthService, Authorized, Client, Guarded, Instance, NewSession, UsersManage, UsersView, check_name, entry,
    guess::Try,
    store::{self, NewInvitation, User},
    token::Tokens,
    weak::check_password,
};
use crate::{
    core::{
        auth::model::{InvitationId, Invited, Role, UserId, UserList, UserRow},
        id::ObjectRef,
        server::{
            db::{Db, Tx, TxFuture},
            services::Services,
        },
    },
    error::{AppError, AppResult},
};
use async_trait::async_trait;
use serde_json::{Value, json};

/// An invitation works for so long.
const INVITATION_SECONDS: i64 = 3 * 24 * 3_600;
/// Invitations that may be open at a time.
const MAX_INVITATIONS: usize = 200;

/// Where accounts are found when they are the object of an action; offered in the service map.
pub struct Accounts(pub Db);

/// An account that exists, disabled or not.
pub struct Account(UserRow);

#[async_trait]
impl Guarded for Account {
    type Id = UserId;
    const KIND: &'static str = "user";
    async fn load(services: &Services, id: &UserId) -> AppResult<Option<Self>> {
        let accounts = services.get::<Accounts>()?;
        let users = store::users(accounts.0.read()).await?;
        Ok(users.into_iter().find(|user| user.id == *id).map(Self))
    }
    fn object_ref(&self) -> ObjectRef {
        ObjectRef::new(Self::KIND, self.0.id, self.0.name.clone())
    }
}

impl Account {
    pub(super) fn id(&self) -> UserId {
        self.0.id
    }
    pub(super) fn of(&self) -> ObjectRef {
        self.object_ref()
    }
}

type May = Authorized<Account, UsersManage>;

impl AuthService {
    /// All accounts, and the invitations that are still open.
    pub async fn users(&self, _may: Authorized<Instance, UsersView>) -> AppResult<UserList> {
        let now = self.clock.now();
        Ok(UserList {
            users: store::users(self.db.read()).await?,
            roles: store::custom_roles(self.db.read()).await?,
            grants: store::grants(self.db.read(), now).await?,
            invitations: store::invitations(self.db.read(), now).await?,
        })
    }

    /// Invites somebody to make the account `name`. The code in the answer is shown once and kept as a hash only.
    pub async fn invite(&self, may: Authorized<Instance, UsersManage>, name: &str, role: Role) -> AppResult<Invited> {
        let name = check_name(name)?;
        let code = Tokens::first_refresh();
        let now = self.clock.now();
        let invitation = NewInvitation {
            id: InvitationId::new(),
            name: name.clone(),
            role,
            sha256: Tokens::at_rest(&code),
            expires_at: now.plus_seconds(INVITATION_SECONDS),
        };
        let expires_at = invitation.expires_at;
        let (audit, actor) = (self.audit.clone(), may.into_parts().1);
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    refuse_taken(tx, &invitation.name).await?;
                    if store::invitations(tx, now).await?.len() >= MAX_INVITATIONS {
                        return Err(AppError::conflict(
                            "There are too many open invitations. Withdraw some first.",
                        ));
                    }
                    store::insert_invitation(tx, &invitation, now).await?;
                    let object = ObjectRef::new("invitation", invitation.id, invitation.name);
                    let detail = json!({"role": role});
                    audit
                        .change_in(tx, &actor, entry("core.users.invite", object, detail))
                        .await?;
                    Ok(())
                })
            })
            .await?;
        Ok(Invited {
            name,
            path: format!("/invite?code={code}"),
            expires_at,
        })
    }

    /// Withdraws an invitation that was not used yet.
    pub async fn withdraw(&self, may: Authorized<Instance, UsersManage>, id: InvitationId) -> AppResult<()> {
        let (audit, actor, now) = (self.audit.clone(), may.into_parts().1, self.clock.now());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let open = store::invitations(tx, now).await?;
                    let found = open.into_iter().find(|i| i.id == id);
                    let found = found.ok_or_else(|| AppError::not_found("invitation"))?;
                    store::use_invitation(tx, id, now).await?;
                    let object = ObjectRef::new("invitation", id, found.name);
                    audit
                        .change_in(tx, &actor, entry("core.users.withdraw", object, Value::Null))
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Makes the account of an invitation, and logs its owner in. The code works once.
    pub async fn accept(&self, code: &str, password: &str, client: &Client) -> AppResult<NewSession> {
        let attempt = Try::of_network(&client.meta.address);
        self.guesses.admit(&attempt).await?;
        let (hash, now) = (Tokens::at_rest(code.trim()), self.clock.now());
        let found = store::invitation(self.db.read(), &hash, now).await?;
        let invitation = found.ok_or_else(unknown_code)?;
        self.guesses.right(&attempt).await?;
        check_password(password, &invitation.name)?;
        let user = User {
            id: UserId::new(),
            name: invitation.name.clone(),
            password_phc: self.passwords.hash(password).await?,
            role: invitation.role,
        };
        let (audit, actor, row) = (self.audit.clone(), self.anonymous(client), user.clone());
        self.rights
            .change(move |tx| {
                Box::pin(async move {
                    if !store::use_invitation(tx, invitation.id, now).await? {
                        return Err(unknown_code());
                    }
                    refuse_taken(tx, &row.name).await?;
                    store::insert_user(tx, &row).await?;
                    let object = ObjectRef::new("user", row.id, row.name);
                    let detail = json!({"role": row.role, "invitation": invitation.id});
                    audit
                        .change_in(tx, &actor, entry("core.users.accept", object, detail))
                        .await?;
                    Ok(())
                })
            })
            .await?;
        self.open_session(user, client).await
    }

    /// Gives an account another role. It counts at once: open pages are told to come again.
    pub async fn set_role(&self, may: May, role: Role) -> AppResult<()> {
        let before = may.object().0.role;
        let detail = json!({"before": {"role": before}, "after": {"role": role}});
        let keeps_admin = role == Role::Admin;
        self.change(may, "core.users.set_role", detail, keeps_admin, move |tx, id| {
            Box::pin(async move { store::set_role(tx, id, role).await })
        })
        .await
    }

    /// Takes an account out of use, and ends its sessions.
    pub async fn disable_user(&self, may: May) -> AppResult<()> {
        let now = self.clock.now();
        self.change(may, "core.users.disable", Value::Null, false, move |tx, id| {
            Box::pin(async move {
                for session in store::sessions_of(tx, id, now).await? {
                    store::revoke_session(tx, session.id, "account disabled", now).await?;
                }
                store::set_disabled(tx, id, Some(now)).await
            })
        })
        .await
    }

    /// Lets a disabled account log in again.
    pub async fn enable_user(&self, may: May) -> AppResult<()> {
        self.change(may, "core.users.enable", Value::Null, true, |tx, id| {
            Box::pin(async move { store::set_disabled(tx, id, None).await })
        })
        .await
    }

    /// Removes an account and its sessions. What it did stays in the audit log.
    pub async fn delete_user(&self, may: May) -> AppResult<()> {
        self.change(may, "core.users.delete", Value::Null, false, |tx, id| {
            Box::pin(async move { store::delete_user(tx, id).await })
        })
        .await
    }

    /// One change of one account with its audit row; refused when it would leave no admin who can log in.
    async fn change<F>(
        &self,
        may: May,
        action: &'static str,
        detail: Value,
        keeps_admin: bool,
        work: F,
    ) -> AppResult<()>
    where
        F: for<'t> FnOnce(&'t Tx, UserId) -> TxFuture<'t, ()> + Send + 'static,
    {
        let (Account(user), actor) = may.into_parts();
        let (audit, id) = (self.audit.clone(), user.id);
        self.rights
            .change(move |tx| {
                Box::pin(async move {
                    if !keeps_admin && !store::other_admin(tx, id).await? {
                        return Err(AppError::conflict(
                            "This is the last admin who can log in. Make another account an admin first.",
                        ));
                    }
                    work(tx, id).await?;
                    let object = ObjectRef::new("user", id, user.name);
                    audit.change_in(tx, &actor, entry(action, object, detail)).await?;
                    Ok(())
                })
            })
            .await
    }
}

async fn refuse_taken(tx: &Tx, name: &str) -> AppResult<()> {
    let users = store::users(tx).await?;
    if users.iter().any(|user| user.name.eq_ignore_ascii_case(name)) {
        return Err(AppError {
            field: Some("name".to_owned()),
            ..AppError::conflict("Another account has this name. Choose another one.")
        });
    }
    Ok(())
}

fn unknown_code() -> AppError {
    AppError::forbidden("This invitation was used, withdrawn or has expired. Ask for a new one.")
}

impl AuthService {
    /// The actor that stored work acts as: the account with the role that it has now.
    pub(super) async fn as_now(&self, who: super::Who) -> AppResult<super::Who> {
        let super::Who::User { id, session, .. } = who else {
            return Ok(who);
        };
        let user = store::user_by_id(self.db.read(), id).await?;
        let user = user.ok_or_else(|| AppError::forbidden("The account that asked for this may no longer act."))?;
        Ok(super::Who::User {
            id,
            name: user.name,
            role: user.role,
            session,
        })
    }
}
