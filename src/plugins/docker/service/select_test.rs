use super::*;
use crate::{
    core::id::UnixMillis,
    plugins::docker::model::{ContainerRow, Fleet},
};
use std::collections::HashMap;

const HOSTS: [&str; 2] = [
    "01890a5d-ac96-774b-bcce-b302099a8057",
    "01890a5d-ac96-774b-bcce-b302099a8058",
];

fn row(host: usize, n: u32, name: &str, state: ContainerState) -> ContainerRow {
    ContainerRow {
        machine: HOSTS[host].parse().unwrap(),
        machine_name: format!("Host-{host}"),
        id: format!("{n:064x}").parse().unwrap(),
        name: name.to_owned(),
        image: format!("registry/{name}:1"),
        state,
        health: Health::None,
        exit_code: None,
        ports: Vec::new(),
        created_at: UnixMillis(i64::from(n)),
        project: Some("shop".to_owned()),
        command: "run".to_owned(),
    }
}

fn numbers(row: &ContainerRow, cpu: Option<f64>) -> ContainerNumbers {
    ContainerNumbers {
        machine: row.machine,
        id: row.id.clone(),
        at: UnixMillis(0),
        cpu_ratio: cpu,
        memory_used_bytes: 1,
        memory_limit_bytes: 2,
        network_received_bytes_per_second: None,
        network_sent_bytes_per_second: None,
        block_read_bytes_per_second: None,
        block_written_bytes_per_second: None,
        pids: 1,
    }
}

/// Two hosts: `web` and `db` run on the first, `Web-2` has exited on the second.
fn fleet() -> (Shards<Listed>, Shards<ContainerNumbers>) {
    let (mut rows, mut readings) = (Shards::new(), Shards::new());
    let labels = |tier: &str| {
        HashMap::from([
            ("env".to_owned(), "prod".to_owned()),
            ("tier".to_owned(), tier.to_owned()),
        ])
    };
    let all = [
        (
            row(0, 0xabcd, "web", ContainerState::Running),
            labels("front"),
            Some(0.5),
        ),
        (row(0, 2, "db", ContainerState::Running), labels("back"), None),
        (row(1, 3, "Web-2", ContainerState::Exited), labels("front"), Some(1.5)),
    ];
    for (row, labels, cpu) in all {
        let (shard, id) = (row.machine.to_string(), row.id.to_string());
        let number = Arc::new(numbers(&row, cpu));
        readings
            .entry(shard.clone())
            .or_insert_with(BTreeMap::new)
            .insert(id.clone(), number);
        let listed = Arc::new(Listed::new(row, labels));
        rows.entry(shard).or_insert_with(BTreeMap::new).insert(id, listed);
    }
    (rows, readings)
}

fn pick(query: &str) -> (Vec<String>, Selected) {
    let (rows, readings) = fleet();
    let hosts: Vec<Host<'_>> = (0..2)
        .map(|n| Host {
            shard: HOSTS[n],
            name: format!("Host-{n}"),
        })
        .collect();
    let query = ContainerQuery::read(query);
    let view = query.view();
    let selected = select(
        &query,
        (view.offset as usize, view.limit as usize),
        &hosts,
        &rows,
        &readings,
    );
    (selected.rows.iter().map(|it| it.row.name.clone()).collect(), selected)
}

fn names(query: &str) -> Vec<String> {
    pick(query).0
}

#[test]
fn each_filter_shows_what_it_says() {
    for (query, expected) in [
        ("", &["db", "web", "Web-2"][..]),
        ("q=WEB", &["web", "Web-2"]),
        ("q=web+host-1", &["Web-2"]),
        ("q=shop+db", &["db"]),
        ("q=registry/db", &["db"]),
        ("q=0000000", &["db", "web", "Web-2"]),
        ("q=nothing", &[]),
        ("host=HOST-1", &["Web-2"]),
        ("host=01890a5d-ac96-774b-bcce-b302099a8057", &["db", "web"]),
        ("host=host-0&host=host-1", &["db", "web", "Web-2"]),
        ("state=exited", &["Web-2"]),
        ("state=exited&state=running", &["db", "web", "Web-2"]),
        ("health=healthy", &[]),
        ("label=tier", &["db", "web", "Web-2"]),
        ("label=tier=front", &["web", "Web-2"]),
        ("label=tier=front&label=env=prod", &["web", "Web-2"]),
        ("label=tier=front&label=tier=back", &[]),
        ("image=DB&image=web-2", &["db", "Web-2"]),
    ] {
        assert_eq!(names(query), expected, "{query}");
    }
}

#[test]
fn a_short_word_is_no_id() {
    assert!(names("q=000").is_empty(), "three digits begin too many ids");
    assert_eq!(names("q=00000000000000000000"), ["db", "web", "Web-2"]);
}

#[test]
fn each_order_puts_what_has_no_number_last() {
    for (query, expected) in [
        ("sort=name", ["db", "web", "Web-2"]),
        ("sort=-name", ["Web-2", "web", "db"]),
        ("sort=cpu", ["web", "Web-2", "db"]),
        ("sort=-cpu", ["Web-2", "web", "db"]),
        ("sort=state", ["db", "web", "Web-2"]),
        ("sort=host", ["db", "web", "Web-2"]),
        ("sort=-host", ["Web-2", "db", "web"]),
        ("sort=age", ["web", "Web-2", "db"]),
        ("sort=network", ["db", "web", "Web-2"]),
    ] {
        assert_eq!(names(query), expected, "{query}");
    }
}

#[test]
fn a_page_is_a_part_of_the_whole() {
    let (first, all) = pick("per=2");
    assert_eq!((first, all.total), (vec!["db".to_owned(), "web".to_owned()], 3));
    assert_eq!(names("per=2&page=2"), ["Web-2"]);
    assert!(names("per=2&page=3").is_empty());
}

#[test]
fn the_counts_of_a_filter_are_what_each_of_its_choices_would_show() {
    let facets = pick("state=running&q=web").1.facets;
    assert_eq!(facets.all, 3);
    assert_eq!(
        facets.states,
        [(ContainerState::Running, 1), (ContainerState::Exited, 1)],
        "as if no state were chosen"
    );
    assert_eq!(facets.hosts.iter().map(|h| h.count).collect::<Vec<_>>(), [1, 0]);
    let facets = pick("host=host-1").1.facets;
    assert_eq!(facets.hosts.iter().map(|h| h.count).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(facets.healths, [(Health::None, 1)]);
}

#[test]
fn what_a_page_begins_with_survives_the_wire() {
    let row = row(0, 1, "web", ContainerState::Running);
    let fleet = Fleet {
        window: crate::core::live::model::Window {
            total: 1,
            rows: vec![(row.clone(), Some(Reading::of(&numbers(&row, Some(0.12345)))))],
            summary: pick("").1.facets,
        },
        engines: crate::core::live::model::Rows {
            rows: Vec::new(),
            seqs: Vec::new(),
        },
    };
    let text = serde_json::to_string(&fleet).unwrap();
    assert_eq!(serde_json::from_str::<Fleet>(&text).unwrap(), fleet);
}
