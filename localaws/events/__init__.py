"""EventBridge: buses, rules, schedules, archives and delivery."""
