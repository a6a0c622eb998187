"""Lambda: functions as they are made and as they are invoked."""
