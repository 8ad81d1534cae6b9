//! Authorised objects: neither a missing nor a wrong check compiles.
//!
//! A service's `fn start(&self, c: Authorized<Container, ContainersStart>)` can only be called with what
//! [`Actor::authorise`] gave, and that loads the object and asks the policy about this very action.

use super::{
    rights::{Cell, RightsBook},
    roles,
};
use crate::{
    core::{
        audit::service::{Entry, Refusals},
        auth::model::{Role, SessionId, UserId},
        id::ObjectRef,
        server::services::Services,
    },
    error::{AppError, AppResult},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::{fmt, marker::PhantomData, sync::Arc};

/// Something that can be done to an object. Declared with [`action!`](crate::action).
pub trait Action: Send + Sync + 'static {
    /// `docker.containers.start`
    const NAME: &'static str;
}

/// Declares zero-size actions: `action!(ContainersStart = "docker.containers.start");`
#[macro_export]
macro_rules! action {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl $crate::core::auth::service::Action for $name {
            const NAME: &'static str = $text;
        }
    )+};
}

/// An object that rights are given on.
#[async_trait]
pub trait Guarded: Sized + Send + Sync + 'static {
    type Id: Send + Sync;
    /// Kind of its [`ObjectRef`].
    const KIND: &'static str;
    /// The object, or `None` when it does not exist.
    async fn load(services: &Services, id: &Self::Id) -> AppResult<Option<Self>>;
    fn object_ref(&self) -> ObjectRef;
    /// Whether there is no telling whether it exists to somebody who may not touch it.
    const HIDDEN: bool = true;
    /// Whether it stands for any object that there may be.
    const ANYWHERE: bool = false;
    /// `key=value` tags that a role's selector may name.
    fn tags(&self) -> &[String] {
        &[]
    }
}

/// The whole installation: what actions without an object of their own (create, settings) are asked on.
pub struct Instance;

#[async_trait]
impl Guarded for Instance {
    type Id = ();
    const KIND: &'static str = "instance";
    const HIDDEN: bool = false;
    async fn load(_: &Services, _: &()) -> AppResult<Option<Self>> {
        Ok(Some(Self))
    }
    fn object_ref(&self) -> ObjectRef {
        ObjectRef::new(Self::KIND, "", "this installation")
    }
}

/// Some object or other: what lists are asked on, which then show what the rights on each object let through.
pub struct Anywhere;

#[async_trait]
impl Guarded for Anywhere {
    type Id = ();
    const KIND: &'static str = "instance";
    const HIDDEN: bool = false;
    const ANYWHERE: bool = true;
    async fn load(_: &Services, _: &()) -> AppResult<Option<Self>> {
        Ok(Some(Self))
    }
    fn object_ref(&self) -> ObjectRef {
        Instance.object_ref()
    }
}

/// Proof that `actor` may do `A` to `object`. Not `Clone`, not `Serialize`, and only this module makes it.
pub struct Authorized<T, A> {
    object: T,
    actor: Actor,
    _action: PhantomData<A>,
}

impl<T: Guarded, A: Action> Authorized<T, A> {
    pub fn object(&self) -> &T {
        &self.object
    }
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
    pub fn action(&self) -> &'static str {
        A::NAME
    }
    pub fn into_parts(self) -> (T, Actor) {
        (self.object, self.actor)
    }
}

/// Who is behind a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Who {
    User {
        id: UserId,
        name: String,
        role: Role,
        session: SessionId,
    },
    /// The server itself: schedules, recovery.
    System { reason: String },
    /// Nobody yet: set-up and login attempts, for their audit rows. May do nothing.
    Anonymous,
}

impl Who {
    /// Id for audit rows.
    pub fn id_text(&self) -> String {
        match self {
            Self::User { id, .. } => format!("user:{id}"),
            Self::System { .. } => "system".to_owned(),
            Self::Anonymous => "anonymous".to_owned(),
        }
    }
}

/// What audit rows keep of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMeta {
    pub request_id: String,
    /// Address of the peer, without the port.
    pub address: String,
}

/// Somebody who asks for something, with what is needed to answer.
#[derive(Clone)]
pub struct Actor {
    who: Who,
    meta: RequestMeta,
    services: Arc<Services>,
    /// What the account may do, as it is now. `None` where there are no accounts: then the role in `who` counts.
    rights: Option<Arc<Cell>>,
}

/// The policy's answer. The reason is made when somebody asks for it: live frames ask a thousand times a second
/// and never want it.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    pub allowed: bool,
    actor: &'a Actor,
    action: &'a str,
    tags: &'a [String],
}

