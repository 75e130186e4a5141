-- How each issue went between open and closed, each change once: from at_s until next_s (nothing: it lasts).
--
-- An issue begins open, at its creation. Closing what is closed changes nothing, so the first close counts, and so with
-- reopening. Where the event itself was lost, the issue's latest row still tells its state: closed, and since when; or
-- open again, if that row is of more than a minute after the last close (GitHub may write a comment's payload before the
-- close that came with it). Nothing changes after an issue has left.
--
-- CHAOSS calls it a parameter whether reopening makes an issue a new one or makes the previous close void
-- (https://chaoss.community/kb/metric-issues-closed/). Here it makes it void: an issue is one, however often it is closed.
--
-- `strength` orders what is of one second: 0 the creation, 1 what happened, 2 and 3 what the latest row tells.
SELECT
    issue_id,
    created_s,
    left_s,
    at_s,
    state,
    LEAD(at_s) OVER (PARTITION BY issue_id ORDER BY at_s, strength, received_s, delivery_id) AS next_s,
    last_reason,
    last_reason_s
FROM (
    SELECT
        told.*,
        LAG(state) OVER (PARTITION BY issue_id ORDER BY at_s, strength, received_s, delivery_id) AS state_before,
        FIRST_VALUE(state_reason) OVER (
            PARTITION BY issue_id
            ORDER BY
                CASE WHEN state_reason IS NULL THEN 1 ELSE 0 END,
                at_s DESC,
                strength DESC,
                received_s DESC,
                delivery_id DESC
        ) AS last_reason,
        FIRST_VALUE(at_s) OVER (
            PARTITION BY issue_id
            ORDER BY
                CASE WHEN state_reason IS NULL THEN 1 ELSE 0 END,
                at_s DESC,
                strength DESC,
                received_s DESC,
                delivery_id DESC
        ) AS last_reason_s
    FROM (
        SELECT
            issue_id,
            created_s,
            left_s,
            CASE WHEN told_s < created_s THEN created_s ELSE told_s END AS at_s,
            state,
            CASE WHEN state = 'closed' THEN state_reason END AS state_reason,
            strength,
            received_s,
            delivery_id
        FROM (
            SELECT
                issue_id,
                MAX(created_s) OVER (PARTITION BY issue_id) AS created_s,
                MAX(left_s) OVER (PARTITION BY issue_id) AS left_s,
                MAX(CASE WHEN strength = 1 AND state = 'closed' THEN told_s END) OVER (PARTITION BY issue_id)
                    AS last_closed_s,
                told_s,
                state,
                state_reason,
                strength,
                received_s,
                delivery_id
            FROM (
                SELECT
                    issues.issue_id,
                    issues.created_s,
                    issues.left_s,
                    CASE told_by.strength
                        WHEN 0 THEN issues.created_s
                        WHEN 2 THEN COALESCE(issues.closed_s, issues.latest_s)
                        ELSE issues.latest_s
                    END AS told_s,
                    CASE told_by.strength WHEN 2 THEN 'closed' ELSE 'open' END AS state,
                    issues.state_reason,
                    told_by.strength,
                    CAST(0 AS BIGINT) AS received_s,
                    '' AS delivery_id
                FROM issues
                CROSS JOIN (SELECT 0 AS strength UNION ALL SELECT 2 UNION ALL SELECT 3) AS told_by
                WHERE told_by.strength = 0
                    OR (told_by.strength = 2 AND issues.state = 'closed')
                    OR (
                        told_by.strength = 3
                        AND issues.state = 'open'
                        AND issues.latest_action <> 'closed'
                    )
                UNION ALL
                SELECT
                    issue_id,
                    CAST(NULL AS BIGINT) AS created_s,
                    CAST(NULL AS BIGINT) AS left_s,
                    occurred_s AS told_s,
                    CASE action WHEN 'closed' THEN 'closed' ELSE 'open' END AS state,
                    state_reason,
                    1 AS strength,
                    received_s,
                    delivery_id
                FROM moves
                WHERE action IN ('closed', 'reopened')
            ) AS all_told
        ) AS with_life
        WHERE created_s IS NOT NULL
            AND (left_s IS NULL OR told_s <= left_s)
            AND (strength <> 3 OR told_s > last_closed_s + 60)
    ) AS told
) AS changes
WHERE state_before IS NULL OR state <> state_before
