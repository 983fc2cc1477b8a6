//! Passwords: believed for the word before them, since people choose them and they need not look drawn by lot.

mod mention;

use self::mention::{is_directory, is_expression, is_length, is_name, is_property, is_verdict};
use super::SECRET;
use crate::{
    detect::{
        rule::{Rule, Wake},
        validate::{
            Candidate,
            assignment::{is_code, is_hash, is_reference, judged, name},
            placeholder::is_placeholder_password,
            randomness::looks_random,
        },
    },
    domain::finding::Severity,
};

/// What a password is called beyond English, where the word stands for little else.
macro_rules! foreign {
    () => {
        concat!(
            "kennwort|wachtwoord|mots? de passe|(?-u:\\b)mdp|palavra-passe|contrase(?:ña|na|nya)|(?-u:\\b|_)senha|",
            "(?-i:Senha)|parol[aă]|has[łl]o|heslo|lozinka|l[öo]senord(?:et)?|adgangskoden?|kodeord(?:et)?|salasana|jelsz[óo]|[şs][iİ]fre|",
            "пароль|парола|κωδικ[όο]ς(?: πρόσβασης)?|كلمة (?:ال)?(?:مرور|سر)|סיסמ[הא]|mật khẩu|kata (?:sandi|laluan)|",
            "รหัสผ่าน|密码|密碼|口令|パスワード|비밀번호"
        )
    };
}

