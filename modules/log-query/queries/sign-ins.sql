-- Console sign-ins from elsewhere. Parameters: ${accounts != "" ? "account, " : ""}first day, last day (yyyy/MM/dd), the beginning of your own addresses, as in 203.0.113.
SELECT eventtime, recipientaccountid, useridentity.type AS kind, useridentity.arn AS caller, useridentity.username AS username, sourceipaddress, json_extract_scalar(responseelements, '$.ConsoleLogin') AS outcome, json_extract_scalar(additionaleventdata, '$.MFAUsed') AS mfa
FROM ${table}
WHERE ${accounts}day BETWEEN ? AND ? AND eventsource = 'signin.amazonaws.com' AND eventname = 'ConsoleLogin' AND NOT starts_with(sourceipaddress, ?)
ORDER BY eventtime
