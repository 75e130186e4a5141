-- Each issue's life, as far as any of its rows tells of it.
--
-- created_s is in every row, so an issue opened before the hook existed is known as soon as anything happens to it.
-- Its beginning is known only if its `opened` was told (by the hook, or by a backfill of history): of another issue,
-- the first comment we see may not be its first.
-- Deleting and transferring end an issue here: from left_s on it is neither open nor closed. The hook knows best when.
-- latest_s is when the row happened that tells best how the issue is now. A row without a state tells nothing of it
-- (what a backfill tells of the past has none), and what GitHub says when something is deleted has no time of its own.
SELECT
    issue_id,
    COALESCE(
        MIN(created_s),
        MIN(CASE WHEN event = 'issues' AND action = 'opened' THEN occurred_s END)
    ) AS created_s,
    MAX(CASE WHEN event = 'issues' AND action = 'opened' THEN 1 ELSE 0 END) AS beginning_known,
    COALESCE(
        MIN(CASE
            WHEN event = 'issues' AND action IN ('deleted', 'transferred') AND from_history = 0 THEN occurred_s
        END),
        MIN(CASE WHEN event = 'issues' AND action IN ('deleted', 'transferred') THEN occurred_s END)
    ) AS left_s,
    COALESCE(
        MAX(CASE WHEN state IS NOT NULL AND action NOT IN ('deleted', 'transferred') THEN occurred_s END),
        MAX(occurred_s)
    ) AS latest_s
FROM events
GROUP BY issue_id
