//! Payloads at rest: encrypted under a key of their tenant, which is wrapped by a master key that is not in the file.
//!
//! A tenant is the principal of the record. Its data key is made with its first record and stored wrapped; whoever has the
//! file alone has neither. Master keys can be several: the first wraps, the others still unwrap, until `rewrap` has
//! been through. When a tenant's data key is erased, its payloads cannot be read by anybody any more, here or in a copy
//! of the file that is made afterwards; the chain covers what is stored and holds.
//!
//! XChaCha20-Poly1305 (192-bit random nonces: any number of records under one key), with the record's request id and the
//! column as associated data, so that no payload can be put in another's place. What lists show is not encrypted: user,
//! model, violations with their places, metadata.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload as Message},
};
use jiff::Timestamp;
use rusqlite::{
    Connection,
    functions::FunctionFlags,
    params,
    types::{Value, ValueRef},
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    code::Code as _,
    entry::PayloadFault,
    error::{LogError, StorageFault},
    settings::{KeepPayloads, LogSettings, Masking},
};
use crate::domain::exchange::{Payload, Payloads};

const NONCE: usize = 24;
type KeyId = [u8; 16];
type MasterId = [u8; 8];

pub(super) const TABLES: &str = "
    ALTER TABLE record ADD COLUMN data_key BLOB;    -- under which the payloads are encrypted; null: they are not
    ALTER TABLE record ADD COLUMN storage INTEGER;  -- null: the payloads are whole; 1: masked; 2: not kept
    -- Hides what the digest is of, where payloads are to be masked or to go; it goes with them.
    ALTER TABLE record ADD COLUMN salt BLOB;
    ALTER TABLE record ADD COLUMN kept BLOB;        -- digest of the payloads as they are now, where they were changed
    CREATE TABLE data_key (
        id BLOB PRIMARY KEY,
        tenant TEXT NOT NULL,
        master BLOB,                                -- tells which master key wraps it; null once it is erased
        wrapped BLOB,
        made INTEGER NOT NULL,                      -- microseconds since 1970
        erased INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX data_key_tenant ON data_key (tenant);
";

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    #[error("there is no key: give one, or take the setting away, and payloads are stored in the clear")]
    None,
    #[error("key {0} is not 32 bytes in hexadecimal or base64")]
    Form(usize),
    #[error("key {0} is there twice")]
    Twice(usize),
}

/// The first wraps, all unwrap.
#[derive(Clone)]
pub struct MasterKeys(Vec<Master>);

#[derive(Clone)]
struct Master {
    id: MasterId,
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeys({})", self.0.len())
    }
}

impl MasterKeys {
    /// Keys of 32 bytes, in hexadecimal or base64, with white space or commas between; `#` begins a comment.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let words = text.lines().flat_map(|line| {
            let line = line.split_once('#').map_or(line, |(before, _)| before);
            line.split(|byte: char| byte.is_whitespace() || byte == ',').filter(|word| !word.is_empty())
        });
        let mut keys = Vec::<Master>::new();
        for (word, place) in words.zip(1..) {
            let bytes = key_bytes(word).ok_or(InvalidKey::Form(place))?;
            let digest = Sha256::new().chain_update("portcullis master key").chain_update(bytes).finalize();
            let mut id = MasterId::default();
            id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
            if keys.iter().any(|key| key.id == id) {
                return Err(InvalidKey::Twice(place));
            }
            keys.push(Master { id, cipher: XChaCha20Poly1305::new(&bytes.into()) });
        }
        if keys.is_empty() { Err(InvalidKey::None) } else { Ok(Self(keys)) }
    }

    fn unwrap(&self, master: &[u8], tenant: &str, id: &KeyId, wrapped: &[u8]) -> Option<[u8; 32]> {
        let master = self.0.iter().find(|key| key.id == master)?;
        open(&master.cipher, &about_key(tenant, id), wrapped)?.try_into().ok()
    }

    fn wrap(&self, tenant: &str, id: &KeyId, key: &[u8; 32]) -> Option<(MasterId, Vec<u8>)> {
        let master = self.0.first()?;
        Some((master.id, seal(&master.cipher, &about_key(tenant, id), key)?))
    }
}

fn key_bytes(word: &str) -> Option<[u8; 32]> {
    let hex = |at: usize| word.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    if word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return (0..32).map(hex).collect::<Option<Vec<u8>>>()?.try_into().ok();
    }
    STANDARD.decode(word).ok()?.try_into().ok()
}

fn about_key(tenant: &str, id: &KeyId) -> Vec<u8> {
    [b"key".as_slice(), id, tenant.as_bytes()].concat()
}

fn about_payload(request_id: &[u8], column: u8) -> Vec<u8> {
    [b"payload".as_slice(), request_id, &[column]].concat()
}

