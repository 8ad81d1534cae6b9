use super::*;
use crate::plugins::machines::service::collect::parse::{
    self,
    tests::{V1, V2, answers},
};
use proptest::prelude::*;

const ID: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

fn measure(before: &Reading, now: &Reading, millis: u64) -> Sample {
    let before = Some((before, Duration::from_millis(millis)));
    sample(
        MachineId(uuid::Uuid::nil()),
        UnixMillis(0),
        before,
        now,
        &Known::default(),
    )
}

fn read(answer: &[u8]) -> Reading {
    parse::reading(answer, &mut BTreeMap::new())
}

#[test]
fn dk_10_two_readings_of_a_real_host_give_what_docker_stats_shows() {
    let mut firsts = BTreeMap::new();
    let [first, second] = V1.map(|answer| parse::reading(answer, &mut firsts));
    let sample = measure(&first, &second, 2_000);
    let of = |id: &str| sample.containers.iter().find(|c| c.id.starts_with(id)).unwrap();
    // 1.98 s by the host's own clock
    let busy = of("1e5ca4").cpu_ratio.unwrap();
    assert!((0.90..=0.92).contains(&busy), "{busy}");
    let writer = of("fc20b8");
    assert!((0.0099..0.0101).contains(&writer.cpu_ratio.unwrap()), "{writer:?}");
    assert!((98.0..100.0).contains(&writer.network_received_bytes_per_second.unwrap()));
    assert_eq!(of("f9e4cf").cpu_ratio, Some(0.0));
    assert_eq!(
        of("141632").network_sent_bytes_per_second,
        None,
        "the host's own network"
    );
    let host = &sample.host;
    assert!(
        host.cpu_ratio.unwrap() > 0.98 && host.core_ratios.len() == 2,
        "{host:?}"
    );
    assert!(host.disk_written_bytes_per_second.unwrap() > 1e6);
    assert_eq!(
        host.network_received_bytes_per_second,
        Some(0.0),
        "of eth0 alone: docker0 moved"
    );
    assert_eq!(host.uptime_seconds, 3_923);
}

#[test]
fn dk_10_the_first_reading_has_levels_and_no_rates() {
    let sample = sample(
        MachineId(uuid::Uuid::nil()),
        UnixMillis(7),
        None,
        &read(V2),
        &Known::default(),
    );
    assert_eq!((sample.host.at, sample.host.cpu_ratio), (UnixMillis(7), None));
    assert!(sample.host.core_ratios.is_empty() && sample.host.memory_used_bytes > 0);
    for container in &sample.containers {
        assert_eq!(
            (container.cpu_ratio, container.block_read_bytes_per_second),
            (None, None)
        );
    }
}

fn container(change: impl FnOnce(&mut ContainerCounters)) -> Reading {
    let mut counters = ContainerCounters {
        cpu_nanoseconds: Some(10_000_000_000),
        block: Some(Io {
            inward: 1_000,
            outward: 1_000,
        }),
        network: Some((
            7,
            Io {
                inward: 1_000,
                outward: 1_000,
            },
        )),
        ..ContainerCounters::default()
    };
    change(&mut counters);
    Reading {
        containers: BTreeMap::from([(ID.to_owned(), counters)]),
        ..Reading::default()
    }
}

#[test]
fn dk_10_a_counter_that_went_back_gives_no_number_and_no_spike() {
    let before = container(|_| {});
    let restarted = container(|c| {
        c.cpu_nanoseconds = Some(50_000_000);
        c.network = Some((
            9,
            Io {
                inward: 900_000,
                outward: 900_000,
            },
        ));
        c.block = Some(Io {
            inward: 10,
            outward: 9_000,
        });
    });
    let container_ = |sample: Sample| sample.containers.into_iter().next().unwrap();
    let sample = container_(measure(&before, &restarted, 5_000));
    assert_eq!(sample.cpu_ratio, None);
    assert_eq!(
        sample.network_received_bytes_per_second, None,
        "another process, another network"
    );
    assert_eq!(
        (
            sample.block_read_bytes_per_second,
            sample.block_written_bytes_per_second
        ),
        (None, None)
    );
    let next = container(|c| {
        c.cpu_nanoseconds = Some(2_550_000_000);
        c.network = Some((
            9,
            Io {
                inward: 900_500,
                outward: 900_000,
            },
        ));
    });
    let sample = container_(measure(&restarted, &next, 5_000));
    assert_eq!(
        (sample.cpu_ratio, sample.network_received_bytes_per_second),
        (Some(0.5), Some(100.0))
    );
}

