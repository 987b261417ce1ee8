//! What one Stripe account needs to be told.

use connector::http::is_safe_base;
use connector::{IntegrationConfig, IntegrationConfigError};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Where Stripe's API is.
const API_BASE: &str = "https://api.stripe.com";

/// A checked configuration.
#[derive(Debug, Clone)]
pub(crate) struct StripeConfig {
    pub(crate) webhook_secrets: Vec<SecretString>,
    pub(crate) api_key: Option<SecretString>,
    pub(crate) api_base: Url,
}

impl StripeConfig {
    /// No secret verifies and no key calls: enough to map messages.
    pub(crate) fn of_no_account() -> Result<Self, Vec<IntegrationConfigError>> {
        let api_base = Url::parse(API_BASE).map_err(|error| vec![problem("/apiBase", &error.to_string())])?;
        Ok(Self { webhook_secrets: Vec::new(), api_key: None, api_base })
    }

    /// Checks everything that can be checked without the network.
    pub(crate) fn validate(config: &IntegrationConfig) -> Result<Self, Vec<IntegrationConfigError>> {
        let mut problems = Vec::new();
        check_secrets(&config.webhook_secrets, &mut problems);
        if let Some(key) = &config.api_key {
            check_key(key.expose_secret(), config.livemode, &mut problems);
        }
        if config.account.as_deref().is_some_and(|account| !is_token(account)) {
            problems.push(problem(
                "/account",
                "is blank or holds a space: leave it out, or give the `acct_…` id",
            ));
        }
        let api_base = config.api_base.as_deref().unwrap_or(API_BASE);
        match Url::parse(api_base) {
            Ok(api_base) if is_safe_base(&api_base) && problems.is_empty() => Ok(Self {
                webhook_secrets: config.webhook_secrets.clone(),
                api_key: config.api_key.clone(),
                api_base,
            }),
            Ok(api_base) if is_safe_base(&api_base) => Err(problems),
            _ => {
                problems.push(problem(
                    "/apiBase",
                    "must be an https address without user name, or http on this machine: leave it out for Stripe's own",
                ));
                Err(problems)
            }
        }
    }
}

fn check_secrets(secrets: &[SecretString], problems: &mut Vec<IntegrationConfigError>) {
    if secrets.is_empty() {
        problems.push(problem(
            "/webhookSecrets",
            "is empty: copy the endpoint's signing secret (`whsec_…`) from Stripe",
        ));
    }
    for (at, secret) in secrets.iter().enumerate() {
        if !is_token(secret.expose_secret()) {
            let text =
                "is blank or holds a space or line end: copy the endpoint's signing secret (`whsec_…`) again";
            problems.push(problem(&format!("/webhookSecrets/{at}"), text));
        }
    }
}

/// A key of the other mode would read the other mode's balance transactions, which do not say their mode themselves.
fn check_key(key: &str, livemode: bool, problems: &mut Vec<IntegrationConfigError>) {
    let (prefix, mode) = (key.get(..3).unwrap_or_default(), key.get(3..8).unwrap_or_default());
    if !is_token(key) {
        problems.push(problem(
            "/apiKey",
            "is blank or holds a space or line end: copy the key again, or leave it out",
        ));
    } else if prefix == "pk_" {
        problems.push(problem(
            "/apiKey",
            "is a publishable key: use a restricted key (`rk_…`) with read permissions",
        ));
    } else if mode == "live_" && !livemode {
        problems.push(problem("/apiKey", "is a live key on a test-mode integration: use a test key"));
    } else if mode == "test_" && livemode {
        problems.push(problem("/apiKey", "is a test key on a live integration: use a live key"));
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn problem(pointer: &str, problem: &str) -> IntegrationConfigError {
    IntegrationConfigError { pointer: pointer.to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> IntegrationConfig {
        IntegrationConfig {
            id: "main".to_owned(),
            livemode: true,
            webhook_secrets: vec!["whsec_one".into(), "whsec_two".into()],
            api_key: Some("rk_live_1".into()),
            ..IntegrationConfig::default()
        }
    }

    fn pointers(config: &IntegrationConfig) -> Vec<String> {
        let problems = StripeConfig::validate(config).map(|_| ()).unwrap_err();
        problems.into_iter().map(|problem| problem.pointer).collect()
    }

    #[test]
    fn a_sound_configuration_points_at_stripe() {
        let config = StripeConfig::validate(&config()).unwrap();
        assert_eq!(config.api_base.as_str(), "https://api.stripe.com/");
        assert_eq!(config.webhook_secrets.len(), 2);
    }

    #[test]
    fn without_a_key_it_is_sound_and_without_a_secret_it_is_not() {
        let keyless = IntegrationConfig { api_key: None, ..config() };
        assert!(StripeConfig::validate(&keyless).is_ok());
        assert_eq!(pointers(&IntegrationConfig { webhook_secrets: vec![], ..config() }), ["/webhookSecrets"]);
    }

    #[test]
    fn every_problem_is_told_at_once_and_names_its_field() {
        let broken = IntegrationConfig {
            account: Some(" ".to_owned()),
            webhook_secrets: vec!["".into(), "whsec_good".into(), "whsec_bad\n".into()],
            api_key: Some("sk_live 1".into()),
            api_base: Some("http://api.stripe.com".to_owned()),
            ..config()
        };
        assert_eq!(
            pointers(&broken),
            ["/webhookSecrets/0", "/webhookSecrets/2", "/apiKey", "/account", "/apiBase"]
        );
    }

    #[test]
    fn a_key_of_the_other_mode_or_for_browsers_is_refused() {
        for (key, livemode) in
            [("sk_test_1", true), ("rk_test_1", true), ("sk_live_1", false), ("pk_live_1", true)]
        {
            let config = IntegrationConfig { api_key: Some(key.into()), livemode, ..config() };
            assert_eq!(pointers(&config), ["/apiKey"], "{key}");
        }
        let unmarked = IntegrationConfig { api_key: Some("key".into()), ..config() };
        assert!(StripeConfig::validate(&unmarked).is_ok());
    }

    #[test]
    fn the_base_is_tls_or_this_machine() {
        let with = |base: &str| IntegrationConfig { api_base: Some(base.to_owned()), ..config() };
        for base in [
            "https://stripe.example.com/prefix",
            "http://127.0.0.1:12111",
            "http://localhost:1",
            "http://[::1]:2",
        ] {
            assert!(StripeConfig::validate(&with(base)).is_ok(), "{base}");
        }
        for base in
            ["", "api.stripe.com", "http://192.168.0.1", "https://key@api.stripe.com", "ftp://localhost"]
        {
            assert_eq!(pointers(&with(base)), ["/apiBase"], "{base}");
        }
    }

    #[test]
    fn no_problem_repeats_a_secret() {
        let broken = IntegrationConfig { webhook_secrets: vec!["whsec_planted ".into()], ..config() };
        let problems = StripeConfig::validate(&broken).map(|_| ()).unwrap_err();
        assert!(problems.iter().all(|problem| !problem.to_string().contains("planted")));
    }
}
