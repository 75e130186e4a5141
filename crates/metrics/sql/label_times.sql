-- Time in label, as in github/issue-metrics (https://github.com/github-community-projects/issue-metrics): how long each
-- issue was open with a label, in all: its spells with the label, as far as it was open in them. Being
-- closed, deleted or transferred stops the clock, being reopened with the label still on starts it again. An issue that
-- never was open with it (labelled as it was closed) is not counted. Unlike there, all labels are measured, not only some.
SELECT
    issue_id,
    label,
    CAST(SUM(to_s - from_s) AS BIGINT) AS seconds,
    MAX(to_s) AS ended_s
FROM (
    SELECT
        label_spells.issue_id,
        label_spells.label,
        CASE WHEN label_spells.from_s < spells.from_s THEN spells.from_s ELSE label_spells.from_s END AS from_s,
        CASE
            WHEN COALESCE(label_spells.to_s, asked.until_s) < COALESCE(spells.to_s, asked.until_s)
                THEN COALESCE(label_spells.to_s, asked.until_s)
            ELSE COALESCE(spells.to_s, asked.until_s)
        END AS to_s
    FROM label_spells
    JOIN spells ON spells.issue_id = label_spells.issue_id
    CROSS JOIN asked
) AS shared
WHERE from_s < to_s
GROUP BY issue_id, label
