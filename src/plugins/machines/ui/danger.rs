//! Taking a machine out.

use super::{links::IdField, list::account};
use crate::{
    plugins::machines::{api::Delete, model::MachineRow},
    ui::{Button, Confirm, DialogActions, FormError, PostForm, Variant, form::error_of},
};
use leptos::prelude::*;

#[component]
pub(super) fn DeleteMachine(row: MachineRow) -> impl IntoView {
    let delete = ServerAction::<Delete>::new();
    let (id, account) = (row.id, account(&row));
    let name = StoredValue::new(row.name);
    let local = row.user.is_none();
    view! {
        <section class="card" aria-labelledby="delete-title">
            <h2 class="card-title" id="delete-title">"Take it out"</h2>
            <p class="muted">"PollySystem forgets the host. Nothing on the host is changed."</p>
            <FormError error=error_of(delete)/>
            <div>
                <Confirm id="delete-machine" button="Delete machine" icon="trash" title=format!("Delete {}?", name.get_value())>
                    <p>{format!("This takes {} ({account}) out of PollySystem. What goes:", name.get_value())}</p>
                    <ul class="bullets">
                        <li>"its entry here, and its containers from every list;"</li>
                        {(!local).then(|| view! {
                            <li>"the accepted host keys: they must be compared again should it come back;"</li>
                            <li>"its login key, unless another machine uses it."</li>
                        })}
                    </ul>
                    <p>"Its containers go on running. The activity and the audit log keep what was done."</p>
                    <PostForm action=delete>
                        <IdField id/>
                        <DialogActions dialog="delete-machine">
                            <Button icon="trash" variant=Variant::DangerFill>"Delete " {name.get_value()}</Button>
                        </DialogActions>
                    </PostForm>
                </Confirm>
            </div>
        </section>
    }
}
