//! From the pipeline's errors to problems: the one place that knows which status an error has. Outsiders get a stable
//! code and a short text, the log gets the chain.

use std::error::Error as StdError;

use actix_web::http::header;
use pipeline::{AskError, ConfigError, KeyError, PipelineError, ReceiveError};

use crate::problem::{FieldProblem, Kind, Problem};

/// The same for every signature that fails, so that nobody learns which check it was.
fn not_authentic() -> Problem {
    Problem::new(Kind::NotAuthentic, "The signature could not be verified.")
        .with_header(header::WWW_AUTHENTICATE, "Signature")
}

/// Logs a failure with its chain and says little of it.
fn failed(error: &dyn StdError, retryable: bool) -> Problem {
    let chain = chain(error);
    if retryable {
        tracing::warn!(error = %chain, "Could not answer for now: {chain}");
        Problem::new(Kind::Unavailable, "The store cannot answer now; try again.")
    } else {
        tracing::error!(error = %chain, "Could not answer: {chain}");
        Problem::new(Kind::Internal, "The log has the cause, under the request id.")
    }
}

/// The error with its causes.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl From<ReceiveError> for Problem {
    fn from(error: ReceiveError) -> Self {
        match &error {
            ReceiveError::UnknownProvider | ReceiveError::Unauthentic => not_authentic(),
            ReceiveError::NotConfigured { provider } => {
                tracing::warn!(
                    "A message for {provider} came, but no integration of it is configured: \
                     PUT /api/integrations/payments/config"
                );
                not_authentic()
            }
            ReceiveError::Malformed { detail } => Self::new(Kind::MalformedMessage, detail.clone()),
            ReceiveError::Busy => {
                Self::new(Kind::Unavailable, "Too many messages are waiting; send it again.")
            }
            ReceiveError::Unavailable(_) | ReceiveError::Vault(_) => {
                let chain = chain(&error);
                tracing::error!(error = %chain, "Could not make a message durable: {chain}");
                Self::new(Kind::Unavailable, "The message could not be made durable; send it again.")
            }
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match &error {
            AskError::BadQuestion { parameter, problem } => Self::with_errors(
                Kind::BadQuery,
                vec![FieldProblem::of_parameter(*parameter, problem.clone())],
            ),
            AskError::NotFound { what } => Self::not_found(what),
            AskError::Store(cause) => failed(&error, cause.is_retryable()),
            AskError::Figures(_) | AskError::Mrr(_) | AskError::Interrupted { .. } | AskError::Vault(_) => {
                failed(&error, false)
            }
        }
    }
}

impl From<PipelineError> for Problem {
    fn from(error: PipelineError) -> Self {
        let retryable = match &error {
            PipelineError::Store(cause) => cause.is_retryable(),
            PipelineError::Provider(cause) => cause.is_retryable(),
            PipelineError::Ask(AskError::Store(cause)) => cause.is_retryable(),
            PipelineError::Ask(_)
            | PipelineError::Schedule { .. }
            | PipelineError::Vault(_)
            | PipelineError::Integration { .. }
            | PipelineError::DamagedSecrets { .. } => false,
        };
        failed(&error, retryable)
    }
}

