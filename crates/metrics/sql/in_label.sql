-- How long issues were open with a label, by label.
SELECT grouped_by AS label, n, mean_s, p50_s, p90_s
FROM quantiles
WHERE series = 'in_label'
ORDER BY n DESC, label
