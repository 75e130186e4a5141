-- By the month (UTC) in which the measured time ended.
SELECT measures.measure, calendar.month_name AS grouped_by, measures.seconds
FROM measures
LEFT JOIN calendar ON measures.ended_s >= calendar.from_s AND measures.ended_s < calendar.to_s
