//! One style sheet from many: `@import "./x.css";` lines are replaced by the file they name.
use crate::files;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};

/// `style/main.css` with everything it imports, and the utilities last.
pub fn sheet() -> Result<String> {
    let style = files::root().join("style");
    let mut seen = Vec::new();
    let mut css = inline(&style.join("main.css"), &mut seen)?;
    let utilities = style.join("utilities.css");
    if !seen.contains(&utilities.canonicalize()?) {
        css += &files::read(&utilities)?;
    }
    Ok(squeeze(&css))
}

fn inline(path: &Path, seen: &mut Vec<PathBuf>) -> Result<String> {
    let path = path.canonicalize().with_context(|| path.display().to_string())?;
    ensure!(!seen.contains(&path), "{} is imported twice", path.display());
    seen.push(path.clone());
    let mut css = String::new();
    for line in files::read(&path)?.lines() {
        match line
            .trim()
            .strip_prefix("@import \"")
            .and_then(|rest| rest.strip_suffix("\";"))
        {
            Some(name) => css += &inline(&path.with_file_name(name), seen)?,
            None => css += line,
        }
        css.push('\n');
    }
    Ok(css)
}

/// Comments, indents and empty lines away: what is left compresses well, and every rule still stands on its line.
fn squeeze(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        out += before;
        rest = after.split_once("*/").map_or("", |(_, tail)| tail);
    }
    out += rest;
    out.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .flat_map(|line| [line, "\n"])
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn comments_and_indents_go_and_rules_stay() {
        assert_eq!(
            super::squeeze("/* a\n b */\n.x {\n  top: 0; /* c */\n}\n"),
            ".x {\ntop: 0;\n}\n"
        );
    }
}
