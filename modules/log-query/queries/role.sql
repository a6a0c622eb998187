-- What did this role do. Parameters: ${accounts != "" ? "account, " : ""}first day, last day (yyyy/MM/dd), the role's ARN.
SELECT eventsource, eventname, errorcode, readonly, count(*) AS calls, min(eventtime) AS first_call, max(eventtime) AS last_call, array_join(array_agg(DISTINCT sourceipaddress), ', ') AS addresses
FROM ${table}
WHERE ${accounts}day BETWEEN ? AND ? AND useridentity.sessioncontext.sessionissuer.arn = ?
GROUP BY eventsource, eventname, errorcode, readonly
ORDER BY readonly, calls DESC
