-- How long issues took, by measure and group.
SELECT measure, grouped_by, n, mean_s, p50_s, p90_s
FROM quantiles
WHERE series = 'figures'
ORDER BY measure, n DESC, COALESCE(grouped_by, '')
