-- The spells in which an issue bore a label: from labelling (or from the opening, if it was opened with it) until the
-- label was taken off (nothing: it is on). A label that was on before anything was told has no known beginning and is
-- left out.
SELECT
    issue_id,
    label,
    at_s AS from_s,
    next_s AS to_s
FROM (
    SELECT
        changes.*,
        LEAD(at_s) OVER (PARTITION BY issue_id, label ORDER BY at_s, strength, received_s, delivery_id) AS next_s
    FROM (
        SELECT
            told.*,
            LAG(worn) OVER (
                PARTITION BY issue_id, label
                ORDER BY at_s, strength, received_s, delivery_id
            ) AS worn_before
        FROM (
            SELECT
                openings.issue_id,
                label_sets.label,
                openings.created_s AS at_s,
                1 AS worn,
                0 AS strength,
                0 AS received_s,
                '' AS delivery_id
            FROM openings
            JOIN label_sets ON label_sets.labels = openings.labels
            UNION ALL
            SELECT
                issue_id,
                label,
                occurred_s AS at_s,
                CASE WHEN action = 'labeled' THEN 1 ELSE 0 END AS worn,
                1 AS strength,
                received_s,
                delivery_id
            FROM moves
            WHERE action IN ('labeled', 'unlabeled') AND label IS NOT NULL
        ) AS told
    ) AS changes
    WHERE worn <> COALESCE(worn_before, 0)
) AS lasting
WHERE worn = 1
