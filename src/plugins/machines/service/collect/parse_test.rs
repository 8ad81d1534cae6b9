use super::*;
use proptest::prelude::*;
use std::time::Duration;

/// Answers of a host with control groups v1 (Debian 12, engine 20.10), two seconds apart.
pub(crate) const V1: [&[u8]; 2] = [
    include_bytes!("fixtures/v1_first.txt"),
    include_bytes!("fixtures/v1_second.txt"),
];
/// An answer with control groups v2 as the kernel documents them: Docker and Podman, as root and as users.
pub(crate) const V2: &[u8] = include_bytes!("fixtures/v2.txt");

const BUSY: &str = "1e5ca4dfc4432c5d3240b61df21eed679c5f504f10f96cc096760097eb1b8e34";
const HOST_NETWORK: &str = "141632132c2daa33a1e4f7fd21174827d228acee93789ebb049dee871e84a693";
const WRITER: &str = "fc20b8578916e3eb7ed4d5c4f1377eebb03c0ce4a3843bb5384a762d6e21520f";

fn read(answer: &[u8]) -> Reading {
    reading(answer, &mut BTreeMap::new())
}

fn io(inward: u64, outward: u64) -> Io {
    Io { inward, outward }
}

#[test]
fn dk_10_control_groups_v1_are_read_as_docker_stats_reads_them() {
    let reading = read(V1[0]);
    assert_eq!(reading.containers.len(), 4);
    let busy = &reading.containers[BUSY];
    assert_eq!(busy.cpu_nanoseconds, Some(1_135_590_297_238));
    assert_eq!((busy.memory_used_bytes, busy.memory_limit_bytes), (335_872, None));
    assert_eq!((busy.network, busy.pids), (Some((257, io(1_644, 0))), 1));
    let writer = &reading.containers[WRITER];
    assert_eq!(
        (writer.memory_used_bytes, writer.memory_limit_bytes),
        (22_138_880 - 20_971_520, Some(64 << 20)),
        "without the cache"
    );
    assert_eq!(writer.network, Some((5100, io(1_258, 672))), "without loopback");
    assert_eq!(writer.block, Some(Io::default()));
    let own = &reading.containers[HOST_NETWORK];
    assert!(
        own.network.is_none() && !own.network_unknown,
        "the host's network is the host's"
    );
}

#[test]
fn dk_10_control_groups_v2_of_docker_and_podman_are_read_as_docker_stats_reads_them() {
    let reading = read(V2);
    let of = |letter: &str| &reading.containers[&letter.repeat(64)];
    assert_eq!(reading.containers.len(), 4);
    assert_eq!(of("a").cpu_nanoseconds, Some(183_042_711_000));
    assert_eq!(
        (of("a").memory_used_bytes, of("a").memory_limit_bytes),
        (192 << 20, Some(512 << 20))
    );
    assert_eq!(of("a").block, Some(io(13 << 20, 4_718_592)));
    assert_eq!(of("a").network, Some((1201, io(8_389_608, 524_788))));
    assert_eq!(of("a").pids, 23);
    assert_eq!(
        (of("b").memory_limit_bytes, of("b").network),
        (None, None),
        "max, and the host's network"
    );
    assert!(!of("b").network_unknown);
    assert_eq!(
        of("c").memory_used_bytes,
        1 << 20,
        "more cache than memory is not taken off"
    );
    assert_eq!(of("c").network, Some((1403, io(70_000, 30_000))));
    assert_eq!(of("d").memory_limit_bytes, None, "0 is no limit");
    assert!(of("d").network_unknown, "its process was not read");
}

