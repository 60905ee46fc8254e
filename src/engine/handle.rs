//! `Handle`: the one door for writes, and for questions to the engine's memory.

use std::fmt;
use std::sync::Arc;

use super::answer::{Answer, Permit};
use super::directory::Directory;
use super::keeper::{Oldest, Space};
use super::message::{Group, Marks, Message, Question, Submission};
use super::news::{Audience, Listener};
use super::queue::Queue;
pub use super::refusal::Refusal;
use super::replay::Desk;
use super::tokens::Tokens;
pub use super::views::{EndpointStats, EndpointView, EngineStatus, Ranking};
use crate::config::DeliverySettings;
use crate::domain::attempt::Attempt;
use crate::domain::endpoint::EndpointSpec;
use crate::domain::event::{EventType, Incoming};
use crate::domain::id::{
    DeliveryKey, EndpointNumber, Epochs, EventNumber, ReplayNumber, TokenNumber,
};
use crate::domain::key::SignatureKey;
use crate::domain::payload::Draft;
use crate::domain::rollup::{Rollup, RollupKey};
use crate::domain::time::{Now, Tick, Timestamp};
use crate::domain::token::{Role, Token};

/// What is done with an answer. It is called on the engine thread and must not block.
pub type Reply<T> = Box<dyn FnOnce(T) + Send>;

/// An event is on disk, with its deliveries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Accepted {
    /// Its number; of the first one for a duplicate.
    pub event: EventNumber,
    /// How many endpoints it matched.
    pub matched: u32,
    /// The same event came before with the same idempotency key; nothing was queued now.
    pub duplicate: bool,
}

/// What an administrator changes.
#[derive(Clone, Debug)]
pub enum Command {
    /// Adds an endpoint. Its spec has been checked.
    AddEndpoint {
        /// What it is to be.
        spec: Box<EndpointSpec>,
        /// Its key, imported or new.
        key: SignatureKey,
    },
    /// Gives an endpoint another spec, made from that revision of it.
    EditEndpoint {
        /// Which.
        endpoint: EndpointNumber,
        /// The revision that the new spec was made from.
        revision: u32,
        /// What it is to be. Its spec has been checked.
        spec: Box<EndpointSpec>,
    },
    /// Deletes it; its waiting deliveries are cancelled.
    RemoveEndpoint(EndpointNumber),
    /// Pauses it by hand.
    Pause(EndpointNumber),
    /// Ends a pause of any cause.
    Resume(EndpointNumber),
    /// Enables it.
    Enable(EndpointNumber),
    /// Disables it.
    Disable(EndpointNumber),
    /// Gives it a next key, which signs the Standard header beside the current one.
    NextKey(EndpointNumber, SignatureKey),
    /// Switches to its next key; the one before goes on to sign the Standard header for 24 h.
    PromoteKey(EndpointNumber),
    /// Replaces its key at once, no overlap.
    ReplaceKey(EndpointNumber, SignatureKey),
    /// Adds a token.
    AddToken {
        /// What its owner calls it.
        name: String,
        /// What it allows.
        role: Role,
        /// SHA-256 of its text.
        hash: [u8; 32],
    },
    /// Revokes a token.
    RemoveToken(TokenNumber),
    /// Sends a waiting delivery as soon as its endpoint has a request less than it may have in
    /// flight, also when it is paused. It is answered at once, and forgotten by a restart.
    SendNow(Named),
    /// Sends an event to an endpoint in a new round, in the same way: also when it is paused. It
    /// takes no part in order and expiry. The round is the one behind the highest that was read;
    /// where somebody got a later one meanwhile, this is refused.
    Reopen(Named, EventType),
    /// The same for a replay of a window: it waits in line, behind new events.
    Replay(Named, EventType, ReplayNumber),
    /// Ends a waiting delivery.
    Cancel(Named),
}

/// Names a delivery, in the way in which the engine finds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Named {
    /// Its name.
    pub key: DeliveryKey,
    /// The digest of its event's call, as the head of the event has it.
    pub call: Option<u64>,
}

