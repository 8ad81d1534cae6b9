use super::*;
use serde_json::{Value, json};

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

fn tokens() -> Tokens {
    let key = |id: &str, byte: u8| {
        Arc::new(Key {
            id: id.to_owned(),
            secret: Secret::new([byte; 32]),
            made_at: NOW,
        })
    };
    Tokens {
        ring: ArcSwap::from_pointee(vec![key("new", 2), key("old", 1)]),
        rotation: Secret::new([9; 32]),
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token with a good signature of the key `new`, whatever it says.
fn signed(header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(&[2; 32]).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn header() -> Value {
    json!({"alg": "HS256", "typ": TYPE, "kid": "new"})
}

fn claims() -> Value {
    let now = NOW.0 / 1000;
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": SessionId::new().to_string(), "iat": now, "nbf": now, "exp": now + ACCESS_SECONDS})
}

fn with(mut value: Value, name: &str, new: Value) -> Value {
    value[name] = new;
    value
}

fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name);
    value
}

#[test]
fn au_06_a_token_that_names_another_way_to_be_checked_is_refused() {
    let tokens = tokens();
    let good = signed(&header(), &claims());
    assert!(tokens.session(&good, NOW).is_some(), "the forge works");
    let [head, body, mark]: [&str; 3] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let none = |alg: &str| format!("{}.{body}.", part(&with(header(), "alg", json!(alg))));
    let mut forged = vec![
        none("none"),
        none("None"),
        none("NONE"),
        format!("{}.{body}.{mark}", part(&with(header(), "alg", json!("none")))),
        format!("{head}.{body}."),
        format!("{head}.{body}"),
        format!("{head}.{body}.{mark}.{mark}"),
        format!("{good}x"),
        format!("{good}="),
        format!("{good} "),
        format!(" {good}"),
        format!("{head}..{mark}"),
        format!(
            "{}.{}.{mark}",
            head,
            part(&with(claims(), "sub", json!(SessionId::new().to_string())))
        ),
        String::new(),
        "..".to_owned(),
        Tokens::first_refresh(),
    ];
    for alg in ["RS256", "ES256", "EdDSA", "HS384", "HS512", "hs256"] {
        forged.push(signed(&with(header(), "alg", json!(alg)), &claims()));
    }
    for kid in [
        json!("old"),
        json!("none"),
        json!("../../dev/null"),
        json!(""),
        json!(7),
        Value::Null,
        json!("new' OR '1'='1"),
    ] {
        forged.push(signed(&with(header(), "kid", kid), &claims()));
    }
    forged.push(signed(&without(header(), "kid"), &claims()));
    for (name, value) in [
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        (
            "jwk",
            json!({"kty": "oct", "k": "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"}),
        ),
        ("x5c", json!(["AAAA"])),
    ] {
        forged.push(signed(&with(header(), name, value), &claims()));
    }
    for typ in [json!("JWT"), json!("rt+jwt"), json!("AT+JWT"), Value::Null, json!("")] {
        forged.push(signed(&with(header(), "typ", typ), &claims()));
    }
    forged.push(signed(&without(header(), "typ"), &claims()));
    for token in forged {
        assert_eq!(tokens.session(&token, NOW), None, "{token}");
    }
}

#[test]
fn au_07_every_claim_is_there_and_of_its_kind_and_of_this_time() {
    let (tokens, now) = (tokens(), NOW.0 / 1000);
    let odd = [
        json!("1800000000"),
        json!(f64::from(1_800_000_000) + 0.5),
        json!(null),
        json!(true),
        json!([now]),
        json!({}),
        json!(u64::MAX),
        json!(1_u64 << 63),
    ];
    let mut bad = Vec::new();
    for name in ["iss", "aud", "sub", "exp", "nbf"] {
        bad.push(without(claims(), name));
    }
    for name in ["exp", "nbf"] {
        bad.extend(odd.iter().map(|value| with(claims(), name, value.clone())));
    }
    bad.push(with(claims(), "exp", json!(-1)));
    bad.push(with(claims(), "exp", json!(now - LEEWAY_SECONDS - 1)));
    bad.push(with(claims(), "exp", json!(now + ACCESS_SECONDS + 1)));
    bad.push(with(claims(), "nbf", json!(now + LEEWAY_SECONDS + 1)));
    bad.push(with(claims(), "nbf", json!(i64::MIN)));
    for (name, value) in [
        ("aud", json!("pollysystem-api")),
        ("aud", json!([])),
        ("aud", json!("")),
        ("iss", json!("evil")),
        ("iss", json!(["evil"])),
        ("sub", json!("")),
        ("sub", json!("admin")),
        ("sub", json!(1)),
    ] {
        bad.push(with(claims(), name, value));
    }
    for claims in bad {
        assert_eq!(tokens.session(&signed(&header(), &claims), NOW), None, "{claims}");
    }
}

#[test]
fn au_07_an_access_token_ends_after_ten_minutes_and_the_older_key_still_verifies() {
    let tokens = tokens();
    let session = SessionId::new();
    let access = tokens.access(session, NOW).unwrap();
    assert_eq!(tokens.session(&access, NOW), Some(session));
    assert_eq!(
        tokens.session(&access, NOW.plus_seconds(ACCESS_SECONDS)),
        Some(session),
        "leeway"
    );
    assert_eq!(
        tokens.session(&access, NOW.plus_seconds(ACCESS_SECONDS + LEEWAY_SECONDS)),
        None
    );
    assert_eq!(tokens.session(&access, NOW.plus_seconds(-LEEWAY_SECONDS - 1)), None);
    let ring = tokens.ring.load_full();
    tokens.ring.store(Arc::new(vec![ring[1].clone(), ring[0].clone()]));
    assert_eq!(tokens.session(&access, NOW), Some(session));
    let refresh = Tokens::first_refresh();
    assert_ne!(Tokens::at_rest(&access), Tokens::at_rest(&refresh));
}
