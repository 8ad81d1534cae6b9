//! Real hosts: sshd and dockerd in namespaces of their own (`make test-lab`). One test at a time.

mod bulk;
mod disk;
mod fleet;
mod hosts;
mod links;
mod logs;
mod numbers;
