"""What a node answers from what it holds.

`instances` with their `proof` (`panda_query`), entries that old clients can replay (`replayable`,
`panda_queryEntries`), stretches of logs (`items`, `panda_getItems`), where logs
end (`heads`, `panda_getLogs`), the list of schemas (`listing`,
`panda_schemas`).
"""
