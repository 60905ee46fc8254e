//! Binds TCP and the Unix socket, accepts, and gives every connection a permit.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use crate::config::HttpSettings;

use super::edge::Edge;
use super::problem::{Code, Problem};
use super::service::Peer;
use super::{Parts, connection};

/// Connections that the kernel keeps for us until they are accepted.
const BACKLOG: u32 = 1024;
/// Places of the Unix socket. They are apart from those of TCP, so that an administrator gets
/// in while TCP is full.
const SOCKET_CONNECTIONS_MAX: usize = 64;
/// Connections that are told at the same time that there is no place.
const REFUSALS_MAX: usize = 64;
/// How long such a connection may take to hear it.
const REFUSAL_FOR: Duration = Duration::from_secs(1);
/// How long to wait when the system gives out no more connections (no file descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests may take to end at a stop.
const STOP_FOR: Duration = Duration::from_secs(5);

/// Bound, not yet accepting.
#[derive(Debug)]
pub struct Listeners {
    tcp: TcpListener,
    unix: UnixListener,
    address: SocketAddr,
    _socket: SocketFile,
}

/// Why a listener can't be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {at}: {source}")]
pub struct BindError {
    /// The address or path.
    pub at: String,
    /// What the system said.
    pub source: io::Error,
}

impl Listeners {
    /// Binds the TCP address and the Unix socket. A stale socket file is replaced, a live one
    /// refused; the socket is 0660. Must be called within a tokio runtime.
    pub fn bind(settings: &HttpSettings) -> Result<Self, BindError> {
        let tcp = bind_tcp(settings.listen).and_then(|tcp| Ok((tcp.local_addr()?, tcp)));
        let (address, tcp) = tcp.map_err(|source| BindError {
            at: settings.listen.to_string(),
            source,
        })?;
        let (unix, socket) = bind_unix(&settings.socket).map_err(|source| BindError {
            at: settings.socket.display().to_string(),
            source,
        })?;
        Ok(Self {
            tcp,
            unix,
            address,
            _socket: socket,
        })
    }

    /// The TCP address with its real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restart must not wait for connections of the last run to fade.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The file of the Unix socket, removed with the listener.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            log::debug!("{}: {error}", self.0.display());
        }
    }
}

fn bind_unix(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    if let Some(parent) = path.parent()
        && !parent.as_os_str().is_empty()
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)?;
    }
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            remove_stale(path)?;
            UnixListener::bind(path)?
        }
        other => other?,
    };
    let file = SocketFile(path.to_owned());
    fs::set_permissions(path, Permissions::from_mode(0o660))?;
    Ok((listener, file))
}

/// Removes a socket that nobody listens on. Anything else stays.
fn remove_stale(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        let text = "there is a file of this name that is not a socket";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "another ringhook answers there",
        )),
    }
}

/// Serves until `stop` is set, then lets connections end their request, for at most 5 s, and
/// removes the socket file.
pub async fn serve(listeners: Listeners, parts: Parts, mut stop: watch::Receiver<bool>) {
    let mut doors = Doors::new(&parts.settings);
    let edge = Arc::new(Edge::new(parts, listeners.address));
    edge.test_receiver.resume(&edge).await;
    let mut is_short = false;
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            accepted = listeners.tcp.accept() => match accepted {
                Ok((stream, from)) => doors.enter_tcp(&edge, stream, from.ip()),
                Err(error) => pause(&error, &mut is_short).await,
            },
            accepted = listeners.unix.accept() => match accepted {
                Ok((stream, _)) => doors.enter_unix(&edge, stream),
                Err(error) => pause(&error, &mut is_short).await,
            },
            Some(ended) = doors.tasks.join_next() => {
                is_short = false;
                report(ended);
            }
        }
    }
    drop(listeners);
    edge.hub.close();
    doors.close().await;
}

/// A sender that is gone means the same as a stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|set| *set).await;
}

/// What to do when a connection could not be accepted: one that was gone before we came is no
/// trouble; everything else (no file descriptors, no memory) gets better only when others end,
/// and until then it is said once.
async fn pause(error: &io::Error, is_short: &mut bool) {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    ) {
        return;
    }
    if !std::mem::replace(is_short, true) {
        log::warn!("cannot accept connections: {error}; trying again until some have ended");
    }
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        log::error!("a connection ended in a panic, which is a fault of ringhook: {error}");
    }
}

