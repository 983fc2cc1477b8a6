//! What both programs share: the gRPC bindings with their JSON and a client, the closed error code, who may call, and
//! what stands at a port: TLS, connections, bodies.

pub mod access;
pub mod body;
pub mod capture;
pub mod client;
pub mod error;
pub mod json;
pub mod limits;
pub mod log;
pub mod refused;
pub mod serve;
pub mod tls;
pub mod trace;

/// The bindings of `proto/portcullis/v1`, whose comments are the public reference.
#[allow(missing_debug_implementations, unreachable_pub, unused_qualifications, clippy::all, clippy::pedantic)]
pub mod v1 {
    tonic::include_proto!("portcullis.v1");

    /// The compiled descriptors with their comments, for server reflection.
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portcullis.bin"));
}
