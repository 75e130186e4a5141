-- What became of each issue: open, closed (and as what), or gone from here; and when it was first responded to, if its
-- beginning is known.
--
-- GitHub closes as `completed`, `not_planned` or `duplicate`; before it had reasons, and where nobody gave one, there is
-- none, which counts as completed. The last reason that was told since the last close counts.
SELECT
    issues.issue_id,
    issues.repository,
    issues.issue_number,
    issues.issue_url,
    issues.title,
    issues.labels,
    issues.assignee,
    issues.created_s,
    CASE WHEN issues.beginning_known = 1 THEN responses.responded_s END AS responded_s,
    lasting.first_close_s,
    lasting.last_close_s,
    lasting.reopened,
    lasting.open_s,
    CASE
        WHEN issues.left_s IS NOT NULL THEN 'gone'
        WHEN lasting.last_close_s IS NULL THEN 'open'
        ELSE 'closed'
    END AS state,
    CASE
        WHEN lasting.last_reason_s >= lasting.last_close_s AND lasting.last_reason IN ('not_planned', 'duplicate')
            THEN lasting.last_reason
        ELSE 'completed'
    END AS reason
FROM (
    SELECT
        issue_id,
        MIN(CASE WHEN state = 'closed' THEN at_s END) AS first_close_s,
        MAX(CASE WHEN state = 'closed' AND next_s IS NULL THEN at_s END) AS last_close_s,
        CAST(SUM(CASE WHEN state = 'open' THEN 1 ELSE 0 END) - 1 AS BIGINT) AS reopened,
        CAST(SUM(CASE WHEN state = 'open' THEN COALESCE(next_s, at_s) - at_s ELSE 0 END) AS BIGINT) AS open_s,
        MAX(last_reason) AS last_reason,
        MAX(last_reason_s) AS last_reason_s
    FROM states
    GROUP BY issue_id
) AS lasting
JOIN issues ON issues.issue_id = lasting.issue_id
LEFT JOIN responses ON responses.issue_id = lasting.issue_id
