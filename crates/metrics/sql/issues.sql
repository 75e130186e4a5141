-- The issues, each as its latest row tells it. A repository that was renamed has its latest name in all its issues.
SELECT
    issue_id,
    created_s,
    beginning_known,
    left_s,
    latest_s,
    latest_action,
    repository,
    issue_number,
    issue_url,
    title,
    closed_s,
    state,
    state_reason,
    labels,
    assignee
FROM (
    SELECT
        latest.*,
        FIRST_VALUE(told_repository) OVER (
            PARTITION BY repository_id
            ORDER BY latest_s DESC, received_s DESC, delivery_id DESC
        ) AS repository
    FROM (
        SELECT
            lives.issue_id,
            lives.created_s,
            lives.beginning_known,
            lives.left_s,
            lives.latest_s,
            events.delivery_id,
            events.received_s,
            events.action AS latest_action,
            events.repository AS told_repository,
            events.repository_id,
            events.issue_number,
            events.issue_url,
            events.title,
            events.closed_s,
            events.state,
            events.state_reason,
            events.labels,
            events.assignee,
            ROW_NUMBER() OVER (
                PARTITION BY lives.issue_id
                ORDER BY
                    CASE WHEN events.state IS NULL OR events.action IN ('deleted', 'transferred') THEN 1 ELSE 0 END,
                    events.received_s DESC,
                    events.delivery_id DESC
            ) AS place
        FROM events
        JOIN lives ON lives.issue_id = events.issue_id AND lives.latest_s = events.occurred_s
        WHERE lives.created_s IS NOT NULL
    ) AS latest
    WHERE place = 1
) AS named
CROSS JOIN (SELECT LOWER(repository) AS wanted FROM asked) AS chosen
WHERE wanted = '' OR LOWER(repository) = wanted
