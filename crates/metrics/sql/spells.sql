-- The spells in which each issue was open: from opening or reopening until it was closed or left (nothing: it is open).
SELECT
    issue_id,
    created_s,
    at_s AS from_s,
    COALESCE(next_s, left_s) AS to_s
FROM states
WHERE state = 'open'
