//! One flow, one test a store.

/// Makes of each flow, a function of a [`e2e::Backend`], a test on SQLite and one on PostgreSQL.
macro_rules! on_both_stores {
    ($($flow:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $flow() -> anyhow::Result<()> {
                    super::$flow(e2e::Backend::Sqlite).await
                }
            )+
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $flow() -> anyhow::Result<()> {
                    super::$flow(e2e::Backend::Postgres).await
                }
            )+
        }
    };
}

pub(crate) use on_both_stores;
