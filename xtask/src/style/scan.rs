//! Class tokens in Rust source: `class="a b"`, `class:name=`, `class=("a b", on)`, and the literals of an expression
//! such as `class={if on { "a" } else { "b" }}`. It reads Rust's own tokens, so comments and other strings are no trap.
use crate::files;
use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};
use std::str::FromStr;

pub struct Token {
    pub name: String,
    pub file: String,
    pub line: usize,
}

pub fn source() -> Result<Vec<Token>> {
    let root = files::root();
    let mut found = Vec::new();
    for path in files::walk(&root.join("src"))? {
        if path.extension().is_some_and(|end| end == "rs") {
            let file = path.strip_prefix(&root)?.display().to_string();
            let names = of(&files::read(&path)?).map_err(|e| anyhow!("{file}: {e}"))?;
            found.extend(names.into_iter().map(|(name, line)| Token {
                name,
                file: file.clone(),
                line,
            }));
        }
    }
    Ok(found)
}

fn of(text: &str) -> Result<Vec<(String, usize)>> {
    let mut found = Vec::new();
    visit(
        &trees(TokenStream::from_str(text).map_err(|e| anyhow!("{e}"))?),
        &mut found,
    );
    Ok(found)
}

fn trees(stream: TokenStream) -> Vec<TokenTree> {
    stream.into_iter().collect()
}

fn punct(tree: Option<&TokenTree>, c: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(p)) if p.as_char() == c)
}

fn visit(tokens: &[TokenTree], found: &mut Vec<(String, usize)>) {
    for (i, tree) in tokens.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => visit(&trees(group.stream()), found),
            TokenTree::Ident(word) if word == "class" => {
                let rest = &tokens[i + 1..];
                if punct(rest.first(), '=') && !punct(rest.get(1), '=') {
                    let end = attribute_end(&rest[1..]);
                    literals(&rest[1..1 + end], found);
                } else if punct(rest.first(), ':') && !punct(rest.get(1), ':') {
                    directive(&rest[1..], found);
                }
            }
            _ => {}
        }
    }
}

/// `class:a-b=cond`: the name is what stands before the `=`.
fn directive(rest: &[TokenTree], found: &mut Vec<(String, usize)>) {
    let Some(end) = rest.iter().take(12).position(|tree| punct(Some(tree), '=')) else {
        return;
    };
    let name: String = rest[..end].iter().map(ToString::to_string).collect();
    if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c)) {
        found.push((name, rest[0].span().start().line));
    }
}

/// An attribute's value ends where the tag ends, a statement ends, or the next attribute (`name=`, `on:click=`) starts.
fn attribute_end(tokens: &[TokenTree]) -> usize {
    let arrow = |i: usize| i > 0 && (punct(tokens.get(i - 1), '=') || punct(tokens.get(i - 1), '-'));
    let next = |i: usize| {
        let after = tokens.get(i + 1);
        let single = punct(after, ':') && !punct(tokens.get(i + 2), ':');
        single || (punct(after, '=') && !punct(tokens.get(i + 2), '=') && !punct(tokens.get(i + 2), '>'))
    };
    let ends = |(i, tree): (usize, &TokenTree)| match tree {
        TokenTree::Punct(p) if ";,".contains(p.as_char()) => true,
        TokenTree::Punct(p) if p.as_char() == '>' => !arrow(i),
        TokenTree::Ident(_) if i > 0 => next(i),
        _ => false,
    };
    tokens
        .iter()
        .enumerate()
        .position(|(i, tree)| ends((i, tree)))
        .unwrap_or(tokens.len())
}

/// The string literals of an expression, without those that are compared with, matched on, or handed to a function.
fn literals(tokens: &[TokenTree], found: &mut Vec<(String, usize)>) {
    for (i, tree) in tokens.iter().enumerate() {
        let (before, after) = (i.checked_sub(1).and_then(|p| tokens.get(p)), tokens.get(i + 1));
        match tree {
            TokenTree::Group(group) => {
                let called = group.delimiter() == Delimiter::Parenthesis
                    && matches!(before, Some(TokenTree::Ident(f)) if f.to_string().starts_with(char::is_lowercase))
                    && !(i > 1 && punct(tokens.get(i - 2), '.'));
                if !called {
                    literals(&trees(group.stream()), found);
                }
            }
            TokenTree::Literal(text) => {
                let compared =
                    i > 1 && punct(before, '=') && (punct(tokens.get(i - 2), '=') || punct(tokens.get(i - 2), '!'));
                let matched = (punct(after, '=') && punct(tokens.get(i + 2), '>')) || punct(after, '|');
                if !compared && !matched {
                    found.extend(words(text));
                }
            }
            _ => {}
        }
    }
}

fn words(text: &Literal) -> Vec<(String, usize)> {
    let (source, line) = (text.to_string(), text.span().start().line);
    let Some((_, inner)) = source.split_once('"') else {
        return Vec::new();
    };
    let inner = inner
        .trim_end_matches('#')
        .trim_end_matches('"')
        .replace("\\n", " ")
        .replace('\\', " ");
    let whole = |word: &&str| !word.contains(['{', '}']); // the halves of a `format!` cannot be judged
    inner
        .split_whitespace()
        .filter(whole)
        .map(|word| (word.to_owned(), line))
        .collect()
}

#[cfg(test)]
mod tests {
    fn names(text: &str) -> Vec<String> {
        super::of(text).unwrap().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn every_form_of_a_class_is_read() {
        assert_eq!(names(r#"view!{ <a class="x y-2" href="z">"t"</a> }"#), ["x", "y-2"]);
        assert_eq!(
            names(r#"view!{ <a class:is-on=move || on.get() class=("p q", go)/> }"#),
            ["is-on", "p", "q"]
        );
        assert_eq!(
            names(r#"view!{ <a class=move || if s == "no" { "a" } else { "b" } id="no"/> }"#),
            ["a", "b"]
        );
        assert_eq!(
            names(r#"view!{ <a class={match k { "no" => "a", _ => "b" }} on:click=f("no")>"no"</a> }"#),
            ["a", "b"]
        );
        assert_eq!(
            names(r#"view!{ <a class=tone("no")/> } // class="no""#),
            Vec::<String>::new()
        );
        assert_eq!(names(r#"let class = on.then_some("a"); let x = "no";"#), ["a"]);
        assert_eq!(names(r#"view!{ <a class=format!("badge badge-{x}")/> }"#), ["badge"]);
    }

    #[test]
    fn a_token_carries_its_line() {
        assert_eq!(
            super::of("\n\nview!{ <a\n class=\"x\"/> }").unwrap(),
            [("x".to_owned(), 4)]
        );
    }
}
