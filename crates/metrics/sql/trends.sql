-- Time to first response and time to close (as completed), by the week (from Monday, UTC) in which it ended.
SELECT measure, CAST(grouped_by AS BIGINT) AS week_s, n, p50_s, p90_s
FROM quantiles
WHERE series = 'trends'
ORDER BY measure, week_s