/// Where the rules for all of these words wake. Letters beyond ASCII have to stand here in every case.
const WORDS: &[&str] = &[
    "pass",
    "pwd",
    "kennwort",
    "wachtwoord",
    "mdp",
    "contrase",
    "senha",
    "parola",
    "parolă",
    "parolĂ",
    "hasło",
    "hasŁo",
    "haslo",
    "heslo",
    "lozinka",
    "senord",
    "adgangskode",
    "kodeord",
    "salasana",
    "jelsz",
    "şifre",
    "Şifre",
    "sifre",
    "ŞİFRE",
    "парол",
    "Парол",
    "ПАРОЛ",
    "κωδικ",
    "Κωδικ",
    "ΚΩΔΙΚ",
    "كلمة المرور",
    "كلمة مرور",
    "كلمة السر",
    "كلمة سر",
    "סיסמ",
    "mật khẩu",
    "MẬT KHẨU",
    "kata sandi",
    "kata laluan",
    "รหัสผ่าน",
    "密码",
    "密碼",
    "口令",
    "パスワード",
    "비밀번호",
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "generic_password",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(WORDS),
        pattern: concat!(
            r"(?i)(?:pass(?:word|wd|phrase|code|wort|ord(?:et)?)|(?-u:\b|_)(?:pass|pwd)|(?-i:Pass|Pwd)|",
            foreign!(),
            r#")(?:[_-]?(?:\d{1,2}|prod|production|dev|test|staging|live|value|new|old|root|admin))?\\?["'`]?\]?\*{0,2}"#,
            r#"[ \t\x{A0}\x{202F}]{0,8}(?:=>|:=|={1,3}|:|：|->|>)\*{0,2}[ \t\x{A0}\x{202F}]{0,8}"#,
            r#"(?:(?:String::from)?\(?[brfu]?\\?["'`])?(?P<hit>[^\s"'`<>]{5,}[^\s"'`<>,;.\\])"#
        ),
        validate: Some(password),
        matches: &[
            "DB_PASSWORD=k4Wz81-bQm",
            r#"{"user": "alder", "password": "9Xq2-tTvLm7z"}"#,
            "password: Hk3!nczSgb",
            "<password>9Xq2tTvLm7z</password>",
            r#"spring.datasource.password=w(8k#t2)vz!x"#,
            "password = 'models.k4Wz81bQm'",
            "password=cfg.k4Wz81bQm9Xq2",
            "Password: TempPassword1",
            "User: bob\nPass: Summer2024",
            "PASS=Summer2024",
            "Pass: Kemu18gxLd8",
            "**Password:** Kemu!18gxLd8",
            "Passwort: Kemu!18gxLd8",
            "Kennwort: Kemu!18gxLd8",
            "Mot de passe\u{a0}: Kemu!18gxLd8",
            "MDP: Kemu!18gxLd8",
            "Wachtwoord: Kemu!18gxLd8",
            "HASŁO: Kemu!18gxLd8",
            "Şifre: Kemu!18gxLd8",
            "ŞİFRE: Kemu!18gxLd8",
            "heslo: Kemu!18gxLd8",
            "Lösenord: Kemu!18gxLd8",
            "Adgangskode: Kemu!18gxLd8",
            "Passord: Kemu!18gxLd8",
            "salasana: Kemu!18gxLd8",
            "Jelszó: Kemu!18gxLd8",
            "Κωδικός: Kemu!18gxLd8",
            "ΚΩΔΙΚΟΣ ΠΡΌΣΒΑΣΗΣ: Kemu18gx",
            "كلمة المرور: Kemu!18gxLd8",
            "סיסמה: Kemu!18gxLd8",
            "Mật khẩu: Kemu!18gxLd8",
            "Kata sandi: Kemu!18gxLd8",
            "รหัสผ่าน: Kemu!18gxLd8",
            "Parolă: Kemu!18gxLd8",
            "Contraseña: Kemu!18gxLd8",
            "minhaSenha: Kemu!18gxLd8",
            "密码：Kemu!18gxLd8",
            "비밀번호: Kemu!18gxLd8",
        ],
        misses: &[
            "password=********",
            "DB_PASSWORD=<password>",
            r#"password = os.environ["DB_PASSWORD"]"#,
            "password: vault.read(\"secret/data/db\").password",
            "passwords: at least 8 characters",
            "const password = getPassword2(user1)",
            "password: changeme",
            "pub const LOCALBYPASS: bindgen_ty_24 = 3;",
            "\"password\": \"Enter your password\"",
            "password = models.CharField(max_length=128)",
            "password: str = Field(min_length=8)",
            "password = var.db_password_v2",
            "password => config::db2->password1,",
            "password = $request->password2",
            "PASSWORD=\"$db_password_1\"",
            "assert password == expected_password_1",
            "if (password === newPassword2)",
            "let salted_password = types::CompactBytes.decode(buf)?;",
            "--- PASS: TestParseV2 (0.00s)",
            "--- PASS: TestUser1 (0.00s)\n--- PASS: TestLogin2 (0.00s)",
            "PASS: gcc.dg/pr90109.c (test for excess errors)",
            "PWD=/srv/app/v2/current",
            "PWD=/workspace1",
            r"PWD=C:\srv\app2",
            "password: Passw0rd!",
            "password: $y$j9T$t4Yk81bQmZ0sLr7NvDp2$GhJc6UeA5WfXo9Ri3TqBw8Nx1KzVm4CyHs6PgEd0JuF",
            "bob_password: $apr1$t4Yk81bQ$mZ0sLr7NvDp2GhJc6UeA5W",
            "password: scrypt:32768:8:1$t4Yk81bQmZ0s$5f0c9be1d27a48e3b6c10f9ad2e87b43",
            "password: SCRAM-SHA-256$4096:t4Yk81bQmZ0s$5f0c9be1d27a48e3",
            "userPassword: {SHA}t4Yk81bQmZ0sLr7NvDp2GhJc6Ue=",
            "password: {bcrypt}$2a$10$t4Yk81bQmZ0sLr7NvDp2Gh",
            "PASSWORD='*5F0C9BE1D27A48E3B6C10F9AD2E87B43E61A7C05'",
            "Ihr Passwort ist abgelaufen",
            "Das Kennwort: mindestens 12 Zeichen",
            "Passwort: 12-stellig",
            "Le mot de passe : 12 caractères",
            "Κωδικός: AB1234",
            "Hasło: minimum 8 znaków",
            "Resenha: capítulo12",
            "password: Uint8Array = new Uint8Array(32)",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_password_pw",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        // "pw" alone would wake it inside every long string.
        wake: Wake::Keywords(&[
            "_pw", "pw=", "pw:", "pw ", "pw\"", "pw'", "pw`", "pw]", "pw_", "pw-", "pw\\", "pw\t", "pw：",
        ]),
        pattern: r#"(?:(?-u:\b|_)(?i:pw)|[a-z]Pw)(?i:[_-](?:\d{1,2}|prod|production|dev|test|staging|live|value|new|old|root|admin))?\\?["'`]?\]?[ \t]{0,8}(?:=>|:=|={1,3}|:|：|->)[ \t]{0,8}(?:\(?[brfu]?\\?["'`])?(?P<hit>[^\s"'`<>]{5,}[^\s"'`<>,;.\\])"#,
        validate: Some(short_password),
        matches: &[
            "DB_PW=Kemu!18gxLd8",
            "user: bob, pw: hunter22",
            r#"{"pw": "Kemu!18gxLd8"}"#,
            "const dbPw = 'k4Wz81bQm';",
            "SMTP_PW_PROD=k4Wz81-bQm",
        ],
        misses: &[
            "pw = page_width2",
            "pw = width2",
            "evaluated_pw = piecewise_fold(Add(*pieces2)).eval(x, a, b)",
            "pw=self.width2",
            "DB_PW=${DB_PW}",
            "DB_PW=changeme",
            "pw: 1200.50",
            "pw: float64 = 1.0",
            "newPw == oldPw2",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_password_prose",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(&["pass", "pwd"]),
        pattern: r#"(?i)(?-u:\b)(?:pass(?:word|wd|phrase|code)?|pwd)(?: for [A-Za-z0-9 ._-]{1,40}?)?\s(?:is|was|to|set to|changed to)(?: now| still)?:?\s{1,3}["'`]?(?P<hit>[^\s"'`<>]{5,}[^\s"'`<>,;.?\\])"#,
        validate: Some(spoken_password),
        matches: &["The password is 9Xq2-tTvLm7z, use it.", "My password for the server was `k4Wz81bQm`."],
        misses: &[
            "The password is case-sensitive",
            "a password is 8-16 characters long",
            "the password is stored in Vault",
            "the password is base64-encoded",
            "The password is SHA-256 hashed",
            "a password is 12-character long",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_password_prose_foreign",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(WORDS),
        // A word for "is", and what it is in ASCII: some of these scripts put no space behind it.
        pattern: concat!(
            r"(?i)(?:passwort|passord(?:et)?|",
            foreign!(),
            r#")(?: (?:für|para|pour|voor|per|för|til|pentru|do|dla|k) [^\n"'<>:=]{1,40}?)?"#,
            "(?:[ \\x{A0}](?:ist|lautet|war|es|era|est|é|è|is|är|er|on|to|je|este|είναι|adalah|là|هي|هو|היא|הוא|это|—|–)|",
            "は|是|为|為|는|은|คือ)[:：]?[ \\x{A0}]{0,3}",
            r#"["'`„“”«»「『]{0,2}[ \x{A0}\x{202F}]?(?P<hit>[!#-&(-;=?-_a-~]{5,63}[!#-&(-+/-:=@-\[\]-_a-~-])"#
        ),
        validate: Some(spoken_password),
        matches: &[
            "Das Passwort ist Kemu!18gxLd8.",
            "Passwort für den Server lautet: „Kemu!18gxLd8“",
            "la contraseña es Kemu!18gxLd8",
            "Le mot de passe est « Kemu!18gxLd8 ».",
            "A senha é Kemu!18gxLd8, ok?",
            "Het wachtwoord is Kemu!18gxLd8",
            "Hasło to Kemu!18gxLd8",
            "密码是Kemu!18gxLd8，谢谢",
            "パスワードはKemu!18gxLd8です",
            "비밀번호는 Kemu!18gxLd8 입니다",
            "Пароль — Kemu!18gxLd8",
            "mật khẩu là Kemu!18gxLd8",
        ],
        misses: &[
            "Das Passwort ist 12-stellig",
            "Mein Passwort ist abgelaufen, was nun?",
            "La contraseña es obligatoria",
            "Le mot de passe est SHA256-haché",
            "A senha é a mesma de 2024",
            "密码是什么？",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_password_option",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(&[
            "-pass",
            "sshpass",
            "identified ",
            "password '",
            "password \"",
            "login ",
            "--user",
            "curl",
        ]),
        pattern: r#"(?i)(?:(?:^|\s)--?pass(?:word|wd|phrase|code)?[ =]|sshpass -p ?|identified (?:with [a-z0-9_]{1,40} )?by |(?-u:\b)password (?:'|")|login \S+\s+password |(?:--user|curl (?:[ -{}~]{0,120} )?-u)[ =]["']?[^\s:"']+:)["']?(?P<hit>[^\s"'`<>]{5,}[^\s"'`<>,;\\)])"#,
        validate: Some(password),
        matches: &[
            "mysql --password=9Xq2-tTvLm7z shop",
            "CREATE USER alder IDENTIFIED BY '9Xq2tTvLm7z';",
            "machine api.alder.dev login bob password k4Wz81-bQm",
            "curl -s -u alder:k4Wz81-bQm https://api.alder.dev",
        ],
        misses: &[
            "mysql --password=$MYSQL_PASSWORD shop",
            "IDENTIFIED BY 'password'",
            "curl -u user:password https://api.alder.dev",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_password_near",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(WORDS),
        // A table's next cell, the next argument, the "value" or "default" that follows a name, Docker's ENV.
        pattern: concat!(
            r"(?i)(?:pass(?:word|wd|phrase|wort|ord)|(?-u:\b|_)(?:pass|pwd)|",
            foreign!(),
            r#")(?:["'`]?[ \t]{0,8}[|,][ \t]{0,8}["'`]?|["'`]?[,\s{]{1,12}["']?(?:value|default)["']?\s{0,4}[:=]\s{0,4}["']?|[ \t]{1,4}["'`])"#,
            r#"(?P<hit>[^\s"'`<>|]{5,}[^\s"'`<>|,;.\\)])"#
        ),
        validate: Some(near_password),
        matches: &[
            "| admin password | 9Xq2-tTvLm7z |",
            "| Kennwort | 9Xq2-tTvLm7z |",
            "define('DB_PASSWORD', 'k4Wz81-bQm');",
            "- name: DB_PASSWORD\n  value: \"9Xq2tTvLm7z\"",
        ],
        misses: &[
            "| password | string |",
            "(user, password, options2)",
            "run(code='pass', exitcode=0)",
            "'crc-16-buypass', 'Crc16Buypass'",
            "password 'must have 8 characters'",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_password_after",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(WORDS),
        // On the next line, behind a dash or an arrow, or right behind the word where a user was named.
        pattern: concat!(
            r"(?i)(?:(?:pass(?:word|wd|phrase|code|wort|ord)|(?-u:\b|_)(?:pass|pwd)|",
            foreign!(),
            r#")["'`*]{0,2}(?:[ \t]{0,4}[:：]["'`*]{0,2}[ \t]{0,4}\r?\n[ \t>*-]{0,8}|[ \t]{1,4}(?:--?|–|—|→|➜)[ \t]{1,4})"#,
            r"|(?-u:\b)(?:user(?:name)?|login|account|e-?mail)[ \t]{0,2}[:=][ \t]{0,3}[^\s,;|]{1,64}[\s,;/|]{1,4}(?:and[ \t])?",
            r#"(?:pass(?:word)?|pwd)[ \t]{1,3})["'`]?(?P<hit>[^\s"'`<>|]{5,}[^\s"'`<>|,;.*\\)])"#
        ),
        validate: Some(loose_password),
        matches: &[
            "Password:\nKemu!18gxLd8",
            "**Kennwort:**\n- Kemu!18gxLd8",
            "Password - Kemu!18gxLd8",
            "pwd → k4Wz81bQm",
            "user: bob pass Kemu!18gxLd8",
            "login: bob@alder.dev, password k4Wz81bQm",
        ],
        misses: &[
            "Forgot your password:\nContact support2@alder.dev",
            "password:\nroot@web1:~# ls",
            "password:\n  min_length=8",
            "password:\n  secretKeyRef:\n    name: db2",
            "Reset password - OAuth2-based",
            "password - 8-16 characters",
            "user: bob password h2-database",
            "Password:\nStep2: click on the link",
        ],
        ..SECRET
    },
];

pub(super) fn password(candidate: &Candidate<'_>) -> Option<f32> {
    let value = judged(candidate);
    // `<password>@host`: the tag was a placeholder.
    let behind_placeholder = value.starts_with('@') && candidate.before(1) == ">";
    let stored = is_reference(value) || is_hash(value) || is_directory(candidate, value);
    let computed = is_code(value.trim_end_matches('?')) || is_expression(candidate, value);
    let told = is_verdict(candidate, value) || is_length(value);
    if behind_placeholder || is_placeholder_password(value) || stored || computed || told {
        return None;
    }
    let has = |class: fn(&u8) -> bool| value.bytes().any(|byte| class(&byte));
    let symbol = has(|byte| b"!@#$%^&*+=?~".contains(byte));
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let digit = has(u8::is_ascii_digit);
    let letter = has(u8::is_ascii_alphabetic);
    let dates_and_numbers = value.bytes().all(|byte| byte.is_ascii_digit() || b"-/.:,%".contains(&byte));
    // In Greek it is any code, of goods as well.
    let any_code = || name(candidate).to_lowercase().starts_with("κωδικ");
    match () {
        () if dates_and_numbers => None,
        () if looks_random(value) => Some(0.85),
        () if letter && digit && (symbol || !any_code()) => Some(0.7),
        () if mixed && symbol && value.len() >= 8 => Some(0.6),
        () => None,
    }
}

/// Of code a name or a number is not enough: "pw" is a width and a power as well.
fn short_password(candidate: &Candidate<'_>) -> Option<f32> {
    let value = judged(candidate);
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.()".contains(&byte));
    let assigned = candidate.before(2) == "= ";
    let call = assigned && value.split_once('(').is_some_and(|(head, _)| head.len() >= 3 && is_name(head));
    let other = plain && (assigned || value.contains(['_', '.'])) && !looks_random(value);
    if call || other { None } else { password(candidate) }
}

/// In a sentence the next word may be anything: it has to mix letters and digits or symbols.
fn spoken_password(candidate: &Candidate<'_>) -> Option<f32> {
    let value = candidate.hit();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let words = value.contains('-') && value.len() - digits > 12;
    let chosen = digits > 0 && !words && !is_property(value);
    (chosen || looks_random(value)).then(|| password(candidate)).flatten().map(|score| score.min(0.7))
}

/// Without an assignment letters and digits do not suffice: `(user, password, base64)`.
fn near_password(candidate: &Candidate<'_>) -> Option<f32> {
    let value = candidate.hit();
    let symbol =
        value.bytes().any(|byte| b"!@#$%^&*+=?~-".contains(&byte)) && value.bytes().any(|byte| byte.is_ascii_digit());
    (symbol || looks_random(value)).then(|| password(candidate)).flatten().map(|score| score.min(0.6))
}

/// Where any word may follow, letters and digits have to come with a sign that no word is written with.
fn loose_password(candidate: &Candidate<'_>) -> Option<f32> {
    let value = candidate.hit();
    let has = |class: fn(&u8) -> bool| value.bytes().any(|byte| class(&byte));
    let symbol = has(|byte| b"!@#$%^&*".contains(byte)) && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    // An e-mail address, or the prompt of a shell.
    let place = value.split_once('@').is_some_and(|(user, host)| is_name(user) && host.contains(['.', ':']));
    let chosen = !place && (symbol || looks_random(value));
    chosen.then(|| password(candidate)).flatten().map(|score| score.min(0.6))
}
