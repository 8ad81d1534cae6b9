//! `pollysystem health`: asks a running server's /healthz; for container health checks, which have no curl.

use super::{
    config::{Config, ServeArgs},
    run::Failure,
};
use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream},
    time::Duration,
};

const WITHIN: Duration = Duration::from_secs(3);

pub fn ask(args: &ServeArgs) -> Result<(), Failure> {
    let config = Config::load(args)?;
    let mut address = config.listen;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let mut stream = TcpStream::connect_timeout(&address, WITHIN)?;
    stream.set_read_timeout(Some(WITHIN))?;
    write!(
        stream,
        "GET {}/healthz HTTP/1.0\r\nHost: localhost\r\n\r\n",
        config.base_path()
    )?;
    let mut head = [0_u8; 12];
    stream.read_exact(&mut head)?;
    if head.ends_with(b" 200") {
        Ok(())
    } else {
        Err(Failure(format!("{address} answers, but not with 200")))
    }
}
