//! Credentials as the web carries them: signed tokens, headers, and names with passwords inside URLs.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use super::SECRET;
use crate::{
    detect::{
        rule::{Rule, Wake},
        validate::{
            Candidate,
            placeholder::{is_placeholder, is_placeholder_password, is_published},
            randomness::looks_random,
        },
    },
    domain::finding::Severity,
};

/// A scheme, then a name or none, a password and a host.
macro_rules! credentials_in {
    ($scheme:literal) => {
        concat!(
            r"(?i)(?-u:\b)",
            $scheme,
            r#"://[^\s/?#:@"'<>`|]*:[^\s/?#@"'<>`]+@[^\s/?#@:"'<>`,;)\]}\\]+(?::\d{1,5})?"#
        )
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "db_postgres",
        entity: "db_postgres",
        wake: Wake::Keywords(&["postgres", "cockroachdb", "redshift"]),
        pattern: credentials_in!(r"(?:postgres|postgresql|cockroachdb|redshift)(?:\+[a-z0-9_]+)?"),
        validate: Some(url_password),
        matches: &[
            "postgres://alder:9Xq2-tTvLm7z@db.alder.dev:5432/shop",
            "DATABASE_URL=postgresql+asyncpg://alder:k4Wz81bQm@10.0.0.3/shop",
        ],
        misses: &[
            "postgres://postgres:postgres@localhost/shop",
            "postgres://user:password@localhost/db",
            "postgresql://localhost:5432/a@b",
        ],
        ..SECRET
    },
    Rule {
        id: "db_mysql",
        entity: "db_mysql",
        wake: Wake::Keywords(&["mysql", "mariadb", "mssql", "sqlserver", "oracle", "clickhouse"]),
        pattern: credentials_in!(r"(?:mysqlx?|mysql2|mariadb|mssql|sqlserver|oracle|clickhouse)(?:\+[a-z0-9_]+)?"),
        validate: Some(url_password),
        matches: &["mysql://alder:9Xq2-tTvLm7z@db.alder.dev:3306/shop", "mariadb+pymysql://alder:k4Wz81bQm@db/shop"],
        misses: &["mysql://root:root@localhost/shop", "mysql://user:<password>@localhost/db"],
        ..SECRET
    },
    Rule {
        id: "db_mongodb",
        entity: "db_mongodb",
        wake: Wake::Keywords(&["mongodb"]),
        pattern: credentials_in!(r"mongodb(?:\+srv)?"),
        validate: Some(url_password),
        matches: &["mongodb+srv://alder:9Xq2-tTvLm7z@cluster0.alder.dev/shop", "mongodb://alder:k4Wz81bQm@db:27017"],
        misses: &["mongodb+srv://<username>:<password>@cluster0.mongodb.net", "mongodb://localhost:27017/shop"],
        ..SECRET
    },
    Rule {
        id: "db_redis",
        entity: "db_redis",
        wake: Wake::Keywords(&["redis", "valkey"]),
        pattern: credentials_in!("(?:rediss?|valkeys?)"),
        validate: Some(url_password),
        matches: &["redis://:9Xq2-tTvLm7z@cache.alder.dev:6379/0", "rediss://default:k4Wz81bQm@cache:6380"],
        misses: &["redis://:password@localhost:6379", "redis://localhost:6379/0"],
        ..SECRET
    },
    Rule {
        id: "queue_credentials",
        entity: "queue_credentials",
        wake: Wake::Keywords(&["amqp", "nats", "kafka", "mqtt", "stomp"]),
        pattern: credentials_in!("(?:amqps?|nats|kafka|mqtts?|stomp)"),
        validate: Some(url_password),
        matches: &["amqp://alder:9Xq2-tTvLm7z@mq.alder.dev:5672/jobs", "nats://alder:k4Wz81bQm@nats:4222"],
        misses: &["amqp://guest:guest@localhost:5672", "mqtt://broker.alder.dev:1883"],
        ..SECRET
    },
    Rule {
        id: "db_oracle",
        entity: "db_oracle",
        wake: Wake::Keywords(&["jdbc:oracle:"]),
        pattern: r"(?i)(?-u:\b)jdbc:oracle:[a-z0-9]{2,8}:(?P<user>[a-z0-9_$#.-]{1,60})/(?P<hit>[^@/\s\x22'<>]{4,100})@",
        validate: Some(|c| (!is_placeholder_password(c.hit()) && !c.hit().contains(['{', '}', '<'])).then_some(0.9)),
        matches: &[
            "jdbc:oracle:thin:alder/9Xq2-tTvLm7z@db.alder.dev:1521/app",
            "jdbc:oracle:oci:app/k4Wz81bQm@//db/orcl",
        ],
        misses: &["jdbc:oracle:thin:@db.alder.dev:1521/app", "jdbc:oracle:thin:user/password@localhost:1521/xe"],
        ..SECRET
    },
    Rule {
        id: "db_ado",
        entity: "db_ado",
        wake: Wake::Keywords(&["password", "pwd"]),
        // Fields of a connection string before it, so that the value ends where the next begins.
        pattern: r"(?i)(?-u:\b)(?:server|data source|address|addr|host|user id|uid|user|initial catalog|database)[ ]?=[^;=\n\x22']{1,120};(?:[ ]?[a-z ]{2,32}=[^;=\n\x22']{0,120};){0,8}[ ]?(?:password|pwd)[ ]?=[ ]?(?P<hit>[^;\s\x22'<>]{4,100})",
        validate: Some(|c| (!is_placeholder_password(c.hit()) && !c.hit().contains(['{', '}', '$'])).then_some(0.9)),
        reach: 1280,
        matches: &[
            "Server=tcp:db.alder.dev,1433;Database=app;User Id=sa;Password=9Xq2-tTvLm7z!;Encrypt=True",
            "Data Source=db;Initial Catalog=app;Uid=root;Pwd=k4Wz81bQm",
        ],
        misses: &[
            "Server=db;Database=app;Password=<password>;",
            "Server=db;Uid=sa;Pwd=${DB_PASSWORD};",
            "uid=7; the password=none",
        ],
        ..SECRET
    },
    Rule {
        id: "jwt",
        entity: "jwt",
        // What an opening brace becomes in base64, with a quote, a space or a line end behind it.
        wake: Wake::Keywords(&["eyJ", "eyA", "ewo", "ewk"]),
        pattern: r"(?-u:\b)(?:eyJ|eyA|ewo|ewk)[A-Za-z0-9_-]{8,}={0,2}\.[A-Za-z0-9_-]{8,}={0,2}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+){0,2}",
        reach: 16 << 10,
        validate: Some(is_jwt),
        matches: &[
            concat!(
                "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9",
                ".eyJzdWIiOiI5MzAxNzQiLCJpYXQiOjE2MDAwMDB9.t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8N"
            ),
            concat!(
                "cookie=eyJhbGciOiAiSFMyNTYifQ",
                ".eyJzdWIiOiI5MzAxNzQifQ.t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8N; path=/"
            ),
        ],
        misses: &[
            "eyJuYW1lIjogImFsZGVyIiwgInNpemUiOiAzfQ.eyJzdWIiOiI5MzAxNzQifQ.t4Yk81bQ",
            "eyJhbGciOiJIUzI1NiJ9 is a header alone",
            "eyJ... .eyJ... .sig",
            concat!(
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9l",
                "IiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
            ),
        ],
        ..SECRET
    },
    Rule {
        id: "authorization_bearer",
        yields: true,
        entity: "generic_bearer",
        wake: Wake::Keywords(&["bearer"]),
        pattern: r"(?i)(?-u:\b)bearer(?:\s{1,3}|%20|\+|:\s{0,2}|=)(?P<hit>[A-Za-z0-9._~+/-]{16,}={0,2})",
        reach: 2048,
        validate: Some(bearer),
        matches: &[
            concat!("Authorization: Bearer ", "t4Yk81bQmZ0sLr7NvDp2GhJc"),
            concat!("-H 'authorization: bearer ", "5f0c9be1d27a48e3b6c10f9ad2e87b43'"),
        ],
        misses: &[
            "Authorization: Bearer <token>",
            "Authorization: Bearer $ACCESS_TOKEN",
            "Bearer authentication-is-described-below",
            "Bearer YOUR_API_KEY_GOES_HERE",
        ],
        ..SECRET
    },
    Rule {
        id: "authorization_basic",
        yields: true,
        entity: "generic_basic_auth",
        wake: Wake::Keywords(&["basic "]),
        pattern: r"(?i)(?-u:\b)basic {1,3}(?P<hit>[A-Za-z0-9+/]{8,}={0,2})",
        reach: 1024,
        validate: Some(basic),
        matches: &[
            "Authorization: Basic YWxkZXI6OVhxMi10VHZMbQ==",
            "-H \"authorization: basic am9sdGU6OVhxMi10VHZMbXo3\"",
        ],
        misses: &[
            "Basic authentication is used here",
            "Authorization: Basic dXNlcjpwYXNzd29yZA==",
            "Visual Basic programming",
        ],
        ..SECRET
    },
    Rule {
        id: "registry_auth",
        yields: true,
        entity: "generic_basic_auth",
        wake: Wake::Keywords(&["\"auth\"", "auth\\\"", "_auth"]),
        // Docker's and npm's: a user and a password in base64.
        pattern: r#"(?:"auth\\?"\s{0,4}:\s{0,4}\\?"|(?-u:\b)_auth[ \t]{0,3}=[ \t]{0,3}"?)(?P<hit>[A-Za-z0-9+/]{8,}={0,2})"#,
        reach: 2048,
        validate: Some(basic),
        matches: &[
            r#"{"auths": {"registry.alder.dev": {"auth": "YWxkZXI6OVhxMi10VHZMbQ=="}}}"#,
            r#"{\"auths\":{\"alder.dev\":{\"auth\":\"am9sdGU6OVhxMi10VHZMbXo3\"}}}"#,
            "//registry.alder.dev/:_auth=YWxkZXI6OVhxMi10VHZMbQ==",
        ],
        misses: &[
            r#"{"auth": "dXNlcjpwYXNzd29yZA=="}"#,
            r#"{"auth": "required"}"#,
            "//registry.alder.dev/:_auth=${NPM_AUTH}",
        ],
        ..SECRET
    },
    Rule {
        id: "authorization_other",
        yields: true,
        entity: "generic_bearer",
        wake: Wake::Keywords(&["authorization", "x-auth-token", "x-access-token", "api-key", "apikey"]),
        pattern: r#"(?i)(?:authorization|(?:x-)?api-?key|x-auth-token|x-access-token)\\?["']?\s{0,3}[:=]\s{0,3}\\?["']?(?:(?:token|apikey|api-key|key|splunk|genie-?key|sso-key|sslws|digest)[\s=]\s{0,2})?(?P<hit>[A-Za-z0-9._~+/-]{16,}={0,2})"#,
        reach: 1024,
        validate: Some(bearer),
        matches: &[
            concat!("Authorization: token ", "t4Yk81bQmZ0sLr7NvDp2GhJc"),
            concat!("\"X-Api-Key\": \"", "5f0c9be1d27a48e3b6c10f9ad2e87b43\""),
        ],
        misses: &["X-Api-Key: <your key>", "authorization: required-for-every-request", "x-api-key: ${API_KEY}"],
        ..SECRET
    },
    Rule {
        id: "session_cookie",
        yields: true,
        entity: "session_cookie",
        severity: Severity::High,
        wake: Wake::Keywords(&["sessid=", "sessionid=", "connect.sid=", "_session="]),
        pattern: r"(?i)(?-u:\b)(?:PHPSESSID|J?SESSIONID|ASP\.NET_SessionId|connect\.sid|_?[a-z][a-z0-9_]{1,32}_session)=(?P<hit>[A-Za-z0-9%._~+/:-]{16,})",
        reach: 1024,
        validate: Some(session),
        matches: &[
            concat!("Cookie: lang=en; PHPSESSID=", "t4yk81bqmz0slr7nvdp2ghjc6u"),
            concat!("Set-Cookie: connect.sid=s%3A", "t4Yk81bQmZ0sLr7NvDp2GhJc.6UeA5WfXo9Ri3TqBw8Nx; Path=/"),
            concat!("curl --cookie '_gitlab_session=", "5f0c9be1d27a48e3b6c10f9ad2e87b43' https://git.alder.dev"),
        ],
        misses: &[
            "Cookie: PHPSESSID=<session>",
            "https://alder.dev/shop?jsessionid=5f0c9be1d27a48e3b6c10f9ad2e87b43",
            "Cookie: last_session=2024-05-01T12:30:45",
        ],
        ..SECRET
    },
    Rule {
        id: "url_basic_auth",
        yields: true,
        entity: "url_basic_auth",
        wake: Wake::Keywords(&["://"]),
        pattern: credentials_in!("[a-z][a-z0-9+.-]{1,24}"),
        validate: Some(other_url_password),
        matches: &[
            "curl https://alder:9Xq2-tTvLm7z@api.alder.dev/v1/items",
            "(ftp://build:k4Wz81bQm@files.alder.dev:2121)",
        ],
        misses: &[
            "https://user:password@example.com",
            "https://${USER}:${PASSWORD}@host",
            "https://alder.dev:8080/@alder",
            "https://alder.dev/a:b@c",
            "git clone ssh://git@alder.dev:2222/repo",
        ],
        ..SECRET
    },
];

