-- The events: of a shape this version knows, about issues, before the end of the time asked about.
--
-- GitHub treats a pull request as an issue; here it is none. What happened after the time asked about is left out, so
-- that a report about the past stays as it was.
--
-- A row may be here several times: GitHub sends a delivery again when asked to, a stream may store a record twice, and a
-- body may be replayed under another name. Nor does the order of arrival tell anything. So whoever reads these rows
-- takes the first or the last by time, or a set, which no repetition changes. That is one row for each happening,
-- whatever it was delivered as, and it spares sorting all rows by texts.
SELECT
    told.delivery_id,
    CASE WHEN told.delivery_id LIKE 'backfill:%' THEN 1 ELSE 0 END AS from_history,
    told.event,
    told.action,
    told.repository,
    told.repository_id,
    told.issue_id,
    told.issue_number,
    told.issue_url,
    told.title,
    told.comment_id,
    told.created_s,
    told.occurred_s,
    told.received_s,
    told.closed_s,
    told.actor,
    told.actor_type,
    told.author,
    told.state,
    told.state_reason,
    told.label,
    told.labels,
    told.assignee
FROM issue_events AS told
CROSS JOIN asked
WHERE told.schema_version <= 1
    AND told.is_pr = 0
    AND told.occurred_s < asked.until_s
