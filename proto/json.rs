//! The messages as proto JSON (canonical mapping), as plain JSON, and as JSON schemas; and
//! [`raw`], how other JSON is read.

mod plain;
pub mod raw;

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use prost::Message;
use prost_reflect::{
    DescriptorError, DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor,
};
use serde_json::{Map, Value, json};

pub use self::plain::{number, plain, word};
use crate::{
    error::{ApiError, ErrorCode},
    v1::DESCRIPTORS,
};

const PACKAGE: &str = "portcullis.v1";
/// A path in an error is the caller's own, and bounded like any other text that goes back.
const PATH_BYTES: usize = 128;

static POOL: LazyLock<Result<DescriptorPool, DescriptorError>> = LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS));

fn message(name: &str) -> Result<MessageDescriptor, ApiError> {
    let found = POOL.as_ref().ok().and_then(|pool| pool.get_message_by_name(&format!("{PACKAGE}.{name}")));
    found.ok_or_else(unfit)
}

fn unfit() -> ApiError {
    ApiError::new(ErrorCode::Internal, "the messages do not fit this build")
}

/// A message of this name. The error says where the text is wrong and never what it says.
pub fn read<M: Message + Default>(name: &str, text: &[u8]) -> Result<M, ApiError> {
    let descriptor = message(name)?;
    let mut json = serde_json::Deserializer::from_slice(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let read = DynamicMessage::deserialize(descriptor, tracked);
    let dynamic = read.map_err(|error| unreadable(name, &error, Some(track.path().to_string())))?;
    json.end().map_err(|error| unreadable(name, &error, None))?;
    dynamic.transcode_to().map_err(|_| ApiError::new(ErrorCode::MalformedPayload, "the body is nested too deep"))
}

fn unreadable(name: &str, error: &serde_json::Error, path: Option<String>) -> ApiError {
    let (line, column) = (error.line(), error.column());
    if !error.is_data() {
        let why = format!("the body cannot be read as JSON: line {line}, column {column}");
        return ApiError::new(ErrorCode::MalformedPayload, why);
    }
    let why = format!("the body is no {name} in proto JSON: line {line}, column {column}");
    let error = ApiError::new(ErrorCode::InvalidArgument, why);
    match path.filter(|path| path != "." && path.len() <= PATH_BYTES) {
        Some(path) => error.at(path),
        None => error,
    }
}

pub fn write<M: Message>(name: &str, found: &M) -> Result<Vec<u8>, ApiError> {
    let mut dynamic = DynamicMessage::new(message(name)?);
    dynamic.transcode_from(found).map_err(|_| unfit())?;
    serde_json::to_vec(&dynamic).map_err(|_| unfit())
}

/// JSON schemas (2020-12) of these messages and of all that they hold, by name, with their comments. They refer to each
/// other as `#/components/schemas/NAME`.
pub fn schemas(names: &[&str]) -> Result<BTreeMap<String, Value>, ApiError> {
    let pool = POOL.as_ref().map_err(|_| unfit())?;
    let mut schemas = Schemas { comments: comments(pool), done: BTreeMap::new() };
    for name in names {
        schemas.message(&message(name)?);
    }
    Ok(schemas.done)
}

/// What stands above each message, field and enumeration, by file and position in it.
type Comments = HashMap<(String, Vec<i32>), String>;

fn comments(pool: &DescriptorPool) -> Comments {
    let mut comments = Comments::new();
    for file in pool.files().filter(|file| file.package_name() == PACKAGE) {
        let source = file.file_descriptor_proto().source_code_info.clone().unwrap_or_default();
        for location in source.location {
            let lines: Vec<&str> = location.leading_comments().lines().map(str::trim).collect();
            let comment = lines.join(" ").trim().to_owned();
            comments.insert((file.name().to_owned(), location.path), comment);
        }
    }
    comments
}

struct Schemas {
    comments: Comments,
    done: BTreeMap<String, Value>,
}

impl Schemas {
    fn message(&mut self, message: &MessageDescriptor) -> Value {
        let name = message.name().to_owned();
        if !self.done.contains_key(&name) {
            // First, so that a message within itself ends.
            self.done.insert(name.clone(), Value::Null);
            let properties: Map<String, Value> =
                message.fields().map(|field| (field.json_name().to_owned(), self.field(&field))).collect();
            let schema = json!({"type": "object", "properties": properties});
            let schema = self.described(schema, message.parent_file().name(), message.path());
            self.done.insert(name.clone(), schema);
        }
        reference(&name)
    }

    fn field(&mut self, field: &FieldDescriptor) -> Value {
        let schema = if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
            let value = self.kind(&entry.map_entry_value_field().kind());
            json!({"type": "object", "additionalProperties": value})
        } else if field.is_list() {
            json!({"type": "array", "items": self.kind(&field.kind())})
        } else {
            self.kind(&field.kind())
        };
        self.described(schema, field.parent_file().name(), field.path())
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Message(message) if message.full_name() == "google.protobuf.Struct" => json!({"type": "object"}),
            Kind::Message(message) => self.message(message),
            Kind::Enum(of) => self.enumeration(of),
            Kind::Double | Kind::Float => json!({"type": "number"}),
            Kind::Bool => json!({"type": "boolean"}),
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Uint32 | Kind::Fixed32 => json!({"type": "integer", "minimum": 0, "maximum": u32::MAX}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({"type": "integer", "format": "int32"}),
            // Written as a string, since a double cannot hold them all; read as either.
            Kind::Uint64 | Kind::Fixed64 | Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({"type": ["string", "integer"], "pattern": "^-?[0-9]+$"})
            }
        }
    }

    fn enumeration(&mut self, of: &EnumDescriptor) -> Value {
        let name = of.name().to_owned();
        if !self.done.contains_key(&name) {
            let values: Vec<String> = of.values().map(|value| value.name().to_owned()).collect();
            let schema = json!({"type": "string", "enum": values});
            let schema = self.described(schema, of.parent_file().name(), of.path());
            self.done.insert(name.clone(), schema);
        }
        reference(&name)
    }

    fn described(&self, mut schema: Value, file: &str, path: &[i32]) -> Value {
        let comment = self.comments.get(&(file.to_owned(), path.to_vec()));
        if let Some(comment) = comment.filter(|comment| !comment.is_empty()) {
            schema["description"] = json!(comment);
        }
        schema
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
