//! Taking a machine out: what goes with it, what stays where, and its name typed by hand.

use super::{links::IdField, list::account};
use crate::{
    plugins::machines::{
        api::Delete,
        model::{KeySummary, MachineDetail},
    },
    ui::{Button, Field, FormError, PostForm, Snippet, Variant, form::error_of},
};
use leptos::prelude::*;

#[component]
pub(super) fn DeleteMachine(detail: MachineDetail) -> impl IntoView {
    let delete = ServerAction::<Delete>::new();
    let error = error_of(delete);
    let MachineDetail {
        row,
        key,
        key_shared_with,
        pinned,
        ..
    } = detail;
    let (id, name, account, local) = (row.id, row.name.clone(), account(&row), row.user.is_none());
    let key_fate = match (key_shared_with, &key) {
        (_, None) => None,
        (0, Some(key)) => Some(format!(
            "its login key {} ({}), which no other machine uses",
            key.name, key.fingerprint
        )),
        (1, Some(_)) => Some("not its login key: another machine uses it".to_owned()),
        (n, Some(_)) => Some(format!("not its login key: {n} other machines use it")),
    };
    let host_keys = match pinned.len() {
        0 => None,
        1 => Some("its accepted host key: it must be compared again should the host come back".to_owned()),
        n => Some(format!(
            "its {n} accepted host keys: they must be compared again should the host come back"
        )),
    };
    let goes = [
        Some("its entry here, its tags and notes, and its containers from every list".to_owned()),
        Some("the last hour of its numbers".to_owned()),
        host_keys,
        key_fate,
    ];
    let command = key.as_ref().filter(|_| key_shared_with == 0).and_then(removal);
    view! {
        <section class="card" aria-labelledby="delete-title">
            <h2 id="delete-title">"Take it out"</h2>
            <p>{format!("PollySystem forgets {name} ({account}). With it go:")}</p>
            <ul class="bullets">{goes.into_iter().flatten().map(|text| view! { <li>{text}</li> }).collect_view()}</ul>
            <p>"Jobs and the audit log keep what was done. On the host nothing is changed: its containers go on running."</p>
            {(!local).then(|| command.map(|command| view! {
                <p>"What stays there is the line of this key in the account's authorized_keys. As that account, this removes it:"</p>
                <Snippet text=command what="command"/>
            }))}
            <FormError error fields=&["typed"]/>
            <PostForm action=delete label="Delete the machine">
                <IdField id/>
                <Field label=format!("Type its name, {name}, to delete it") name="typed" error required=true autocomplete="off"/>
                <div>
                    <Button icon="trash" variant=Variant::DangerFill busy=delete.pending()>{format!("Delete {name}")}</Button>
                </div>
            </PostForm>
        </section>
    }
}

/// Removes the key's line from the account's file, whatever stands before and after it. The key itself is base64,
/// in which no character means anything to sed or the shell.
fn removal(key: &KeySummary) -> Option<String> {
    let blob = key.public_line.split_whitespace().nth(1)?;
    let plain = blob.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    plain.then(|| format!(r"sed -i '\,{blob},d' ~/.ssh/authorized_keys"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::machines::model::KeyId;

    #[test]
    fn the_command_removes_this_key_s_line_and_no_other() {
        let key = |public_line: &str| KeySummary {
            id: KeyId::new(),
            name: "web".into(),
            algorithm: "ssh-ed25519".into(),
            public_line: public_line.into(),
            fingerprint: "SHA256:x".into(),
        };
        let command = removal(&key("ssh-ed25519 AAAA+b/c== it's; rm -rf ~")).unwrap();
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".ssh")).unwrap();
        let file = home.path().join(".ssh/authorized_keys");
        std::fs::write(
            &file,
            "ssh-ed25519 AAAA other\nfrom=\"*\" ssh-ed25519 AAAA+b/c== x\nssh-rsa BBBB\n",
        )
        .unwrap();
        let done = std::process::Command::new("sh")
            .args(["-c", &command])
            .env("HOME", home.path())
            .status()
            .unwrap();
        assert!(done.success());
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            "ssh-ed25519 AAAA other\nssh-rsa BBBB\n"
        );
        assert_eq!(removal(&key("ssh-ed25519 AA'A")), None);
        assert_eq!(removal(&key("ssh-ed25519")), None);
    }
}
