//! The memory of this process holds keys: it goes into no core dump, and no other process of the same user reads it.

/// Call it before keys are opened.
pub fn keep_private() {
    if let Err(why) = nix::sys::prctl::set_dumpable(false) {
        tracing::warn!(%why, "core dumps of this process cannot be turned off");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn se_10_memory_goes_into_no_dump_and_to_no_other_process() {
        super::keep_private();
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
    }
}
