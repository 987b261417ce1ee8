//! How to reach the server: plainly on this machine, by TLS with a checked name beyond it.

use std::str::FromStr;
use std::sync::Arc;

use diesel::ConnectionError;
use diesel_async::AsyncPgConnection;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::StoreError;
use crate::open::without_password;

/// A server and how to speak to it.
#[derive(Clone)]
pub(super) struct Server {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Server {
    /// Reads an address. `sslrootcert=FILE` adds certificates to trust; names are always checked.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let (url, root_file) = without_tls_options(url);
        let bad = |_unreadable| StoreError::BadUrl { url: without_password(&url) };
        let mut config = Config::from_str(&url).map_err(bad)?;
        config.application_name("ltv");
        if config.get_hosts().iter().all(is_local) {
            config.ssl_mode(SslMode::Disable);
            return Ok(Self { config, tls: None });
        }
        config.ssl_mode(SslMode::Require);
        Ok(Self { config, tls: Some(MakeRustlsConnect::new(client_config(root_file.as_deref())?)) })
    }

    /// Connects.
    pub(super) async fn connect(&self) -> Result<AsyncPgConnection, ConnectionError> {
        let bad = |error: tokio_postgres::Error| ConnectionError::BadConnection(with_causes(&error));
        match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(bad)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await.map_err(bad)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
        }
    }
}

/// The driver's errors say little without what caused them.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

/// Takes out what the driver does not know: it has no stricter mode than to demand TLS, and we are stricter always.
fn without_tls_options(url: &str) -> (String, Option<String>) {
    let mut root_file = None;
    let mut keep = |option: &&str| match option.split_once('=') {
        Some(("sslrootcert", file)) => {
            root_file = Some(file.to_owned());
            false
        }
        Some(("sslmode", _)) => false,
        Some(_) | None => true,
    };
    let kept = match url.split_once('?') {
        Some((front, options)) if url.contains("://") => {
            let kept: Vec<&str> = options.split('&').filter(&mut keep).collect();
            if kept.is_empty() { front.to_owned() } else { format!("{front}?{}", kept.join("&")) }
        }
        None if url.contains("://") => url.to_owned(),
        Some(_) | None => url.split_whitespace().filter(&mut keep).collect::<Vec<_>>().join(" "),
    };
    (kept, root_file)
}

fn client_config(root_file: Option<&str>) -> Result<ClientConfig, StoreError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    if let Some(file) = root_file {
        let unreadable = |error: &dyn std::fmt::Display| StoreError::Connection {
            detail: format!("cannot read the certificates in {file}: {error}"),
        };
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))? {
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            roots.add(certificate).map_err(|error| unreadable(&error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Connection { detail: error.to_string() })?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_loopback_are_plain_and_all_else_is_not() {
        for url in [
            "host=/tmp user=u dbname=d",
            "postgres://u@127.0.0.1/d",
            "postgres://u@[::1]/d",
            "postgres://u@localhost/d",
        ] {
            assert!(Server::parse(url).unwrap().tls.is_none(), "{url}");
        }
        for url in [
            "postgres://u@db.example.com/d",
            "postgres://u@10.0.0.1/d?sslmode=disable",
            "host=/tmp,db user=u",
        ] {
            assert!(Server::parse(url).unwrap().tls.is_some(), "{url}");
        }
    }

    #[test]
    fn options_of_tls_are_taken_out_in_both_forms() {
        let (url, root) =
            without_tls_options("postgres://u@h/d?sslmode=verify-full&connect_timeout=3&sslrootcert=/ca.pem");
        assert_eq!((url.as_str(), root.as_deref()), ("postgres://u@h/d?connect_timeout=3", Some("/ca.pem")));
        let (url, root) = without_tls_options("host=h sslmode=verify-full user=u sslrootcert=/ca.pem");
        assert_eq!((url.as_str(), root.as_deref()), ("host=h user=u", Some("/ca.pem")));
    }

    #[test]
    fn certificates_that_are_not_there_are_an_error() {
        assert!(Server::parse("postgres://u@db.example.com/d?sslrootcert=/nowhere.pem").is_err());
    }
}
