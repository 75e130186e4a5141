-- What is measured of each issue, in seconds, and when the measured time ended. Only what ended in the time asked about.
--
-- CHAOSS: Time to First Response (https://chaoss.community/kb/metric-time-to-first-response/), Time to Close
-- (https://chaoss.community/kb/metric-time-to-close/), Issue Resolution Duration
-- (https://chaoss.community/kb/metric-issue-resolution-duration/), Issue Age
-- (https://chaoss.community/kb/metric-issue-age/), Issues New (https://chaoss.community/kb/metric-issues-new/).
-- github/issue-metrics has the same time to first response and to close
-- (https://github.com/github-community-projects/issue-metrics).
-- Unlike both, time to close is told apart by reason: an issue that nobody will work on closes in minutes, and would
-- make the time of those that were worked on look short.
SELECT
    measure,
    issue_id,
    repository,
    labels,
    assignee,
    ended_s,
    seconds
FROM (
    SELECT
        CASE
            WHEN names.measure = 'close' AND outcomes.reason <> 'completed' THEN 'close_' || outcomes.reason
            ELSE names.measure
        END AS measure,
        outcomes.issue_id,
        outcomes.repository,
        outcomes.labels,
        outcomes.assignee,
        CASE names.measure
            -- Time to first response.
            WHEN 'first_response' THEN outcomes.responded_s
            -- Time to first close, whatever came after it.
            WHEN 'first_close' THEN outcomes.first_close_s
            -- Age: of what is open now.
            WHEN 'age' THEN CASE WHEN outcomes.state = 'open' THEN asked.until_s END
            -- Counted only: opened.
            WHEN 'opened' THEN outcomes.created_s
            -- Counted only: closed after having been reopened.
            WHEN 'reopened' THEN
                CASE WHEN outcomes.state = 'closed' AND outcomes.reopened > 0 THEN outcomes.last_close_s END
            -- Time to close: to the last close, of what is closed now; and the same time without the gaps in which the
            -- issue was closed.
            ELSE CASE WHEN outcomes.state = 'closed' THEN outcomes.last_close_s END
        END AS ended_s,
        CASE names.measure
            WHEN 'first_response' THEN outcomes.responded_s - outcomes.created_s
            WHEN 'first_close' THEN outcomes.first_close_s - outcomes.created_s
            WHEN 'close' THEN outcomes.last_close_s - outcomes.created_s
            WHEN 'open' THEN outcomes.open_s
            WHEN 'age' THEN asked.until_s - outcomes.created_s
            ELSE 0
        END AS seconds
    FROM outcomes
    CROSS JOIN (
        SELECT 'first_response' AS measure
        UNION ALL SELECT 'close'
        UNION ALL SELECT 'first_close'
        UNION ALL SELECT 'open'
        UNION ALL SELECT 'age'
        UNION ALL SELECT 'opened'
        UNION ALL SELECT 'reopened'
    ) AS names
    CROSS JOIN asked
) AS measured
CROSS JOIN (SELECT since_s FROM asked) AS bounds
WHERE ended_s >= since_s
