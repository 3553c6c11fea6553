// The main job, straightforwardly: csv -> serde_json and jsonschema -> csv -> gzip (zlib-ng level 2), from any reader to any writer.
use flate2::{write::GzEncoder, Compression};
use jsonschema::Validator;
use serde_json::{Map, Value};
use std::{error::Error, io::Read, io::Write};

// What a cell is, by its column's type: text, a number, a boolean, or JSON.
enum Kind {
    Text,
    Json,
}

fn kinds(schema: &Value, header: &csv::ByteRecord) -> Vec<Kind> {
    header
        .iter()
        .map(|name| {
            let name = std::str::from_utf8(name).unwrap_or("");
            let mut property = &schema["properties"][name];
            if let Some(to) = property["$ref"].as_str() {
                property = schema.pointer(&to[1..]).unwrap_or(&Value::Null);
            }
            match property["type"].as_str() {
                Some("string") | None => Kind::Text,
                _ => Kind::Json,
            }
        })
        .collect()
}

/// Rows, and how many of them are invalid.
pub fn validate(input: impl Read, output: impl Write, schema: &str) -> Result<(u64, u64), Box<dyn Error>> {
    let schema: Value = serde_json::from_str(schema)?;
    let validator: Validator = jsonschema::options().should_validate_formats(true).build(&schema)?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(input);
    let gzip = GzEncoder::new(output, Compression::new(2));
    let mut writer = csv::WriterBuilder::new().flexible(true).buffer_capacity(1 << 16).from_writer(gzip);

    let mut header = reader.byte_headers()?.clone();
    let columns = header.len();
    let kinds = kinds(&schema, &header);
    let names: Vec<String> = header.iter().map(|n| String::from_utf8_lossy(n).into_owned()).collect();
    header.push_field(b"valid");
    header.push_field(b"errors");
    writer.write_byte_record(&header)?;

    let mut row = csv::ByteRecord::new();
    let (mut rows, mut invalid) = (0u64, 0u64);
    while reader.read_byte_record(&mut row)? {
        let mut object = Map::with_capacity(columns);
        let mut errors = String::new();
        for (i, cell) in row.iter().enumerate().take(columns) {
            if cell.is_empty() {
                continue;
            }
            let value = match kinds[i] {
                Kind::Text => match std::str::from_utf8(cell) {
                    Ok(text) => Value::String(text.to_owned()),
                    Err(_) => {
                        errors.push_str(&format!("{}: not UTF-8; ", names[i]));
                        continue;
                    }
                },
                Kind::Json => match serde_json::from_slice(cell) {
                    Ok(value) => value,
                    Err(_) => {
                        errors.push_str(&format!("{}: not JSON; ", names[i]));
                        continue;
                    }
                },
            };
            object.insert(names[i].clone(), value);
        }
        if row.len() != columns {
            errors.push_str(&format!("row: {} fields, the header has {}; ", row.len(), columns));
        }
        let object = Value::Object(object);
        if !validator.is_valid(&object) {
            for e in validator.iter_errors(&object) {
                errors.push_str(&format!("{}: {}; ", e.instance_path, e));
            }
        }
        rows += 1;
        invalid += !errors.is_empty() as u64;
        let errors = errors.trim_end_matches("; ");
        row.truncate(columns);
        row.push_field(if errors.is_empty() { b"true" } else { b"false" });
        row.push_field(errors.as_bytes());
        writer.write_byte_record(&row)?;
    }
    writer.into_inner().map_err(|e| e.to_string())?.finish()?.flush()?;
    Ok((rows, invalid))
}
