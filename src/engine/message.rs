//! Everything that can enter the engine, and everything it can ask for in return: two closed
//! lists.

use std::sync::Arc;

use super::answer::{Answer, Verdict};
use super::handle::{Accepted, Command, EndpointView, EngineStatus, Ranking, TestRequest, Written};
use super::news::News;
use crate::config::DeliverySettings;
use crate::domain::attempt::Attempt;
use crate::domain::change::EndState;
use crate::domain::digest;
use crate::domain::endpoint::Endpoint;
use crate::domain::event::{Facts, Incoming};
use crate::domain::id::{DeliveryKey, EndpointNumber, EventNumber, ReplayNumber, TokenNumber};
use crate::domain::lanes::Dispatch;
use crate::domain::rollup::{Rollup, RollupKey};
use crate::domain::time::Now;
use crate::domain::token::Token;
use crate::send::pool::{Finished, Job};
use crate::store::Slice;
use crate::store::thread::{Committed, Order};

/// What enters.
#[derive(Debug)]
pub(super) enum Message {
    /// An event.
    Submit(Box<Submission>),
    /// Several events that are accepted or refused as one.
    SubmitGroup(Box<Group>),
    /// A change by a person.
    Write(Command, Verdict<Written>),
    /// A test to send.
    Test(Box<TestRequest>, Verdict<Arc<Attempt>>),
    /// A question to the memory.
    Ask(Question),
    /// A delivery thread is done.
    Finished(Box<Finished<Errand>>),
    /// The store thread is done.
    Committed(Committed),
    /// The database is open again.
    Reopened,
    /// Somebody could not read the database: a commit is to find out, and to heal it.
    Doubt,
    /// The keeper has looked at a slice of events; None when it could not.
    Looked(Option<Slice>),
    /// Other figures for the rules from now on.
    Reconfigure(Box<DeliverySettings>),
    /// These tokens were used since they were last looked at.
    TokensUsed(Vec<TokenNumber>),
    /// No new dispatch; end when what flies has landed.
    Stop,
    /// Do not wait for what flies.
    Hurry,
    /// Every delivery thread has ended; all that they brought came before.
    Grounded,
}

/// An event on its way in.
#[derive(Debug)]
pub(super) struct Submission {
    pub incoming: Incoming,
    pub marks: Marks,
    pub answer: Verdict<Accepted>,
}

/// Several events that come together: all of them are accepted, in one commit, or none is.
#[derive(Debug)]
pub(super) struct Group {
    /// In their order.
    pub events: Vec<(Marks, Incoming)>,
    pub answer: Verdict<Vec<Accepted>>,
}

/// Digests of an event's facts, made on the caller's thread: the engine's is the narrow one.
#[derive(Debug)]
pub(super) struct Marks {
    pub call: Option<u64>,
    pub account: Option<u64>,
    pub caller_number: Option<u64>,
    pub tracked_number: Option<u64>,
}

impl Marks {
    /// Of these facts.
    pub fn of(facts: &Facts) -> Self {
        let mark = |text: &Option<String>| text.as_deref().map(digest::short);
        Self {
            call: mark(&facts.id),
            account: mark(&facts.account),
            caller_number: mark(&facts.caller_number),
            tracked_number: mark(&facts.tracked_number),
        }
    }
}

/// What a delivery thread was sent for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Errand {
    /// A delivery.
    Delivery(Dispatch),
    /// The test of that endpoint.
    Test(EndpointNumber),
}

/// What can be asked.
#[derive(Debug)]
pub(super) enum Question {
    Views(Vec<EndpointNumber>, Answer<Vec<EndpointView>>),
    Ranks(Ranking, Vec<EndpointNumber>, Answer<Vec<u64>>),
    Endpoint(EndpointNumber, Answer<Option<EndpointView>>),
    DirtyHistory(EndpointNumber, Answer<Vec<(u8, Arc<Attempt>)>>),
    InFlight(Answer<(Vec<DeliveryKey>, Now)>),
    Rollups(Answer<RollupsNow>),
    Status(Answer<EngineStatus>),
}

/// The rollups that are newer than the database, and now.
pub(super) type RollupsNow = (Vec<(RollupKey, Rollup)>, Now);

/// What the loop is to do, after the decisions of one drain.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// For the store thread: first of all, so that it works while the rest is done.
    pub order: Option<Order>,
    /// For the directory: before any answer, so that who hears of a change finds it there.
    pub listed: Vec<(EndpointNumber, Option<Arc<Endpoint>>)>,
    /// Answers to give, in this order.
    pub tells: Vec<Tell>,
    /// For the delivery threads.
    pub jobs: Vec<Job<Errand>>,
    /// For the live stream.
    pub news: Vec<News>,
    /// For the keeper: the events from that number on.
    pub look: Option<EventNumber>,
    /// For the replayer: deliveries of its replays that ended.
    pub replayed: Vec<(ReplayNumber, EndState)>,
    /// Cut what is on the wire and end the delivery threads.
    pub cut: bool,
}

impl Effects {
    /// Adds something to say.
    pub fn tell(&mut self, tell: Tell) {
        self.tells.push(tell);
    }
}

/// Something to say to somebody.
#[derive(Debug)]
pub(super) enum Tell {
    Accepted(Verdict<Accepted>, Result<Accepted, super::handle::Refusal>),
    Grouped(
        Verdict<Vec<Accepted>>,
        Result<Vec<Accepted>, super::handle::Refusal>,
    ),
    Written(Verdict<Written>, Result<Written, super::handle::Refusal>),
    Tested(
        Verdict<Arc<Attempt>>,
        Result<Arc<Attempt>, super::handle::Refusal>,
    ),
    Views(Answer<Vec<EndpointView>>, Vec<EndpointView>),
    Ranks(Answer<Vec<u64>>, Vec<u64>),
    Endpoint(Answer<Option<EndpointView>>, Option<EndpointView>),
    DirtyHistory(Answer<Vec<(u8, Arc<Attempt>)>>, Vec<(u8, Arc<Attempt>)>),
    InFlight(Answer<(Vec<DeliveryKey>, Now)>, (Vec<DeliveryKey>, Now)),
    Rollups(Answer<RollupsNow>, RollupsNow),
    /// The number of threads and the space on the disk are the loop's to add.
    Status(Answer<EngineStatus>, EngineStatus),
    /// To those who check tokens: this one counts, as it is now.
    TokenPut(Arc<Token>),
    /// To those who check tokens: this one counts no longer.
    TokenGone(TokenNumber),
}
