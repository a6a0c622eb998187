-- Calls that failed, by principal: who is trying doors. Parameters: ${accounts != "" ? "account, " : ""}first day, last day (yyyy/MM/dd).
SELECT coalesce(useridentity.arn, useridentity.principalid, useridentity.invokedby) AS caller, errorcode, count(*) AS calls, count(DISTINCT eventname) AS kinds_of_calls, min(eventtime) AS first_call, max(eventtime) AS last_call
FROM ${table}
WHERE ${accounts}day BETWEEN ? AND ? AND errorcode IS NOT NULL
GROUP BY 1, 2
ORDER BY calls DESC