impl Decision<'_> {
    /// Why, in a sentence that a person may read.
    pub fn because(&self) -> String {
        let action = self.action;
        match &self.actor.who {
            Who::User { name, role, .. } => {
                let rights = self.actor.rights.as_ref();
                let giver = rights.and_then(|rights| rights.load().giver(action, self.tags));
                match giver {
                    Some(giver) => format!("{name} may do {action} by {giver}"),
                    None if self.allowed => format!("{name} may do {action} by the role {}", role.as_str()),
                    None => format!("neither the role of {name} nor a grant gives {action} here"),
                }
            }
            Who::System { reason } => format!("the server does {action} itself: {reason}"),
            Who::Anonymous => "nobody is logged in".to_owned(),
        }
    }
}

impl Actor {
    pub fn new(who: Who, meta: RequestMeta, services: Arc<Services>) -> Self {
        let rights = match &who {
            Who::User { id, .. } => services.get::<RightsBook>().ok().and_then(|book| book.cell(*id)),
            _ => None,
        };
        Self {
            who,
            meta,
            services,
            rights,
        }
    }
    /// The server itself.
    pub fn system(reason: &str, services: Arc<Services>) -> Self {
        Self::new(
            Who::System {
                reason: reason.to_owned(),
            },
            RequestMeta::default(),
            services,
        )
    }
    pub fn who(&self) -> &Who {
        &self.who
    }
    pub fn meta(&self) -> &RequestMeta {
        &self.meta
    }
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }
    /// Name for lists and audit rows.
    pub fn name(&self) -> &str {
        match &self.who {
            Who::User { name, .. } => name,
            Who::System { .. } => "system",
            Who::Anonymous => "anonymous",
        }
    }
    /// Id for audit rows.
    pub fn id_text(&self) -> String {
        self.who.id_text()
    }

    /// Loads the object and asks the policy. A missing object and one out of scope answer the same.
    pub async fn authorise<T: Guarded, A: Action>(&self, id: T::Id) -> AppResult<Authorized<T, A>> {
        let object = T::load(&self.services, &id)
            .await?
            .ok_or_else(|| AppError::not_found(T::KIND))?;
        let allowed = match T::ANYWHERE {
            true => self.may_somewhere(A::NAME),
            false => self.may(A::NAME, object.tags()).allowed,
        };
        if !allowed {
            self.note_refusal(A::NAME, object.object_ref(), self.may(A::NAME, object.tags()).because());
            return Err(if T::HIDDEN {
                AppError::not_found(T::KIND)
            } else {
                AppError::forbidden(format!(
                    "Your role does not allow this ({}). An admin can give you another one.",
                    A::NAME
                ))
            });
        }
        Ok(Authorized {
            object,
            actor: self.clone(),
            _action: PhantomData,
        })
    }

    /// A forbidden try is in the server's log at once, and in the audit log soon.
    fn note_refusal(&self, action: &str, object: ObjectRef, why: String) {
        tracing::warn!(actor = %self.id_text(), action, object = ?object, "refused");
        if let Ok(refusals) = self.services.get::<Refusals>() {
            let entry = Entry {
                action: action.to_owned(),
                object,
                detail: serde_json::Value::Null,
            };
            refusals.note(self, entry, why);
        }
    }

    /// Every object of `ids` that this actor may do `A` to, and the ids of the rest (missing and refused look alike).
    pub async fn authorise_all<T: Guarded, A: Action>(&self, ids: Vec<T::Id>) -> (Vec<Authorized<T, A>>, Vec<T::Id>) {
        let (mut granted, mut refused) = (Vec::new(), Vec::new());
        for id in ids {
            match T::load(&self.services, &id).await {
                Ok(Some(object)) if self.may(A::NAME, object.tags()).allowed => {
                    granted.push(Authorized {
                        object,
                        actor: self.clone(),
                        _action: PhantomData,
                    });
                }
                Ok(Some(object)) => {
                    let why = self.may(A::NAME, object.tags()).because();
                    self.note_refusal(A::NAME, object.object_ref(), why);
                    refused.push(id);
                }
                _ => refused.push(id),
            }
        }
        (granted, refused)
    }

    /// The one policy function.
    pub fn may<'a>(&'a self, action: &'a str, tags: &'a [String]) -> Decision<'a> {
        let allowed = match (&self.who, &self.rights) {
            (Who::User { .. }, Some(rights)) => rights.load().may(action, tags),
            (Who::User { role, .. }, None) => roles::allows(*role, action),
            (Who::System { .. }, _) => true,
            (Who::Anonymous, _) => false,
        };
        Decision {
            allowed,
            actor: self,
            action,
            tags,
        }
    }

    /// Whether there may be something that this actor may do `action` to.
    pub fn may_somewhere(&self, action: &str) -> bool {
        match (&self.who, &self.rights) {
            (Who::User { .. }, Some(rights)) => rights.load().may_somewhere(action),
            _ => self.may(action, &[]).allowed,
        }
    }

    /// Whether tags make a difference to what this actor may do.
    pub fn is_scoped(&self) -> bool {
        self.rights.as_ref().is_some_and(|rights| rights.load().is_scoped())
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actor")
            .field("who", &self.who)
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}
