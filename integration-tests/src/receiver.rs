//! Where records are delivered to over HTTP: remembers what came, and answers as it is told.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket};

/// A call, and how it was answered.
#[derive(Debug, Clone)]
pub struct Call {
    pub at: Instant,
    pub path: String,
    pub headers: HeaderMap,
    /// A record each.
    pub records: Vec<Value>,
    pub status: u16,
}

impl Call {
    /// What the users asked in it.
    pub fn questions(&self) -> impl Iterator<Item = String> {
        self.records.iter().map(|record| {
            let payload: Value = serde_json::from_str(record["requestPayload"].as_str().unwrap()).unwrap();
            payload["messages"][0]["content"].as_str().unwrap().to_owned()
        })
    }
}

type Decide = Box<dyn Fn(&Call) -> Response + Send + Sync>;

struct Shared {
    decide: Mutex<Decide>,
    calls: Mutex<Vec<Call>>,
}

#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receiver({})", self.address)
    }
}

/// An address at which nobody listens yet, and which nobody else gets.
#[derive(Debug)]
pub struct Reserved(TcpSocket);

impl Reserved {
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    pub fn start(self) -> Receiver {
        Receiver::over(self.0.listen(1024).unwrap())
    }
}

impl Default for Reserved {
    fn default() -> Self {
        Self::new()
    }
}

impl Receiver {
    pub fn start() -> Self {
        Reserved::new().start()
    }

    /// Serves until the runtime of the test ends.
    fn over(listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { decide: Mutex::new(Box::new(|_| ().into_response())), calls: Mutex::default() });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn decides(&self, decide: impl Fn(&Call) -> Response + Send + Sync + 'static) {
        *self.shared.decide.lock().unwrap() = Box::new(decide);
    }

    /// Takes everything from now on, or nothing.
    pub fn is_up(&self, up: bool) {
        self.decides(move |_| if up { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }.into_response());
    }

    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// What was taken, in the order in which it came.
    pub fn questions(&self) -> Vec<String> {
        let calls = self.calls();
        calls.iter().filter(|call| call.status == 200).flat_map(Call::questions).collect()
    }
}

async fn receive(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let records = body.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let records = records.map(|line| serde_json::from_slice(line).unwrap()).collect();
    let path = uri.path().to_owned();
    let mut call = Call { at: Instant::now(), path, headers, records, status: 0 };
    let mut calls = shared.calls.lock().unwrap();
    let response = (shared.decide.lock().unwrap())(&call);
    call.status = response.status().as_u16();
    calls.push(call);
    response
}
