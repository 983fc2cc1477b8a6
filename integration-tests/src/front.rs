//! What stands before a Kafka broker and speaks its protocol: it asks who comes, and refuses records. The broker behind it
//! does all else.

mod sasl;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use kafka_protocol::{
    messages::{
        ApiKey, ApiVersionsResponse, MetadataResponse, ProduceRequest, ProduceResponse,
        api_versions_response::ApiVersion,
        produce_response::{BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse},
    },
    protocol::StrBytes,
    records::{Record, RecordBatchDecoder},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

use self::{
    sasl::Login,
    wire::{Request, read, write},
};

const INVALID_RECORD: i16 = 87;
/// May succeed the next time.
const REQUEST_TIMED_OUT: i16 = 7;
/// Of a batch the lower byte of its attributes: behind where it begins (8 bytes), its length (4), its leader's epoch
/// (4), its format (1), its checksum (4), and their upper byte.
const ATTRIBUTES: usize = 22;
/// The bits of it that say how the batch is compressed.
const CODEC: u8 = 0b111;

/// Who may come in.
#[derive(Debug, Clone)]
pub struct User {
    pub name: String,
    pub password: String,
}

/// What is done with records.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    Through,
    /// Nobody gets in, and who is in is put out.
    Away,
    /// A request that holds such a record is refused, wholly and for good.
    Refusing {
        which: fn(&Record) -> bool,
        told: Told,
    },
}

/// What is said of a request that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Which of its records are to blame.
    Which,
    /// Only that one of them is, as brokers before Kafka 2.4.
    One,
}

#[derive(Debug)]
struct Shared {
    broker: SocketAddr,
    /// What clients are given for the broker's address.
    address: SocketAddr,
    /// None: nobody is asked.
    users: Option<Vec<User>>,
    manner: watch::Sender<Manner>,
    /// By mechanism, and whether they were let in.
    logins: Mutex<Vec<(String, bool)>>,
    /// By topic.
    codecs: Mutex<BTreeMap<String, BTreeSet<u8>>>,
}

#[derive(Debug, Clone)]
pub struct Front(Arc<Shared>);

impl Front {
    /// `address` is where clients reach `listener`.
    pub fn before(listener: TcpListener, address: SocketAddr, broker: SocketAddr, users: Option<Vec<User>>) -> Self {
        let manner = watch::Sender::new(Manner::Through);
        let (logins, codecs) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { broker, address, users, manner, logins, codecs });
        let front = Self(Arc::clone(&shared));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let mut manner = shared.manner.subscribe();
                    tokio::select! {
                        _ = manner.wait_for(|manner| matches!(manner, Manner::Away)) => {}
                        // Whichever side ends it.
                        _ = serve(client, &shared) => {}
                    }
                });
            }
        });
        front
    }

    pub fn set(&self, manner: Manner) {
        self.0.manner.send_replace(manner);
    }

    /// Who tried to come in: the mechanism, and whether they did.
    pub fn logins(&self) -> Vec<(String, bool)> {
        self.0.logins.lock().unwrap().clone()
    }

    /// How the batches that came for a topic were compressed, by Kafka's numbers.
    pub fn codecs(&self, topic: &str) -> BTreeSet<u8> {
        self.0.codecs.lock().unwrap().get(topic).cloned().unwrap_or_default()
    }
}

/// One request at a time: the answers' order is that of the requests.
async fn serve(mut client: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut broker = TcpStream::connect(shared.broker).await?;
    for stream in [&client, &broker] {
        stream.set_nodelay(true)?;
    }
    let mut login = shared.users.as_deref().map(Login::new);
    loop {
        let request = Request::of(read(&mut client).await?)?;
        if request.api() == Some(ApiKey::Produce) {
            note_codecs(&request, shared);
        }
        let answer = match (request.api(), &mut login) {
            (Some(ApiKey::SaslHandshake | ApiKey::SaslAuthenticate), Some(login)) => {
                let answer = login.answer(&request)?;
                if let Some(end) = login.ended() {
                    shared.logins.lock().unwrap().push(end);
                }
                answer
            }
            (Some(ApiKey::ApiVersions), _) => {
                write(&mut broker, &request.frame).await?;
                versions(&request, read(&mut broker).await?, login.is_some())?
            }
            // To somebody who is not known.
            (_, Some(login)) if !login.is_in() => return Ok(()),
            (Some(ApiKey::Produce), _) if let Some(refusal) = refusal(&request, *shared.manner.borrow())? => refusal,
            (api, _) => {
                write(&mut broker, &request.frame).await?;
                let answer = read(&mut broker).await?;
                if api == Some(ApiKey::Metadata) { addressed(&request, answer, shared.address)? } else { answer }
            }
        };
        write(&mut client, &answer).await?;
    }
}

