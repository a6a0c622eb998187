"""Every call passes here: it is recognised, answered, recorded and routed."""
