//! What the roles may do.
//!
//! An action is named `<owner>.<object>.<verb>` or `<owner>.<verb>`. The roles go by the verb, so that they hold for
//! plugins that do not exist yet: a verb that no role names is for admins. What concerns the installation itself
//! (accounts, settings, the audit log) is for admins whatever its verb.

use crate::core::auth::model::Role;

const ADMINISTRATION: &[&str] = &["core.users.", "core.settings.", "core.audit."];
const LOOK: &[&str] = &["view", "logs"];
const OPERATE: &[&str] = &[
    "start",
    "stop",
    "restart",
    "pause",
    "unpause",
    "kill",
    "pull",
    "cancel",
    "reconnect",
];

/// Whether the role may do this action.
pub(super) fn allows(role: Role, action: &str) -> bool {
    let verb = action.rsplit('.').next().unwrap_or_default();
    let ours = !ADMINISTRATION.iter().any(|part| action.starts_with(part));
    match role {
        Role::Admin => true,
        Role::Operator => ours && (LOOK.contains(&verb) || OPERATE.contains(&verb)),
        Role::Member => false,
        Role::Viewer => ours && LOOK.contains(&verb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn az_01_each_role_may_do_what_is_written_here() {
        // Action: viewer, operator. An admin may do all.
        for (action, viewer, operator) in [
            ("docker.containers.view", true, true),
            ("docker.containers.logs", true, true),
            ("docker.containers.stop", false, true),
            ("docker.containers.delete", false, false),
            ("docker.containers.exec", false, false),
            ("machines.view", true, true),
            ("machines.reconnect", false, true),
            ("machines.trust", false, false),
            ("machines.create", false, false),
            ("core.jobs.view", true, true),
            ("core.jobs.cancel", false, true),
            ("core.users.view", false, false),
            ("core.users.start", false, false),
            ("core.audit.view", false, false),
            ("core.settings.manage", false, false),
            ("other.preview", false, false),
            ("", false, false),
        ] {
            assert!(!allows(Role::Member, action), "{action}");
            let allowed = [Role::Viewer, Role::Operator, Role::Admin].map(|role| allows(role, action));
            assert_eq!(allowed, [viewer, operator, true], "{action}");
        }
    }
}
