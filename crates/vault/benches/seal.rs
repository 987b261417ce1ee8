//! How long sealing and opening a message takes.
#![expect(clippy::unwrap_used, reason = "a benchmark may stop")]

use std::sync::Arc;

use divan::Bencher;
use uuid::Uuid;
use vault::testkit::MemoryShelf;
use vault::{KeyHandle, RootKey, Vault};

const TABLE: &str = "inbox_message";

fn main() {
    divan::main();
}

fn vault_and_key(runtime: &tokio::runtime::Runtime) -> (Vault, KeyHandle) {
    runtime.block_on(async {
        let shelf = Arc::new(MemoryShelf::default());
        let vault = Vault::open(RootKey::from_bytes([7; 32]), shelf, Uuid::from_u128(1)).await.unwrap();
        let key = vault.named_key("bench").await.unwrap();
        (vault, key)
    })
}

/// Text of about a provider message's shape: names that repeat, values that do not.
fn message(bytes: usize) -> Vec<u8> {
    let lines = (0_u64..).map(|n| {
        let value = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        format!("\"field_{}\": \"{value:016x}\",\n", n % 40)
    });
    lines.flat_map(String::into_bytes).take(bytes).collect()
}

#[divan::bench(args = [1_000, 3_000, 30_000])]
fn seal(bencher: Bencher<'_, '_>, bytes: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ((vault, key), plain) = (vault_and_key(&runtime), message(bytes));
    bencher.bench(|| vault.seal(&key, TABLE, Uuid::from_u128(2), &plain).unwrap());
}

#[divan::bench(args = [1_000, 3_000, 30_000])]
fn open(bencher: Bencher<'_, '_>, bytes: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ((vault, key), plain) = (vault_and_key(&runtime), message(bytes));
    let id = Uuid::from_u128(2);
    let sealed = vault.seal(&key, TABLE, id, &plain).unwrap();
    bencher.bench(|| {
        let opening = vault.open_sealed(TABLE, id, &sealed.ciphertext, &sealed.wrapped_key, &sealed.key_name);
        runtime.block_on(opening).unwrap()
    });
}
