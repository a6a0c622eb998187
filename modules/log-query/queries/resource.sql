-- Who changed something about this resource. Parameters: ${accounts != "" ? "account, " : ""}first day, last day (yyyy/MM/dd), its id or ARN as requests name it.
SELECT eventtime, awsregion, eventsource, eventname, errorcode, useridentity.arn AS caller, sourceipaddress, requestparameters
FROM ${table}
WHERE ${accounts}day BETWEEN ? AND ? AND readonly = 'false' AND strpos(concat(coalesce(requestparameters, ''), coalesce(responseelements, '')), ?) > 0
ORDER BY eventtime