/// What a command made.
#[derive(Clone, Debug)]
pub enum Written {
    /// The endpoint as it is now.
    Endpoint(Box<EndpointView>),
    /// The token.
    Token(Arc<Token>),
    /// The delivery, the new one for a new round.
    Delivery(DeliveryKey),
    /// It is gone.
    Gone,
}

/// A test to send.
#[derive(Clone, Debug)]
pub struct TestRequest {
    /// Where to.
    pub endpoint: EndpointNumber,
    /// The type that the sample has.
    pub kind: EventType,
    /// The body, rendered with `test: true`.
    pub draft: Draft,
    /// Sign with the next key, to try it.
    pub next_key: bool,
}

/// The one door. Clones are the same door. No call blocks.
#[derive(Clone)]
pub struct Handle {
    pub(super) shared: Arc<Shared>,
}

/// What the engine thread shares with those who ask.
#[derive(Debug)]
pub(super) struct Shared {
    pub queue: Queue,
    pub epochs: Arc<Epochs>,
    pub tokens: Tokens,
    pub space: Space,
    pub oldest: Oldest,
    pub directory: Directory,
    pub replays: Desk,
    pub audience: Audience,
}

/// What a submission holds beside its body, and what a command or a test is counted as: rough,
/// and rather too much.
const OVERHEAD_BYTES: usize = 1024;

/// What time it is when the engine has gone.
const NEVER: Now = Now {
    wall: Timestamp(0),
    tick: Tick(0),
};

