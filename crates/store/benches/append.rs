//! Rows per second of the group commit, 512 callers at once, on both stores with full durability.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run must fail")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use divan::Bencher;
use divan::counter::ItemsCount;
use futures_util::future::join_all;
use store::testkit::{TestPg, a_message, in_memory_of_a_test};
use store::{GroupCommit, Store};
use tokio::runtime::Runtime;

const CALLERS: usize = 512;

fn main() {
    divan::main();
}

fn append(bencher: Bencher, runtime: &Runtime, store: Arc<dyn Store>) {
    let group = runtime.block_on(async { GroupCommit::spawn(store, CALLERS) });
    let next = AtomicUsize::new(0);
    let at = ltv_core::testkit::day(1);
    bencher.counter(ItemsCount::new(CALLERS)).bench(|| {
        runtime.block_on(join_all((0..CALLERS).map(|_| {
            let (group, name) = (group.clone(), format!("evt_{}", next.fetch_add(1, Ordering::Relaxed)));
            async move { group.append(a_message(&name, at)).await.unwrap() }
        })))
    });
}

#[divan::bench(sample_count = 50, sample_size = 1)]
fn sqlite(bencher: Bencher) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().display());
    let store = runtime.block_on(store::open(&url, in_memory_of_a_test())).unwrap();
    append(bencher, &runtime, store);
}

#[divan::bench(sample_count = 50, sample_size = 1)]
fn postgres(bencher: Bencher) {
    let runtime = Runtime::new().unwrap();
    let server = TestPg::start(true).unwrap();
    let store = runtime.block_on(async {
        let url = server.database("bench").await.unwrap();
        store::open(&url, in_memory_of_a_test()).await.unwrap()
    });
    append(bencher, &runtime, store);
}
