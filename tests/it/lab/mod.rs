//! Real hosts: sshd and dockerd in namespaces of their own (`make test-lab`). One test at a time.

mod fleet;
mod hosts;
mod numbers;
