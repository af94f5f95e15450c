"""The `panda` command. The only place that reads the environment: folders, terminals, browsers."""
