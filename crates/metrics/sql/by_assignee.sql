-- By the first assignee; nothing: of issues nobody is assigned to.
SELECT measure, assignee AS grouped_by, seconds
FROM measures