#[test]
fn dk_10_a_container_that_is_new_or_dying_has_what_can_be_known() {
    let gone = container(|c| {
        *c = ContainerCounters {
            pids: 1,
            ..ContainerCounters::default()
        }
    });
    let sample = measure(&container(|_| {}), &gone, 5_000);
    assert_eq!((sample.containers[0].cpu_ratio, sample.containers[0].pids), (None, 1));
    let sample = measure(&Reading::default(), &container(|_| {}), 5_000);
    assert_eq!(sample.containers[0].cpu_ratio, None);
    assert!(
        measure(&container(|_| {}), &Reading::default(), 5_000)
            .containers
            .is_empty()
    );
}

#[test]
fn an_answer_that_was_late_is_no_spike_and_a_clock_that_makes_no_sense_is_not_believed() {
    let at = |uptime: f64, nanoseconds: u64| {
        let mut reading = container(|c| c.cpu_nanoseconds = Some(nanoseconds));
        reading.host.uptime_seconds = Some(uptime);
        reading
    };
    let ratio = |before: &Reading, now: &Reading, millis| measure(before, now, millis).containers[0].cpu_ratio.unwrap();
    let (a, b) = (at(100.0, 0), at(105.0, 5_000_000_000));
    assert_eq!(ratio(&a, &b, 2_000), 1.0, "the answer before came 3 s late");
    assert_eq!(ratio(&a, &at(100.01, 5_000_000_000), 5_000), 1.0);
    assert_eq!(ratio(&a, &at(50.0, 5_000_000_000), 5_000), 1.0);
    assert_eq!(ratio(&a, &at(9e15, 5_000_000_000), 5_000), 1.0);
}

#[test]
fn whole_disks_and_cards_count_and_nothing_twice() {
    let known = Devices::default();
    let disks = ["sda", "vdb", "nvme0n1", "mmcblk0", "xvda"];
    let parts = [
        "sda1",
        "nvme0n1p1",
        "mmcblk0p2",
        "dm-0",
        "md127",
        "loop3",
        "zram0",
        "sr0",
    ];
    assert!(
        disks.iter().all(|name| is_disk(&known, name)),
        "{:?}",
        disks.map(|n| is_disk(&known, n))
    );
    assert!(
        parts.iter().all(|name| !is_disk(&known, name)),
        "{:?}",
        parts.map(|n| is_disk(&known, n))
    );
    assert!(
        ["eth0", "enp5s0", "ens3", "wlan0", "venet0"]
            .iter()
            .all(|name| is_card(&known, name))
    );
    assert!(
        ["lo", "docker0", "veth1", "br-1f", "eth0.5", "wg0"]
            .iter()
            .all(|name| !is_card(&known, name))
    );
    let known = Devices {
        disks: ["xvda1".to_owned()].into(),
        interfaces: ["odd".to_owned()].into(),
        ..Devices::default()
    };
    assert!(
        is_disk(&known, "xvda1") && !is_disk(&known, "sda"),
        "what the host itself says counts"
    );
    assert!(is_card(&known, "odd") && !is_card(&known, "eth0"));
}

#[test]
fn a_device_that_appears_or_is_reset_is_left_out_of_the_sum() {
    let io = |inward| Io { inward, outward: 0 };
    let map = |pairs: &[(&str, u64)]| {
        pairs
            .iter()
            .map(|(n, v)| ((*n).to_owned(), io(*v)))
            .collect::<BTreeMap<_, _>>()
    };
    let before = map(&[("a", 100), ("b", 900)]);
    let now = map(&[("a", 200), ("b", 5), ("new", 1_000_000)]);
    assert_eq!(sum_of_rates(&before, &now, &|_| true, 10.0), Some((10.0, 0.0)));
    assert_eq!(sum_of_rates(&before, &now, &|name| name == "b", 10.0), None);
}

fn plausible(value: Option<f64>) -> bool {
    value.is_none_or(|v| v.is_finite() && v >= 0.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn dk_10_no_two_answers_make_a_number_that_is_none(a in answers(), b in answers(), millis in 0_u64..1_000_000) {
        let mut firsts = BTreeMap::new();
        let (a, b) = (parse::reading(&a, &mut firsts), parse::reading(&b, &mut firsts));
        let sample = measure(&a, &b, millis);
        prop_assert!(sample.host.values().into_iter().all(plausible), "{:?}", sample.host);
        prop_assert!(sample.host.core_ratios.iter().all(|r| (0.0..=1.0).contains(r)));
        prop_assert!(sample.host.cpu_ratio.is_none_or(|r| (0.0..=1.0).contains(&r)));
        for c in &sample.containers {
            let rates = [c.cpu_ratio, c.network_received_bytes_per_second, c.network_sent_bytes_per_second,
                c.block_read_bytes_per_second, c.block_written_bytes_per_second];
            prop_assert!(rates.into_iter().all(plausible), "{c:?}");
            prop_assert!(c.memory_used_bytes >= 0 && c.pids >= 0);
        }
        prop_assert!(serde_json::to_string(&sample.host).is_ok());
    }
}