/// What the broker speaks, and that one has to say who one is.
fn versions(request: &Request, answer: bytes::Bytes, asks: bool) -> std::io::Result<bytes::Bytes> {
    // Of a version that it does not know it says so in another one.
    if !asks || answer.get(4..6) != Some(&[0, 0]) {
        return Ok(answer);
    }
    let mut body: ApiVersionsResponse = request.read_answer(answer)?;
    for (api, max_version) in [(ApiKey::SaslHandshake as i16, 1), (ApiKey::SaslAuthenticate as i16, 2)] {
        body.api_keys.retain(|one| one.api_key != api);
        let known = ApiVersion::default().with_api_key(api).with_min_version(0).with_max_version(max_version);
        body.api_keys.push(known);
    }
    request.answer(&body)
}

fn addressed(request: &Request, answer: bytes::Bytes, address: SocketAddr) -> std::io::Result<bytes::Bytes> {
    let mut body: MetadataResponse = request.read_answer(answer)?;
    for broker in &mut body.brokers {
        broker.host = StrBytes::from_string(address.ip().to_string());
        broker.port = i32::from(address.port());
    }
    request.answer(&body)
}

fn note_codecs(request: &Request, shared: &Shared) {
    let Ok(produce) = request.body::<ProduceRequest>() else { return };
    let mut codecs = shared.codecs.lock().unwrap();
    for topic in &produce.topic_data {
        let batches = topic.partition_data.iter().filter_map(|partition| partition.records.as_deref());
        let found = batches.filter_map(|batch| batch.get(ATTRIBUTES)).map(|attributes| attributes & CODEC);
        codecs.entry(topic.name.as_str().to_owned()).or_default().extend(found);
    }
}

/// None when there is nothing to refuse.
fn refusal(request: &Request, manner: Manner) -> std::io::Result<Option<bytes::Bytes>> {
    let Manner::Refusing { which, told } = manner else { return Ok(None) };
    let produce: ProduceRequest = request.body()?;
    let mut refuses = false;
    let mut partition = |index: i32, records: Option<bytes::Bytes>| -> std::io::Result<PartitionProduceResponse> {
        let sets = RecordBatchDecoder::decode_all(&mut records.unwrap_or_default()).map_err(std::io::Error::other)?;
        let records = sets.iter().flat_map(|set| &set.records).zip(0..);
        let bad: Vec<i32> = records.filter(|(record, _)| which(record)).map(|(_, at)| at).collect();
        refuses |= !bad.is_empty();
        let error = if bad.is_empty() { REQUEST_TIMED_OUT } else { INVALID_RECORD };
        let blamed = bad.into_iter().filter(|_| told == Told::Which);
        let blamed = blamed.map(|at| BatchIndexAndErrorMessage::default().with_batch_index(at)).collect();
        Ok(PartitionProduceResponse::default().with_index(index).with_error_code(error).with_record_errors(blamed))
    };
    let mut answer = ProduceResponse::default();
    for topic in produce.topic_data {
        let partitions = topic.partition_data.into_iter().map(|one| partition(one.index, one.records));
        let partitions = partitions.collect::<Result<_, _>>()?;
        let refused = TopicProduceResponse::default().with_name(topic.name).with_partition_responses(partitions);
        answer.responses.push(refused);
    }
    refuses.then(|| request.answer(&answer)).transpose()
}
