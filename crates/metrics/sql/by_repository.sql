-- By repository.
SELECT measure, repository AS grouped_by, seconds
FROM measures
