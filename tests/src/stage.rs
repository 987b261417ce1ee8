//! The integration that tests use, and from where they look at figures.

/// The webhook secret of the tests' endpoint.
pub const SECRET: &str = "whsec_e2e_endpoint_secret";
/// The API key that the stand-in is asked with.
pub const STAND_IN_KEY: &str = "rk_e2e_stand_in";

/// From where figures are looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// What was true then, RFC 3339.
    pub as_of: Option<String>,
    /// What was known then, RFC 3339.
    pub known_at: Option<String>,
}

impl View {
    /// As query parameters, with the currency.
    #[must_use]
    pub fn query(&self) -> String {
        let mut query = "currency=GBP".to_owned();
        for (name, time) in [("asOf", &self.as_of), ("knownAt", &self.known_at)] {
            if let Some(time) = time {
                query.push_str(&format!("&{name}={}", time.replace('+', "%2B")));
            }
        }
        query
    }
}
