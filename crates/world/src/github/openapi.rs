//! Holds requests and answers against GitHub's own description of its API:
//! <https://github.com/github/rest-api-description>.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::thread;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::GitHub;
use super::answer::{Answer, Call};
use crate::server::lock;

/// Cut down to what the stand-in serves and its neighbours.
const DESCRIPTIONS: [&str; 2] = [
    include_str!("../../data/github/webhook-deliveries.openapi.json"),
    include_str!("../../data/github/issue-history.openapi.json"),
];

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(operations);

/// A request that GitHub describes.
struct Operation {
    method: String,
    /// `["repos", "{owner}", …]`
    path: Vec<String>,
    in_path: HashMap<String, Arc<Validator>>,
    in_query: HashMap<String, Arc<Validator>>,
    /// Without one, nothing may be sent.
    body: Option<Arc<Validator>>,
    answers: HashMap<u16, Described>,
}

/// An answer that GitHub describes.
#[derive(Default)]
struct Described {
    /// Without one, nothing may be answered.
    body: Option<Arc<Validator>>,
    headers: HashMap<String, Arc<Validator>>,
}

impl Drop for GitHub {
    /// Fails the test whose requests were none that GitHub describes.
    fn drop(&mut self) {
        let violations = std::mem::take(&mut lock(&self.shared.site).violations);
        if !thread::panicking() {
            assert!(
                violations.is_empty(),
                "GitHub describes its API otherwise: {violations:#?}"
            );
        }
    }
}

/// What is not as described.
pub(super) fn violations(call: &Call, answer: &Answer) -> Vec<String> {
    let mut wrong = Vec::new();
    let segments: Vec<&str> = call.path.split('/').skip(1).collect();
    let operation = OPERATIONS
        .iter()
        .find(|operation| operation.is(&call.method, &segments));
    match operation {
        None => wrong.push("there is no such operation".to_owned()),
        Some(operation) => {
            operation.check_request(call, &segments, &mut wrong);
            operation.check_answer(answer, &mut wrong);
        }
    }
    let request = format!(
        "{} {} {:?}, answered {}",
        call.method, call.path, call.query, answer.status
    );
    wrong.iter().map(|wrong| format!("{request}: {wrong}")).collect()
}

impl Operation {
    fn is(&self, method: &str, segments: &[&str]) -> bool {
        let fits = |(ours, theirs): (&String, &&str)| ours.starts_with('{') || ours == theirs;
        self.method == method && self.path.len() == segments.len() && self.path.iter().zip(segments).all(fits)
    }

    fn check_request(&self, call: &Call, segments: &[&str], wrong: &mut Vec<String>) {
        for (name, value) in self.path.iter().zip(segments) {
            let name = name.trim_matches(['{', '}']);
            if let Some(validator) = self.in_path.get(name) {
                check_text(name, validator, value, wrong);
            }
        }
        for (name, value) in &call.query {
            match self.in_query.get(name) {
                None => wrong.push(format!("there is no parameter {name}")),
                Some(validator) => check_text(name, validator, value, wrong),
            }
        }
        match (&self.body, &call.body[..]) {
            (_, []) => {}
            (None, _) => wrong.push("no body is expected".to_owned()),
            (Some(validator), body) => match serde_json::from_slice(body) {
                Err(error) => wrong.push(format!("body: {error}")),
                Ok(body) => check("body", validator, &body, wrong),
            },
        }
    }

    fn check_answer(&self, answer: &Answer, wrong: &mut Vec<String>) {
        let Some(described) = self.answers.get(&answer.status) else {
            wrong.push("there is no such answer".to_owned());
            return;
        };
        match (&described.body, &answer.body) {
            (None, None) => {}
            (Some(validator), Some(body)) => check("answer", validator, body, wrong),
            (expected, _) => wrong.push(format!("is a body expected in the answer? {}", expected.is_some())),
        }
        for (name, validator) in &described.headers {
            let mut given = answer.headers.iter();
            match given.find(|(given, _)| given.eq_ignore_ascii_case(name)) {
                // A list of one page has no other page to point to.
                None if name == "Link" => {}
                None => wrong.push(format!("the answer lacks the header {name}")),
                Some((_, value)) => check_text(name, validator, value, wrong),
            }
        }
    }
}

fn check(what: &str, validator: &Validator, value: &Value, wrong: &mut Vec<String>) {
    for error in validator.iter_errors(value) {
        wrong.push(format!("{what}{}: {error}", error.instance_path()));
    }
}

/// Checks a text from a path, a query or a header, where a number is a text too.
fn check_text(what: &str, validator: &Validator, text: &str, wrong: &mut Vec<String>) {
    let number = text.parse::<i64>().ok().map(Value::from);
    if !number.is_some_and(|number| validator.is_valid(&number)) {
        check(what, validator, &json!(text), wrong);
    }
}

fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for description in DESCRIPTIONS {
        let mut description: Value = serde_json::from_str(description).expect("the description is JSON");
        let paths = description["paths"].take();
        let mut compiler = Compiler::new(description);
        for (path, methods) in members(&paths) {
            for (method, operation) in members(methods) {
                operations.push(compiler.operation(path, method, operation));
            }
        }
    }
    operations
}

/// Makes validators of the description's schemas, each once.
struct Compiler {
    description: Value,
    /// All schemas that others refer to, as JSON Schema.
    schemas: Value,
    compiled: HashMap<String, Arc<Validator>>,
}