#[test]
fn the_host_s_own_counters_are_read() {
    let HostCounters {
        cpu,
        cores,
        load,
        disks,
        interfaces,
        uptime_seconds,
        ..
    } = read(V2).host;
    let host = read(V2).host;
    assert_eq!(
        cpu,
        Some(CpuTimes {
            busy: 264_230 + 1_208 + 81_377 + 1_422 + 97,
            idle: 8_123_401 + 3_321
        })
    );
    assert_eq!(
        (cores.len(), load, uptime_seconds),
        (2, [0.52, 0.58, 0.59], Some(42_211.94))
    );
    assert_eq!(host.memory_used_bytes, (4_028_440 - 2_411_904) * 1024);
    assert_eq!(
        (host.swap_used_bytes, host.swap_total_bytes),
        (78_848 * 1024, 999_420 * 1024)
    );
    assert_eq!(disks["nvme0n1"], io(8_211_762 * 512, 6_120_304 * 512));
    assert_eq!(interfaces["enp5s0"], io(912_345_678, 123_456_789));
}

#[test]
fn a_kernel_that_does_not_say_what_is_available_is_read_as_free_did() {
    let old = b"/proc/meminfo:MemTotal: 1000 kB\n/proc/meminfo:MemFree: 100 kB\n/proc/meminfo:Buffers: 50 kB\n/proc/meminfo:Cached: 150 kB\n";
    assert_eq!(read(old).host.memory_used_bytes, 700 * 1024);
}

#[test]
fn first_processes_are_kept_until_they_are_listed_again() {
    let mut firsts = BTreeMap::new();
    reading(V1[0], &mut firsts);
    assert_eq!(firsts[BUSY], 257);
    let second = reading(V1[1], &mut firsts);
    assert_eq!(
        (firsts.len(), second.containers[WRITER].network),
        (4, Some((5100, io(1_454, 868))))
    );
    let line = format!("cpuacct/docker/{BUSY}/cgroup.procs:9");
    reading(line.as_bytes(), &mut firsts);
    assert_eq!(firsts, BTreeMap::from([(BUSY.to_owned(), 9)]));
}

#[test]
fn dk_10_what_is_no_number_and_what_is_no_container_is_not_there() {
    let id = "e".repeat(64);
    let text = format!(
        "cpuacct/docker/{id}/cpuacct.usage:-5\nmemory/docker/{id}/memory.usage_in_bytes:99999999999999999999999\n\
         pids/docker/{id}/pids.current:nan\nmemory/docker/{id}/memory.stat:hierarchical_memory_limit 9223372036854771712\n\
         cpuacct/docker/{id}/cgroup.procs:0\n/proc/loadavg:nan inf -1\n/proc/uptime:inf\n\
         docker/short/memory.current:5\ndocker/{}/memory.current:5\nmachine.slice/libpod-conmon-{id}.scope/memory.current:5\n",
        id.to_uppercase()
    );
    let mut firsts = BTreeMap::new();
    let reading = reading(text.as_bytes(), &mut firsts);
    assert_eq!(reading.containers.keys().collect::<Vec<_>>(), [&id]);
    let container = &reading.containers[&id];
    assert_eq!(
        (container.cpu_nanoseconds, container.memory_used_bytes, container.pids),
        (None, 0, 0)
    );
    assert_eq!((container.memory_limit_bytes, firsts.len()), (None, 0));
    assert_eq!((reading.host.load, reading.host.uptime_seconds), ([0.0; 3], None));
}

#[test]
fn dk_10_a_host_that_lists_without_end_is_bounded() {
    let groups: String = (0..10_000)
        .map(|n| format!("docker/{n:064x}/pids.current:1\n"))
        .collect();
    let lines: String = (0..10_000)
        .map(|n| format!("/proc/net/dev:e{n}: 1 2 3 4 5 6 7 8 9\n/proc/{n}/net/dev:e{n}: 1 2 3 4 5 6 7 8 9\n/proc/stat:cpu{n} 1 2 3 4\n"))
        .collect();
    let reading = read((groups + &lines).as_bytes());
    assert_eq!(reading.containers.len(), CONTAINERS);
    assert_eq!(
        (reading.host.interfaces.len(), reading.host.cores.len()),
        (DEVICES, DEVICES)
    );
}

