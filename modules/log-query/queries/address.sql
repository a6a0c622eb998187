-- What came from this address. Parameters: ${accounts != "" ? "account, " : ""}first day, last day (yyyy/MM/dd), address.
SELECT useridentity.arn AS caller, useridentity.accesskeyid AS access_key, eventsource, eventname, errorcode, count(*) AS calls, min(eventtime) AS first_call, max(eventtime) AS last_call
FROM ${table}
WHERE ${accounts}day BETWEEN ? AND ? AND sourceipaddress = ?
GROUP BY 1, 2, 3, 4, 5
ORDER BY first_call
