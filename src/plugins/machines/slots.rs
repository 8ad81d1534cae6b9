//! Places in the pages of this plugin that others may fill.

use super::model::MachineId;
use crate::core::plugin::Slot;

/// Tabs of a machine's page. A widget's title is the tab's label and, in lower case, the end of its address.
pub static MACHINE_TABS: Slot<MachineId> = Slot::new("machine_tabs");
