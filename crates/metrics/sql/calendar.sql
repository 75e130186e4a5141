-- The months (UTC) from 2008, when GitHub began, to 2060, as far as anything asked about lies in them: `2024-02`, its
-- first second, and that of the next. In these years every fourth is a leap year, 2000 having been one.
SELECT
    month_name,
    from_s,
    to_s
FROM (
    SELECT
        month_name,
        from_s,
        LEAD(from_s) OVER (ORDER BY from_s) AS to_s
    FROM (
        SELECT
            CAST(years.year_number AS VARCHAR) || '-' || months.month_digits AS month_name,
            86400 * (
                365 * (years.year_number - 1970)
                -- The leap days of the years before this one.
                + CAST((years.year_number - 1969 - (years.year_number - 1969) % 4) / 4 AS BIGINT)
                + months.days_before
                -- And this one's, from March on.
                + CASE WHEN years.year_number % 4 = 0 AND months.days_before > 31 THEN 1 ELSE 0 END
            ) AS from_s
        FROM (
            SELECT CAST(2008 + tens.digit * 10 + ones.digit AS BIGINT) AS year_number
            FROM digits AS tens
            CROSS JOIN digits AS ones
            WHERE tens.digit * 10 + ones.digit <= 53
        ) AS years
        CROSS JOIN (
            SELECT '01' AS month_digits, 0 AS days_before
            UNION ALL SELECT '02', 31
            UNION ALL SELECT '03', 59
            UNION ALL SELECT '04', 90
            UNION ALL SELECT '05', 120
            UNION ALL SELECT '06', 151
            UNION ALL SELECT '07', 181
            UNION ALL SELECT '08', 212
            UNION ALL SELECT '09', 243
            UNION ALL SELECT '10', 273
            UNION ALL SELECT '11', 304
            UNION ALL SELECT '12', 334
        ) AS months
    ) AS starts
) AS calendar_months
CROSS JOIN asked
WHERE month_name < '2061'
    AND to_s > asked.since_s
    AND from_s <= asked.until_s
