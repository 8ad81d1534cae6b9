//! The direction of dependencies, enforced by reading the source (ARCHITECTURE.md, "Invariants").

use std::path::{Path, PathBuf};

struct Source {
    path: String,
    /// Without line comments.
    code: String,
}

fn sources() -> Vec<Source> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("src"), &mut files);
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text
                .lines()
                .map(|l| l.split("//").next().unwrap_or_default())
                .collect::<Vec<_>>()
                .join("\n");
            Source {
                path: path.strip_prefix(root).unwrap().to_string_lossy().into_owned(),
                code,
            }
        })
        .collect()
}

/// The code without the tests at its end.
fn product(code: &str) -> &str {
    code.split("#[cfg(test)]").next().unwrap_or_default()
}

fn assert_none(rule: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

/// Files under `part` whose product code holds one of `words`.
fn offenders(within: impl Fn(&str) -> bool, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| within(&s.path)) {
        for word in words {
            if product(&source.code).contains(word) {
                found.push(format!("{} names {word}", source.path));
            }
        }
    }
    found
}

fn is_service(path: &str) -> bool {
    path.contains("/service/") || path.ends_with("/service.rs")
}
fn is_model(path: &str) -> bool {
    path.ends_with("/model.rs") || path.contains("/model/")
}

#[test]
fn core_never_names_a_plugin() {
    assert_none(
        "core stands below the plugins",
        offenders(|p| p.starts_with("src/core/"), &["crate::plugins", "plugins::"]),
    );
}

#[test]
fn a_plugin_names_only_model_port_and_slots_of_the_plugins_it_depends_on() {
    let mut found = Vec::new();
    for meta in pollysystem::plugins::METAS {
        let own = format!("src/plugins/{}/", meta.id.0);
        for source in sources().iter().filter(|s| s.path.starts_with(&own)) {
            let code: String = source.code.split_whitespace().collect();
            for other in pollysystem::plugins::METAS.iter().filter(|m| m.id != meta.id) {
                let named = code.contains(&format!("plugins::{}::", other.id.0))
                    || code.contains(&format!("plugins::{{{}::", other.id.0));
                if named && !meta.depends_on.contains(&other.id) {
                    found.push(format!(
                        "{} names {}, which {} does not depend on",
                        source.path, other.id.0, meta.id.0
                    ));
                }
                for inner in ["service", "api", "ui"] {
                    if code.contains(&format!("{}::{inner}", other.id.0))
                        || code.contains(&format!("{}::{{{inner}", other.id.0))
                    {
                        found.push(format!("{} names {}::{inner}", source.path, other.id.0));
                    }
                }
            }
        }
    }
    assert_none("plugins meet through model, port and slots", found);
}

#[test]
fn wire_types_know_no_framework() {
    let words = ["leptos::", "axum", "sea_orm", "bollard", "openssh", "tokio::"];
    assert_none("model is data", offenders(is_model, &words));
}

#[test]
fn services_know_no_transport() {
    assert_none(
        "a service can be called from anywhere",
        offenders(is_service, &["leptos::", "axum::", "leptos_axum"]),
    );
}

#[test]
fn third_party_clients_stay_in_their_adapters() {
    let not_adapter = |p: &str| is_service(p) && !p.ends_with("store.rs") && !p.starts_with("src/core/server/db/");
    assert_none("sea-orm stays in stores", offenders(not_adapter, &["sea_orm::"]));
    let not_engine = |p: &str| p != "src/plugins/docker/service/engine.rs";
    assert_none(
        "bollard stays in the engine's adapter",
        offenders(not_engine, &["bollard::"]),
    );
    let not_http = |p: &str| is_service(p) && p != "src/plugins/docker/service/engine/http.rs";
    assert_none(
        "hyper stays where the engine is read",
        offenders(not_http, &["hyper::", "hyper_util::", "http_body_util::"]),
    );
    let not_ssh = |p: &str| !p.starts_with("src/plugins/machines/service/ssh/") && !p.ends_with("/tests.rs");
    assert_none(
        "ssh crates stay in service/ssh",
        offenders(not_ssh, &["openssh::", "russh::", "ssh_key::", "ssh_agent_lib::"]),
    );
}

#[test]
fn pages_call_the_api_and_never_a_service() {
    let is_ui = |p: &str| p.contains("/ui/") || p.starts_with("src/ui/") || p.ends_with("/ui.rs");
    assert_none(
        "ui speaks to api",
        offenders(is_ui, &["::service::", "service::{", "use_context::<AppContext>"]),
    );
}

#[test]
fn only_the_api_reads_the_request_from_the_context() {
    let other = |p: &str| !p.ends_with("api.rs") && !p.starts_with("src/core/server/http/");
    assert_none(
        "the context is read in api.rs",
        offenders(other, &["use_context::<AppContext>", "expect_context::<AppContext>"]),
    );
}

#[test]
fn routes_are_added_in_one_place() {
    let other = |p: &str| p != "src/core/server/http/routes.rs";
    assert_none(
        "RouteTable::add is the only way in",
        offenders(other, &[".route(", ".nest(", "Router::new()"]),
    );
}

#[test]
fn every_server_function_names_its_endpoint_and_the_page_s_client() {
    let mut found = Vec::new();
    for source in sources() {
        for line in source
            .code
            .lines()
            .filter(|l| l.trim_start().starts_with("#[server") && !l.contains("#[server(default)]"))
        {
            if !line.contains("endpoint = ") || !line.contains("prefix = \"/api\"") {
                found.push(format!("{}: {}", source.path, line.trim()));
            }
            if !line.contains("client = PageClient") {
                found.push(format!("{}: a call must name its build: {}", source.path, line.trim()));
            }
        }
    }
    assert_none("a URL must not hash the build path, and a call names its build", found);
}

#[test]
fn remote_text_is_never_markup() {
    assert_none(
        "no inner_html",
        offenders(|_| true, &["inner_html", "set_inner_html", "insert_adjacent_html"]),
    );
    assert_none(
        "no style attribute (the CSP forbids it)",
        offenders(|_| true, &["style=\"", "style=move", "style=format"]),
    );
}

#[test]
fn every_password_field_has_a_name_that_is_never_kept() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| s.path.contains("/ui/")) {
        for field in source.code.split("<Field").skip(1) {
            let field = field.split("/>").next().unwrap_or_default();
            let name = field.split("name=\"").nth(1).and_then(|rest| rest.split('"').next());
            let name = name.unwrap_or_default();
            if field.contains("kind=\"password\"") && !pollysystem::core::flash::is_secret(name) {
                found.push(format!("{}: {name}", source.path));
            }
        }
    }
    assert_none("what a form gives back after an error holds no secret", found);
    assert!(pollysystem::core::flash::is_secret("machine[private_key]"));
}

#[test]
fn main_is_the_composition_root_and_nothing_more() {
    let main = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs")).unwrap();
    assert!(main.lines().count() <= 40);
}

#[test]
fn leptos_toml_says_what_cargo_toml_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| {
        std::fs::read_to_string(root.join(name))
            .unwrap()
            .parse::<toml::Table>()
            .unwrap()
    };
    let cargo = read("Cargo.toml")["package"]["metadata"]["leptos"].clone();
    let own = read("Leptos.toml")["package"]["metadata"]["leptos"].clone();
    assert_eq!(cargo, own);
}
