//! Rows of `secret_keys` and `named_keys`.

use crate::{
    core::{id::UnixMillis, server::db::Db},
    error::AppResult,
};
use sea_orm::{ActiveValue::Set, EntityTrait, QueryOrder};

mod secret_keys {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "secret_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kek_id: String,
        pub check_sealed: String,
        pub created_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod named_keys {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "named_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub sealed: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// The key that the database is sealed under.
pub(super) type ExpectedKey = secret_keys::Model;

pub(super) async fn expected_key(db: &Db) -> AppResult<Option<ExpectedKey>> {
    Ok(secret_keys::Entity::find()
        .order_by_desc(secret_keys::Column::CreatedAt)
        .one(db.read())
        .await?)
}

pub(super) async fn remember_key(db: &Db, kek_id: String, check_sealed: String) -> AppResult<()> {
    let row = secret_keys::ActiveModel {
        kek_id: Set(kek_id),
        check_sealed: Set(check_sealed),
        created_at: Set(UnixMillis::now().0),
    };
    db.write(move |tx| {
        Box::pin(async move {
            secret_keys::Entity::insert(row).exec_without_returning(tx).await?;
            Ok(())
        })
    })
    .await
}

pub(super) async fn named_key(db: &Db, name: &str) -> AppResult<Option<String>> {
    Ok(named_keys::Entity::find_by_id(name.to_owned())
        .one(db.read())
        .await?
        .map(|row| row.sealed))
}

/// Keeps the key unless there is one by now; gives the one that is kept.
pub(super) async fn keep_named_key(db: &Db, name: &str, sealed: String) -> AppResult<String> {
    let name = name.to_owned();
    db.write(move |tx| {
        Box::pin(async move {
            if let Some(row) = named_keys::Entity::find_by_id(name.clone()).one(tx).await? {
                return Ok(row.sealed);
            }
            let row = named_keys::ActiveModel {
                name: Set(name),
                sealed: Set(sealed.clone()),
            };
            named_keys::Entity::insert(row).exec_without_returning(tx).await?;
            Ok(sealed)
        })
    })
    .await
}
