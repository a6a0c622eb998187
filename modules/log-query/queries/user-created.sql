-- Who made this user, and what was it given. Parameters: ${accounts != "" ? "account, " : ""}first day, last day (yyyy/MM/dd), user name.
SELECT eventtime, eventname, errorcode, useridentity.arn AS caller, sourceipaddress, requestparameters
FROM ${table}
WHERE ${accounts}day BETWEEN ? AND ? AND eventsource = 'iam.amazonaws.com' AND readonly = 'false' AND json_extract_scalar(requestparameters, '$.userName') = ?
ORDER BY eventtime
