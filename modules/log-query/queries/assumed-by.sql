-- Who assumed this role. Parameters: ${accounts != "" ? "account, " : ""}first day, last day (yyyy/MM/dd), the role's ARN.
SELECT eventtime, eventname, errorcode, coalesce(useridentity.arn, useridentity.principalid, useridentity.invokedby) AS caller, sourceipaddress, json_extract_scalar(requestparameters, '$.roleSessionName') AS session, json_extract_scalar(responseelements, '$.credentials.accessKeyId') AS access_key
FROM ${table}
WHERE ${accounts}day BETWEEN ? AND ? AND eventsource = 'sts.amazonaws.com' AND json_extract_scalar(requestparameters, '$.roleArn') = ?
ORDER BY eventtime