fn is_jwt(candidate: &Candidate<'_>) -> Option<f32> {
    if is_published(candidate.hit()) {
        return None;
    }
    let header = candidate.hit().split('.').next()?.trim_end_matches('=');
    let decoded = URL_SAFE_NO_PAD.decode(header).ok()?;
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&decoded).ok()?;
    header.contains_key("alg").then_some(0.95)
}

/// In a header or what sets one: elsewhere the name is one among many.
fn session(candidate: &Candidate<'_>) -> Option<f32> {
    let line = candidate.before(384).rsplit('\n').next().unwrap_or_default().to_ascii_lowercase();
    let hit = candidate.hit();
    (line.contains("cookie") && !is_placeholder(hit) && looks_random(hit)).then_some(0.7)
}

fn bearer(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    (!is_placeholder(hit) && looks_random(hit)).then_some(0.8)
}

fn basic(candidate: &Candidate<'_>) -> Option<f32> {
    let decoded = String::from_utf8(STANDARD.decode(candidate.hit()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    let readable = decoded.chars().all(|c| !c.is_control());
    (readable && is_real_password(user, password)).then_some(0.9)
}

/// Leaves the schemes that have a rule of their own.
fn other_url_password(candidate: &Candidate<'_>) -> Option<f32> {
    const NAMED: &[&str] = &[
        "postgres",
        "cockroachdb",
        "redshift",
        "mysql",
        "mariadb",
        "mssql",
        "sqlserver",
        "oracle",
        "clickhouse",
        "mongodb",
        "redis",
        "valkey",
        "amqp",
        "nats",
        "kafka",
        "mqtt",
        "stomp",
    ];
    let scheme = candidate.hit().to_ascii_lowercase();
    if NAMED.iter().any(|name| scheme.starts_with(name)) { None } else { url_password(candidate) }
}

fn url_password(candidate: &Candidate<'_>) -> Option<f32> {
    let (_, rest) = candidate.hit().split_once("://")?;
    let (credentials, host) = rest.split_once('@')?;
    let (user, password) = credentials.split_once(':')?;
    let host = host.split(':').next()?;
    (is_real_password(user, password) && !is_template(host)).then_some(0.9)
}

fn is_template(host: &str) -> bool {
    host.contains(['$', '{', '%'])
}

fn is_real_password(user: &str, password: &str) -> bool {
    password.len() >= 4
        && password != user
        && !is_placeholder_password(password)
        && !password.contains(['{', '}', '$', '<', '['])
        || looks_random(password) && !is_placeholder(password)
}