impl Compiler {
    fn new(description: Value) -> Self {
        let mut schemas = description["components"]["schemas"].clone();
        to_json_schema(&mut schemas);
        Self {
            description,
            schemas,
            compiled: HashMap::new(),
        }
    }

    fn operation(&mut self, path: &str, method: &str, operation: &Value) -> Operation {
        let mut in_path = HashMap::new();
        let mut in_query = HashMap::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = self.resolve(parameter);
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            let place = if parameter["in"] == "path" {
                &mut in_path
            } else {
                &mut in_query
            };
            place.insert(name, self.validator(&parameter["schema"]));
        }
        let mut answers = HashMap::new();
        for (status, answer) in members(&operation["responses"]) {
            let answer = self.resolve(answer);
            let body = answer.pointer(JSON).map(|schema| self.validator(schema));
            let mut headers = HashMap::new();
            for (name, header) in members(&answer["headers"]) {
                let header = self.resolve(header);
                headers.insert(name.clone(), self.validator(&header["schema"]));
            }
            answers.insert(status.parse().unwrap_or_default(), Described { body, headers });
        }
        // Every operation refuses in these ways too, whether or not its own description says so:
        // <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>.
        for status in [401, 403, 404] {
            let error = json!({"$ref": "#/components/schemas/basic-error"});
            answers.entry(status).or_insert_with(|| Described {
                body: Some(self.validator(&error)),
                headers: HashMap::new(),
            });
        }
        let body = operation["requestBody"].pointer(JSON);
        Operation {
            method: method.to_ascii_uppercase(),
            path: path.split('/').skip(1).map(str::to_owned).collect(),
            in_path,
            in_query,
            body: body.map(|schema| self.validator(schema)),
            answers,
        }
    }

    fn resolve(&self, value: &Value) -> Value {
        let reference = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        let found = reference.and_then(|pointer| self.description.pointer(pointer));
        found.unwrap_or(value).clone()
    }

    fn validator(&mut self, schema: &Value) -> Arc<Validator> {
        let schemas = &self.schemas;
        let compiled = self.compiled.entry(schema.to_string()).or_insert_with(|| {
            let mut schema = schema.clone();
            to_json_schema(&mut schema);
            let schema = json!({"allOf": [schema], "components": {"schemas": schemas}});
            let options = jsonschema::options().should_validate_formats(true);
            Arc::new(options.build(&schema).expect("the description's schemas are such"))
        });
        Arc::clone(compiled)
    }
}

/// Where a request or an answer has the schema of its body.
const JSON: &str = "/content/application~1json/schema";

fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

/// `OpenAPI` 3.0 says `nullable` where JSON Schema has a type `null`.
fn to_json_schema(schema: &mut Value) {
    match schema {
        Value::Array(schemas) => schemas.iter_mut().for_each(to_json_schema),
        Value::Object(schema) => {
            if schema.get("nullable") == Some(&json!(true)) {
                if let Some(kind) = schema.get_mut("type") {
                    *kind = json!([kind, "null"]);
                }
                if let Some(Value::Array(values)) = schema.get_mut("enum") {
                    values.push(Value::Null);
                }
                for choices in ["anyOf", "oneOf"] {
                    if let Some(Value::Array(choices)) = schema.get_mut(choices) {
                        choices.push(json!({"type": "null"}));
                    }
                }
            }
            schema.values_mut().for_each(to_json_schema);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::{get, post, start};
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "there is no parameter since")]
    async fn a_test_that_asks_for_what_github_does_not_describe_fails() {
        let (github, _) = start().await;
        get(&github, "/repos/acme/demo/hooks/7/deliveries?since=2026-11-01").await;
    }

    #[tokio::test]
    async fn requests_and_answers_are_held_against_the_description() {
        let (github, _) = start().await;
        for (path, violation) in [
            ("/repos/acme/demo/hooks", "there is no such operation"),
            ("/repos/acme/demo/hooks/x", "hook_id: \"x\" is not of type \"integer\""),
            (
                "/repos/acme/2048/hooks/7/deliveries?status=OK",
                "status: \"OK\" is not one of \"success\" or \"failure\"",
            ),
        ] {
            get(&github, path).await;
            let violations = std::mem::take(&mut lock(&github.shared.site).violations);
            assert_eq!(violations.len(), 1, "{violations:?}");
            assert!(violations[0].ends_with(violation), "{violations:?}");
        }
        post(&github, "/repos/acme/demo/hooks/7").await;
        let violations = std::mem::take(&mut lock(&github.shared.site).violations);
        assert_eq!(violations.len(), 1, "{violations:?}");

        let answer = |status, body| Answer {
            status,
            headers: Vec::new(),
            body,
        };
        let segments = ["rate_limit"];
        let operation = OPERATIONS
            .iter()
            .find(|operation| operation.is("GET", &segments))
            .unwrap();
        let mut wrong = Vec::new();
        operation.check_answer(&answer(200, Some(json!({"resources": {}}))), &mut wrong);
        operation.check_answer(&answer(202, None), &mut wrong);
        wrong.sort_unstable();
        assert_eq!(
            wrong,
            [
                "answer/resources: \"core\" is a required property",
                "answer/resources: \"search\" is a required property",
                "answer: \"rate\" is a required property",
                "the answer lacks the header X-RateLimit-Limit",
                "the answer lacks the header X-RateLimit-Remaining",
                "the answer lacks the header X-RateLimit-Reset",
                "there is no such answer",
            ]
        );
    }
}
