//! One connection: HTTP/1.1 with its limits, and a peer that does not read is not waited for.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{future::Future, io};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::edge::Edge;
use super::service::{self, Peer};

/// The largest request head; 431 beyond it.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The largest read buffer of a connection.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// How long a peer may leave an answer unread.
const STALLED_FOR: Duration = Duration::from_secs(30);

/// Serves a connection to its end.
pub async fn serve<S>(edge: Arc<Edge>, stream: S, peer: Peer, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder
        // The timer also ends connections that are idle between requests.
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(edge.parts.settings.header_timeout_ms))
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        // Small boxes shut down their side once the request is out, and still want the answer.
        .half_close(true);
    let service = service_fn(move |request| {
        let edge = Arc::clone(&edge);
        async move { Ok::<_, Infallible>(service::answer(&edge, peer, request).await) }
    });
    let connection = builder.serve_connection(TokioIo::new(Impatient::new(stream)), service);
    if let Err(error) = watcher.watch(connection).await {
        log::debug!("a connection ended: {error}");
    }
}

/// A stream whose writes fail when the peer takes nothing for too long, so that its place comes
/// back.
struct Impatient<S> {
    stream: S,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncWrite + Unpin> Impatient<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            stalled: None,
        }
    }

    /// Lets `write` do its work, and starts, watches or ends the deadline by its result.
    fn guard<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = write(Pin::new(&mut self.stream), context) {
            self.stalled = None;
            return Poll::Ready(done);
        }
        let deadline = self
            .stalled
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(STALLED_FOR)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.guard(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.guard(context, |stream, context| {
            stream.poll_write_vectored(context, bytes)
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.guard(context, S::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.guard(context, S::poll_shutdown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_write_is_given_up_when_nobody_reads_and_goes_on_when_somebody_does() {
        let (near, mut far) = tokio::io::duplex(4);
        let mut near = Impatient::new(near);
        near.write_all(b"1234").await.unwrap();
        let waiting = futures_poll(near.write(b"5")).await;
        assert!(waiting.is_pending());
        assert!(near.stalled.is_some(), "the deadline runs");
        let mut taken = [0; 4];
        far.read_exact(&mut taken).await.unwrap();
        near.write_all(b"5").await.unwrap();
        assert!(near.stalled.is_none(), "and ends with progress");
        near.write_all(b"678").await.unwrap();
        near.stalled = Some(Box::pin(tokio::time::sleep(Duration::ZERO)));
        let failed = near.write(b"9").await;
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    async fn futures_poll<F: Future>(future: F) -> Poll<F::Output> {
        let mut future = Box::pin(future);
        std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
    }
}
