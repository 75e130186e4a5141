-- Sets of labels as they are kept (`|bug|regression|`), and each label in them: what lies between two bars.
SELECT DISTINCT
    labels,
    SUBSTR(labels, bar + 1, next_bar - bar - 1) AS label
FROM (
    SELECT
        labels,
        bar,
        LEAD(bar) OVER (PARTITION BY labels ORDER BY bar) AS next_bar
    FROM (
        SELECT sets.labels, places.number AS bar
        FROM (SELECT DISTINCT labels FROM events WHERE labels IS NOT NULL) AS sets
        CROSS JOIN (
            SELECT numbers.number
            FROM numbers
            CROSS JOIN (SELECT MAX(LENGTH(labels)) AS longest FROM events) AS bounds
            WHERE numbers.number BETWEEN 1 AND bounds.longest
        ) AS places
        WHERE SUBSTR(sets.labels, places.number, 1) = '|'
    ) AS bars
) AS pieces
WHERE next_bar > bar + 1
