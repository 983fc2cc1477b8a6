//! Requests and answers, each behind its length.

use std::io::{Error, ErrorKind, Result};

use bytes::{BufMut as _, Bytes, BytesMut};
use kafka_protocol::{
    messages::{ApiKey, RequestHeader, ResponseHeader},
    protocol::{Decodable, Encodable, HeaderVersion, decode_request_header_from_buffer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// More than any of the tests needs.
const LARGEST: usize = 64 << 20;

pub(super) async fn read(stream: &mut TcpStream) -> Result<Bytes> {
    let length = usize::try_from(stream.read_i32().await?).map_err(Error::other)?;
    if length > LARGEST {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut frame = vec![0; length];
    stream.read_exact(&mut frame).await?;
    Ok(frame.into())
}

pub(super) async fn write(stream: &mut TcpStream, frame: &[u8]) -> Result<()> {
    let mut framed = BytesMut::with_capacity(frame.len() + 4);
    framed.put_i32(i32::try_from(frame.len()).map_err(Error::other)?);
    framed.put_slice(frame);
    stream.write_all(&framed).await
}

pub(super) struct Request {
    pub(super) frame: Bytes,
    header: RequestHeader,
    /// Behind the header.
    body: Bytes,
}

impl Request {
    pub(super) fn of(frame: Bytes) -> Result<Self> {
        let mut body = frame.clone();
        let header = decode_request_header_from_buffer(&mut body).map_err(Error::other)?;
        Ok(Self { frame, header, body })
    }

    pub(super) fn api(&self) -> Option<ApiKey> {
        ApiKey::try_from(self.header.request_api_key).ok()
    }

    pub(super) fn body<T: Decodable>(&self) -> Result<T> {
        T::decode(&mut self.body.clone(), self.header.request_api_version).map_err(Error::other)
    }

    /// Of the broker to this.
    pub(super) fn read_answer<T: Decodable + HeaderVersion>(&self, mut answer: Bytes) -> Result<T> {
        let version = self.header.request_api_version;
        ResponseHeader::decode(&mut answer, T::header_version(version)).map_err(Error::other)?;
        T::decode(&mut answer, version).map_err(Error::other)
    }

    pub(super) fn answer<T: Encodable + HeaderVersion>(&self, body: &T) -> Result<Bytes> {
        let version = self.header.request_api_version;
        let header = ResponseHeader::default().with_correlation_id(self.header.correlation_id);
        let mut frame = BytesMut::new();
        header.encode(&mut frame, T::header_version(version)).map_err(Error::other)?;
        body.encode(&mut frame, version).map_err(Error::other)?;
        Ok(frame.freeze())
    }
}
