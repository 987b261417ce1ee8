//! The files that pages need, compiled in.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("../../assets/style.css");
const ICON: &str = include_str!("../../assets/icon.svg");
/// Pages name the version of a file that they want, so it may be kept for long.
const CACHE: &str = "public, max-age=31536000, immutable";

static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let digest = hex::encode(Sha256::digest(STYLE));
    format!("/assets/style.css?v={}", digest.get(..12).unwrap_or_default())
});

/// Where pages find the style sheet; another version has another address.
pub(crate) fn style_address() -> &'static str {
    &STYLE_ADDRESS
}

/// The style sheet.
pub(crate) async fn style(request: HttpRequest) -> HttpResponse {
    // Without its version the address says nothing of the content.
    let cache = if request.query_string().is_empty() { "no-cache" } else { CACHE };
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, cache))
        .body(STYLE)
}

/// The icon.
pub(crate) async fn icon() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((header::CACHE_CONTROL, "max-age=3600"))
        .body(ICON)
}
