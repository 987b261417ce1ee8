//! Where keys and nonces come from.

use ring::error::Unspecified;
use ring::rand::SecureRandom;

/// The operating system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct RandomFailed;

/// A source of unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills `out`.
    ///
    /// # Errors
    /// [`RandomFailed`] when the source is not available; `out` must not be used then.
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomFailed>;
}

/// The operating system's generator.
#[derive(Debug, Clone)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl Default for SystemRandom {
    fn default() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Random for SystemRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomFailed> {
        self.0.fill(out).map_err(|Unspecified| RandomFailed)
    }
}
