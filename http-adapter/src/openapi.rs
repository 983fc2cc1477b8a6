//! `GET /openapi.json`: every route of this program (OpenAPI 3.1).
//!
//! Paths and the gateways' bodies are written by hand in `openapi/paths.json`; the messages of the generic routes are
//! read from the descriptors, with their comments.

use std::{collections::HashMap, sync::LazyLock};

use axum::response::Response;
use http::StatusCode;
use portcullis_api::error::{ApiError, ErrorCode};
use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::{error::Failure, generic, reply};

const PATHS: &str = include_str!("openapi/paths.json");
const MESSAGES: [&str; 4] = ["CheckRequest", "CheckResponse", "IngestRequest", "IngestResponse"];

static DOCUMENT: LazyLock<Result<String, ApiError>> = LazyLock::new(|| document().map(|document| document.to_string()));

pub(crate) async fn get() -> Result<Response, Failure> {
    let document = DOCUMENT.as_ref().map_err(Clone::clone)?;
    Ok(reply::bytes(StatusCode::OK, document.as_str()))
}

fn document() -> Result<Value, ApiError> {
    let broken = |_| ApiError::new(ErrorCode::Internal, "the document cannot be read");
    let mut document: Value = serde_json::from_str(PATHS).map_err(broken)?;
    document["info"]["version"] = json!(env!("CARGO_PKG_VERSION"));
    let pool = generic::messages()?;
    let mut schemas = Schemas { comments: comments(pool), done: Map::new() };
    for name in MESSAGES {
        if let Some(message) = pool.get_message_by_name(&format!("portcullis.v1.{name}")) {
            schemas.message(&message);
        }
    }
    for (name, schema) in schemas.done {
        document["components"]["schemas"][name] = schema;
    }
    Ok(document)
}

/// What stands above each message, field and enumeration, by file and position in it.
type Comments = HashMap<(String, Vec<i32>), String>;

fn comments(pool: &DescriptorPool) -> Comments {
    let mut comments = Comments::new();
    for file in pool.files().filter(|file| file.package_name() == "portcullis.v1") {
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
    done: Map<String, Value>,
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

#[cfg(test)]
mod tests;