impl Handle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Numbers to ids and back.
    pub fn epochs(&self) -> &Epochs {
        &self.shared.epochs
    }

    /// Brings an event; the reply comes after its commit. The queue is bounded by bytes: when it
    /// is full the reply is `Busy`, at once, and `DiskLow` when the disk is almost full.
    pub fn submit(&self, incoming: Incoming, reply: Reply<Result<Accepted, Refusal>>) {
        if self.shared.space.is_low() {
            return reply(Err(Refusal::DiskLow));
        }
        let Some(permit) = self.permit(incoming.draft.len()) else {
            return reply(Err(Refusal::Busy));
        };
        self.push(Message::Submit(Box::new(Submission {
            marks: Marks::of(&incoming.facts),
            incoming,
            answer: Answer::to_request(reply, Some(permit)),
        })));
    }

    /// Brings several events as one: they are numbered together and committed in one
    /// transaction, or refused together. The reply has an item for each, in their order.
    pub fn submit_group(
        &self,
        events: Vec<Incoming>,
        reply: Reply<Result<Vec<Accepted>, Refusal>>,
    ) {
        if self.shared.space.is_low() {
            return reply(Err(Refusal::DiskLow));
        }
        let weights = events
            .iter()
            .map(|event| event.draft.len() + OVERHEAD_BYTES);
        let Some(permit) = self.permit(weights.sum()) else {
            return reply(Err(Refusal::Busy));
        };
        let marked = |incoming: Incoming| (Marks::of(&incoming.facts), incoming);
        self.push(Message::SubmitGroup(Box::new(Group {
            events: events.into_iter().map(marked).collect(),
            answer: Answer::to_request(reply, Some(permit)),
        })));
    }

    /// The database could not be read. After an error it stays closed until a commit has failed
    /// as well and it was opened again, so the engine makes one, at most one a second.
    pub fn doubt(&self) {
        self.push(Message::Doubt);
    }

    /// Changes something; the reply comes after the commit.
    pub fn write(&self, command: Command, reply: Reply<Result<Written, Refusal>>) {
        let Some(permit) = self.permit(command.weight()) else {
            return reply(Err(Refusal::Busy));
        };
        let answer = Answer::to_request(reply, Some(permit));
        self.push(Message::Write(command, answer));
    }

    /// Sends a test; the reply comes when its attempt is over and written to the ring.
    pub fn test(&self, test: TestRequest, reply: Reply<Result<Arc<Attempt>, Refusal>>) {
        let Some(permit) = self.permit(test.draft.len()) else {
            return reply(Err(Refusal::Busy));
        };
        let answer = Answer::to_request(reply, Some(permit));
        self.push(Message::Test(Box::new(test), answer));
    }

    /// The endpoints as they are listed.
    pub fn directory(&self) -> &Directory {
        &self.shared.directory
    }

    /// These endpoints, in this order; those that are gone are left out. A page of them: the
    /// engine does nothing else meanwhile.
    pub fn views(&self, numbers: Vec<EndpointNumber>, reply: Reply<Vec<EndpointView>>) {
        let answer = Answer::to_question(reply, Vec::new);
        self.push(Message::Ask(Question::Views(numbers, answer)));
    }

    /// What these endpoints are ranked by, in this order; some hundreds of them at a time.
    pub fn ranks(&self, by: Ranking, numbers: Vec<EndpointNumber>, reply: Reply<Vec<u64>>) {
        let answer = Answer::to_question(reply, Vec::new);
        self.push(Message::Ask(Question::Ranks(by, numbers, answer)));
    }

    /// One endpoint.
    pub fn endpoint(&self, endpoint: EndpointNumber, reply: Reply<Option<EndpointView>>) {
        let answer = Answer::to_question(reply, || None);
        self.push(Message::Ask(Question::Endpoint(endpoint, answer)));
    }

    /// Attempts of an endpoint that are newer than those in the database, with their slots.
    pub fn dirty_history(&self, endpoint: EndpointNumber, reply: Reply<Vec<(u8, Arc<Attempt>)>>) {
        let answer = Answer::to_question(reply, Vec::new);
        self.push(Message::Ask(Question::DirtyHistory(endpoint, answer)));
    }

    /// Every delivery in flight, and both clocks to turn stored due times into wall times.
    pub fn in_flight(&self, reply: Reply<(Vec<DeliveryKey>, Now)>) {
        let answer = Answer::to_question(reply, || (Vec::new(), NEVER));
        self.push(Message::Ask(Question::InFlight(answer)));
    }

    /// The engine in figures.
    pub fn status(&self, reply: Reply<EngineStatus>) {
        let answer = Answer::to_question(reply, EngineStatus::default);
        self.push(Message::Ask(Question::Status(answer)));
    }

    /// Takes who hears the news; there is one. It hears nothing before `listen`.
    pub fn hear(&self, listener: Listener) {
        self.shared.audience.seat(listener);
    }

    /// Whether the news are heard from now on.
    pub fn listen(&self, listens: bool) {
        self.shared.audience.listen(listens);
    }

    /// The rollups of the whole daemon that are newer than the database, and now.
    pub fn rollups(&self, reply: Reply<(Vec<(RollupKey, Rollup)>, Now)>) {
        let answer = Answer::to_question(reply, || (Vec::new(), NEVER));
        self.push(Message::Ask(Question::Rollups(answer)));
    }

    /// Every token, ascending.
    pub fn tokens(&self) -> Vec<Arc<Token>> {
        self.shared.tokens.all()
    }

    /// Whether that token still counts.
    pub fn has_token(&self, number: TokenNumber) -> bool {
        self.shared.tokens.has(number)
    }

    /// Who has the token with this hash; notes that it was used.
    pub fn authenticate(&self, hash: &[u8; 32]) -> Option<(TokenNumber, Role)> {
        self.shared.tokens.authenticate(hash)
    }

    /// Gives the rules other figures from now on. What waits for a time keeps it; what is in
    /// flight goes on as it began.
    pub fn reconfigure(&self, delivery: DeliverySettings) {
        self.push(Message::Reconfigure(Box::new(delivery)));
    }

    /// Cuts a stop short.
    pub fn hurry(&self) {
        self.push(Message::Hurry);
    }

    fn permit(&self, bytes: usize) -> Option<Permit> {
        self.shared.queue.permit(bytes + OVERHEAD_BYTES)
    }

    fn push(&self, message: Message) {
        self.shared.queue.push(message);
    }
}

impl Command {
    /// Roughly how many bytes it holds.
    fn weight(&self) -> usize {
        match self {
            Self::AddEndpoint { spec, .. } | Self::EditEndpoint { spec, .. } => {
                let filters = spec.events.iter().map(|event| {
                    event.filter.accounts.iter().map(String::len).sum::<usize>()
                        + event.filter.numbers.len() * 64
                });
                spec.title.len() + spec.url.len() + filters.sum::<usize>() + 8192
            }
            _ => 0,
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}
