-- What moved an issue between states, or a label onto it or off it, each once.
--
-- The same move of an issue in the same second is one move, under whatever deliveries and bodies it was told. A backfill
-- of history tells what the hook may have told already, and GitHub's times of the two differ by a few seconds. So what
-- only a backfill tells is left out if the hook told the same of the same issue within ten seconds.
SELECT
    issue_id,
    action,
    label,
    state_reason,
    occurred_s,
    received_s,
    delivery_id
FROM (
    SELECT
        once.*,
        MAX(CASE WHEN from_history = 0 THEN occurred_s END) OVER (
            PARTITION BY issue_id, action, label
            ORDER BY occurred_s
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS hook_before_s,
        MIN(CASE WHEN from_history = 0 THEN occurred_s END) OVER (
            PARTITION BY issue_id, action, label
            ORDER BY occurred_s
            ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS hook_after_s
    FROM (
        SELECT
            issue_id,
            action,
            label,
            occurred_s,
            MAX(state_reason) AS state_reason,
            MIN(received_s) AS received_s,
            MIN(delivery_id) AS delivery_id,
            MIN(from_history) AS from_history
        FROM events
        WHERE event = 'issues'
            AND action IN ('closed', 'reopened', 'labeled', 'unlabeled')
        GROUP BY issue_id, action, label, occurred_s
    ) AS once
) AS beside
WHERE from_history = 0
    OR (
        COALESCE(occurred_s - hook_before_s, 3600) > 10
        AND COALESCE(hook_after_s - occurred_s, 3600) > 10
    )
