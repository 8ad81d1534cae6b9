//! Whose address a request counts for.

use axum::http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr};

/// The client's address. `X-Forwarded-For` is read from its right end, and only as far as it was written by
/// proxies that are trusted: what stands further left came from the client, who may write anything.
pub fn address_of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|network| network.contains(ip));
    let mut address = peer.to_canonical();
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    for hop in hops {
        if !is_trusted(&address) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(ip) => address = ip.to_canonical(),
            Err(_) => break,
        }
    }
    address
}

/// What counts as one client: an IPv4 address, or the /64 that one IPv6 customer has.
pub fn client_network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V6(ip)) => {
            let prefix = Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX));
            format!("{prefix}/64")
        }
        Ok(ip) => ip.to_string(),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, lines: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        address_of(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn au_05_only_a_configured_proxy_says_whom_it_speaks_for() {
        let proxies = ["10.0.0.0/8", "::1/128"];
        for (peer, lines, trusted, address) in [
            ("203.0.113.9", vec!["1.1.1.1"], vec![], "203.0.113.9"),
            ("203.0.113.9", vec!["1.1.1.1"], proxies.to_vec(), "203.0.113.9"),
            ("10.0.0.1", vec!["1.1.1.1"], proxies.to_vec(), "1.1.1.1"),
            ("10.0.0.1", vec!["6.6.6.6, 1.1.1.1"], proxies.to_vec(), "1.1.1.1"),
            (
                "10.0.0.1",
                vec!["6.6.6.6", "1.1.1.1, 10.9.9.9"],
                proxies.to_vec(),
                "1.1.1.1",
            ),
            ("10.0.0.1", vec!["1.1.1.1, nonsense"], proxies.to_vec(), "10.0.0.1"),
            ("10.0.0.1", vec!["nonsense, 10.0.0.2"], proxies.to_vec(), "10.0.0.2"),
            ("10.0.0.1", vec![], proxies.to_vec(), "10.0.0.1"),
            ("::ffff:10.0.0.1", vec!["1.1.1.1"], proxies.to_vec(), "1.1.1.1"),
            ("::1", vec!["2001:db8::7"], proxies.to_vec(), "2001:db8::7"),
        ] {
            assert_eq!(seen(peer, &lines, &trusted), address, "{peer} {lines:?} {trusted:?}");
        }
    }

    #[test]
    fn au_04_an_ipv6_customer_counts_as_one_whatever_address_they_take() {
        assert_eq!(
            client_network("2001:db8:1:2:3:4:5:6"),
            client_network("2001:db8:1:2::1")
        );
        assert_ne!(client_network("2001:db8:1:2::1"), client_network("2001:db8:1:3::1"));
        assert_eq!(client_network("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
