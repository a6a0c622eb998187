"""`trailctl validate-logs`: the AWS CLI's command of that name, faster and stricter."""