impl From<ConfigError> for Problem {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Invalid(problems) => {
                let errors = problems.into_iter().map(|wrong| FieldProblem::at(wrong.pointer, wrong.problem));
                Self::with_errors(Kind::Invalid, errors.collect())
            }
            ConfigError::OtherMode { .. } => {
                let errors = vec![FieldProblem::at("/livemode", error.to_string())];
                Self::with_errors(Kind::Conflict, errors)
            }
            ConfigError::VersionMismatch { current } => Self::new(
                Kind::VersionMismatch,
                format!("Its version is {current}: read it again, and send `If-Match: \"{current}\"`."),
            ),
            ConfigError::UnknownPlatform(_) => {
                Self::with_errors(Kind::Invalid, vec![FieldProblem::at("/platform", error.to_string())])
            }
            ConfigError::Pipeline(error) => error.into(),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let invalid = |pointer: &str| {
            Self::with_errors(Kind::Invalid, vec![FieldProblem::at(pointer, error.to_string())])
        };
        match &error {
            KeyError::NoRoles | KeyError::Conflicting(_) | KeyError::BeyondScope(_) => invalid("/roles"),
            KeyError::SuppliersOutOfRange => invalid("/suppliers"),
            KeyError::OverlapTooLong { .. } => invalid("/overlapHours"),
            KeyError::TtlOutOfRange { .. } => invalid("/ttlDays"),
            KeyError::LabelTooLong => invalid("/label"),
            KeyError::Store(cause) => failed(&error, cause.is_retryable()),
            KeyError::UnknownRole { .. } | KeyError::UnreadableScope { .. } | KeyError::Vault(_) => {
                failed(&error, false)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use connector::IntegrationConfigError;
    use ltv_core::Provider;

    use super::*;

    #[test]
    fn whatever_fails_about_a_signature_gives_one_problem() {
        let unknown = Problem::from(ReceiveError::UnknownProvider);
        assert_eq!(unknown.kind, Kind::NotAuthentic);
        assert_eq!(Problem::from(ReceiveError::Unauthentic), unknown);
        assert_eq!(Problem::from(ReceiveError::NotConfigured { provider: Provider::Stripe }), unknown);
    }

    #[test]
    fn a_full_queue_asks_to_come_back_and_a_malformed_message_does_not() {
        assert_eq!(Problem::from(ReceiveError::Busy).kind, Kind::Unavailable);
        let malformed = Problem::from(ReceiveError::Malformed { detail: "no `id`".to_owned() });
        assert_eq!((malformed.kind, malformed.detail.as_str()), (Kind::MalformedMessage, "no `id`"));
    }

    #[test]
    fn a_bad_question_names_its_parameter_and_a_failure_of_ours_says_little() {
        let bad =
            Problem::from(AskError::BadQuestion { parameter: "to", problem: "is before from".to_owned() });
        assert_eq!((bad.kind, bad.detail.as_str()), (Kind::BadQuery, "to: is before from"));
        let ours = Problem::from(PipelineError::Integration {
            id: "stripe".to_owned(),
            detail: "secret".to_owned(),
        });
        assert_eq!(ours.kind, Kind::Internal);
        assert!(!ours.detail.contains("secret"), "{}", ours.detail);
    }

    #[test]
    fn problems_of_a_configuration_keep_their_places() {
        let wrong =
            IntegrationConfigError { pointer: "/apiBase".to_owned(), problem: "is no address".to_owned() };
        let problem = Problem::from(ConfigError::Invalid(vec![wrong]));
        assert_eq!((problem.kind, problem.errors.len()), (Kind::Invalid, 1));
        assert_eq!(problem.errors[0].pointer.as_deref(), Some("/apiBase"));
        let stale = Problem::from(ConfigError::VersionMismatch { current: 4 });
        assert_eq!(stale.kind, Kind::VersionMismatch);
        assert!(stale.detail.contains("\"4\""), "{}", stale.detail);
        assert_eq!(Problem::from(ConfigError::OtherMode { store_is_live: true }).kind, Kind::Conflict);
    }

    #[test]
    fn problems_of_a_key_name_the_field() {
        for (error, pointer) in [
            (KeyError::NoRoles, "/roles"),
            (KeyError::TtlOutOfRange { max: 90 }, "/ttlDays"),
            (KeyError::LabelTooLong, "/label"),
            (KeyError::SuppliersOutOfRange, "/suppliers"),
            (KeyError::OverlapTooLong { max: 24 }, "/overlapHours"),
        ] {
            assert_eq!(Problem::from(error).errors[0].pointer.as_deref(), Some(pointer));
        }
    }

    #[test]
    fn a_chain_names_every_cause_once() {
        let error =
            AskError::Figures(ltv_core::ledger::FiguresError::Overflow { currency: ltv_core::Currency::GBP });
        let text = chain(&error);
        assert!(text.contains("GBP"), "{text}");
    }
}
