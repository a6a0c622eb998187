"""AWS's protocols: HTTP messages, their decoding, and a call on its way."""
