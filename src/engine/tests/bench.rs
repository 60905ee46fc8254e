//! A bench: the memory with hands on all of its sides. Time stands still until told to pass.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use crate::config::{DeliverySettings, RetentionSettings};
use crate::domain::attempt::{
    Attempt, ErrorKind, Exchange, Headers, Phase, Reply, Request, SendError, Timings,
};
use crate::domain::change::{Change, EndState, Ended, Numbers, Reason};
use crate::domain::endpoint::{Encoding, EndpointSpec, Policy};
use crate::domain::event::{EventType, Incoming, Origin};
use crate::domain::filter::{Filter, Subscription, Wants};
use crate::domain::id::{
    AttemptNumber, EndpointNumber, Epoch, Epochs, EventNumber, ReplayNumber, TokenNumber,
};
use crate::domain::intake;
use crate::domain::key::SignatureKey;
use crate::domain::payload::Draft;
use crate::domain::time::{Now, Tick, Timestamp};
use crate::engine::answer::Answer;
use crate::engine::handle::{Accepted, Command, Refusal, TestRequest, Written};
use crate::engine::message::{Effects, Errand, Group, Marks, Message, Question, Submission, Tell};
use crate::engine::news::News;
use crate::engine::state::State;
use crate::engine::step::step;
use crate::engine::turn::{next_wake, turn};
use crate::send::pool::{Finished, Job, NoBody};
use crate::store::CommitError;
use crate::store::thread::{Committed, Order};

pub(super) struct Bench {
    pub state: State,
    pub now: Now,
    /// What the store was given and has not answered.
    pub order: Option<Vec<Change>>,
    /// The commit that was given out behind it.
    pub behind: Option<Vec<Change>>,
    /// Every change of every commit that succeeded.
    pub disk: Vec<Change>,
    /// What the delivery threads were given.
    pub jobs: VecDeque<Job<Errand>>,
    pub cut: bool,
    /// What the live stream was told.
    pub news: Vec<News>,
    /// Where the keeper was asked to look, and has not.
    pub look: Option<EventNumber>,
    /// What the replayer was told.
    pub replayed: Vec<(ReplayNumber, EndState)>,
    /// Whether the last commit leaves a file that needs no repair.
    pub quick_repair: bool,
}

/// How long events are kept: 1,000 s, and 10 kB.
pub(super) const KEPT: RetentionSettings = RetentionSettings {
    age_ms: 1_000_000,
    bytes_max: 10_000,
};

pub(super) type Said<T> = Receiver<Result<T, Refusal>>;

pub(super) fn settings() -> DeliverySettings {
    DeliverySettings {
        threads: 4,
        threads_max: 8,
        in_flight_max: 4,
        connect_timeout_ms: 5_000,
        timeout_ms: 15_000,
        retry_plan_ms: vec![5_000, 30_000],
        life_ms: [("call:ringing".to_owned(), 60_000)].into(),
        pause_after_ms: 12 * 3_600_000,
        waiting_max: 100,
        stop_timeout_ms: 10_000,
    }
}

impl Bench {
    /// Before the first commit.
    pub fn untried() -> Self {
        let epoch = Epoch {
            first_event: EventNumber(1),
            first_endpoint: EndpointNumber(1),
            first_token: TokenNumber(1),
            salt: [7; 8],
        };
        let numbers = Numbers {
            event: EventNumber(1),
            endpoint: EndpointNumber(1),
            token: TokenNumber(1),
            attempt: AttemptNumber(1),
            newest: Tick(0),
        };
        let now = Now {
            wall: Timestamp(1_800_000_000_000),
            tick: Tick(1_800_000_000_000),
        };
        let epochs = Arc::new(Epochs::new(vec![epoch]).unwrap());
        let counters = Arc::default();
        let state = State::new((settings(), KEPT), epochs, numbers, counters, (1, now));
        let mut bench = Self {
            state,
            now,
            order: None,
            behind: None,
            disk: Vec::new(),
            jobs: VecDeque::new(),
            cut: false,
            news: Vec::new(),
            look: None,
            replayed: Vec::new(),
            quick_repair: false,
        };
        bench.after(0);
        bench
    }

