-- The labels an issue had when it was opened. A backfill does not know
-- them, and tells of each that it was put on.
SELECT DISTINCT issue_id, created_s, labels
FROM events
WHERE event = 'issues'
    AND action = 'opened'
    AND created_s IS NOT NULL
    AND labels IS NOT NULL