#[test]
fn file_systems_are_those_of_real_devices_each_once() {
    let answer = br"/proc/mounts:/dev/vda1 / ext4 rw 0 0
/proc/mounts:/dev/vda1 /var/lib/docker/volumes ext4 rw 0 0
/proc/mounts:/dev/vdb /mnt/my\040disk xfs rw 0 0
/proc/mounts:/dev/loop3 /snap/core/1 squashfs ro 0 0
/proc/mounts:/dev/fuse /etc/pve fuse rw 0 0
/proc/mounts:tank/data /tank/data zfs rw 0 0
/proc/mounts:tank /tank zfs rw 0 0
/proc/mounts:overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0
/proc/mounts:/dev/vdc /bad\777 ext4 rw 0 0
/proc/mounts:/dev/vdd relative ext4 rw 0 0
/proc/mounts:/dev/vde /new\012line ext4 rw 0 0
/sys/block/vda/device
/sys/block/*/device
/sys/class/net/eth0/device
/sys/class/net/*/device
";
    let devices = devices(answer);
    assert_eq!(chosen(&devices), ["/", "/mnt/my disk", "/tank"]);
    assert_eq!(devices.disks.iter().collect::<Vec<_>>(), ["vda"]);
    assert_eq!(devices.interfaces.iter().collect::<Vec<_>>(), ["eth0"]);
    assert_eq!(
        chosen(&Devices::default()),
        ["/"],
        "where there is no device the root is shown"
    );
}

#[test]
fn space_is_what_an_ordinary_user_can_use() {
    let output = b"Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/vda1        264212084 56525732  38760156      60% /
/dev/vdb              1000      400       500      45% /mnt/my disk
//server/a share       100       10        90      10% /s
tmpfs                    -        -         -       - /x
overlay                  0        0         0       - /y
";
    let disks = space(output);
    let mounts: Vec<&str> = disks.iter().map(|d| d.mount.as_str()).collect();
    assert_eq!(mounts, ["/", "/mnt/my disk", "/s", "/y"]);
    assert_eq!(
        (disks[0].used_bytes, disks[0].total_bytes),
        (56_525_732 * 1024, 95_285_888 * 1024)
    );
    assert_eq!(disks[2].device, "//server/a share");
}

#[test]
fn facts_are_read_and_the_clock_is_compared_at_the_middle_of_the_question() {
    let answer = b"clock 1700000010.250000000
kernel 6.1.0-18-amd64
architecture x86_64
hostname web\x1b[31m1\xff
/etc/os-release:PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"
/proc/cpuinfo:processor\t: 0
/proc/cpuinfo:model name\t: AMD EPYC
/proc/cpuinfo:processor\t: 1
/proc/meminfo:MemTotal:       4028440 kB
/proc/stat:cpu0 1 2 3 4
/proc/stat:cpu1 1 2 3 4
";
    let facts = facts(answer, 1_700_000_000_000, Duration::from_millis(500));
    assert_eq!(facts.os, "Debian GNU/Linux 12 (bookworm)");
    assert_eq!(
        (facts.kernel.as_str(), facts.architecture.as_str()),
        ("6.1.0-18-amd64", "x86_64")
    );
    assert_eq!(facts.hostname, "web\u{fffd}[31m1\u{fffd}");
    assert_eq!((facts.cpu_model.as_str(), facts.cpu_count), ("AMD EPYC", 2));
    assert_eq!(
        (facts.memory_total_bytes, facts.clock_offset_millis),
        (4_028_440 * 1024, 10_000)
    );
}

#[test]
fn a_processor_has_a_name_where_the_kernel_says_none_and_a_clock_needs_no_nanoseconds() {
    let model = |text: &str| facts(text.as_bytes(), 0, Duration::ZERO).cpu_model;
    let cpuinfo = |lines: &[&str]| lines.iter().map(|l| format!("/proc/cpuinfo:{l}\n")).collect::<String>();
    let arm = ["processor\t: 0", "CPU implementer\t: 0x41", "CPU part\t: 0xd0c"];
    assert_eq!(model(&cpuinfo(&arm)), "ARM Neoverse-N1");
    let pi = [
        arm[1],
        "CPU part\t: 0xd08",
        "Hardware\t: BCM2835",
        "Model\t\t: Raspberry Pi 4 Model B Rev 1.4",
    ];
    assert_eq!(model(&cpuinfo(&pi)), "ARM Cortex-A72 (Raspberry Pi 4 Model B Rev 1.4)");
    assert_eq!(
        model(&cpuinfo(&["CPU implementer\t: 0x99", "CPU part\t: 0x1"])),
        "ARM 0x99 0x1"
    );
    assert_eq!(model("nothing"), "");
    for text in ["clock 12.%N\n", "clock 12.\n", "clock 12\n", "clock 12.N\n"] {
        assert_eq!(
            facts(text.as_bytes(), 0, Duration::ZERO).clock_offset_millis,
            12_500,
            "{text}"
        );
    }
    assert_eq!(facts(b"clock nan\n", 0, Duration::ZERO).clock_offset_millis, 0);
}

/// A fixture that was damaged: cut, with bytes replaced, or with lines of nonsense in between.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let byte = (any::<prop::sample::Index>(), any::<u8>());
    let damage = prop::collection::vec(byte, 0..40);
    (0..3_usize, any::<prop::sample::Index>(), damage).prop_map(|(which, end, damage)| {
        let mut bytes = [V1[0], V1[1], V2][which].to_vec();
        bytes.truncate(end.index(bytes.len()) + 1);
        let length = bytes.len();
        for (at, byte) in damage {
            bytes[at.index(length)] = byte;
        }
        bytes
    })
}

