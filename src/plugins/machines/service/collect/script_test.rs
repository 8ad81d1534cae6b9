use super::super::parse;
use super::*;
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

const SHELLS: [&[&str]; 4] = [&["sh"], &["dash"], &["bash"], &["busybox", "sh"]];

/// Gives the script its requests in a real shell and returns what it answered to each.
fn talk(shell: &[&str], dirs: [&Path; 3], requests: &[Request]) -> Vec<Vec<u8>> {
    let mut child = Command::new(shell[0])
        .args(&shell[1..])
        .args(["-c", SCRIPT, "MARK"])
        .args(dirs)
        .env("GREP_OPTIONS", "--color=always")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text: String = (1..)
        .zip(requests)
        .map(|(n, r)| format!("{n} {}\n", r.letter()))
        .collect();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{shell:?} ends when its input does");
    let mut rest = output.stdout;
    (1..=requests.len())
        .map(|n| {
            let mark = format!("MARK {n}\n");
            let at = rest.windows(mark.len()).position(|w| w == mark.as_bytes());
            let at = at.unwrap_or_else(|| panic!("{shell:?} has no mark {n}"));
            let answer = rest[..at].to_vec();
            rest.drain(..at + mark.len());
            answer
        })
        .collect()
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A /proc with the files that are read, of a host with one container whose first process is 42.
fn proc(root: &Path) {
    write(
        root,
        "stat",
        "cpu  10 0 10 80 0 0 0 0 0 0\ncpu0 10 0 10 80 0 0 0 0 0 0\nintr 5 5 5\nbtime 1\n",
    );
    write(
        root,
        "meminfo",
        "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\nHugePagesize: 2048 kB\n",
    );
    write(root, "loadavg", "0.10 0.20 0.30 1/2 3\n");
    write(root, "uptime", "77.50 10.00\n");
    write(root, "diskstats", "   8       0 sda 1 2 30 4 5 6 70 8 0 0 0\n");
    let head = "Inter-|   Receive |  Transmit\n face |bytes packets |bytes packets\n";
    write(
        root,
        "net/dev",
        &format!(
            "{head}    lo: 1 1 0 0 0 0 0 0 1 1 0\n  eth0: 500 1 0 0 0 0 0 0 600 1 0\nveth12ab: 9 9 0 0 0 0 0 0 9 9 0\n"
        ),
    );
    write(
        root,
        "42/net/dev",
        &format!("{head}    lo: 7 1 0 0 0 0 0 0 7 1 0\n  eth0:50 1 0 0 0 0 0 0 60 1 0\n"),
    );
    write(
        root,
        "mounts",
        "proc /proc proc rw 0 0\n/dev/sda1 / ext4 rw 0 0\nnas:/x /nas nfs4 rw 0 0\npool/a /pool zfs rw 0 0\n",
    );
    write(root, "cpuinfo", "processor\t: 0\nmodel name\t: Test\nflags\t: a b\n");
}

/// A control group of version 1 (its six files lie below six controllers) or 2.
fn group(root: &Path, v2: bool, dir: &str, processes: &str) {
    if v2 {
        write(
            root,
            &format!("{dir}/cpu.stat"),
            "usage_usec 5000\nuser_usec 1\nnr_periods 0\n",
        );
        write(root, &format!("{dir}/memory.current"), "3000\n");
        write(root, &format!("{dir}/memory.max"), "max\n");
        write(
            root,
            &format!("{dir}/memory.stat"),
            "anon 5\ninactive_file 1000\nworkingset_x 1\n",
        );
        write(
            root,
            &format!("{dir}/io.stat"),
            "8:0 rbytes=11 wbytes=22 rios=1 wios=2 dbytes=0 dios=0\n",
        );
        write(root, &format!("{dir}/pids.current"), "3\n");
        write(root, &format!("{dir}/cgroup.procs"), processes);
    } else {
        write(root, &format!("cpuacct/{dir}/cpuacct.usage"), "5000000\n");
        write(root, &format!("cpuacct/{dir}/cgroup.procs"), processes);
        write(root, &format!("memory/{dir}/memory.usage_in_bytes"), "3000\n");
        write(
            root,
            &format!("memory/{dir}/memory.stat"),
            "inactive_file 9\nhierarchical_memory_limit 9000\ntotal_inactive_file 1000\n",
        );
        write(
            root,
            &format!("blkio/{dir}/blkio.throttle.io_service_bytes"),
            "8:0 Read 11\n8:0 Write 22\n8:0 Total 33\nTotal 33\n",
        );
        write(root, &format!("pids/{dir}/pids.current"), "3\n");
    }
}

#[test]
fn dk_10_every_shell_finds_the_containers_in_every_layout() {
    let ids: Vec<String> = ["a", "b", "c", "d", "e", "f"].iter().map(|c| c.repeat(64)).collect();
    let user = "user.slice/user-1000.slice/user@1000.service/user.slice";
    let dirs = [
        format!("docker/{}", ids[0]),
        format!("system.slice/docker-{}.scope", ids[1]),
        format!("machine.slice/libpod-{}.scope", ids[2]),
        format!("libpod_parent/libpod-{}", ids[3]),
        format!("{user}/docker-{}.scope", ids[4]),
        format!("{user}/libpod-{}.scope", ids[5]),
    ];
    for v2 in [false, true] {
        let root = tempfile::tempdir().unwrap();
        let [proc_dir, cgroup, sys] = ["proc", "cgroup", "sys"].map(|d| root.path().join(d));
        proc(&proc_dir);
        fs::create_dir_all(&cgroup).unwrap();
        if v2 {
            write(&cgroup, "cgroup.controllers", "cpu io memory pids\n");
        }
        for (n, dir) in dirs.iter().enumerate() {
            group(&cgroup, v2, dir, if n == 0 { "42\n43\n" } else { "" });
            // what is no container and looks nearly like one
            group(
                &cgroup,
                v2,
                &format!("machine.slice/libpod-conmon-{}.scope", ids[n]),
                "1\n",
            );
        }
        write(&sys, "block/sda/device/x", "");
        write(&sys, "class/net/eth0/device/x", "");
        for shell in SHELLS {
            let requests = [
                Request::Read,
                Request::ReadAnew,
                Request::Read,
                Request::Beat,
                Request::Devices,
            ];
            let answers = talk(shell, [&proc_dir, &cgroup, &sys], &requests);
            let mut firsts = BTreeMap::new();
            let readings: Vec<_> = answers[..3].iter().map(|a| parse::reading(a, &mut firsts)).collect();
            assert_eq!(firsts, BTreeMap::from([(ids[0].clone(), 42)]), "{shell:?}");
            assert!(
                readings[0].containers[&ids[0]].network.is_none(),
                "nobody was looked for yet"
            );
            for reading in &readings[1..] {
                assert_eq!(
                    reading.containers.keys().cloned().collect::<Vec<_>>(),
                    ids,
                    "{shell:?} v2={v2}"
                );
                for container in reading.containers.values() {
                    assert_eq!(container.cpu_nanoseconds, Some(5_000_000));
                    assert_eq!((container.memory_used_bytes, container.pids), (2_000, 3));
                    assert_eq!(container.memory_limit_bytes, (!v2).then_some(9_000));
                    assert_eq!(
                        container.block,
                        Some(parse::Io {
                            inward: 11,
                            outward: 22
                        })
                    );
                }
                let network = reading.containers[&ids[0]].network;
                assert_eq!(
                    network,
                    Some((
                        42,
                        parse::Io {
                            inward: 50,
                            outward: 60
                        }
                    )),
                    "{shell:?}"
                );
                let host = &reading.host;
                assert_eq!((host.memory_used_bytes, host.load), (600 * 1024, [0.1, 0.2, 0.3]));
                assert_eq!((host.uptime_seconds, host.cores.len()), (Some(77.5), 1));
                assert_eq!(
                    host.disks["sda"],
                    parse::Io {
                        inward: 30 * 512,
                        outward: 70 * 512
                    }
                );
                assert_eq!(
                    host.interfaces.keys().collect::<Vec<_>>(),
                    ["eth0", "lo"],
                    "no veth travels"
                );
            }
            assert_eq!(answers[3], b"", "a beat says nothing");
            let devices = parse::devices(&answers[4]);
            assert_eq!(parse::chosen(&devices), ["/", "/pool"]);
            assert!(devices.disks.contains("sda") && devices.interfaces.contains("eth0"));
        }
    }
}

#[test]
fn dk_10_this_host_is_read_in_every_shell() {
    let dirs = ["/proc", "/sys/fs/cgroup", "/sys"].map(Path::new);
    for shell in SHELLS {
        let answers = talk(shell, dirs, &[Request::Facts, Request::ReadAnew, Request::Devices]);
        let facts = parse::facts(&answers[0], 0, std::time::Duration::ZERO);
        assert!(
            !facts.os.is_empty() && !facts.kernel.is_empty() && !facts.hostname.is_empty(),
            "{facts:?}"
        );
        assert!(
            facts.cpu_count > 0 && facts.memory_total_bytes > 0 && facts.clock_offset_millis > 0,
            "{facts:?}"
        );
        let host = parse::reading(&answers[1], &mut BTreeMap::new()).host;
        assert!(
            host.cpu.is_some() && host.uptime_seconds.unwrap() > 0.0,
            "{shell:?} {host:?}"
        );
        assert_eq!(
            (host.memory_total_bytes, host.cores.len()),
            (facts.memory_total_bytes, facts.cpu_count as usize)
        );
        assert!(host.interfaces.contains_key("lo"), "{host:?}");
    }
}

#[test]
fn more_containers_than_a_program_takes_names_are_read_too() {
    let root = tempfile::tempdir().unwrap();
    let [proc_dir, cgroup, sys] = ["proc", "cgroup", "sys"].map(|d| root.path().join(d));
    proc(&proc_dir);
    fs::create_dir_all(&sys).unwrap();
    write(&cgroup, "cgroup.controllers", "");
    for n in 0..1_500 {
        write(&cgroup, &format!("docker/{n:064x}/pids.current"), "1\n");
        write(&cgroup, &format!("docker/{n:064x}/memory.current"), "1\n");
    }
    for shell in SHELLS {
        // a quarter of the stack is what names may take, and never less than 128 KiB
        let limited = format!("ulimit -s 512; exec {} \"$@\"", shell.join(" "));
        let limited = ["sh", "-c", &limited, "sh"];
        let answers = talk(&limited, [&proc_dir, &cgroup, &sys], &[Request::Read]);
        let reading = parse::reading(&answers[0], &mut BTreeMap::new());
        assert_eq!(
            (reading.containers.len(), reading.host.cores.len()),
            (1_500, 1),
            "{shell:?}"
        );
    }
}

#[test]
fn in_01_what_a_host_lists_as_processes_reaches_no_command() {
    let root = tempfile::tempdir().unwrap();
    let [proc_dir, cgroup, sys] = ["proc", "cgroup", "sys"].map(|d| root.path().join(d));
    let pwned = root.path().join("pwned");
    proc(&proc_dir);
    fs::create_dir_all(&sys).unwrap();
    write(&cgroup, "cgroup.controllers", "");
    let evil = format!("$(touch {0});`touch {0}`;touch {0} ../../42 * -f -e", pwned.display());
    group(&cgroup, true, &format!("docker/{}", "a".repeat(64)), &evil);
    for shell in SHELLS {
        let answers = talk(shell, [&proc_dir, &cgroup, &sys], &[Request::ReadAnew, Request::Read]);
        let reading = parse::reading(&answers[1], &mut BTreeMap::new());
        assert_eq!(reading.containers.len(), 1);
        assert!(
            !pwned.exists() && !String::from_utf8_lossy(&answers[1]).contains("42/net/dev"),
            "{shell:?}"
        );
    }
}
