"""RPC: the JSON-RPC codec, the table of methods, both sides of a call, and transports."""
