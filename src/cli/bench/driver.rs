//! The driver: keep-alive connections that post events and note how long each answer took.
//! One thread and no HTTP library, for it shares the processors with what it measures.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::sample::{Stamps, Summary, Template};
use crate::cli::failure::{Exit, Failure, code};

/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 << 10;
/// No load takes longer.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is to be posted, and how.
pub struct Load {
    /// To whom.
    pub address: SocketAddr,
    /// The requests, by turns in the order of their numbers; only the number in them changes.
    pub templates: Vec<Template>,
    /// Keep-alive connections, each with one request at a time.
    pub connections: usize,
    /// The numbers of the requests.
    pub numbers: std::ops::Range<u64>,
    /// Requests per second in all; None is as fast as they are answered.
    pub rate: Option<f64>,
    /// Where the moment of each request is noted.
    pub stamps: Option<Arc<Stamps>>,
    /// Ends the load early.
    pub stop: Arc<AtomicBool>,
}

/// How it went.
pub struct Outcome {
    /// When the first request left.
    pub begun: Instant,
    /// From there to the last answer.
    pub elapsed: Duration,
    /// Answer times.
    pub latency: Summary,
    count: usize,
}

impl Outcome {
    /// Answers per second.
    pub fn per_s(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }
}

struct Shared {
    load: Load,
    next: AtomicU64,
    begun: Instant,
}

/// Posts everything; a request that is refused ends the bench, for a figure with refusals in it
/// says nothing.
pub fn run(load: Load) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::system)?;
    let all = async {
        // Connecting is not what is measured: a queue of many may take a second.
        let mut streams = Vec::with_capacity(load.connections);
        for _ in 0..load.connections {
            streams.push(TcpStream::connect(load.address).await?);
        }
        let begun = Instant::now();
        let shared = Arc::new(Shared {
            next: AtomicU64::new(load.numbers.start),
            load,
            begun,
        });
        let mut tasks = JoinSet::new();
        for stream in streams {
            tasks.spawn(connection(stream, Arc::clone(&shared)));
        }
        let mut latencies = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            let ended = ended.map_err(|error| std::io::Error::other(error.to_string()))?;
            latencies.extend(ended?);
        }
        let (elapsed, count) = (begun.elapsed(), latencies.len());
        Ok::<_, std::io::Error>(Outcome {
            begun,
            elapsed,
            count,
            latency: Summary::of(latencies),
        })
    };
    let patient = async { tokio::time::timeout(PATIENCE, all).await };
    match runtime.block_on(patient) {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(error)) => Err(broken(&error.to_string())),
        Err(_) => Err(broken("it took longer than 5 minutes")),
    }
}

fn broken(why: &str) -> Failure {
    let what = format!("the load was broken off: {why}");
    Failure::new(Exit::Temporary, code::ANSWER, what)
}

impl Shared {
    /// The number of the next request, when its time has come.
    async fn next(&self) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.load.numbers.end || self.load.stop.load(Ordering::Relaxed) {
            return None;
        }
        if let Some(rate) = self.load.rate {
            let turn = (number - self.load.numbers.start) as f64;
            let at = self.begun + Duration::from_secs_f64(turn / rate);
            tokio::time::sleep_until(at.into()).await;
        }
        Some(number)
    }
}

async fn connection(mut stream: TcpStream, shared: Arc<Shared>) -> std::io::Result<Vec<u32>> {
    stream.set_nodelay(true)?;
    let mut requests = shared.load.templates.clone();
    let mut buffer = vec![0; ANSWER_BYTES_MAX];
    let mut latencies = Vec::new();
    while let Some(number) = shared.next().await {
        let turn = number as usize % requests.len();
        let request = &mut requests[turn];
        request.set(number);
        let sent = Instant::now();
        if let Some(stamps) = &shared.load.stamps {
            stamps.note(number, sent);
        }
        stream.write_all(request.bytes()).await?;
        let length = answer(&mut stream, &mut buffer).await?;
        if !buffer.starts_with(b"HTTP/1.1 20") {
            let said = String::from_utf8_lossy(&buffer[..length]).into_owned();
            return Err(std::io::Error::other(format!("refused: {said}")));
        }
        let took = sent.elapsed().as_micros();
        latencies.push(u32::try_from(took).unwrap_or(u32::MAX));
    }
    Ok(latencies)
}

/// Reads one whole answer to the beginning of the buffer; its length.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    loop {
        let room = &mut buffer[filled..];
        let count = if room.is_empty() {
            0
        } else {
            stream.read(room).await?
        };
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        filled += count;
        if let Some(whole) = message_length(&buffer[..filled])
            && filled >= whole
        {
            return Ok(filled);
        }
    }
}

/// The length of the HTTP message that begins here, head and body; None while its head has not
/// arrived. Only what is written by programs we know is read with it: `Content-Length` in full.
pub fn message_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let lines = bytes[..head].split(|byte| *byte == b'\n');
    let name = b"content-length:";
    let length = lines
        .filter(|line| line.len() > name.len())
        .find(|line| line[..name.len()].eq_ignore_ascii_case(name))
        .and_then(|line| std::str::from_utf8(&line[name.len()..]).ok())
        .and_then(|text| text.trim().parse::<usize>().ok());
    Some(head + length.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    #[test]
    fn where_a_message_ends() {
        let check = |text: &str, expected: Option<usize>| {
            assert_eq!(super::message_length(text.as_bytes()), expected, "{text:?}");
        };
        check("", None);
        check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", None);
        check("HTTP/1.1 200 OK\r\n\r\n", Some(19));
        check("HTTP/1.1 200 OK\r\nContent-LENGTH: 12\r\n\r\nxx", Some(51));
    }
}
