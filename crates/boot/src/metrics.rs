//! Figures for CloudWatch, in a line of the log: its embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The namespace of all our figures.
const NAMESPACE: &str = "Copperbell";

/// A line of JSON that CloudWatch takes figures from: name, unit and value. They are counted by function; with a `reason`, by
/// that as well. `fields` are in the line for those who read it.
#[must_use]
pub fn metrics_line(
    function: &str,
    at: Timestamp,
    metrics: impl IntoIterator<Item = (&'static str, &'static str, f64)>,
    reason: Option<&str>,
    fields: Map<String, Value>,
) -> String {
    let mut line = fields;
    let mut declared = Vec::new();
    for (name, unit, value) in metrics {
        declared.push(json!({"Name": name, "Unit": unit}));
        line.insert(name.to_owned(), json!(value));
    }
    line.insert("FunctionName".to_owned(), json!(function));
    let mut dimensions = vec![json!(["FunctionName"])];
    if let Some(reason) = reason {
        line.insert("Reason".to_owned(), json!(reason));
        dimensions.push(json!(["FunctionName", "Reason"]));
    }
    let declaration = json!({
        "Timestamp": at.as_millisecond(),
        "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": declared}],
    });
    line.insert("_aws".to_owned(), declaration);
    Value::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_declares_its_figures_and_holds_them() {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let fields = Map::from_iter([("message".to_owned(), json!("a delivery was refused"))]);
        let metrics = [("Refused", "Count", 1.0), ("Duration", "Seconds", 0.25)];
        let line = metrics_line("bell-webhook", at, metrics, Some("forged"), fields);
        let line: Value = serde_json::from_str(&line).unwrap();
        insta::assert_json_snapshot!(line, @r#"
        {
          "Duration": 0.25,
          "FunctionName": "bell-webhook",
          "Reason": "forged",
          "Refused": 1.0,
          "_aws": {
            "CloudWatchMetrics": [
              {
                "Dimensions": [
                  [
                    "FunctionName"
                  ],
                  [
                    "FunctionName",
                    "Reason"
                  ]
                ],
                "Metrics": [
                  {
                    "Name": "Refused",
                    "Unit": "Count"
                  },
                  {
                    "Name": "Duration",
                    "Unit": "Seconds"
                  }
                ],
                "Namespace": "Copperbell"
              }
            ],
            "Timestamp": 1800000000000
          },
          "message": "a delivery was refused"
        }
        "#);
    }
}
