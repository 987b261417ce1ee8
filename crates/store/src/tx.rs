//! How methods of the store run their queries.

use crate::StoreError;

/// Runs a function as a writing transaction, in a task of its own, again where it lost a race. The arguments are
/// shared between the tries.
macro_rules! write_tx {
    ($store:expr, $half:ident, $operation:literal, $work:path $(, $arg:ident)* $(,)?) => {{
        let store = $store.clone();
        $(let $arg = std::sync::Arc::new($arg);)*
        crate::fail::detached($operation, move || {
            let store = store.clone();
            $(let $arg = std::sync::Arc::clone(&$arg);)*
            async move {
                let mut conn = store.$half().await?;
                in_tx!(conn, async |conn: &mut Conn| $work(conn $(, &$arg)*).await)
            }
        })
        .await
    }};
}

pub(crate) use write_tx;

/// Names the operation at which the database failed.
pub(crate) fn at(operation: &'static str) -> impl FnOnce(diesel::result::Error) -> StoreError {
    move |source| StoreError::Database { operation, source }
}
