-- Callers who were never seen before a time. Parameters: ${accounts != "" ? "account, " : ""}first day to compare with, last day (yyyy/MM/dd), time as in 2026-03-02T08:00:00Z.
SELECT useridentity.arn AS caller, min(eventtime) AS first_call, count(*) AS calls, array_join(array_agg(DISTINCT sourceipaddress), ', ') AS addresses
FROM ${table}
WHERE ${accounts}day BETWEEN ? AND ? AND useridentity.arn IS NOT NULL
GROUP BY useridentity.arn
HAVING min(eventtime) >= ?
ORDER BY first_call
