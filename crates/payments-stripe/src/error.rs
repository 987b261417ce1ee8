//! Why a Stripe object cannot be mapped. Texts name places, never values.

use connector::ProviderError;

/// What is wrong with an object, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MappingError {
    /// A field that makes the object what it is.
    #[error("`{pointer}` is absent or null, but needed")]
    Absent { pointer: String },
    /// A field of another type.
    #[error("`{pointer}` is not {wanted}")]
    WrongType { pointer: String, wanted: &'static str },
    /// A currency that ISO 4217 does not know.
    #[error("`{pointer}` is not a currency of ISO 4217")]
    Currency { pointer: String },
    /// Stripe's exponent and that of ISO 4217 differ, and the amount has a part that ISO 4217 cannot express.
    #[error("`{pointer}` is not a whole number of minor units of its currency by ISO 4217")]
    NotWhole { pointer: String },
    /// An amount below zero where only the object's kind tells the direction.
    #[error("`{pointer}` is negative")]
    Negative { pointer: String },
    /// An amount that does not fit.
    #[error("`{pointer}` is too large")]
    TooLarge { pointer: String },
    /// The payload is no JSON object.
    #[error("{} is not a JSON object", place(pointer))]
    NotAnObject { pointer: String },
}

impl MappingError {
    /// As the trait wants it.
    pub(crate) fn of(self, kind: &str) -> ProviderError {
        ProviderError::Mapping { kind: kind.to_owned(), detail: self.to_string() }
    }
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() { "the whole".to_owned() } else { format!("`{pointer}`") }
}
