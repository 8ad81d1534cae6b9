//! Real hosts: sshd and dockerd in namespaces of their own (`make test-lab`).