/// A nonce and what it was used for. None for what is larger than any payload may be.
fn seal(cipher: &XChaCha20Poly1305, about: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE];
    let drawn = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
    nonce.copy_from_slice(drawn.get(..NONCE)?);
    let sealed = cipher.encrypt(&XNonce::from(nonce), Message { msg: plain, aad: about }).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

fn open(cipher: &XChaCha20Poly1305, about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    cipher.decrypt(&XNonce::from(*nonce), Message { msg: sealed, aad: about }).ok()
}

/// The key of one tenant's payloads.
pub(super) struct DataKey {
    id: KeyId,
    tenant: Arc<str>,
    cipher: XChaCha20Poly1305,
    master: MasterId,
    wrapped: Vec<u8>,
    is_stored: AtomicBool,
}

impl DataKey {
    fn draw(masters: &MasterKeys, tenant: &str) -> Option<Self> {
        // 366 random bits.
        let drawn = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
        let key: [u8; 32] = Sha256::digest(drawn).into();
        let id = Uuid::new_v4().into_bytes();
        let (master, wrapped) = masters.wrap(tenant, &id, &key)?;
        let cipher = XChaCha20Poly1305::new(&key.into());
        Some(Self { id, tenant: tenant.into(), cipher, master, wrapped, is_stored: AtomicBool::new(false) })
    }

    pub(super) const fn id(&self) -> &KeyId {
        &self.id
    }

    /// True once a transaction that stored it was committed.
    pub(super) fn is_stored(&self) -> bool {
        self.is_stored.load(Ordering::Acquire)
    }

    pub(super) fn committed(&self) {
        self.is_stored.store(true, Ordering::Release);
    }

    pub(super) fn store(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO data_key (id, tenant, master, wrapped, made) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![self.id, self.tenant, self.master, self.wrapped, Timestamp::now().as_microsecond()])
            .map(drop)
    }

    /// A payload of a record: its first byte tells text from JSON.
    pub(super) fn seal(&self, request_id: Uuid, column: u8, payload: &Payload) -> Result<Vec<u8>, LogError> {
        let (form, bytes) = match payload {
            Payload::Text(text) => (TEXT, text.as_bytes()),
            Payload::Json(json) => (JSON, json.as_ref()),
        };
        let plain = [&[form], bytes].concat();
        seal(&self.cipher, &about_payload(request_id.as_bytes(), column), &plain)
            .ok_or(LogError::Storage(StorageFault::TooLarge))
    }
}

const TEXT: u8 = b't';
const JSON: u8 = b'j';

/// What was done to payloads before they were stored, or since. The numbers stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    Masked = 1,
    NotKept = 2,
}

#[derive(Clone)]
enum Held {
    Open(Arc<DataKey>),
    Fault(PayloadFault),
}

#[derive(Default)]
struct Keys {
    of_tenants: HashMap<Arc<str>, Arc<DataKey>>,
    all: HashMap<KeyId, Held>,
}

