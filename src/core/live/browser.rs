//! The WebSocket itself: reconnects with jittered back-off, resumes each shard where it was.

use super::{Line, LiveMessage, WindowNews};
use crate::core::{
    live::model::{ClientMessage, ConnState, Seq, ServerMessage, ShardSeq, SubId, View},
    url::url,
};
use leptos::prelude::*;
use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{CloseEvent, MessageEvent, WebSocket};

const PING_EVERY: Duration = Duration::from_secs(20);
/// Nothing heard for this long: the line is dead, whatever the browser thinks.
const SILENT_MILLIS: f64 = 45_000.0;
const OFFLINE_AFTER_MILLIS: f64 = 10_000.0;
/// A refused subscription is asked for again after this: its plugin may be starting.
const ASK_AGAIN: Duration = Duration::from_secs(3);

struct Sub {
    topic: &'static str,
    shards: Option<Vec<String>>,
    have: HashMap<String, Seq>,
    view: Option<View>,
    on: Rc<dyn Fn(LiveMessage)>,
}

#[derive(Default)]
struct Client {
    line: Option<Line>,
    socket: Option<WebSocket>,
    subs: HashMap<SubId, Sub>,
    next: SubId,
    failures: u32,
    heard_at: f64,
    down_since: f64,
    ended: bool,
}

thread_local! {
    static CLIENT: RefCell<Client> = RefCell::default();
}

fn with<T>(work: impl FnOnce(&mut Client) -> T) -> T {
    CLIENT.with(|client| work(&mut client.borrow_mut()))
}

pub fn connect(line: Line) {
    let first = with(|c| c.line.replace(line).is_none());
    if first {
        open();
        set_interval(watch, PING_EVERY);
    }
}

pub fn outdated() {
    if let Some(line) = with(|c| c.line) {
        line.outdated.set(true);
    }
}

pub fn subscribe(
    topic: &'static str,
    shards: Option<Vec<String>>,
    have: Vec<ShardSeq>,
    view: Option<View>,
    on: Rc<dyn Fn(LiveMessage)>,
) -> SubId {
    with(|c| {
        c.next += 1;
        let have = have.into_iter().map(|h| (h.shard, h.seq)).collect();
        c.subs.insert(
            c.next,
            Sub {
                topic,
                shards,
                have,
                view,
                on,
            },
        );
        c.announce(c.next);
        c.next
    })
}

pub fn unsubscribe(id: SubId) {
    with(|c| {
        c.subs.remove(&id);
        c.send(&ClientMessage::Unsubscribe { sub: id });
    });
}

impl Client {
    fn send(&self, message: &ClientMessage) {
        let Some(socket) = self.socket.as_ref().filter(|s| s.ready_state() == WebSocket::OPEN) else {
            return;
        };
        if let Ok(text) = serde_json::to_string(message) {
            let _ = socket.send_with_str(&text);
        }
    }
    fn announce(&self, id: SubId) {
        let Some(sub) = self.subs.get(&id) else { return };
        let have = sub
            .have
            .iter()
            .map(|(shard, seq)| ShardSeq {
                shard: shard.clone(),
                seq: *seq,
            })
            .collect();
        self.send(&ClientMessage::Subscribe {
            sub: id,
            topic: sub.topic.to_owned(),
            have,
            shards: sub.shards.clone(),
            view: sub.view.clone(),
        });
    }
    fn set(&self, state: ConnState) {
        if let Some(line) = self.line
            && line.state.get_untracked() != state
        {
            line.state.set(state);
        }
    }
}

fn open() {
    let location = window().location();
    let scheme = if location.protocol().is_ok_and(|p| p == "https:") {
        "wss"
    } else {
        "ws"
    };
    let address = format!("{scheme}://{}{}", location.host().unwrap_or_default(), url("/live"));
    let Ok(socket) = WebSocket::new(&address) else {
        return retry();
    };
    let on_open = Closure::<dyn FnMut()>::new(opened);
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        if let Some(text) = event.data().as_string() {
            heard(&text);
        }
    });
    let on_close = Closure::once_into_js(|_: CloseEvent| closed());
    socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
    socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    socket.set_onclose(Some(on_close.unchecked_ref()));
    // They live as long as the page; a page makes few sockets.
    on_open.forget();
    on_message.forget();
    with(|c| c.socket = Some(socket));
}

fn opened() {
    with(|c| {
        c.failures = 0;
        c.heard_at = js_sys::Date::now();
        for id in c.subs.keys().copied().collect::<Vec<_>>() {
            c.announce(id);
        }
        c.set(ConnState::Live);
    });
}

