//! The whole engine.