/// The data keys of a log, unwrapped as far as the master keys go. Some 300 bytes a tenant.
#[derive(Default)]
pub(super) struct Vault {
    masters: Option<MasterKeys>,
    keep: KeepPayloads,
    masking: Option<Masking>,
    keys: Mutex<Keys>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    pub(super) fn load(connection: &Connection, settings: &LogSettings) -> rusqlite::Result<Self> {
        let LogSettings { keys: masters, payloads: keep, masking, .. } = settings.clone();
        let mut keys = Keys::default();
        let mut locked = 0_u64;
        let mut statement = connection.prepare("SELECT id, tenant, master, wrapped FROM data_key ORDER BY made")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, tenant): (KeyId, Arc<str>) = (row.get(0)?, row.get(1)?);
            let (Some(master), Some(wrapped)) = (row.get::<_, Option<Vec<u8>>>(2)?, row.get::<_, Option<Vec<u8>>>(3)?)
            else {
                keys.all.insert(id, Held::Fault(PayloadFault::Erased));
                continue;
            };
            let key = masters.as_ref().and_then(|masters| masters.unwrap(&master, &tenant, &id, &wrapped));
            let Some((key, master)) = key.zip(master.try_into().ok()) else {
                keys.all.insert(id, Held::Fault(PayloadFault::Locked));
                locked += 1;
                continue;
            };
            let cipher = XChaCha20Poly1305::new(&key.into());
            let is_stored = AtomicBool::new(true);
            let key = Arc::new(DataKey { id, tenant: Arc::clone(&tenant), cipher, master, wrapped, is_stored });
            keys.of_tenants.insert(tenant, Arc::clone(&key));
            keys.all.insert(id, Held::Open(key));
        }
        if locked > 0 {
            tracing::error!(
                tenants = locked,
                "payloads of these tenants cannot be read: their master key is not given"
            );
        }
        Ok(Self { masters, keep, masking, keys: Mutex::new(keys) })
    }

    /// Whether there are payloads that only a master key opens, and none is given. What is erased asks for none.
    pub(super) fn is_keyless(&self) -> bool {
        let is_locked = |held: &Held| matches!(held, Held::Fault(PayloadFault::Locked));
        self.masters.is_none() && self.keys.lock().unwrap_or_else(PoisonError::into_inner).all.values().any(is_locked)
    }

    /// Whether payloads are changed once they are judged.
    pub(super) fn reduces(&self) -> bool {
        self.keep != KeepPayloads::Full
    }

    /// Whether judged payloads are masked, which takes as long as to check them.
    pub(super) fn masks(&self) -> bool {
        self.keep == KeepPayloads::Masked
    }

    /// What is kept of judged payloads, and how that is called; none when all of it is.
    pub(super) fn reduce(&self, payloads: Option<&Payloads>) -> Option<(Option<Payloads>, Storage)> {
        match self.keep {
            KeepPayloads::Full => None,
            KeepPayloads::Metadata => Some((None, Storage::NotKept)),
            KeepPayloads::Masked => {
                let masked = self.masking.as_ref().zip(payloads).and_then(|(masking, payloads)| masking.mask(payloads));
                Some(masked.map_or((None, Storage::NotKept), |masked| (Some(masked), Storage::Masked)))
            }
        }
    }

    /// None when payloads are not encrypted.
    pub(super) fn key_of(&self, tenant: &str) -> Result<Option<Arc<DataKey>>, LogError> {
        let Some(masters) = &self.masters else { return Ok(None) };
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.of_tenants.get(tenant) {
            return Ok(Some(Arc::clone(key)));
        }
        let key = DataKey::draw(masters, tenant).ok_or(LogError::Storage(StorageFault::Other(0)))?;
        let key = Arc::new(key);
        keys.of_tenants.insert(Arc::clone(&key.tenant), Arc::clone(&key));
        keys.all.insert(key.id, Held::Open(Arc::clone(&key)));
        Ok(Some(key))
    }

    fn held(&self, id: &[u8]) -> Held {
        let held = id
            .try_into()
            .ok()
            .and_then(|id: KeyId| self.keys.lock().unwrap_or_else(PoisonError::into_inner).all.get(&id).cloned());
        held.unwrap_or(Held::Fault(PayloadFault::Locked))
    }

    /// Two functions of SQL: `unseal(data_key, request_id, column, sealed)` is the payload, or an integer where there
    /// is none; `seal_fault(data_key)` is why, or null.
    pub(super) fn attach(self: &Arc<Self>, connection: &Connection) -> rusqlite::Result<()> {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
        let vault = Arc::clone(self);
        connection.create_scalar_function("seal_fault", 1, flags, move |context| {
            Ok(match context.get_raw(0) {
                ValueRef::Null => None,
                id => match vault.held(id.as_bytes().unwrap_or_default()) {
                    Held::Open(_) => None,
                    Held::Fault(fault) => Some(fault.code()),
                },
            })
        })?;
        let vault = Arc::clone(self);
        connection.create_scalar_function("unseal", 4, flags, move |context| {
            let bytes = |at| context.get_raw(at).as_bytes().unwrap_or_default();
            if context.get_raw(3) == ValueRef::Null {
                return Ok(Value::Null);
            }
            let Held::Open(key) = vault.held(bytes(0)) else { return Ok(Value::Null) };
            let column = context.get::<u8>(2)?;
            let plain = open(&key.cipher, &about_payload(bytes(1), column), bytes(3));
            Ok(plain.and_then(payload).unwrap_or(Value::Integer(0)))
        })
    }
}

fn payload(mut plain: Vec<u8>) -> Option<Value> {
    let form = *plain.first()?;
    plain.remove(0);
    match form {
        TEXT => String::from_utf8(plain).ok().map(Value::Text),
        JSON => Some(Value::Blob(plain)),
        _ => None,
    }
}

/// What became of a tenant's keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    pub keys: u64,
    /// That were destroyed in an earlier run: one that ended with [`StorageFault::Busy`] is repeated.
    pub before: u64,
    /// Records of the tenant that were stored without encryption: these can still be read.
    pub unprotected: u64,
}

/// Where a page was divided, copies of keys stay behind in it, of which no row knows: so all pages are made anew.
const REWRITE: &str = "
    CREATE TEMP TABLE rewritten AS SELECT id, tenant, master, wrapped, made, erased FROM main.data_key;
    DELETE FROM main.data_key;
    INSERT INTO main.data_key (id, tenant, master, wrapped, made, erased)
        SELECT id, tenant, master, wrapped, made, erased FROM temp.rewritten;
    DROP TABLE temp.rewritten;
";