    /// With a first commit behind it and that many endpoints that want everything.
    pub fn with_endpoints(count: u32) -> Self {
        let mut bench = Self::untried();
        bench.commit();
        for _ in 0..count {
            let said = bench.write(Command::AddEndpoint {
                spec: Box::new(spec()),
                key: SignatureKey::import("key").unwrap(),
            });
            bench.commit();
            assert!(matches!(said.try_recv(), Ok(Ok(Written::Endpoint(_)))));
        }
        bench.disk.clear();
        bench
    }

    pub fn message(&mut self, message: Message) {
        let mut effects = Effects::default();
        step(&mut self.state, self.now, message, &mut effects);
        turn(&mut self.state, self.now, &mut effects);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Effects) {
        if let Some(order) = effects.order {
            self.quick_repair = matches!(order, Order::CommitQuickRepair(_));
            let (Order::Commit(changes) | Order::CommitQuickRepair(changes)) = order else {
                panic!("a stop is the loop's business");
            };
            assert!(self.behind.is_none(), "three commits at once");
            match self.order {
                None => self.order = Some(changes),
                Some(_) => self.behind = Some(changes),
            }
        }
        for tell in effects.tells {
            match tell {
                Tell::Accepted(answer, said) => answer.give(said),
                Tell::Grouped(answer, said) => answer.give(said),
                Tell::Written(answer, said) => answer.give(said),
                Tell::Tested(answer, said) => answer.give(said),
                Tell::DirtyHistory(answer, said) => answer.give(said),
                _ => {}
            }
        }
        self.jobs.extend(effects.jobs);
        self.news.extend(effects.news);
        self.cut |= effects.cut;
        self.replayed.extend(effects.replayed);
        assert!(
            self.look.is_none() || effects.look.is_none(),
            "two looks at once"
        );
        self.look = self.look.or(effects.look);
    }

    pub fn after(&mut self, ms: u64) {
        self.now.wall = self.now.wall.plus_ms(ms);
        self.now.tick = self.now.tick.plus_ms(ms);
        let mut effects = Effects::default();
        turn(&mut self.state, self.now, &mut effects);
        self.perform(effects);
    }

    /// Lets time pass up to when the engine wants to be woken.
    pub fn sleep(&mut self) {
        let wake = next_wake(&self.state, self.now).expect("something to wait for");
        self.after(wake.ms_since(self.now.tick));
    }

    /// The store succeeds with what it has, and with whatever follows at once.
    pub fn commit(&mut self) {
        while let Some(changes) = &self.order {
            self.disk.extend(changes.iter().cloned());
            self.done(Ok(()));
        }
    }

    /// Patience for what is in no hurry, and then a commit.
    pub fn settle(&mut self) {
        self.commit();
        self.after(20);
        self.commit();
    }

    pub fn fail(&mut self) {
        self.done(failure());
    }

    /// The store says so of what it has.
    pub fn done(&mut self, said: Committed) {
        self.order.take().expect("a commit is out");
        self.order = self.behind.take();
        self.message(Message::Committed(said));
    }

    pub fn submit(&mut self, body: &str) -> Said<Accepted> {
        let incoming = intake::read(body.as_bytes(), None, Origin::Socket(0)).unwrap();
        self.bring(incoming)
    }

    pub fn bring(&mut self, incoming: Incoming) -> Said<Accepted> {
        let (sender, said) = channel();
        let reply = Box::new(move |result| sender.send(result).unwrap_or(()));
        let answer = Answer::to_request(reply, None);
        let marks = Marks::of(&incoming.facts);
        self.message(Message::Submit(Box::new(Submission {
            incoming,
            marks,
            answer,
        })));
        said
    }

    pub fn submit_group(&mut self, bodies: &[String]) -> Said<Vec<Accepted>> {
        let (sender, said) = channel();
        let reply = Box::new(move |result| sender.send(result).unwrap_or(()));
        let read = |body: &String| {
            let incoming = intake::read(body.as_bytes(), None, Origin::Socket(0)).unwrap();
            (Marks::of(&incoming.facts), incoming)
        };
        self.message(Message::SubmitGroup(Box::new(Group {
            events: bodies.iter().map(read).collect(),
            answer: Answer::to_request(reply, None),
        })));
        said
    }