/// Lines of the right shape with hostile numbers.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let file = prop::sample::select(vec![
        "/proc/stat:cpu ",
        "/proc/stat:cpu0 ",
        "/proc/meminfo:MemTotal: ",
        "/proc/uptime:",
        "/proc/loadavg:",
        "/proc/diskstats:8 0 sda ",
        "/proc/net/dev:eth0: ",
        "/proc/7/net/dev:eth0: ",
        "clock ",
        "docker/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff/cpu.stat:usage_usec ",
        "docker/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff/memory.current:",
        "docker/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff/memory.max:",
        "docker/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff/memory.stat:inactive_file ",
        "docker/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff/io.stat:8:0 rbytes=",
        "docker/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff/cgroup.procs:",
        "docker/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff/pids.current:",
    ]);
    let number = prop::sample::select(vec![
        "0",
        "7",
        "-1",
        "18446744073709551615",
        "18446744073709551616",
        "9223372036854775808",
        "nan",
        "inf",
        "1e400",
        "-inf",
        "0x10",
        "",
        "\u{0}",
        "1.5",
    ]);
    let line = (file, prop::collection::vec(number, 0..12));
    prop::collection::vec(line, 0..40).prop_map(|lines| {
        let line = |(file, numbers): (&str, Vec<&str>)| format!("{file}{}\n", numbers.join(" "));
        lines.into_iter().map(line).collect::<String>().into_bytes()
    })
}

/// What a host may answer.
pub(crate) fn answers() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![prop::collection::vec(any::<u8>(), 0..2_000), damaged(), hostile()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn dk_10_no_answer_makes_a_parser_panic_or_a_number_negative(answer in answers()) {
        let mut firsts = BTreeMap::new();
        let reading = reading(&answer, &mut firsts);
        let host = &reading.host;
        for value in [host.memory_used_bytes, host.memory_total_bytes, host.swap_used_bytes, host.swap_total_bytes] {
            prop_assert!(value >= 0);
        }
        prop_assert!(host.load.iter().all(|l| l.is_finite() && *l >= 0.0));
        for container in reading.containers.values() {
            prop_assert!(container.memory_used_bytes >= 0 && container.pids >= 0);
            prop_assert!(container.memory_limit_bytes.is_none_or(|limit| limit > 0));
        }
        for disk in space(&answer) {
            prop_assert!(0 <= disk.used_bytes && disk.used_bytes <= disk.total_bytes);
        }
        let facts = facts(&answer, 0, Duration::ZERO);
        prop_assert!(facts.memory_total_bytes >= 0 && !facts.os.chars().any(char::is_control));
        prop_assert!(chosen(&devices(&answer)).iter().all(|path| path.starts_with('/')));
    }
}