fn closed() {
    let retry_now = with(|c| {
        c.socket = None;
        if c.down_since == 0.0 || c.failures == 0 {
            c.down_since = js_sys::Date::now();
        }
        c.set(if c.ended {
            ConnState::Offline
        } else {
            ConnState::Reconnecting
        });
        !c.ended
    });
    if retry_now {
        retry();
    }
}

/// Tries again after 0.25 s, doubling up to 8 s, each with up to half of it more at random.
fn retry() {
    let wait = with(|c| {
        c.failures = c.failures.saturating_add(1);
        if js_sys::Date::now() - c.down_since > OFFLINE_AFTER_MILLIS {
            c.set(ConnState::Offline);
        }
        250.0 * 2_f64.powi(c.failures.min(6).cast_signed() - 1).min(32.0)
    });
    let wait = wait * (1.0 + js_sys::Math::random() / 2.0);
    set_timeout(open, Duration::from_millis(wait as u64));
}

/// Pings, and ends a line on which nothing is heard any more.
fn watch() {
    let dead = with(|c| {
        c.send(&ClientMessage::Ping);
        let silent = c.socket.is_some() && js_sys::Date::now() - c.heard_at > SILENT_MILLIS;
        silent.then(|| c.socket.clone()).flatten()
    });
    if let Some(socket) = dead {
        let _ = socket.close();
    }
}

fn heard(text: &str) {
    with(|c| c.heard_at = js_sys::Date::now());
    match serde_json::from_str::<ServerMessage>(text) {
        Ok(ServerMessage::Hello { build_id }) => {
            let ours = document()
                .document_element()
                .and_then(|html| html.get_attribute("data-build"));
            if let Some(line) = with(|c| c.line) {
                // Once outdated, always: another server may answer the next call.
                if ours.is_some_and(|ours| ours != build_id) {
                    line.outdated.set(true);
                }
            }
        }
        Ok(ServerMessage::Frame {
            topic,
            shard,
            seq,
            snapshot,
            body,
        }) => frame(&topic, &shard, seq, snapshot, &body),
        Ok(ServerMessage::Gap { missed, .. }) => {
            if let Some(line) = with(|c| c.line) {
                line.missed.update(|m| *m += missed);
            }
        }
        Ok(ServerMessage::End { topic, shard }) => {
            for on in listeners(&topic, &shard, |sub, shard| {
                sub.have.remove(shard);
                true
            }) {
                on(LiveMessage::End { shard: shard.clone() });
            }
        }
        Ok(ServerMessage::Bye { reconnect, message }) => with(|c| {
            c.ended = !reconnect;
            if let Some(line) = c.line.filter(|_| !reconnect) {
                line.ended.set(Some(message));
            }
        }),
        Ok(ServerMessage::Refused { sub, message }) => {
            leptos::logging::warn!("{message}");
            set_timeout(move || with(|c| c.announce(sub)), ASK_AGAIN);
        }
        Ok(ServerMessage::Window {
            sub,
            total,
            ids,
            rows,
            readings,
            summary,
        }) => {
            // A view that the page has left has no subscription any more.
            let on = with(|c| c.subs.get(&sub).map(|sub| sub.on.clone()));
            let news = WindowNews {
                total,
                ids,
                rows,
                readings,
                summary,
            };
            on.into_iter().for_each(|on| on(LiveMessage::Window(news.clone())));
        }
        Ok(ServerMessage::Pong) => {}
        Err(why) => leptos::logging::warn!("a live message could not be read: {why}"),
    }
}

/// Hands a frame to the subscriptions that it continues; a repeated one is ignored.
fn frame(topic: &str, shard: &str, seq: Seq, snapshot: bool, body: &serde_json::Value) {
    let next = |sub: &mut Sub, shard: &str| {
        let have = sub.have.get(shard).copied();
        let fits = snapshot
            || have.is_some_and(|h| h.epoch == seq.epoch && h.n + 1 == seq.n)
            || (have.is_none() && seq.n == 1);
        if fits {
            sub.have.insert(shard.to_owned(), seq);
        }
        fits
    };
    for on in listeners(topic, shard, next) {
        on(LiveMessage::Frame {
            shard: shard.to_owned(),
            snapshot,
            body: body.clone(),
        });
    }
}

/// The callbacks of a topic's subscriptions for which `take` says yes; called without the borrow.
fn listeners(topic: &str, shard: &str, take: impl Fn(&mut Sub, &str) -> bool) -> Vec<Rc<dyn Fn(LiveMessage)>> {
    with(|c| {
        let covers =
            |sub: &Sub| sub.topic == topic && sub.shards.as_ref().is_none_or(|only| only.iter().any(|s| s == shard));
        c.subs
            .values_mut()
            .filter(|sub| covers(sub))
            .filter_map(|sub| take(sub, shard).then(|| sub.on.clone()))
            .collect()
    })
}
