-- All series of which mean and percentiles are asked: the figures by group, the times in labels, the weeks' trends.
SELECT 'figures' AS series, measure, grouped_by, seconds
FROM grouped
WHERE measure NOT IN ('opened', 'reopened')
UNION ALL
SELECT 'in_label' AS series, 'open' AS measure, label_times.label AS grouped_by, label_times.seconds
FROM label_times
CROSS JOIN asked
WHERE label_times.ended_s >= asked.since_s
UNION ALL
SELECT
    'trends' AS series,
    measure,
    CAST(ended_s - (ended_s - 345600) % 604800 AS VARCHAR) AS grouped_by,
    seconds
FROM measures
WHERE measure IN ('first_response', 'close')
