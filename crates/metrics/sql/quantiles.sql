-- Mean and percentiles of each series. A percentile is the nearest rank: the smallest value such that at least so many
-- of all are no larger. It is a value that occurred, so it reads the same whatever engine computed it.
SELECT
    series,
    measure,
    grouped_by,
    n,
    CAST((total - total % n) / n AS BIGINT) AS mean_s,
    p50_s,
    p90_s
FROM (
    SELECT
        series,
        measure,
        grouped_by,
        MAX(n) AS n,
        CAST(SUM(seconds) AS BIGINT) AS total,
        MIN(CASE WHEN place * 2 >= n THEN seconds END) AS p50_s,
        MIN(CASE WHEN place * 10 >= n * 9 THEN seconds END) AS p90_s
    FROM (
        SELECT
            series,
            measure,
            grouped_by,
            seconds,
            ROW_NUMBER() OVER (PARTITION BY series, measure, grouped_by ORDER BY seconds) AS place,
            COUNT(*) OVER (PARTITION BY series, measure, grouped_by) AS n
        FROM samples
    ) AS ranked
    GROUP BY series, measure, grouped_by
) AS totals
