-- What changed this bucket, and who did it. Parameters: ${accounts != "" ? "account, " : ""}first day, last day (yyyy/MM/dd), bucket name.
SELECT eventtime, eventname, errorcode, useridentity.arn AS caller, sourceipaddress, requestparameters
FROM ${table}
WHERE ${accounts}day BETWEEN ? AND ? AND eventsource = 's3.amazonaws.com' AND readonly = 'false' AND json_extract_scalar(requestparameters, '$.bucketName') = ?
ORDER BY eventtime
