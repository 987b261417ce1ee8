//! Portable SQL types: one schema, the best native column type on each backend.
//!
//! | logical | PostgreSQL    | SQLite                       |
//! |---------|---------------|------------------------------|
//! | `Utc`   | `TIMESTAMPTZ` | `INTEGER` (unix microseconds)|
//! | `Doc`   | `JSONB`       | `TEXT` (JSON)                |

use chrono::{DateTime, Utc as ChronoUtc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::{AsExpression, ValidGrouping};
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types as st;
use diesel::sqlite::{Sqlite, SqliteValue};

/// The types as `schema.rs` names them.
pub(crate) mod types {
    use diesel::query_builder::QueryId;
    use diesel::sql_types::SqlType;

    /// A moment in UTC, microsecond precision.
    #[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
    #[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
    pub struct Utc;

    /// A JSON document.
    #[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
    #[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
    pub struct Doc;

    impl diesel::sql_types::SqlOrd for Utc {}
}

/// A moment as it goes into a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = types::Utc)]
pub(crate) struct Ts(pub(crate) DateTime<ChronoUtc>);

impl ToSql<types::Utc, Pg> for Ts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<st::Timestamptz, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<types::Utc, Pg> for Ts {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<st::Timestamptz, Pg>::from_sql(value).map(Ts)
    }
}

impl ToSql<types::Utc, Sqlite> for Ts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.timestamp_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<types::Utc, Sqlite> for Ts {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<st::BigInt, Sqlite>>::from_sql(value)?;
        DateTime::from_timestamp_micros(micros).map(Ts).ok_or_else(|| "an instant is out of range".into())
    }
}

/// A document as it goes into a column.
#[derive(Debug, Clone, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = types::Doc)]
pub(crate) struct JsonDoc(pub(crate) serde_json::Value);

impl ToSql<types::Doc, Pg> for JsonDoc {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<st::Jsonb, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<types::Doc, Pg> for JsonDoc {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<st::Jsonb, Pg>::from_sql(value).map(JsonDoc)
    }
}

impl ToSql<types::Doc, Sqlite> for JsonDoc {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl FromSql<types::Doc, Sqlite> for JsonDoc {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<st::Text, Sqlite>>::from_sql(value)?;
        Ok(Self(serde_json::from_str(&text)?))
    }
}

/// `CAST(SUM(x) AS BIGINT)`. Diesel types `sum(BigInt)` as `Numeric` on every backend; amounts are minor units, so we
/// want an `i64` back, and an error rather than a rounded value where it does not fit.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct SumI64<E>(E);

pub(crate) fn sum_i64<E>(expression: E) -> SumI64<E>
where
    E: Expression<SqlType = st::BigInt>,
{
    SumI64(expression)
}

// Written by hand: the derive would demand that the inner column is in the GROUP BY.
impl<E, G> ValidGrouping<G> for SumI64<E> {
    type IsAggregate = diesel::expression::is_aggregate::Yes;
}

impl<E: Expression> Expression for SumI64<E> {
    type SqlType = st::Nullable<st::BigInt>;
}

impl<E, QS> AppearsOnTable<QS> for SumI64<E> where E: AppearsOnTable<QS> {}

impl<E, QS> SelectableExpression<QS> for SumI64<E> where E: SelectableExpression<QS> {}

impl<E, DB> QueryFragment<DB> for SumI64<E>
where
    DB: diesel::backend::Backend,
    E: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("CAST(SUM(");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS BIGINT)");
        Ok(())
    }
}