/// The places, and who has them.
struct Doors {
    tcp: Arc<Semaphore>,
    unix: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    graceful: GracefulShutdown,
    tasks: JoinSet<()>,
}

impl Doors {
    fn new(settings: &HttpSettings) -> Self {
        let places = usize::try_from(settings.connections_max).unwrap_or(usize::MAX);
        Self {
            tcp: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            unix: Arc::new(Semaphore::new(SOCKET_CONNECTIONS_MAX)),
            refusals: Arc::new(Semaphore::new(REFUSALS_MAX)),
            graceful: GracefulShutdown::new(),
            tasks: JoinSet::new(),
        }
    }

    fn enter_tcp(&mut self, edge: &Arc<Edge>, stream: TcpStream, remote: IpAddr) {
        let Ok(permit) = Arc::clone(&self.tcp).try_acquire_owned() else {
            return self.refuse(stream);
        };
        // Answers are small and written at once: nothing to wait for.
        let local = stream.set_nodelay(true).and_then(|()| stream.local_addr());
        // Without an address the peer has gone already.
        if let Ok(local) = local {
            self.serve(edge, stream, Peer::Tcp { local, remote }, permit);
        }
    }

    fn enter_unix(&mut self, edge: &Arc<Edge>, stream: UnixStream) {
        let Ok(permit) = Arc::clone(&self.unix).try_acquire_owned() else {
            return self.refuse(stream);
        };
        match stream.peer_cred() {
            Ok(peer) => {
                log::debug!("uid {} connects over the socket", peer.uid());
                self.serve(edge, stream, Peer::Socket { uid: peer.uid() }, permit);
            }
            Err(error) => log::warn!("a connection over the socket without a user id: {error}"),
        }
    }

    fn serve<S>(&mut self, edge: &Arc<Edge>, stream: S, peer: Peer, permit: OwnedSemaphorePermit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let served = connection::serve(Arc::clone(edge), stream, peer, self.graceful.watcher());
        self.tasks.spawn(async move {
            served.await;
            // Owned by the task, so that it comes back whatever ends the task.
            drop(permit);
        });
    }

    /// Says 503 to a connection for which there is no place; silence beyond a bound.
    fn refuse<S>(&mut self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() else {
            return;
        };
        self.tasks.spawn(async move {
            let _ = tokio::time::timeout(REFUSAL_FOR, say_no_place(stream)).await;
            drop(permit);
        });
    }

    async fn close(mut self) {
        let ended = tokio::time::timeout(STOP_FOR, self.graceful.shutdown()).await;
        if ended.is_err() {
            log::warn!("some connections did not end their request in {STOP_FOR:?} and are cut");
        }
        self.tasks.shutdown().await;
    }
}

/// Writes the answer before a request was read, then reads until the peer has seen it: closing
/// with unread bytes would take the answer back.
async fn say_no_place<S>(mut stream: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let detail = "all places are taken (http.connections_max)";
    let document = Problem::new(Code::Connections, detail).document();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n\
         Content-Length: {}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n",
        document.len()
    );
    stream
        .write_all(&[head.as_bytes(), &document].concat())
        .await?;
    stream.shutdown().await?;
    let mut dropped = [0; 1024];
    while stream.read(&mut dropped).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[tokio::test]
    async fn the_socket_is_ours_alone_and_goes_with_its_listener() {
        let directory = directory();
        let path = directory.path().join("run/ringhook/ringhook.sock");
        let (listener, file) = bind_unix(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o660);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        let refused = bind_unix(&path).map(|_| ()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
        drop((listener, file));
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_file_is_not() {
        let directory = directory();
        let path = directory.path().join("ringhook.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        drop(bind_unix(&path).unwrap());
        fs::write(&path, "precious").unwrap();
        let refused = bind_unix(&path).map(|_| ()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn no_place_is_said_and_then_closed() {
        let (near, mut far) = tokio::io::duplex(4096);
        far.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let refusing = tokio::spawn(say_no_place(near));
        let mut text = String::new();
        far.read_to_string(&mut text).await.unwrap();
        drop(far);
        refusing.await.unwrap().unwrap();
        assert!(text.starts_with("HTTP/1.1 503 "), "{text}");
        assert!(
            text.contains("\r\nRetry-After: 1\r\n") && text.contains("RH-0353"),
            "{text}"
        );
    }
}
