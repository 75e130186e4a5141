-- Issues opened and closed in each week (from Monday, UTC). An issue counts once: as closed in the week of its last close,
-- if it is closed now. CHAOSS: Issues New (https://chaoss.community/kb/metric-issues-new/), Issues Closed
-- (https://chaoss.community/kb/metric-issues-closed/).
SELECT
    week_s,
    opened,
    closed
FROM (
    SELECT
        week_s,
        CAST(SUM(opened) AS BIGINT) AS opened,
        CAST(SUM(closed) AS BIGINT) AS closed
    FROM (
        SELECT
            ended_s - (ended_s - 345600) % 604800 AS week_s,
            CASE WHEN measure = 'opened' THEN 1 ELSE 0 END AS opened,
            CASE WHEN measure = 'opened' THEN 0 ELSE 1 END AS closed
        FROM measures
        WHERE measure IN ('opened', 'close', 'close_not_planned', 'close_duplicate')
        UNION ALL
        -- Weeks in which nothing happened are there, too.
        SELECT
            asked.until_s - 1 - (asked.until_s - 1 - 345600) % 604800 - 604800 * numbers.number AS week_s,
            0 AS opened,
            0 AS closed
        FROM numbers
        CROSS JOIN asked
    ) AS steps
    GROUP BY week_s
) AS sums
CROSS JOIN asked
CROSS JOIN (SELECT MIN(created_s) AS first_s FROM issues) AS bounds
WHERE week_s > asked.since_s - 604800
    AND week_s > bounds.first_s - 604800
ORDER BY week_s
