-- Who used this access key, from where, for what. Parameters: ${accounts != "" ? "account, " : ""}first day, last day (yyyy/MM/dd), access key id.
SELECT eventtime, awsregion, eventsource, eventname, errorcode, useridentity.arn AS caller, sourceipaddress, useragent
FROM ${table}
WHERE ${accounts}day BETWEEN ? AND ? AND useridentity.accesskeyid = ?
ORDER BY eventtime
