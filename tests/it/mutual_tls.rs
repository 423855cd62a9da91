//! Client certificates against a real TLS server that asks for one.

#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers

use std::path::Path;
use std::sync::Arc;

use clientferry::provider::tbank::TBank;
use clientferry::provider::{AccountSettings, Halt, Provider};
use clientferry::submit::Pace;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server that answers every authenticated request with an empty list.
async fn server(authority: &CertifiedIssuer<'static, KeyPair>) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, authority).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(mut socket) = acceptor.accept(socket).await else { continue };
            let mut head = [0; 4096];
            let _ = socket.read(&mut head).await;
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{\"total\":0}";
            let _ = socket.write_all(answer.as_bytes()).await;
            let _ = socket.shutdown().await;
        }
    });
    base
}

fn write(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

async fn preflight(account: &AccountSettings) -> Result<Option<u64>, Halt> {
    let bank = TBank::connect(account).unwrap();
    bank.preflight(&Pace::new(bank.profile())).await
}

#[tokio::test]
async fn a_missing_wrong_or_right_certificate_is_told_before_the_first_row() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, strangers) = (authority(), authority());
    let mut account = AccountSettings::new("test", SecretString::from("token"));
    account.base_url = Some(server(&ours).await);

    let untrusted = preflight(&account).await.unwrap_err();
    assert!(untrusted.hint.contains("ca_file"), "{untrusted:?}");

    account.ca_file = Some(write(folder.path(), "ca.pem", &ours.pem()));
    let missing = preflight(&account).await.unwrap_err();
    assert!(missing.hint.contains("client_cert"), "{missing:?}");

    for (issuer, accepted) in [(&strangers, false), (&ours, true)] {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["client".into()]).unwrap().signed_by(&key, issuer).unwrap();
        account.client_cert = Some(write(folder.path(), "client.pem", &certificate.pem()));
        account.client_key = Some(write(folder.path(), "client.key", &key.serialize_pem()));
        let answer = preflight(&account).await;
        assert_eq!(answer.is_ok(), accepted, "{answer:?}");
    }
}
