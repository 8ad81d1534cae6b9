//! The kernel ends our ssh when we end, even by SIGKILL.

use tokio::process::Command;

/// Makes the child of `command` receive SIGTERM when the thread that spawned it ends: spawn it from a worker
/// of the runtime, which lives as long as the server, never from a blocking thread.
#[expect(
    unsafe_code,
    reason = "pre_exec runs between fork and exec; prctl is async-signal-safe and touches no memory of ours"
)]
pub fn die_with_us(command: &mut Command) {
    let set = || nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM).map_err(std::io::Error::from);
    // SAFETY: the closure makes one system call, allocates nothing and takes no lock.
    unsafe { command.pre_exec(set) };
}
