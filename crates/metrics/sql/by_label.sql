-- By label: an issue counts in each label it has now; nothing: of issues without one.
SELECT measures.measure, label_sets.label AS grouped_by, measures.seconds
FROM measures
LEFT JOIN label_sets ON label_sets.labels = measures.labels
