//! Compiles `proto/` in pure Rust, so that a build needs no `protoc`.

use std::{error::Error, path::PathBuf};

use prost::Message as _;

const FILES: [&str; 7] = [
    "portcullis/v1/exchange.proto",
    "portcullis/v1/guardrail.proto",
    "portcullis/v1/ingestion.proto",
    "portcullis/v1/policy.proto",
    "portcullis/v1/event.proto",
    "portcullis/v1/canary.proto",
    "portcullis/v1/delivery.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto/portcullis");
    let descriptors = protox::Compiler::new(["proto"])?
        .include_imports(true)
        .include_source_info(true)
        .open_files(FILES)?
        .file_descriptor_set();
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("portcullis.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        // Payloads stay slices of the buffer that came from the socket.
        .bytes(".portcullis.v1")
        .compile_fds(descriptors)?;
    Ok(())
}
