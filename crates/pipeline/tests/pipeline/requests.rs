//! A request under a key has one effect, and its answer is kept sealed.

use pipeline::{Begun, IdempotencyRow, StoredAnswer};

use crate::bench::Bench;

fn request(hash: u8) -> IdempotencyRow {
    IdempotencyRow {
        key: "a-key".to_owned(),
        principal: "k1".to_owned(),
        route: "POST /api/keys".to_owned(),
        request_hash: [hash; 32],
    }
}

fn answer() -> StoredAnswer {
    StoredAnswer {
        status: 201,
        content_type: "application/json".to_owned(),
        location: None,
        body: b"{\"key\":\"ltv_secret\"}".to_vec(),
    }
}

#[tokio::test]
async fn the_first_answer_is_given_again_and_lies_sealed() {
    let bench = Bench::new().await;
    let pipeline = &bench.pipeline;
    assert_eq!(pipeline.begin_request(&request(1)).await.unwrap(), Begun::New);
    assert_eq!(pipeline.begin_request(&request(1)).await.unwrap(), Begun::InFlight);
    pipeline.end_request(&request(1), Some(answer())).await.unwrap();
    assert_eq!(pipeline.begin_request(&request(1)).await.unwrap(), Begun::Answered(answer()));
    assert_eq!(pipeline.begin_request(&request(2)).await.unwrap(), Begun::OtherRequest);
    let raw = bench.store.begin_request(&request(1), bench.now(), bench.now()).await.unwrap();
    let Begun::Answered(raw) = raw else { panic!("{raw:?}") };
    assert!(!raw.body.windows(6).any(|part| part == b"secret"));
}

#[tokio::test]
async fn a_request_without_effect_is_forgotten_and_one_that_never_ended_begins_anew() {
    let bench = Bench::new().await;
    let pipeline = &bench.pipeline;
    pipeline.begin_request(&request(1)).await.unwrap();
    pipeline.end_request(&request(1), None).await.unwrap();
    assert_eq!(pipeline.begin_request(&request(2)).await.unwrap(), Begun::New);
    bench.pass(301).await;
    assert_eq!(pipeline.begin_request(&request(2)).await.unwrap(), Begun::New);
    pipeline.end_request(&request(2), Some(answer())).await.unwrap();
    bench.pass(8 * 24 * 3600).await;
    assert_eq!(pipeline.begin_request(&request(3)).await.unwrap(), Begun::New, "kept for seven days");
}
