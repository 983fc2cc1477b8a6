//! Style and scripts, embedded: nothing is loaded from elsewhere.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ETAG, IF_NONE_MATCH},
};
use portcullis_api::error::{ApiError, ErrorCode};
use sha2::{Digest as _, Sha256};

use super::answer::{Failed, with_headers};

struct Asset {
    name: &'static str,
    content_type: &'static str,
    body: &'static str,
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: &[Asset] = &[
    Asset { name: "page.css", content_type: "text/css; charset=utf-8", body: include_str!("assets/page.css") },
    Asset { name: "icon.svg", content_type: "image/svg+xml", body: include_str!("assets/icon.svg") },
    Asset { name: "page.js", content_type: JAVASCRIPT, body: include_str!("assets/page.js") },
    Asset { name: "brush.js", content_type: JAVASCRIPT, body: include_str!("assets/brush.js") },
    Asset { name: "live.js", content_type: JAVASCRIPT, body: include_str!("assets/live.js") },
];

/// Of the program: another build may have other assets under the same names.
static TAG: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = ASSETS.iter().fold(Sha256::new(), |digest, asset| digest.chain_update(asset.body)).finalize();
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&format!("\"{hex}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
});

/// `GET /assets/{name}`.
pub(super) async fn get(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Failed> {
    let known = ASSETS.iter().find(|asset| asset.name == name);
    let asset = known.ok_or_else(|| ApiError::new(ErrorCode::NotFound, "There is nothing of this name."))?;
    let mut response = if headers.get(IF_NONE_MATCH) == Some(&*TAG) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        asset.body.into_response()
    };
    response.headers_mut().insert(ETAG, TAG.clone());
    Ok(with_headers(response, asset.content_type, "no-cache"))
}
