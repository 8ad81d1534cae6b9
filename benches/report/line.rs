//! A line that is so many milliseconds long: a relay that holds back what passes, in order and without a bound on
//! the rate. Kernels without netem have no other.

use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    time::sleep_until,
};

/// Chunks under way in one direction.
const UNDER_WAY: usize = 1_024;

/// Leads to `to`; each byte takes `one_way` in either direction. Gives its port on this machine.
pub async fn line(to: (String, u16), one_way: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let Ok(far) = TcpStream::connect(&to).await else {
                continue;
            };
            for end in [&near, &far] {
                end.set_nodelay(true).unwrap();
            }
            let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
            tokio::spawn(carry(near_read, far_write, one_way));
            tokio::spawn(carry(far_read, near_write, one_way));
        }
    });
    port
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, one_way: Duration) {
    let (enter, mut leave) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let read = async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(n @ 1..) = from.read(&mut buffer).await {
            if enter
                .send((Instant::now() + one_way, buffer[..n].to_vec()))
                .await
                .is_err()
            {
                break;
            }
        }
    };
    let write = async move {
        while let Some((at, bytes)) = leave.recv().await {
            sleep_until(at.into()).await;
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}
