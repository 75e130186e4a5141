-- What became of the issues of each group: opened and closed in the time asked about, reopened before that close, and
-- open now. The largest first.
--
-- CHAOSS: Issues New (https://chaoss.community/kb/metric-issues-new/), Issues Closed
-- (https://chaoss.community/kb/metric-issues-closed/). Closed divided by opened is the Backlog Management Index, for issues
-- what CHAOSS calls Change Request Closure Ratio (https://chaoss.community/kb/metric-change-request-closure-ratio/).
SELECT
    grouped_by,
    opened,
    closed,
    reopened,
    still_open
FROM (
    SELECT
        grouped_by,
        CAST(SUM(CASE WHEN measure = 'opened' THEN 1 ELSE 0 END) AS BIGINT) AS opened,
        CAST(
            SUM(CASE WHEN measure IN ('close', 'close_not_planned', 'close_duplicate') THEN 1 ELSE 0 END) AS BIGINT
        ) AS closed,
        CAST(SUM(CASE WHEN measure = 'reopened' THEN 1 ELSE 0 END) AS BIGINT) AS reopened,
        CAST(SUM(CASE WHEN measure = 'age' THEN 1 ELSE 0 END) AS BIGINT) AS still_open
    FROM grouped
    GROUP BY grouped_by
) AS counted
WHERE opened + closed + still_open > 0
ORDER BY opened + closed + still_open DESC, COALESCE(grouped_by, '')
