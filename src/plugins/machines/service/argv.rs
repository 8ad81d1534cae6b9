//! The only place that turns an argument list into text for a remote shell.
//!
//! sshd gives the command to the account's login shell, so every argument is quoted for it. Each byte
//! but `'` and `\` is literal within single quotes in sh, dash, bash, busybox, zsh and fish; those two are
//! written outside of the quotes with a backslash, which fish needs for `\` and the others take as well.

use crate::error::{AppError, AppResult};

/// One command line that gives exactly `argv` to the program named by its first part.
///
/// Errors: `Invalid` when a part holds NUL (it cannot be passed at all) or there is no program.
pub fn quote(argv: &[impl AsRef<[u8]>]) -> AppResult<Vec<u8>> {
    if argv.first().is_none_or(|program| program.as_ref().is_empty()) {
        return Err(AppError::invalid("argv", "There is no program to run."));
    }
    let mut line = Vec::new();
    for part in argv {
        if !line.is_empty() {
            line.push(b' ');
        }
        quote_part(&mut line, part.as_ref())?;
    }
    Ok(line)
}

fn quote_part(line: &mut Vec<u8>, part: &[u8]) -> AppResult<()> {
    line.push(b'\'');
    for &byte in part {
        match byte {
            0 => return Err(AppError::invalid("argv", "A command cannot carry a NUL byte.")),
            b'\'' | b'\\' => line.extend_from_slice(&[b'\'', b'\\', byte, b'\'']),
            other => line.push(other),
        }
    }
    line.push(b'\'');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt, process::Command};

    const SHELLS: [&[&str]; 4] = [
        &["/bin/sh", "-c"],
        &["dash", "-c"],
        &["bash", "-c"],
        &["busybox", "sh", "-c"],
    ];

    /// Gives the quoted line to a real shell, as sshd does, and reads back what `printf` was given.
    fn through(shell: &[&str], argv: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut full: Vec<Vec<u8>> = vec![b"/usr/bin/printf".to_vec(), b"%s\\0".to_vec()];
        full.extend(argv.iter().cloned());
        let line = quote(&full).unwrap();
        let output = Command::new(shell[0])
            .args(&shell[1..])
            .arg(OsStr::from_bytes(&line))
            .output()
            .unwrap();
        assert!(output.status.success(), "{shell:?}: {output:?}");
        output
            .stdout
            .split(|b| *b == 0)
            .map(<[u8]>::to_vec)
            .take(argv.len())
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn in_07_every_byte_string_arrives_as_it_left(argv in prop::collection::vec(prop::collection::vec(1u8..=255, 0..40), 1..6)) {
            for shell in SHELLS {
                prop_assert_eq!(through(shell, &argv), argv.clone());
            }
        }
        #[test]
        fn in_07_shell_syntax_arrives_as_it_left(argv in prop::collection::vec("[ -~\n\t'\"\\\\$`;&|<>(){}*?~#!]{0,30}", 1..4)) {
            let argv: Vec<Vec<u8>> = argv.into_iter().map(String::into_bytes).collect();
            for shell in SHELLS {
                prop_assert_eq!(through(shell, &argv), argv.clone());
            }
        }
    }

    #[test]
    fn in_07_nul_and_nothing_are_refused() {
        assert!(quote(&["a", "b\0c"]).is_err());
        assert!(quote(&[] as &[&str]).is_err());
        assert!(quote(&["", "a"]).is_err());
    }

    #[test]
    fn in_07_a_program_that_looks_like_an_assignment_stays_a_program() {
        let output = Command::new("/bin/sh")
            .arg("-c")
            .arg(OsStr::from_bytes(&quote(&["A=b", "id"]).unwrap()))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(127));
    }
}
