//! A TCP proxy that misbehaves when it is told to. Its own address stays the same throughout.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time::sleep,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// None: bytes go through.
    Through,
    /// New connections and those that are open are reset.
    Reset,
    /// Connections are taken, and nothing goes through any more.
    HalfOpen,
    /// Every piece is so much later.
    Latency(Duration),
    /// One byte at a time, with so much between.
    Trickle(Duration),
}

#[derive(Debug)]
pub struct Faults {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
}

impl Faults {
    /// Before what stands behind it has to be told its address: it is bound, and forwards to `target` from when that
    /// serves.
    pub async fn bind() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    pub fn before(listener: TcpListener, target: SocketAddr) -> Self {
        let address = listener.local_addr().unwrap();
        let (fault, faults) = watch::channel(Fault::Through);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, target, faults.clone()));
            }
        });
        Self { address, fault }
    }

    pub async fn of(target: SocketAddr) -> Self {
        Self::before(Self::bind().await.0, target)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }
}

async fn connection(client: TcpStream, target: SocketAddr, faults: watch::Receiver<Fault>) {
    if *faults.borrow() == Fault::Reset {
        return reset(&client);
    }
    let Ok(server) = TcpStream::connect(target).await else { return reset(&client) };
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
    }
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let to_server = tokio::spawn(pass(client_reads, server_writes, faults.clone()));
    let to_client = tokio::spawn(pass(server_reads, client_writes, faults));
    for halves in [to_server.await.unwrap(), to_client.await.unwrap()] {
        reset(halves.0.as_ref());
    }
}

/// A close that sends no FIN: what is on its way is gone.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

type Halves = (OwnedReadHalf, OwnedWriteHalf);

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut faults: watch::Receiver<Fault>) -> Halves {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            changed = faults.wait_for(|fault| *fault == Fault::Reset) => {
                drop(changed);
                return (from, to);
            }
        };
        let Ok(read @ 1..) = read else {
            let _ = to.shutdown().await;
            return (from, to);
        };
        let fault = *faults.borrow();
        let passed = match fault {
            Fault::Through => to.write_all(&buffer[..read]).await,
            Fault::Latency(time) => {
                sleep(time).await;
                to.write_all(&buffer[..read]).await
            }
            Fault::Trickle(time) => trickle(&mut to, &buffer[..read], time).await,
            Fault::HalfOpen => {
                // Swallowed: the stream is broken, and must not come to life again in its middle.
                let _ = faults.wait_for(|fault| *fault == Fault::Reset || *fault == Fault::Through).await;
                return (from, to);
            }
            Fault::Reset => return (from, to),
        };
        if passed.is_err() {
            return (from, to);
        }
    }
}

async fn trickle(to: &mut OwnedWriteHalf, bytes: &[u8], time: Duration) -> std::io::Result<()> {
    for byte in bytes {
        to.write_all(&[*byte]).await?;
        sleep(time).await;
    }
    Ok(())
}
