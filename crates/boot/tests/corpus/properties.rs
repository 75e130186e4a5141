//! What holds whatever is in the secrets document. The fuzz target tries the same on inputs of its own.

use std::collections::BTreeSet;

use boot::Secrets;
use serde_json::Value;

/// What is put into each secret, and must never be seen.
const MARK: &str = "HUSH";

/// What is in a channel of the document and no secret.
const PUBLIC: [&str; 6] = ["name", "events", "projects", "repositories", "authors", "labels"];

/// A document is good or told what is wrong with it in one line, which has nothing of a secret.
pub(crate) fn secrets(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let read = Secrets::parse(&text);
    let Ok(document) = serde_json::from_str::<Value>(&text) else {
        assert_one_line(&read.unwrap_err().to_string());
        return;
    };
    match &read {
        Ok(read) => {
            let names: BTreeSet<_> = read.bells.iter().map(|(channel, _)| &channel.name).collect();
            assert!((1..=40).contains(&names.len()) && names.len() == read.bells.len());
            let again = Secrets::parse(&document.to_string()).unwrap();
            assert!(
                again
                    .bells
                    .iter()
                    .zip(&read.bells)
                    .all(|(again, read)| again.1 == read.1)
            );
            assert_eq!(again.webhook.len(), read.webhook.len());
        }
        Err(error) => assert_one_line(&error.to_string()),
    }

    let mut names = String::new();
    for place in [0, 1, 2] {
        names.clear();
        let mut marked = document.clone();
        mark(&mut marked, place, 0, &mut names);
        if names.contains(MARK) {
            return;
        }
        let said = match Secrets::parse(&marked.to_string()) {
            Ok(secrets) => format!("{secrets:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!said.contains(MARK), "{said}");
    }
}

fn assert_one_line(said: &str) {
    assert!(
        said.starts_with("SECRETS: ") && !said.contains(char::is_control),
        "{said:?}"
    );
}

/// Puts the mark into every text that is a secret or where one should be: before it, in its middle or behind it. What
/// is none goes to `names`.
fn mark(value: &mut Value, place: usize, depth: usize, names: &mut String) {
    match value {
        Value::String(text) => {
            let middle = text.floor_char_boundary(text.len() / 2);
            text.insert_str([0, middle, text.len()][place], MARK);
        }
        // A channel as a list of its fields in their order, which serde reads as well: one of them is its name.
        Value::Array(_) if depth == 2 => names.push_str(&value.to_string()),
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, place, depth + 1, names)),
        Value::Object(fields) => {
            for (name, field) in fields {
                names.push_str(name);
                // The document, its list, and in that a channel.
                if depth == 2 && PUBLIC.contains(&&**name) {
                    names.push_str(&field.to_string());
                } else {
                    mark(field, place, depth + 1, names);
                }
            }
        }
        _ => (),
    }
}
