//! The least of DynamoDB that the functions and their peers ask for, at once: what is timed is who asks, and an engine
//! with a disk under it would hide that. Of conditions it knows `attribute_not_exists` alone; the tests have a real engine.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

type Item = Map<String, Value>;

/// The items, by `pk` and `sk`.
#[derive(Default)]
pub(crate) struct Items(BTreeMap<(String, String), Item>);

impl Items {
    /// Answers a request: status and body.
    pub(crate) fn answer(&mut self, operation: &str, asked: &Value) -> (u16, Value) {
        let answer = match operation {
            "GetItem" => match self.0.get(&key(&asked["Key"])) {
                Some(item) => json!({"Item": item}),
                None => json!({}),
            },
            "BatchGetItem" => self.batch_get(asked),
            "Query" => self.query(asked),
            "PutItem" | "DeleteItem" | "UpdateItem" => return self.one(operation, asked),
            "BatchWriteItem" => {
                for request in tables(asked).flat_map(|(_, requests)| requests.as_array().into_iter().flatten()) {
                    if let Some(put) = request.get("PutRequest") {
                        self.put(&put["Item"]);
                    }
                    if let Some(delete) = request.get("DeleteRequest") {
                        self.0.remove(&key(&delete["Key"]));
                    }
                }
                json!({"UnprocessedItems": {}})
            }
            "TransactWriteItems" => return self.transact(asked),
            _ => return (400, json!({"__type": "UnknownOperationException"})),
        };
        (200, answer)
    }

    fn batch_get(&self, asked: &Value) -> Value {
        let responses = tables(asked).map(|(table, wanted)| {
            let keys = wanted["Keys"].as_array().into_iter().flatten();
            let found: Vec<_> = keys.filter_map(|wanted| self.0.get(&key(wanted))).collect();
            (table.clone(), json!(found))
        });
        json!({"Responses": responses.collect::<Map<_, _>>(), "UnprocessedKeys": {}})
    }

    fn query(&self, asked: &Value) -> Value {
        let pk = text(&asked["ExpressionAttributeValues"][":pk"]);
        let limit = asked["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
        let from = (pk.clone(), String::new());
        let items = self.0.range(from..).take_while(|((of, _), _)| *of == pk);
        let items: Vec<_> = items.map(|(_, item)| item).take(limit.unwrap_or(1000)).collect();
        json!({"Count": items.len(), "ScannedCount": items.len(), "Items": items})
    }

    fn transact(&mut self, asked: &Value) -> (u16, Value) {
        let writes = asked["TransactItems"].as_array();
        let writes: Vec<_> = writes
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .flatten()
            .collect();
        let reasons: Vec<_> = writes
            .iter()
            .map(|(_, write)| {
                let refused = self.is_refused(write);
                json!({"Code": if refused { "ConditionalCheckFailed" } else { "None" }})
            })
            .collect();
        if reasons.iter().any(|reason| reason["Code"] != "None") {
            let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
            return (
                400,
                json!({"__type": kind, "Message": "canceled", "CancellationReasons": reasons}),
            );
        }
        for (kind, write) in writes {
            self.write(kind, write);
        }
        (200, json!({}))
    }

    fn one(&mut self, operation: &str, asked: &Value) -> (u16, Value) {
        if self.is_refused(asked) {
            let kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
            return (
                400,
                json!({"__type": kind, "message": "The conditional request failed"}),
            );
        }
        let old = self.0.get(&key(&asked["Key"])).cloned();
        self.write(operation.trim_end_matches("Item"), asked);
        let item = match asked["ReturnValues"].as_str() {
            Some("ALL_NEW") => self.0.get(&key(&asked["Key"])),
            Some("ALL_OLD") => old.as_ref(),
            _ => None,
        };
        let answer = item.map_or_else(|| json!({}), |item| json!({"Attributes": item}));
        (200, answer)
    }

    fn is_refused(&self, write: &Value) -> bool {
        let must_be_new = write["ConditionExpression"].as_str() == Some("attribute_not_exists(pk)");
        must_be_new && self.0.contains_key(&key(&write["Item"]))
    }

    fn write(&mut self, kind: &str, write: &Value) {
        match kind {
            "Put" => self.put(&write["Item"]),
            "Delete" => drop(self.0.remove(&key(&write["Key"]))),
            "Update" => self.update(write),
            _ => {}
        }
    }

    fn put(&mut self, item: &Value) {
        let fields = item.as_object().cloned().unwrap_or_default();
        self.0.insert(key(item), fields);
    }

    /// `SET a = :a, b = :b REMOVE c, d`
    fn update(&mut self, write: &Value) {
        let of = write["Key"].as_object().cloned().unwrap_or_default();
        let item = self.0.entry(key(&write["Key"])).or_insert(of);
        let expression = write["UpdateExpression"].as_str().unwrap_or_default();
        let (set, remove) = expression.split_once("REMOVE").unwrap_or((expression, ""));
        for assignment in set.trim().trim_start_matches("SET ").split(',') {
            if let Some((name, value)) = assignment.split_once('=') {
                let value = &write["ExpressionAttributeValues"][value.trim()];
                item.insert(name.trim().to_owned(), value.clone());
            }
        }
        for name in remove.split(',') {
            item.remove(name.trim());
        }
    }
}

/// Which table, and what of it.
fn tables(asked: &Value) -> impl Iterator<Item = (&String, &Value)> {
    asked["RequestItems"].as_object().into_iter().flatten()
}

fn key(of: &Value) -> (String, String) {
    (text(&of["pk"]), text(&of["sk"]))
}

fn text(attribute: &Value) -> String {
    attribute["S"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_written_changed_found_and_removed() {
        let mut items = Items::default();
        let key = json!({"pk": {"S": "outbox#team"}, "sk": {"S": "1"}});
        let mut item = key.clone();
        item["doc"] = json!({"S": "ring"});
        let put = json!({"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}});
        let transaction = json!({"TransactItems": [put]});
        assert_eq!(items.answer("TransactWriteItems", &transaction), (200, json!({})));
        assert_eq!(items.answer("TransactWriteItems", &transaction).0, 400);
        let update = json!({
            "Key": key, "UpdateExpression": "SET lease = :lease, n = :n REMOVE doc", "ReturnValues": "ALL_NEW",
            "ExpressionAttributeValues": {":lease": {"S": "ours"}, ":n": {"N": "1"}},
        });
        let changed = json!({"pk": {"S": "outbox#team"}, "sk": {"S": "1"}, "lease": {"S": "ours"}, "n": {"N": "1"}});
        assert_eq!(items.answer("UpdateItem", &update).1["Attributes"], changed);
        let query = json!({"ExpressionAttributeValues": {":pk": {"S": "outbox#team"}}});
        assert_eq!(items.answer("Query", &query).1["Items"], json!([changed]));
        let batch = json!({"RequestItems": {"t": {"Keys": [key]}}});
        assert_eq!(
            items.answer("BatchGetItem", &batch).1["Responses"]["t"],
            json!([changed])
        );
        let delete = json!({"RequestItems": {"t": [{"DeleteRequest": {"Key": key}}]}});
        items.answer("BatchWriteItem", &delete);
        assert_eq!(items.answer("GetItem", &json!({"Key": key})), (200, json!({})));
    }
}
