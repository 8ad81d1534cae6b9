//! Places in the pages of this plugin that others may fill.

use super::model::MachineId;
use crate::core::plugin::Slot;

/// Sections of a machine's page, below its link.
pub static MACHINE_SECTIONS: Slot<MachineId> = Slot::new("machine_sections");
