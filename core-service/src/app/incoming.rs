//! Connections of the gRPC port, with TLS or without.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream, StreamExt as _, future::Either as OneOf};
use portcullis_api::tls::{Tls, TlsError, TlsStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::either::Either;
use tonic::transport::server::Connected;

/// A handshake has three messages.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Handshakes under way at the same time; further connections wait in the system's queue.
const HANDSHAKES: usize = 1024;

/// Clients that do not offer `h2`, or do not speak TLS where it is asked for, are hung up on.
pub(super) fn accept(
    listener: TcpListener,
    tls: Option<&Tls>,
) -> Result<impl Stream<Item = io::Result<Connection>> + use<>, TlsError> {
    let incoming = TcpListenerStream::new(listener);
    let Some(tls) = tls else {
        return Ok(OneOf::Left(incoming.map(|stream| Ok(Connection(Either::Left(stream?))))));
    };
    let acceptor = tls.acceptor(&["h2"])?;
    let shake = move |stream: io::Result<TcpStream>| {
        let acceptor = acceptor.clone();
        async move {
            let stream = match stream {
                Ok(stream) => stream,
                Err(error) => return Some(Err(error)),
            };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its small packets back");
            }
            match acceptor.accept(stream, HANDSHAKE).await {
                Ok(stream) => Some(Ok(Connection(Either::Right(stream)))),
                Err(error) => {
                    tracing::debug!(%error, "a connection without a handshake");
                    None
                }
            }
        }
    };
    let incoming = incoming.map(shake).buffer_unordered(HANDSHAKES);
    Ok(OneOf::Right(incoming.filter_map(std::future::ready)))
}

#[derive(Debug)]
pub(super) struct Connection(Either<TcpStream, TlsStream>);

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}
