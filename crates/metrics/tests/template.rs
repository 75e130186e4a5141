//! The stack's table and saved queries are the code's: `metrics.yaml` repeats them, since a template reads no code.

use std::fmt::Write as _;
use std::path::Path;

use copperbell_metrics::{COLUMNS, Kind, named_queries};

const TEMPLATE: &str = include_str!("../../../metrics.yaml");

/// Around each part of the template that the code writes.
const FROM: &str = "# Written by the code: crates/metrics/tests/template.rs\n";
const TO: &str = "# Written until here.\n";

fn columns() -> String {
    COLUMNS.iter().fold(String::new(), |mut text, column| {
        let kind = match column.kind {
            Kind::Integer => "bigint",
            Kind::Text => "string",
        };
        writeln!(text, "            - {{ Name: {}, Type: {kind} }}", column.name).unwrap();
        text
    })
}

fn queries() -> String {
    named_queries().iter().fold(String::new(), |mut text, (name, sql)| {
        let logical_id: String = name.split('_').map(capitalized).collect();
        writeln!(
            text,
            "  {logical_id}Query:\n    Type: AWS::Athena::NamedQuery\n    Properties:\n      Name: {name}\n      \
             WorkGroup: !Ref Workgroup\n      Database: !Ref Database\n      QueryString: |-"
        )
        .unwrap();
        for line in sql.lines() {
            let indent = if line.is_empty() { "" } else { "        " };
            writeln!(text, "{indent}{line}").unwrap();
        }
        text
    })
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

#[test]
fn the_stack_has_the_columns_and_the_queries_of_the_code() {
    let parts: Vec<_> = TEMPLATE.split(FROM).collect();
    let [before, columns_on, queries_on] = parts[..] else {
        panic!("metrics.yaml has {} parts that the code writes", parts.len() - 1);
    };
    // The indent of the second mark is the first one's.
    let after = |part: &'static str, indent: &str| {
        let (_, after) = part.split_once(&format!("{indent}{TO}")).unwrap();
        format!("{indent}{TO}{after}")
    };
    let expected = [
        before.to_owned(),
        FROM.to_owned(),
        columns(),
        after(columns_on, "            "),
        FROM.to_owned(),
        queries(),
        after(queries_on, "  "),
    ]
    .concat();
    let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join("metrics.yaml");
    std::fs::write(&written, &expected).unwrap();
    let advice = format!(
        "metrics.yaml is not what the code says; run: cp {} metrics.yaml",
        written.display()
    );
    assert!(TEMPLATE == expected, "{advice}");
}
