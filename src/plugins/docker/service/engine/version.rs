//! Agreeing on an API version.

use super::loose::Loose;
use crate::error::{AppError, AppResult, ErrorKind};
use serde::Deserialize;

/// What the engine says of itself.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Said {
    pub version: Loose<String>,
    pub api_version: Loose<String>,
    #[serde(rename = "MinAPIVersion")]
    pub min_api_version: Loose<String>,
}

/// The newest version that both know. Errors: what the engine said is no version, or it is too new for us.
pub(super) fn agree(said: &Said, ours: (usize, usize)) -> AppResult<(usize, usize)> {
    let text = said.api_version.as_ref().map_or("", String::as_str);
    let theirs = parse(text).ok_or_else(|| {
        AppError::new(
            ErrorKind::Upstream,
            format!(
                "The engine speaks the API version {:?}, which is none. Check it on the host: docker version.",
                super::http::clean(text, 40)
            ),
        )
    })?;
    let oldest = said.min_api_version.as_deref().and_then(parse).unwrap_or((0, 0));
    if oldest > ours {
        return Err(AppError::new(
            ErrorKind::Upstream,
            format!(
                "The engine asks for API version {}.{} or newer; this server knows {}.{}. Update PollySystem.",
                oldest.0, oldest.1, ours.0, ours.1
            ),
        ));
    }
    Ok(theirs.min(ours))
}

fn parse(text: &str) -> Option<(usize, usize)> {
    let (major, minor) = text.trim().split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(api: &str, min: &str) -> Said {
        Said {
            api_version: Loose(Some(api.to_owned())),
            min_api_version: Loose(Some(min.to_owned())),
            ..Said::default()
        }
    }

    #[test]
    fn the_older_of_both_versions_is_spoken() {
        assert_eq!(agree(&said("1.41", "1.12"), (1, 53)).unwrap(), (1, 41));
        assert_eq!(agree(&said("1.60", "1.44"), (1, 53)).unwrap(), (1, 53));
    }

    #[test]
    fn dk_07_an_engine_that_names_no_version_or_one_too_new_is_told_in_a_sentence() {
        let message = |api: &str, min: &str| agree(&said(api, min), (1, 53)).unwrap_err().message;
        assert!(message("banana", "").contains("\"banana\""));
        assert!(message("", "").contains("which is none"));
        assert!(message("2.1", "2.0").contains("Update PollySystem"));
    }
}
