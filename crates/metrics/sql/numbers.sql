-- The whole numbers from 0 to 9999.
SELECT CAST(thousands.digit * 1000 + hundreds.digit * 100 + tens.digit * 10 + ones.digit AS BIGINT) AS number
FROM digits AS thousands
CROSS JOIN digits AS hundreds
CROSS JOIN digits AS tens
CROSS JOIN digits AS ones
