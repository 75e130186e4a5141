-- All in one group.
SELECT measure, CAST(NULL AS VARCHAR) AS grouped_by, seconds
FROM measures
