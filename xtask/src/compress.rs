//! Every text file gets a brotli and a gzip twin, made once here instead of at every request.
use crate::files;
use anyhow::{Context, Result};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

const TEXT: [&str; 8] = ["js", "wasm", "css", "svg", "txt", "json", "html", "webmanifest"];

/// Sizes of one file: as it is, and of its twins (0 where a twin would not be smaller).
pub struct Sizes {
    pub path: PathBuf,
    pub bytes: usize,
    pub gzip_bytes: usize,
    pub br_bytes: usize,
}

pub fn tree(site: &Path) -> Result<Vec<Sizes>> {
    files::walk(site)?.into_iter().map(|path| file(site, &path)).collect()
}

fn file(site: &Path, path: &Path) -> Result<Sizes> {
    let plain = fs::read(path).with_context(|| path.display().to_string())?;
    let text = path
        .extension()
        .is_some_and(|end| TEXT.iter().any(|known| end == *known));
    let twin = |end: &str, pack: fn(&[u8]) -> Result<Vec<u8>>| -> Result<usize> {
        let packed = if text { pack(&plain)? } else { Vec::new() };
        if packed.is_empty() || packed.len() >= plain.len() {
            return Ok(0);
        }
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        files::write(Path::new(&name), &packed)?;
        Ok(packed.len())
    };
    let (gzip_bytes, br_bytes) = (twin(".gz", gzip)?, twin(".br", br)?);
    Ok(Sizes {
        path: path.strip_prefix(site)?.to_owned(),
        bytes: plain.len(),
        gzip_bytes,
        br_bytes,
    })
}

fn gzip(plain: &[u8]) -> Result<Vec<u8>> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(plain)?;
    Ok(out.finish()?)
}

fn br(plain: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: plain.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &plain[..], &mut out, &params)?;
    Ok(out)
}
