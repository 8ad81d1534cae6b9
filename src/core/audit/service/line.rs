//! A row as one line of text.

use super::{AuditRow, chain::phase_text};

/// The row on one line, whatever its values hold: line breaks and other control characters are escaped.
pub fn line(row: &AuditRow) -> String {
    let fields = [
        ("seq", row.seq.to_string()),
        ("at", row.at.0.to_string()),
        ("phase", phase_text(row.phase).to_owned()),
        ("action", row.action.clone()),
        ("actor", row.actor_id.clone()),
        ("actor_name", row.actor_name.clone()),
        ("address", row.address.clone()),
        ("request", row.request_id.clone()),
        ("object", format!("{}:{}", row.object.kind, row.object.id)),
        ("label", row.object.label.clone()),
        ("outcome", row.outcome.clone().unwrap_or_default()),
        ("detail", row.detail.to_string()),
    ];
    fields
        .iter()
        .map(|(name, value)| format!("{name}={}", quoted(value)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The text in double quotes, with everything escaped that could end the value, the line or the terminal's manners.
fn quoted(text: &str) -> String {
    let escaped = text.chars().flat_map(|c| {
        let plain = !c.is_control() && !matches!(c, '"' | '\\' | '\u{2028}' | '\u{2029}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let (keep, escape) = if plain { (Some(c), None) } else { (None, Some(c.escape_default())) };
        keep.into_iter().chain(escape.into_iter().flatten())
    });
    format!("\"{}\"", escaped.collect::<String>())
}