    pub fn write(&mut self, command: Command) -> Said<Written> {
        let (sender, said) = channel();
        let reply = Box::new(move |result| sender.send(result).unwrap_or(()));
        self.message(Message::Write(command, Answer::to_request(reply, None)));
        said
    }

    pub fn test(&mut self, endpoint: u32) -> Said<Arc<Attempt>> {
        let (sender, said) = channel();
        let reply = Box::new(move |result| sender.send(result).unwrap_or(()));
        let kind = EventType::CallCompleted;
        let test = TestRequest {
            endpoint: EndpointNumber(endpoint),
            draft: Draft::render(&kind, "{}", None, true),
            kind,
            next_key: false,
        };
        let answer = Answer::to_request(reply, None);
        self.message(Message::Test(Box::new(test), answer));
        said
    }

    pub fn dirty(&mut self, endpoint: u32) -> Vec<(u8, Arc<Attempt>)> {
        let (sender, said) = channel();
        let reply = Box::new(move |attempts| sender.send(attempts).unwrap_or(()));
        let question = Question::DirtyHistory(
            EndpointNumber(endpoint),
            Answer::to_question(reply, Vec::new),
        );
        self.message(Message::Ask(question));
        said.try_recv().unwrap()
    }

    /// The oldest job comes back with that status; 0 is no answer.
    pub fn finish(&mut self, status: u16) {
        let job = self.jobs.pop_front().expect("a job is out");
        self.land(job.ticket, Ok(exchange(status, false)));
    }

    pub fn land(&mut self, ticket: Errand, exchange: Result<Exchange, NoBody>) {
        let finished = Finished { ticket, exchange };
        self.message(Message::Finished(Box::new(finished)));
    }

    /// How deliveries ended on disk, in order.
    pub fn ends(&self) -> Vec<(u64, EndState, Reason, u8)> {
        let of = |event: &EventNumber, ended: &Ended| {
            (event.0, ended.state, ended.reason, ended.attempts)
        };
        let mut ends = Vec::new();
        for change in &self.disk {
            match change {
                Change::Event(new) => ends.extend(new.ended.iter().map(|e| of(&new.number, e))),
                Change::Ended(event, ended) => ends.push(of(event, ended)),
                _ => {}
            }
        }
        ends
    }
}

pub(super) fn failure() -> Committed {
    Err(CommitError {
        words: "disk full".into(),
        is_full: true,
    })
}

pub(in crate::engine) fn spec() -> EndpointSpec {
    EndpointSpec {
        title: "CRM".into(),
        url: "http://127.0.0.1:9/hooks".into(),
        enabled: true,
        events: vec![Subscription {
            wants: Wants::All,
            filter: Filter::default(),
        }],
        headers: Vec::new(),
        encoding: Encoding::Hex,
        policy: Policy::default(),
        expires_at: None,
    }
}

pub(super) fn event(kind: &str, call: &str) -> String {
    format!(r#"{{"event":"{kind}","data":{{"id":"{call}","account":{{"id":"a","name":"A"}}}}}}"#)
}

pub(super) fn keyed(kind: &str, call: &str, key: &str) -> String {
    let body = event(kind, call);
    let open = body.strip_suffix('}').unwrap();
    format!(r#"{open},"idempotency_key":"{key}"}}"#)
}

pub(in crate::engine) fn exchange(status: u16, cut: bool) -> Exchange {
    Exchange {
        at: Timestamp(1_800_000_000_000),
        duration_ms: 12,
        request: Request {
            url: "http://127.0.0.1:9/hooks".into(),
            headers: Headers::new(),
            body: Arc::from(*b"{}"),
            timeout_ms: 15_000,
            tls: None,
        },
        result: if status == 0 {
            Err(SendError {
                kind: ErrorKind::Closed,
                phase: Phase::Response,
                message: "closed".into(),
            })
        } else {
            Ok(Reply {
                status,
                headers: Headers::new(),
                body: Vec::new(),
                truncated: false,
            })
        },
        timings: Timings::default(),
        cut,
    }
}

pub(super) fn accepted(event: u64, matched: u32, duplicate: bool) -> Result<Accepted, Refusal> {
    Ok(Accepted {
        event: EventNumber(event),
        matched,
        duplicate,
    })
}
