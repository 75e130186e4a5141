-- How many issues were open at the end of each day (UTC), and how long they had been open on the mean.
--
-- Running sums: each spell of being open adds the issue on the day it begins and takes it off on the day it ends. The
-- mean age follows from the number of open issues and the sum of the times they were created. The last day ends now.
--
-- CHAOSS: Issue Age (https://chaoss.community/kb/metric-issue-age/), of each day. An issue that was reopened is as old as
-- when it was created, not as when it was reopened.
SELECT
    day_s,
    open_issues,
    CASE
        WHEN open_issues = 0 THEN 0
        ELSE CAST((age_sum - age_sum % open_issues) / open_issues AS BIGINT)
    END AS mean_age_s
FROM (
    SELECT
        sums.day_s,
        sums.open_issues,
        sums.open_issues * CASE WHEN sums.day_s + 86400 > asked.until_s THEN asked.until_s ELSE sums.day_s + 86400 END
            - sums.created_sum AS age_sum
    FROM (
        SELECT
            day_s,
            CAST(SUM(more) OVER (ORDER BY day_s) AS BIGINT) AS open_issues,
            CAST(SUM(more_created) OVER (ORDER BY day_s) AS BIGINT) AS created_sum
        FROM (
            SELECT day_s, CAST(SUM(more) AS BIGINT) AS more, CAST(SUM(more_created) AS BIGINT) AS more_created
            FROM (
                SELECT from_s - from_s % 86400 AS day_s, 1 AS more, created_s AS more_created
                FROM spells
                UNION ALL
                SELECT to_s - to_s % 86400 AS day_s, -1 AS more, -created_s AS more_created
                FROM spells
                WHERE to_s IS NOT NULL
                UNION ALL
                SELECT
                    asked.until_s - 1 - (asked.until_s - 1) % 86400 - 86400 * numbers.number AS day_s,
                    0 AS more,
                    0 AS more_created
                FROM numbers
                CROSS JOIN asked
            ) AS steps
            GROUP BY day_s
        ) AS day_steps
    ) AS sums
    CROSS JOIN asked
    CROSS JOIN (SELECT MIN(created_s) AS first_s FROM issues) AS bounds
    WHERE sums.day_s >= asked.since_s - asked.since_s % 86400
        AND sums.day_s >= bounds.first_s - bounds.first_s % 86400
) AS ages
ORDER BY day_s