/// Destroys the data keys of a tenant. [`StorageFault::Busy`]: in the log they are destroyed, but what somebody reads of
/// the file may still hold them.
pub(super) fn erase(connection: &mut Connection, tenant: &str) -> Result<Erased, LogError> {
    // What is overwritten is not left in pages that are free, and what is set aside is in no file.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let transaction = connection.transaction()?;
    let before: i64 = transaction.query_row(
        "SELECT count(*) FROM data_key WHERE tenant = ?1 AND erased IS NOT NULL",
        [tenant],
        |row| row.get(0),
    )?;
    transaction.execute(
        "UPDATE data_key SET wrapped = zeroblob(length(wrapped)) WHERE tenant = ?1 AND erased IS NULL",
        [tenant],
    )?;
    let keys = transaction.execute(
        "UPDATE data_key SET wrapped = NULL, master = NULL, erased = ?2 WHERE tenant = ?1 AND erased IS NULL",
        params![tenant, Timestamp::now().as_microsecond()],
    )?;
    transaction.execute_batch(REWRITE)?;
    let unprotected: i64 = transaction.query_row(
        "SELECT count(*) FROM record WHERE principal = ?1 AND data_key IS NULL AND (request IS NOT NULL OR response IS NOT NULL)",
        [tenant],
        |row| row.get(0),
    )?;
    transaction.commit()?;
    // The write-ahead log held them too, and the file does until it is folded back. A reader in the way is no error to
    // SQLite: the answer says it.
    let is_busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_busy {
        return Err(StorageFault::Busy.into());
    }
    Ok(Erased { keys: keys as u64, before: before.unsigned_abs(), unprotected: unprotected.unsigned_abs() })
}

/// What became of all keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rewrapped {
    pub rewrapped: u64,
    /// Wrapped by the first master key before.
    pub current: u64,
    /// None of the given master keys opens these.
    pub locked: u64,
}

/// Wraps every data key by the first of the master keys.
pub(super) fn rewrap(connection: &mut Connection, masters: &MasterKeys) -> rusqlite::Result<Rewrapped> {
    let transaction = connection.transaction()?;
    let mut statement =
        transaction.prepare("SELECT id, tenant, master, wrapped FROM data_key WHERE wrapped IS NOT NULL")?;
    let keys = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<Vec<(KeyId, String, Vec<u8>, Vec<u8>)>>>()?;
    drop(statement);
    let mut done = Rewrapped::default();
    for (id, tenant, master, wrapped) in keys {
        if masters.0.first().is_some_and(|first| first.id == *master) {
            done.current += 1;
            continue;
        }
        let key = masters.unwrap(&master, &tenant, &id, &wrapped);
        let Some((master, wrapped)) = key.and_then(|key| masters.wrap(&tenant, &id, &key)) else {
            done.locked += 1;
            continue;
        };
        transaction
            .execute("UPDATE data_key SET master = ?2, wrapped = ?3 WHERE id = ?1", params![id, master, wrapped])?;
        done.rewrapped += 1;
    }
    transaction.commit()?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_both_forms_and_shown_in_none() {
        let hex = "0123456789abcdef".repeat(4);
        let base64 = STANDARD.encode([7; 32]);
        let keys = MasterKeys::parse(&format!("# the new one\n{hex} # since May\n\n{base64},")).unwrap();
        assert_eq!(format!("{keys:?}"), "MasterKeys(2)");
        for (text, error) in [
            ("# nothing", InvalidKey::None),
            ("0123", InvalidKey::Form(1)),
            (&format!("{hex} {}", &hex[1..]), InvalidKey::Form(2)),
            (&format!("{hex}\n{}", hex.to_uppercase()), InvalidKey::Twice(2)),
        ] {
            assert_eq!(MasterKeys::parse(text).unwrap_err(), error);
        }
    }

    #[test]
    fn a_sealed_payload_opens_in_its_own_place_alone() {
        let masters = MasterKeys::parse(&STANDARD.encode([7; 32])).unwrap();
        let key = DataKey::draw(&masters, "acme").unwrap();
        let id = Uuid::new_v4();
        let sealed = key.seal(id, 0, &Payload::Text("secret".to_owned())).unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        let plain = open(&key.cipher, &about_payload(id.as_bytes(), 0), &sealed).unwrap();
        assert_eq!(payload(plain), Some(Value::Text("secret".to_owned())));
        assert_eq!(open(&key.cipher, &about_payload(id.as_bytes(), 1), &sealed), None);
        assert_eq!(open(&key.cipher, &about_payload(Uuid::new_v4().as_bytes(), 0), &sealed), None);
        let mut bent = sealed;
        *bent.last_mut().unwrap() ^= 1;
        assert_eq!(open(&key.cipher, &about_payload(id.as_bytes(), 0), &bent), None);
    }
}
