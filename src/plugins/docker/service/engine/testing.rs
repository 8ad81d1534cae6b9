//! An engine on a Unix socket that answers what a test tells it: for faults that a real one will not produce.

use super::{Engine, LocalSocket};
use crate::error::AppResult;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    task::JoinHandle,
};

pub const VERSION: &str = r#"{"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"}"#;

/// What is done with the connection after the request was read.
pub enum Answer {
    /// A whole answer with this status and body.
    Body(u16, Vec<u8>),
    /// These bytes as they are, and then the end of the connection.
    Raw(Vec<u8>),
    /// The same, each piece by itself and one after another.
    Pieces(Vec<Vec<u8>>),
    /// These bytes, and then silence.
    Silence(Vec<u8>),
    /// A body of so many zero bytes.
    Zeros(usize),
}

pub struct FakeEngine {
    pub dir: tempfile::TempDir,
    /// Path and query of each request.
    pub asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeEngine {
    /// `answer` is asked with the path behind the version, `None` for `/version` itself unless it answers.
    pub fn start(answer: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("docker.sock")).unwrap();
        let (asked, answer) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(answer));
        let seen = asked.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, answer.clone(), seen.clone()));
            }
        });
        Self { dir, asked, task }
    }

    pub async fn connect(&self) -> AppResult<Engine> {
        let socket = LocalSocket::own(self.dir.path().join("docker.sock"));
        Engine::connect(socket, Duration::from_millis(300)).await
    }
}

/// What it answers to a path; `None` is its ordinary answer.
type Answers = Arc<dyn Fn(&str) -> Option<Answer> + Send + Sync>;

async fn serve(mut stream: UnixStream, answer: Answers, asked: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let text = String::from_utf8(request).unwrap();
    let target = text.split(' ').nth(1).unwrap().to_owned();
    asked.lock().unwrap().push(target.clone());
    let path = target.strip_prefix("/v1.41").unwrap_or(&target);
    let given = answer(path).unwrap_or_else(|| match path {
        "/version" => Answer::Body(200, VERSION.into()),
        _ => Answer::Body(404, br#"{"message":"no such thing"}"#.to_vec()),
    });
    let _ = send(&mut stream, given).await;
}

async fn send(stream: &mut UnixStream, answer: Answer) -> std::io::Result<()> {
    match answer {
        Answer::Body(status, body) => {
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await
        }
        Answer::Raw(bytes) => stream.write_all(&bytes).await,
        Answer::Pieces(pieces) => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                .await?;
            for piece in pieces.iter().filter(|p| !p.is_empty()) {
                let head = format!("{:x}\r\n", piece.len());
                stream.write_all(&[head.as_bytes(), piece, b"\r\n"].concat()).await?;
                stream.flush().await?;
                tokio::task::yield_now().await;
            }
            stream.write_all(b"0\r\n\r\n").await
        }
        Answer::Silence(bytes) => {
            stream.write_all(&bytes).await?;
            let mut end = [0];
            stream.read_exact(&mut end).await.map(|_| ())
        }
        Answer::Zeros(count) => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            let zeros = vec![b' '; 1 << 16];
            for _ in 0..count / zeros.len() {
                stream.write_all(&zeros).await?;
            }
            Ok(())
        }
    }
}
